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

# left4me_state DIR: a state, here and not in a host, that describes the baseline as it is; and
# left4me_state_harden DIR puts the hardening into it.
left4me_state() {
	local units=$1/root/usr/local/lib/systemd/system
	mkdir -p "$units"
	cp "$HOST_DIR"/fixtures/left4me/units/* "$units"
	cat >"$1/l4sync.yaml" <<-'END'
		l4sync: 1
		hosts: [left4me]
		units:
		  left4me-web.service: {enabled: true, state: running}
		  left4me-server@.service:
		    restart: {after: [left4me-web.service], settle: 1s}
	END
}

left4me_state_harden() {
	local unit
	for unit in left4me-server@.service left4me-web.service; do
		mkdir -p "$1/root/etc/systemd/system/$unit.d"
		cp "$HOST_DIR/fixtures/left4me/hardening/$unit.conf" \
			"$1/root/etc/systemd/system/$unit.d/10-hardening.conf"
	done
	mkdir -p "$1/root/etc/sysctl.d"
	echo 'net.ipv4.udp_rmem_min = 16384' >"$1/root/etc/sysctl.d/99-left4me.conf"
}

# left4me_invocation NAME UNIT, left4me_pid NAME UNIT: of one that runs; empty if it does not.
left4me_invocation() {
	left4me_invocations "$1" | awk -v unit="$2" '$1 == unit { print $2 }'
}

left4me_pid() {
	left4me_invocations "$1" | awk -v unit="$2" '$1 == unit { print $3 }'
}
