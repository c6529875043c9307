#!/bin/bash
# Job: runs all tests, one part after the other, says how each went, and sums up their cases.
# Must not: stop at a failing part, ask anything, or print what a passing part said.
# Called by: make check.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
logs=${B:-build}/check
mkdir -p "$logs"
jobs=$(nproc)
passed=0 failed=0 skipped=0
warmer=''

# What a failed part has to say: its failed cases with what is indented below them, or else its end.
details() {
	if grep -q '^not ok ' "$1"; then
		awk '/^[^ \t#]/ { show = /^not ok / } show' "$1" | head -n 200
	else
		tail -n 40 "$1"
	fi | sed 's/^/    /'
}

# part NAME WHAT COMMAND...: its cases are counted by what it adds to $L4SYNC_COUNTS; one that
# counts nothing, or fails without a failed case, is a case by itself.
part() {
	local name=$1 what=$2 code=0 p=0 f=0 s=0 a b c begin=$SECONDS log=$logs/$1.log counts=$logs/$1.counts
	shift 2
	: >"$counts"
	L4SYNC_COUNTS=$(realpath "$counts") "$@" </dev/null >"$log" 2>&1 || code=$?
	while read -r a b c; do
		p=$((p + a)) f=$((f + b)) s=$((s + c))
	done <"$counts"
	if [[ ! -s $counts ]] && grep -q '^skip ' "$log"; then
		s=1
	elif ((code && !f)); then
		f=1
	elif [[ ! -s $counts ]]; then
		p=1
	fi
	printf '%-8s%-46s%5d passed %3d failed %3d skipped %5d s\n' \
		"$name" "$what" "$p" "$f" "$s" $((SECONDS - begin))
	if ((f)); then
		details "$log"
	fi
	grep '^skip ' "$log" | sed 's/^/    /'
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

target() {
	"${MAKE:-make}" --no-print-directory -j "$jobs" "$@"
}

# Everything else needs compilers; nothing else can say so better.
part need "packages that this takes" tests/need.sh
if [[ $EUID == 0 && $failed == 0 ]]; then
	# Mostly waiting for disk and network: goes on beside the parts that need none of it.
	setpriv --pdeathsig TERM bash -c 'for kind in build run vm units; do tests/host/rootfs.sh "$kind"; done' \
		</dev/null >"$logs/rootfs.log" 2>&1 &
	warmer=$!
fi
part build "the program" target all man
part unit "unit tests and golden cases" target check-unit
part asan "the same and fuzz corpora, with sanitizers" target check-asan
part client "the laptop's program needs jansson alone" target check-client
part net "pulling over ssh and https" target check-net
part lint "what tools find in the sources" target lint
[[ -z $warmer ]] || wait "$warmer"
part host "on a real systemd, in containers" target check-host
part crash "killed at each step" target check-crash
part vm "on a kernel of its own" target check-vm
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
