# shellcheck shell=bash disable=SC2053 # patterns are meant
# What the crash tests share: results, fresh hosts, fingerprints, the points where a run can be hit.
# Sourced by tests/crash/run; needs $L (program), $F (fingerprint), $W (work directory), $step.

ok() {
	echo "ok $1"
	passed=$((passed + 1))
}
not_ok() { # NAME REASON…
	echo "not ok $1: ${*:2}"
	failed=$((failed + 1))
}

expect() { # NAME WANTED GOT
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected $2, got $3"; fi
}

# What l4sync's own business is: its state directory and lock.
tree() { "$F" "$1" var/lib/l4sync run/l4sync | sort; }
tree_t() { "$F" "$1" -t var/lib/l4sync run/l4sync | sort; }

# What the last apply said, without its line breaks.
said() { tr -s ' \n' ' ' <"$W/out" | grep -q -- "$1"; }

run_l4sync() { "$L" "$1" --root "$W/root" "${@:2}" </dev/null; }
apply_state() { run_l4sync apply --state "$1" --yes --allow-removal "${@:2}"; }

# A host of its own in $W/root and an empty state in $W/s; apply_s prints the exit status.
begin() {
	rm -rf "$W/root" "$W/s"
	make_host "$W/root"
	put "$W/s/l4sync.yaml" 0644 "l4sync: 1"
	mkdir -p "$W/s/root"
}
apply_s() {
	apply_state "$W/s" "$@" >"$W/out" 2>&1
	echo $?
}

generation() {
	run_l4sync status --json 2>/dev/null |
		jq -r 'select(.event == "status").status.generation.number // (.generation.number // empty)'
}

fresh() { # the host as saved under NAME
	rm -rf "$W/root"
	cp -a "$W/$1" "$W/root"
}

# The fingerprints of $W/root as one of the sides that the recovery may end on.
fingerprint_as() { # old|new
	tree "$W/root" >"$W/tree$T.$1"
	tree_t "$W/root" >"$W/tree_t$T.$1"
	[ "$1" = old ] || comm -12 "$W/tree_t$T.old" "$W/tree_t$T.new" >"$W/tree_t$T.untouched"
}

# The host under state a, ready to become b, and both trees.
prepare_ab() {
	[ -d "$W/old" ] && return
	rm -rf "$W/root"
	make_host "$W/root"
	# So that pruning is among what is hit.
	put "$W/root/etc/l4sync/config.yaml" 0644 "history: {keep: 1, max_age: 0}"
	cp -a "$W/root" "$W/host"
	make_state_a "$W/a"
	make_state_b "$W/a" "$W/b"
	apply_state "$W/a" >"$W/out" 2>&1 || { cat "$W/out"; exit 1; }
	put "$W/root/opt/stays/foreign" 0644 "came later"
	decorate "$W/root"
	mv "$W/root" "$W/old"
	fresh old
	fingerprint_as old
	apply_state "$W/b" >"$W/out" 2>&1 || { cat "$W/out"; exit 1; }
	fingerprint_as new
}

# What a recovery is judged by: the suffix of the fingerprints, the numbers of the two generations
# (empty: none yet; a pattern), the host as it was and the state that leads to the new one.
T='' old_generation=1 new_generation=2 start=old goal=b

# old, new, or what differs from the old one
which_tree() {
	tree "$W/root" >"$W/tree.now"
	tree_t "$W/root" >"$W/tree_t.now"
	if cmp -s "$W/tree_t.now" "$W/tree_t$T.old"; then
		echo old
	elif cmp -s "$W/tree.now" "$W/tree$T.new"; then
		if [ -n "$(comm -23 "$W/tree_t$T.untouched" "$W/tree_t.now")" ]; then
			echo "new, but touched: $(comm -23 "$W/tree_t$T.untouched" "$W/tree_t.now" | head -3)"
		else
			echo new
		fi
	else
		echo "mixed: $(diff "$W/tree_t$T.old" "$W/tree_t.now" | head -8 | tr '\n' '|')"
	fi
}

STATE_CALLS=rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat
STATE_CALLS=$STATE_CALLS,chmod,fchmod,fchmodat,chown,fchown,fchownat,fsync,fdatasync,write,pwrite64
STATE_CALLS=$STATE_CALLS,ftruncate,truncate,openat,open,creat

# All points of an apply from start to goal: lines "CALL N COUNTED…", the Nth call of that name by the main
# process. openat counts only where it creates.
list_points() {
	fresh "$start"
	strace -f -o "$W/trace" -e trace="$STATE_CALLS" "$L" apply --root "$W/root" \
		--state "$W/$goal" --yes --allow-removal </dev/null >/dev/null 2>&1
	awk 'NR == 1 { main = $1 }
		$1 == main {
			name = $2; sub(/\(.*/, "", name)
			if (name !~ /^[a-z]/) next
			n[name]++
			if (name ~ /^open/ && $0 !~ /O_CREAT/) next
			print name, n[name]
		}' "$W/trace" >"$W/points"
}

# hit CALL N WHAT: an apply to goal with that done to the Nth call
hit() {
	# The shell's own word about a killed child is not wanted.
	{
		strace -f -o /dev/null -e trace="$1" -e inject="$1:$3:when=$2" "$L" apply \
			--root "$W/root" --state "$W/$goal" --yes --allow-removal </dev/null >"$W/out" 2>&1
	} 2>/dev/null
}

# Only the recovery: without --yes and without a terminal an apply refuses after it.
recover() { run_l4sync apply --state "${1:-$W/$goal}" --allow-removal >"$W/recovered" 2>&1; }

leftovers() { find "$W/root" -name '.l4sync-*' | head -3; }

# After the recovery: old or new, nothing left, the history agrees, and an apply gets to the new state.
check_recovered() { # NAME
	local now left gen rc
	now=$(which_tree)
	left=$(leftovers)
	gen=$(generation)
	[ -z "$left" ] || { not_ok "$1" "left over: $left"; return; }
	case $now in
	old) [ "$gen" = "$old_generation" ] || { not_ok "$1" "the tree is old, the history says $gen"; return; } ;;
	new) [[ $gen == $new_generation ]] || { not_ok "$1" "the tree is new, the history says $gen"; return; } ;;
	*) not_ok "$1" "$now"; return ;;
	esac
	run_l4sync check >"$W/checked" 2>&1
	rc=$?
	[ $rc = 0 ] || [ "$now$old_generation" = old ] ||
		{ not_ok "$1" "$now, check says $rc: $(tail -3 "$W/checked")"; return; }
	apply_state "$W/$goal" >"$W/again" 2>&1
	rc=$?
	[ $rc = 0 ] && [ "$(which_tree)" = new ] && [[ $(generation) == $new_generation ]] ||
		{ not_ok "$1" "$now, then apply: $rc $(which_tree)"; return; }
	ok "$1 ($now)"
}
