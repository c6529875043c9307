# Job: makes a command available by installing the Debian package that has it.
# Must not: install anything when the command is there, or by another way than apt-get.
# Called by: rootfs.sh, build.sh and the libraries beside it (sourced).
# shellcheck shell=bash

# need COMMAND PACKAGE [COMMAND PACKAGE]...
need() {
	local missing=()
	while (($#)); do
		# PATH of a plain "su" session lacks sbin, where half of these live.
		PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null || missing+=("$2")
		shift 2
	done
	((${#missing[@]})) || return 0
	echo "installing ${missing[*]}" >&2
	local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2 </dev/null && return 0
	"${apt[@]}" update >&2
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2 </dev/null
}
