# Job: named cases and their checks: "ok NAME", "not ok NAME" with all that the case printed, "skip NAME".
# Must not: stop at a failed check (the rest of the case tells more); count a case that checked nothing.
# Called by: tests, through lib.sh (sourced).
# shellcheck shell=bash

t_file=$(basename "$(dirname "$(readlink -f "$0")")")/$(basename "$0" .test)
t_name='' t_checks=0 t_failed=0 t_why='' t_where=''
t_stdout=${L4SYNC_TEST_FD:-} # set by the runner; else what is the standard output at the first case
t_totals=(0 0 0) # passed, failed, skipped: what a test that is run by hand ends with
T_OUT='' T_ERR='' # what the last t_exit command printed

t_open() {
	[[ -n $t_stdout ]] || exec {t_stdout}>&1
}

# t_case NAME: what is printed from here on belongs to this case, and is shown if it fails.
t_case() {
	t_close
	t_open
	t_name=$1 t_checks=0 t_failed=0 t_why='' t_where=''
	set -E
	trap 't_where="${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR
	[[ -n ${L4SYNC_VERBOSE:-} ]] || exec >"$T/case.log" 2>&1
}

t_ok() {
	t_checks=$((t_checks + 1))
}

# t_fail MESSAGE: the case has failed; goes on with it.
t_fail() {
	local i
	t_checks=$((t_checks + 1)) t_failed=$((t_failed + 1))
	for ((i = 1; i < ${#BASH_SOURCE[@]} - 1; i++)); do
		[[ ${BASH_SOURCE[i]} == *.test ]] && break
	done
	printf '!! %s:%s: %s\n' "${BASH_SOURCE[i]##*/}" "${BASH_LINENO[i - 1]}" "$*"
}

# t_skip WHY: the case (or before the first one, the whole file) is not run, and why. The caller goes on to
# the next case by itself.
t_skip() {
	t_why=$1
	if [[ -z $t_name ]]; then
		t_open
		t_name=all
		exit 0
	fi
}

# t_eq WANT GOT [WHAT]
t_eq() {
	if [[ $1 == "$2" ]]; then
		t_ok
	else
		t_fail "${3:-value}: not as expected (- expected, + got)"
		diff -u --label expected --label got <(printf '%s\n' "$1") <(printf '%s\n' "$2") | tail -n +3 || true
	fi
}

# t_contains TEXT PART [WHAT]: PART is literal.
t_contains() {
	if [[ $1 == *"$2"* ]]; then
		t_ok
	else
		t_fail "${3:-text} lacks: $2"
		printf '   it is: %s\n' "$1"
	fi
}

# t_lacks TEXT PART [WHAT]
t_lacks() {
	if [[ $1 != *"$2"* ]]; then
		t_ok
	else
		t_fail "${3:-text} should not have: $2"
		printf '   it is: %s\n' "$1"
	fi
}

# t_exit CODE COMMAND...: its output is then in T_OUT and T_ERR.
t_exit() {
	local want=$1 code=0
	shift
	"$@" >"$T/exit.out" 2>"$T/exit.err" || code=$?
	T_OUT=$(<"$T/exit.out") T_ERR=$(<"$T/exit.err")
	if [[ $code == "$want" ]]; then
		t_ok
	else
		t_fail "exit $code, not $want: $*"
		printf '   its output:\n%s\n   its errors:\n%s\n' "$T_OUT" "$T_ERR"
	fi
}

# t_note TEXT: said to whoever runs the test, whatever becomes of the case.
t_note() {
	t_open
	echo "# $1" >&"$t_stdout"
}

# Reports the open case, in one piece also while another test reports one.
t_close() {
	[[ -n $t_name ]] || return 0
	local verdict=0 log=
	[[ -z ${L4SYNC_VERBOSE:-} && -e $T/case.log ]] && log=$T/case.log
	if [[ -n $t_why ]]; then
		verdict=2
	elif ((t_failed || !t_checks)); then
		verdict=1
	fi
	t_totals[verdict]=$((t_totals[verdict] + 1))
	{
		flock 5
		case $verdict in
		0) echo "ok $t_file: $t_name" ;;
		2) echo "skip $t_file: $t_name: $t_why" ;;
		1)
			echo "not ok $t_file: $t_name"
			((t_checks)) || echo "    the case checked nothing"
			[[ -z $log ]] || sed 's/^/    /' "$log"
			;;
		esac | tee -a "${L4SYNC_TEST_RESULTS:-/dev/null}" >&"$t_stdout"
	} 5>>"${L4SYNC_TEST_LOCK:-$T/lock}"
	t_name=
}

# Run once when the test ends, by the trap of base.sh. CODE is not 0 if a command failed outside a check.
t_end() {
	local code=$1
	if ((code)) && [[ -z $t_name ]]; then
		t_name=setup
		t_open
	fi
	if ((code)); then
		t_checks=$((t_checks + 1)) t_failed=$((t_failed + 1))
		echo "!! the test ended with exit $code${t_where:+, at $t_where}"
	fi
	t_close
	if [[ ${t_totals[*]} == "0 0 0" ]]; then
		t_open
		t_name="no case at all"
		t_close
	fi
	if [[ -n $t_stdout && -z ${L4SYNC_TEST_RESULTS:-} ]]; then
		echo "${t_totals[0]} passed, ${t_totals[1]} failed, ${t_totals[2]} skipped" >&"$t_stdout"
	fi
	((t_totals[1] == 0))
}
