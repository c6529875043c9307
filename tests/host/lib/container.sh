# Job: Debian 13 in a container with its own systemd; every boot starts from the same clean file system.
# Must not: write to the cached file system, use the machine's network, or register with machined.
# Called by: tests, through lib.sh (sourced).
# shellcheck shell=bash

declare -gA container_pid=() # name → the nspawn process; the container's own pid 1 is its only child

# container_boot NAME [NSPAWN ARGUMENT...]: boots, waits until it is up, installs l4sync if it is built.
container_boot() {
	local name=$1 i
	shift
	need systemd-nspawn systemd-container nsenter util-linux
	hold_cached run
	# shellcheck disable=SC2034 # read by lib.sh
	host_kind["$name"]=container
	: >"$T/$name.console"
	# The unified hierarchy also where the machine mounts the old ones. No lock on the directory:
	# nobody writes to it. A cgroup for each, or parallel containers would share one.
	SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0 cgroup_exec "$CG/$name" \
		systemd-nspawn -q -D "$CACHED/root" --volatile=overlay --register=no --keep-unit \
		--private-network --hostname=left4me -M "l4sync-$$-$name" --console=passive "$@" -b \
		</dev/null >"$T/$name.console" 2>&1 &
	container_pid["$name"]=$!
	disown "$!" # it is ended by its cgroup; the shell need not report that
	for ((i = 0; i < 600; i++)); do
		alive "${container_pid[$name]}" || break
		if container_up "$name"; then
			host_install "$name"
			return 0
		fi
		sleep 0.1
	done
	echo "container $name did not come up; its console:" >&2
	tail -n 40 "$T/$name.console" >&2
	container_run "$name" systemctl --no-pager list-jobs >&2 || true
	container_stop "$name"
	return 1
}

# Up is "running" or "degraded"; which units made it degraded is said, and for the test to judge.
container_up() {
	local state
	container_init "$1" >/dev/null || return 1
	state=$(container_run "$1" systemctl is-system-running 2>/dev/null) || true
	case $state in
	running) return 0 ;;
	degraded)
		echo "container $1 is degraded:" >&2
		container_run "$1" systemctl --no-pager --plain --no-legend list-units --failed >&2
		return 0
		;;
	esac
	return 1
}

# container_init NAME: prints the pid, seen from here, of the container's systemd.
container_init() {
	pgrep -P "${container_pid[$1]:?no such container}"
}

# container_run NAME COMMAND...: as root, in the container's namespaces, with a clean environment, in /.
container_run() {
	local init
	init=$(container_init "$1")
	shift
	nsenter -t "$init" -a /usr/bin/env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
		HOME=/root TERM=dumb LC_ALL=C.UTF-8 "$@"
}

# container_service NAME COMMAND...: the same as a service of the container's systemd, in its cgroups
# and under its seccomp filter; a process that came in from outside is freer than any of the host's own.
container_service() {
	local name=$1
	shift
	container_run "$name" systemd-run --quiet --wait --pipe --collect -- "$@"
}

# container_stop NAME: pulls the plug. Nothing of it survives, so there is nothing to shut down.
container_stop() {
	cgroup_end "$CG/$1"
	unset "container_pid[$1]" "host_kind[$1]"
}
