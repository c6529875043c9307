# Job: a small host for tests of refusals: one service, one file of another kind, and questions about both.
# Must not: depend on l4sync, or be the thing under test.
# Called by: tests, through lib.sh (sourced).
# shellcheck shell=bash

# demo_state DIR: a state, here and not in a host: demo.service runs, and has a color. Its start takes as
# long as /run/demo-slow says: a moment that a test can hit. demo_color_is DIR COLOR changes two files, one
# of which means a restart.
demo_state() {
	mkdir -p "$1/root/etc/systemd/system/demo.service.d" "$1/root/etc/demo"
	cat >"$1/l4sync.yaml" <<-'END'
		l4sync: 1
		hosts: [left4me]
		units:
		  demo.service: {enabled: true, state: running, restart: {settle: 0s}}
	END
	cat >"$1/root/etc/systemd/system/demo.service" <<-'END'
		[Unit]
		Description=A service to be restarted
		StartLimitIntervalSec=0

		[Service]
		ExecStartPre=/bin/sh -c "[ ! -e /run/demo-slow ] || sleep $(cat /run/demo-slow)"
		ExecStart=/bin/sleep infinity

		[Install]
		WantedBy=multi-user.target
	END
	demo_color_is "$1" blue
}

demo_color_is() {
	echo "COLOR=$2" >"$1/root/etc/demo/env"
	printf '[Service]\nEnvironment=COLOR=%s\n' "$2" >"$1/root/etc/systemd/system/demo.service.d/color.conf"
}

# demo_tree NAME: everything below /etc, /usr/local and /srv with owner, mode, times and content. The time
# of a directory moves when a name in it is made and removed again, so it is left out.
demo_tree() {
	host_run "$1" sh -c '
		find /etc /usr/local /srv -path /etc/l4sync -prune -o -type d -printf "%p %y %m %U %G\n" \
			-o -printf "%p %y %m %U %G %s %T@ %l\n" | sort
		find /etc /usr/local /srv -path /etc/l4sync -prune -o -type f -print0 | sort -z | xargs -0 sha256sum'
}

# demo_pid NAME: the main process of demo.service, 0 if there is none. The color that it was started with.
demo_pid() {
	host_run "$1" systemctl show -p MainPID --value demo.service
}

demo_color() {
	local color='' i
	# Before its program is executed a new main process has systemd's own environment.
	for ((i = 0; i < 50; i++)); do
		color=$(host_run "$1" sh -c "tr '\\0' '\\n' </proc/$(demo_pid "$1")/environ" | sed -n 's/^COLOR=//p')
		[[ -z $color ]] || break
		sleep 0.1
	done
	echo "$color"
}

# demo_clean NAME: nothing of a run is left: no temporary file, no journal.
demo_clean() {
	[[ -z $(host_run "$1" find / -xdev -name '.l4sync-*' 2>/dev/null) ]] &&
		host_run "$1" sh -c '! ls /var/lib/l4sync/journal* 2>/dev/null'
}
