# Job: units for each row of the table of kernel truth: one that has the setting, one that lacks it.
# Must not: know a directive; the cases are data, fixtures/verify/*.cases.
# Called by: container/verify.test and vm/verify.test (sourced).
# shellcheck shell=bash

# verify_cases FILE: a line a case, without comments.
verify_cases() {
	grep -v '^#' "$HOST_DIR/fixtures/verify/$1.cases"
}

# verify_unit FILE SETTINGS: of nobody, who has no power of his own.
verify_unit() {
	printf '[Service]\nUser=nobody\n%s\nExecStart=/bin/sleep infinity\n' "${2//;/$'\n'}" >"$1"
}

# verify_prepare HOST FILE: starts holds-DIRECTIVE, which has it, and lacks-DIRECTIVE, which is to lose it.
verify_prepare() {
	local host=$1 file=$2 name settings how
	mkdir -p "$T/units"
	while IFS='|' read -r name settings how _; do
		[[ $how == declared ]] || verify_unit "$T/units/holds-$name.service" "$settings"
		case $how in
		never) ;;
		late | declared) verify_unit "$T/units/lacks-$name.service" "" ;;
		late:*) verify_unit "$T/units/lacks-$name.service" "${how#late:}" ;;
		*) verify_unit "$T/units/lacks-$name.service" "$settings" ;;
		esac
	done < <(verify_cases "$file")
	host_put "$host" "$T/units" /etc/systemd/system
	host_run "$host" sh -c 'systemctl daemon-reload; cd /etc/systemd/system
		systemctl start holds-*.service lacks-*.service'
}

# verify_break HOST FILE: takes away, behind systemd's back or by not restarting.
verify_break() {
	local host=$1 file=$2 name settings how
	rm -r "$T/units"
	mkdir -p "$T/units"
	while IFS='|' read -r name settings how _; do
		case $how in
		never) ;;
		late* | declared)
			mkdir "$T/units/lacks-$name.service.d"
			printf '[Service]\n%s\n' "${settings//;/$'\n'}" >"$T/units/lacks-$name.service.d/late.conf"
			;;
		*) echo "U=lacks-$name.service; P=\$(systemctl show -P MainPID \$U); C=/sys/fs/cgroup\$(systemctl show -P ControlGroup \$U); $how || echo '$name: it cannot be broken'" ;;
		esac
	done < <(verify_cases "$file") >"$T/break"
	host_put "$host" "$T/units" /etc/systemd/system
	host_put "$host" "$T/break" /root/break
	host_run "$host" sh -c 'systemctl daemon-reload; sh /root/break' >&2
}

# verify_json HOST PATTERN: what is left in $T/verify.json.
verify_json() {
	local code=0
	host_run "$1" l4sync verify --json "$2" >"$T/verify.json" || code=$?
	[[ $code == 0 || $code == 5 ]] || t_fail "exit $code of verify $2"
}

# verify_of PREFIX: DIRECTIVE VERDICT, a line a unit, of its own directive.
verify_of() {
	jq -r --arg prefix "$1" '.units[] | (.unit | ltrimstr($prefix + "-") | rtrimstr(".service")) as $name
		| .settings[] | select(.directive == $name) | "\($name) \(.verdict)"' "$T/verify.json" | sort
}

# verify_want FILE PREFIX: the same as it is to be.
verify_want() {
	local name how verdict
	while IFS='|' read -r name _ how verdict; do
		if [[ $2 == lacks ]]; then
			[[ $how == never ]] || echo "$name $verdict"
		elif [[ $how == never ]]; then
			echo "$name $verdict"
		elif [[ $how != declared ]]; then
			echo "$name holds"
		fi
	done < <(verify_cases "$1") | sort
}

# verify_alarms: what lacks, with what the kernel has.
verify_alarms() {
	jq -r '.findings[] | "\(.where): \(.text)"' "$T/verify.json"
}

# verify_counts FILE: said to whoever runs the test.
verify_counts() {
	local all untold
	all=$(verify_cases "$1" | wc -l)
	untold=$(verify_cases "$1" | grep -c '|unknown$') || true
	t_note "$1: $all rows of kernel truth, $((all - untold)) checked, $untold not checkable"
}

# verify_everything HOST: a unit with most settings at once, whose main process has others that come and
# go, and while a command with all privileges runs in its cgroup.
verify_everything() {
	local host=$1 i
	host_put "$host" "$HOST_DIR/fixtures/verify/everything.service" /etc/systemd/system/everything.service
	host_run "$host" sh -c 'mkdir -p /var/log/journal; systemctl daemon-reload; systemctl start everything.service
		systemctl reload --no-block everything.service'
	wait_for 60 host_run "$host" test -e /run/reloading
	for i in 1 2 3 4 5; do
		verify_json "$host" everything.service
		t_eq "" "$(verify_alarms)" "look $i"
		t_eq "" "$(jq -r '.units[].settings[] | select(.verdict == "own") | "\(.directive) \(.real)"' "$T/verify.json")"
	done
	t_contains "$(jq -c '.units[] | .processes > 2 and .holds > 40' "$T/verify.json")" true
}
