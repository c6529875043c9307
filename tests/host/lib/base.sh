# Job: a work directory, a cgroup and an end for everything that a test starts.
# Must not: end a process that this run did not start; leave a process, a mount or a file behind.
# Called by: lib.sh and run (sourced); the functions are the libraries' own, not the tests'.
# shellcheck shell=bash

# shellcheck source=need.sh
. "$(dirname "${BASH_SOURCE[0]}")/need.sh"

# The work directory T and the cgroup CG are made by whoever comes first, the runner or a test that is
# run by hand, and inherited by name. Processes are ended through the cgroup: it cannot name a stranger.
base_owner='' base_guard=''
declare -gA base_held=()

# base_init: sets T and CG, and ends what is in them when this shell ends, in whatever way.
base_init() {
	base_owner=$BASHPID
	trap base_exit EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [[ -n ${L4SYNC_TEST_T:-} ]]; then
		T=$L4SYNC_TEST_T CG=$L4SYNC_TEST_CG
		return
	fi
	local v2 own
	v2=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	CG=$v2${own%/}/l4sync-test-$$
	if [[ -z $v2 ]] || ! mkdir "$CG" 2>/dev/null; then
		echo "tests/host: needs a writable cgroup v2 hierarchy" >&2
		base_owner=
		return 1
	fi
	T=$(mktemp -d "${TMPDIR:-/tmp}/l4sync-test.XXXXXX")
	chmod 0711 "$T" # its names are not to be listed, but users of a test may be given one
	export L4SYNC_TEST_T=$T L4SYNC_TEST_CG=$CG
	# The guard does the cleaning when this shell is killed and cannot. It must outlive the shell, so
	# it has a session of its own; it holds no descriptor of ours, or a pipe to us would never close.
	setsid bash -c '. "$1"; CG=$2 T=$3; tail --pid="$4" -s 0.2 -f /dev/null; base_clean' \
		bash "${BASH_SOURCE[0]}" "$CG" "$T" "$base_owner" </dev/null >/dev/null 2>&1 &
	base_guard=$!
}

# A subshell inherits the trap's text but must not clean for its parent. A test ends its cases first.
base_exit() {
	local code=$?
	[[ $BASHPID == "$base_owner" ]] || exit "$code"
	base_owner=
	trap '' HUP INT TERM
	if declare -F t_end >/dev/null; then
		t_end "$code" || code=1
	fi
	if [[ -n $base_guard ]]; then
		base_clean
		kill -- "-$base_guard" 2>/dev/null || true # with its tail; setsid made it a group's leader
	else
		cgroup_children_end "$CG"
	fi
	exit "$code"
}

base_clean() {
	cgroup_end "$CG"
	rm -rf --one-file-system "$T"
}

# cgroup_end DIR: kills what is in it and below, waits, removes it.
cgroup_end() {
	local dir=$1 i
	[[ -d $dir ]] || return 0
	# systemd-nspawn makes the same path in the old hierarchy too, where a machine still mounts that.
	local old=/sys/fs/cgroup/systemd
	old=$old${dir#"$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)"}
	echo 1 >"$dir/cgroup.kill" 2>/dev/null || true
	for ((i = 0; i < 200; i++)); do
		grep -q 'populated 0' "$dir/cgroup.events" 2>/dev/null && break
		sleep 0.05
	done
	# Not rm: the files of a cgroup cannot be removed, its directories can, from the bottom up.
	find "$old" "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
	[[ ! -d $dir ]]
}

# cgroup_children_end DIR: all hosts of a test that itself runs in DIR.
cgroup_children_end() {
	local dir
	for dir in "$1"/*/; do
		[[ ! -d $dir ]] || cgroup_end "${dir%/}" || true
	done
}

# cgroup_exec DIR COMMAND...: runs it in that cgroup (made if need be), to die with the caller.
# The caller puts it into the background; $! is then the command itself.
cgroup_exec() {
	local dir=$1
	shift
	mkdir -p "$dir"
	echo "$BASHPID" >"$dir/cgroup.procs"
	exec setpriv --pdeathsig KILL "$@"
}

# host_alone COMMAND...: runs a test or a runner as if it had been started by hand.
host_alone() {
	env -u L4SYNC_TEST_T -u L4SYNC_TEST_CG -u L4SYNC_TEST_FD -u L4SYNC_TEST_RESULTS -u L4SYNC_TEST_LOCK \
		-u L4SYNC_COUNTS "$@"
}

# alive PID: it runs; one that has ended and that nobody has waited for yet does not.
alive() {
	local state
	state=$(ps -o stat= -p "$1") && [[ $state != Z* ]]
}

# wait_for SECONDS COMMAND...: until it succeeds; fails after that time.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# hold_cached KIND: sets CACHED to the cached file system's directory, the same each time, and keeps it from
# being removed while this shell lives.
hold_cached() {
	local fd
	if [[ -z ${base_held[$1]:-} ]]; then
		base_held[$1]=$("$HOST_DIR/rootfs.sh" "$1")
		exec {fd}<"${base_held[$1]}"
		flock -s "$fd"
	fi
	# shellcheck disable=SC2034 # for the caller
	CACHED=${base_held[$1]}
}
