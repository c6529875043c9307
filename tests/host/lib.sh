# Job: everything that a test on a real host needs, by sourcing this one file.
# Must not: do anything at that moment but make the work directory and the traps that remove it.
# Called by: tests/host/container/*.test, tests/host/vm/*.test, make demo.
# shellcheck shell=bash
#
# A host is a NAME that the test chooses; container_boot or vm_boot makes it, and then
#   host_run NAME COMMAND...   host_put NAME SOURCE TARGET   host_install NAME   host_stop NAME
# work on either kind, as do the functions of lib/left4me.sh. $T is the work directory; it is removed.
set -euo pipefail

HOST_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SRC_DIR=$(cd "$HOST_DIR/../.." && pwd)
declare -gA host_kind=() # name → container or vm

# shellcheck source=lib/base.sh
. "$HOST_DIR/lib/base.sh"
# shellcheck source=lib/case.sh
. "$HOST_DIR/lib/case.sh"
# shellcheck source=lib/container.sh
. "$HOST_DIR/lib/container.sh"
# shellcheck source=lib/vm.sh
. "$HOST_DIR/lib/vm.sh"
# shellcheck source=lib/demo.sh
. "$HOST_DIR/lib/demo.sh"
# shellcheck source=lib/left4me.sh
. "$HOST_DIR/lib/left4me.sh"

# host_run NAME COMMAND...: its exit code is the command's, its streams are the command's.
host_run() {
	"${host_kind[$1]:?no such host: $1}_run" "$@"
}

# host_put NAME SOURCE TARGET: a file, or a directory with what is in it, owned by root there. TARGET is
# the whole new path, not the directory to put it into; missing parents are made.
host_put() {
	local name=$1 source=$2 target=$3
	if [[ -d $source ]]; then
		tar -C "$source" --owner=0 --group=0 -cf - . |
			host_run "$name" sh -c 'mkdir -p "$1" && tar -C "$1" --no-overwrite-dir -xf -' sh "$target"
	else
		tar -C "$(dirname "$source")" --owner=0 --group=0 -cf - "$(basename "$source")" |
			host_run "$name" sh -c 'mkdir -p "${1%/*}" && tar -xOf - >"$1" && chmod "$2" "$1"' \
				sh "$target" "$(stat -c %a "$source")"
	fi
}

container_put() { host_put "$@"; }
vm_put() { host_put "$@"; }

host_stop() {
	"${host_kind[$1]:?no such host: $1}_stop" "$1"
}

# host_install NAME: what `make install` installed below build/trixie-image, and what a package would
# then run. Without a build nothing is installed, and l4sync is not there.
host_install() {
	local image=$SRC_DIR/build/trixie-image
	[[ -d $image ]] || return 0
	host_put "$1" "$image" /
	host_run "$1" sh -c '
		[ ! -e /usr/lib/sysusers.d/l4sync.conf ] || systemd-sysusers /usr/lib/sysusers.d/l4sync.conf
		[ ! -e /usr/lib/tmpfiles.d/l4sync.conf ] || systemd-tmpfiles --create /usr/lib/tmpfiles.d/l4sync.conf
		systemctl daemon-reload'
}

base_init
