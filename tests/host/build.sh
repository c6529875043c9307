#!/bin/bash
# Job: compiles this source tree for Debian 13, in the cached build file system, into build/trixie/.
# Must not: write to the source tree but there, leave a mount behind, or build on the machine itself.
# Called by: run, make demo, and by hand: build.sh [MAKE ARGUMENT...]; default "all", then "install".
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
src=$(cd "$here/../.." && pwd)
out=$src/build/trixie
image=$src/build/trixie-image # not below $out: the Makefile takes each *.d there for dependencies

# In a mount namespace of its own: everything mounted here ends with this process.
inside() {
	local root=$1
	shift
	mount --bind "$root" "$root"
	mount --bind "$src" "$root/src"
	mount -o remount,bind,ro "$root/src"
	mount --bind "$out" "$root/out"
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/tmp"
	mkdir "$root/tmp/image"
	[[ ! -d $image.new ]] || mount --bind "$image.new" "$root/tmp/image"
	mount --rbind /dev "$root/dev"
	mount -o remount,bind,ro "$root"
	exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		TERM=dumb ${CI:+CI="$CI"} make -C /src B=/out PREFIX=/usr --no-print-directory "$@"
}

main() {
	local root jobs
	[[ $EUID == 0 ]] || {
		echo "build.sh: needs root" >&2
		return 1
	}
	[[ -e $src/Makefile ]] || {
		echo "build.sh: $src has no Makefile" >&2
		return 1
	}
	mkdir -p "$out"
	exec 7>"$out/.lock"
	flock 7
	root=$("$here/rootfs.sh" build)
	exec 6<"$root"
	flock -s 6
	jobs=$(nproc)
	if (($#)); then
		unshare --mount "${BASH_SOURCE[0]}" --inside "$root/root" -j "$jobs" "$@"
		return
	fi
	unshare --mount "${BASH_SOURCE[0]}" --inside "$root/root" -j "$jobs" all
	# What container_boot and vm_boot copy into the host: exactly what the package would hold.
	rm -rf "$image.new"
	mkdir "$image.new"
	unshare --mount "${BASH_SOURCE[0]}" --inside "$root/root" DESTDIR=/tmp/image install
	rm -rf "$image"
	mv "$image.new" "$image"
}

if [[ ${1:-} == --inside ]]; then
	shift
	inside "$@"
else
	main "$@"
fi
