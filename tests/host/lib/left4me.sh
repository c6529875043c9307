# Job: left4.me in a test host: its baseline before l4sync, its hardening, and questions about both.
# Must not: depend on l4sync.
# Called by: tests and make demo, through lib.sh (sourced).
# shellcheck shell=bash

# left4me_baseline NAME: user, directories, unhardened units; web, @1, @2 and @10 run, @3 is there and does
# not. Units are in /usr/local/lib/systemd/system, their programs are stand-ins (fixtures/left4me).
left4me_baseline() {
	host_put "$1" "$HOST_DIR/fixtures/left4me" /root/left4me-fixtures
	host_run "$1" bash /root/left4me-fixtures/setup
	wait_for 90 left4me_answers "$1" 1 2 10 2>/dev/null && return 0
	echo "left4me in $1 does not answer; its log:" >&2
	host_run "$1" journalctl --no-pager -n 60 -u 'left4me-*' >&2
	return 1
}

# left4me_harden NAME: the drop-ins of LEFT4ME as an operator would place them; reloads, restarts nothing.
left4me_harden() {
	local unit
	for unit in left4me-server@.service left4me-web.service; do
		host_put "$1" "$HOST_DIR/fixtures/left4me/hardening/$unit.conf" \
			"/etc/systemd/system/$unit.d/10-hardening.conf"
	done
	host_run "$1" systemctl daemon-reload
}

# left4me_answers NAME INSTANCE...: the web application and these game servers answer on their ports.
left4me_answers() {
	local name=$1
	shift
	host_run "$name" /root/left4me-fixtures/answers "$@"
}

# left4me_invocations NAME: a line "UNIT INVOCATION PID" for each unit of left4me that runs, in the order
# in which they became active.
left4me_invocations() {
	host_run "$1" systemctl show -p Id -p InvocationID -p MainPID -p ActiveState \
		-p ActiveEnterTimestampMonotonic 'left4me-*.service' |
		awk -F= '
			{ value[$1] = $2 }
			function flush() {
				if (value["ActiveState"] == "active")
					print value["ActiveEnterTimestampMonotonic"], value["Id"], value["InvocationID"], value["MainPID"]
				delete value
			}
			$0 == "" { flush() }
			END { flush() }' | sort -n | cut -d ' ' -f 2-
}

# left4me_fail NAME INSTANCE, left4me_mend NAME INSTANCE: its program exits at once; does so no more.
left4me_fail() {
	host_run "$1" touch "/var/lib/left4me/runtime/$2/tree/fail"
}

left4me_mend() {
	host_run "$1" rm -f "/var/lib/left4me/runtime/$2/tree/fail"
}
