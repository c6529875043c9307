#!/bin/bash
# Job: installs the Debian packages that building and testing take; without root it names the missing ones.
# Must not: ask, upgrade anything, or know another way than apt-get.
# Called by: check.sh, make demo.
set -euo pipefail

packages=(
	# to build
	gcc libc6-dev pkg-config libsystemd-dev libyaml-dev libgit2-dev zlib1g-dev libjansson-dev nettle-dev
	libseccomp-dev check scdoc
	# to look at the sources
	clang-tidy clang-format cppcheck shellcheck
	# to test: servers to pull from, hosts to apply to
	git openssh-client openssh-server openssl python3 ca-certificates procps iproute2 util-linux jq
	systemd-container mmdebstrap e2fsprogs qemu-system-x86 qemu-utils
)

missing=()
for package in "${packages[@]}"; do
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0
if [[ $EUID != 0 ]]; then
	echo "not installed, and only root can do it: apt-get install ${missing[*]}"
	exit 1
fi
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600)
"${apt[@]}" update </dev/null
# Without Recommends; 32-bit and sanitizer libraries come with gcc itself.
"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null
