#!/bin/bash
# Job: builds and caches the Debian 13 file systems of the tests, and the unit files of many packages; prints
# the path of the one asked for.
# Must not: touch anything outside $L4SYNC_CACHE, leave a mount behind, or name a mirror of its own.
# Called by: build.sh, lib/container.sh, lib/vm.sh, and by hand: rootfs.sh run|build|vm|units.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${L4SYNC_CACHE:-/var/cache/l4sync-tests}
suite=trixie

# What l4sync is linked with, what its modules call, and what a host of left4.me has.
common_packages=(
	systemd systemd-sysv dbus libpam-systemd procps iproute2 openssh-server openssh-client git sudo
	nftables python3 ca-certificates jq util-linux strace
	libsystemd0 libyaml-0-2 libgit2-1.9 libjansson4 libnettle8t64
)
# shellcheck disable=SC2034 # by name, in bootstrap and key_of
run_packages=("${common_packages[@]}" nginx)
# shellcheck disable=SC2034
build_packages=(
	gcc libc6-dev make pkg-config libsystemd-dev libyaml-dev libgit2-dev libjansson-dev nettle-dev check scdoc
	libseccomp-dev strace
)
# shellcheck disable=SC2034
vm_packages=("${common_packages[@]}" linux-image-cloud-amd64 initramfs-tools udev e2fsprogs kmod)

# What a Debian host may have: of these only the unit files are unpacked, nothing of them is installed.
# shellcheck disable=SC2034
units_packages=(
	accountsservice acpid anacron apache2 apparmor apt at auditd autofs avahi-daemon bind9 bird2 bluez
	bluez-obexd bolt chrony clamav-daemon clamav-freshclam clevis-systemd cloud-init collectd-core colord
	coturn cron cryptsetup cups-browsed cups-daemon dnsmasq docker.io dovecot-core e2fsprogs exim4-base
	fail2ban fancontrol fprintd freeradius frr fwupd gdm3 geoclue-2.0 glusterfs-server gpm haproxy haveged
	hostapd icecast2 incus irqbalance iwd kdump-tools keepalived knot krb5-admin-server krb5-kdc
	libvirt-daemon libvirt-daemon-common libvirt-daemon-driver-network libvirt-daemon-driver-qemu
	libvirt-daemon-system lightdm lirc lm-sensors logrotate lvm2 lxc man-db mariadb-server mdadm memcached
	minidlna modemmanager monit mosquitto mpd multipath-tools munin-node nbd-server netfilter-persistent
	network-manager nfs-common nfs-kernel-server nftables nginx-common nsd ntpsec nut-client nut-server
	open-iscsi opendkim openvpn packagekit pcscd pdns-server php8.4-fpm pipewire-bin plocate polkitd
	postfix postgresql-common power-profiles-daemon prometheus-node-exporter pulseaudio qemu-guest-agent
	quota radvd redis-server rpcbind rsync rspamd rsyslog rtkit samba samba-ad-dc sane-utils sddm slapd
	smartmontools snapd spamd squid sssd-common strongswan-starter stunnel4 switcheroo-control sysstat
	systemd-container systemd-coredump systemd-cron systemd-homed systemd-journal-remote systemd-oomd
	systemd-resolved systemd-timesyncd thermald tlp tor tpm2-abrmd transmission-daemon tuned udev udisks2
	ufw unattended-upgrades unbound upower usbguard uwsgi varnish vsftpd winbind wireguard-tools
	wpasupplicant xrdp zabbix-agent zram-tools
)

# What a file system is made of and how: a change of either rebuilds. What else this script does is not in it.
key_of() {
	local -n list=$1_packages
	{
		printf '%s\n' "$suite" "${list[@]}"
		declare -f bootstrap configure_run "make_$1"
	} | sha256sum | cut -c1-12
}

# The machine's own mirrors, with the suite replaced: those that carry Debian itself, not others.
sources() {
	local uri release keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		sort -u | while read -r uri release component; do
		[[ $component == main ]] || continue
		case $uri in
		*/debian-security/ | *security.debian.org/*) echo "deb [signed-by=$keyring] $uri $suite-security main" ;;
		*/debian/)
			case $release in
			*-updates) echo "deb [signed-by=$keyring] $uri $suite-updates main" ;;
			*-backports*) ;;
			*) echo "deb [signed-by=$keyring] $uri $suite main" ;;
			esac
			;;
		esac
	done | sort -u
}

# How this machine reaches its mirrors: proxies, and whether old indexes are accepted.
apt_options() {
	apt-config dump --no-empty |
		grep -E '^Acquire::(Check-Valid-Until|Check-Date|Retries|https?::(Proxy|Timeout|Verify-|CaInfo))' ||
		true
}

# Downloads are shared between the file systems: hard links into the new one, and back.
bootstrap() {
	local root=$1 list=$2
	local -n packages=$list
	local work=$root.work include
	mkdir -p "$work" "$cache/apt"
	sources >"$work/sources.list"
	[[ -s $work/sources.list ]] || {
		echo "rootfs.sh: apt names no Debian mirror; add one to /etc/apt/sources.list" >&2
		return 1
	}
	apt_options >"$work/apt.conf"
	include=$(
		IFS=,
		echo "${packages[*]}"
	)
	# Only these modules: a small initrd is unpacked much faster by an emulated processor.
	cat >"$work/initramfs" <<'END'
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
printf 'MODULES=list\nCOMPRESS=lz4\nRESUME=none\n' >"$1/etc/initramfs-tools/conf.d/l4sync"
printf '%s\n' virtio_pci virtio_blk virtio_net ext4 crc32c >"$1/usr/share/initramfs-tools/modules.d/l4sync"
END
	local hooks=()
	[[ $list == vm_packages ]] && hooks=(--include=lz4 "--essential-hook=sh $work/initramfs \"\$1\"")
	mmdebstrap --quiet --mode=root --variant=minbase --include="$include" "${hooks[@]}" \
		--aptopt="$work/apt.conf" --skip=essential/unlink,download/empty \
		--setup-hook="mkdir -p \"\$1/var/cache/apt/archives\"
			find '$cache/apt' -name '*.deb' -exec cp -l -t \"\$1/var/cache/apt/archives\" {} +" \
		--customize-hook="find \"\$1/var/cache/apt/archives\" -maxdepth 1 -name '*.deb' \
			-exec cp -ln -t '$cache/apt' {} +" \
		"$suite" "$root" "$work/sources.list" </dev/null >&2
	rm -rf "$work"
}

# What a container and a virtual machine have in common: it is the host left4me.
configure_run() {
	local root=$1 unit
	mount -t proc proc "$root/proc"
	echo left4me >"$root/etc/hostname"
	printf '127.0.0.1 localhost left4me\n::1 localhost left4me\n' >"$root/etc/hosts"
	printf 'nameserver 127.0.0.1\n' >"$root/etc/resolv.conf"
	# A fixed one: an empty machine-id would make every boot a first boot, with presets applied.
	echo 4f1c0000000040008000000000001e44 >"$root/etc/machine-id"
	chroot "$root" passwd -d root >/dev/null

	mkdir -p "$root/root/.ssh" "$root/etc/ssh/sshd_config.d" "$root/etc/systemd/network"
	chmod 0700 "$root/root/.ssh"
	cp "$cache/key.pub" "$root/root/.ssh/authorized_keys"
	printf '%s\n' 'PermitRootLogin prohibit-password' 'UseDNS no' 'MaxSessions 50' 'MaxStartups 50' \
		>"$root/etc/ssh/sshd_config.d/l4sync-tests.conf"
	printf '[Match]\nType=ether\n\n[Network]\nDHCP=yes\nLinkLocalAddressing=no\n' \
		>"$root/etc/systemd/network/50-ether.network"
	chroot "$root" systemctl -q enable systemd-networkd.service ssh.service
	# A container without a network would wait two minutes for network-online.target.
	for unit in systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service; do
		mkdir -p "$root/etc/systemd/system/$unit.d"
		printf '[Unit]\nConditionVirtualization=!container\n' \
			>"$root/etc/systemd/system/$unit.d/not-in-container.conf"
	done
	# What a test starts itself.
	if [[ -e $root/usr/lib/systemd/system/nginx.service ]]; then
		chroot "$root" systemctl -q disable nginx.service
	fi
	# Housekeeping that would start at some moment of some test.
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
		e2scrub_reap.service fstrim.timer; do
		if [[ -e $root/usr/lib/systemd/system/$unit ]]; then
			chroot "$root" systemctl -q disable "$unit"
		fi
	done
	umount "$root/proc"
}

make_run() {
	bootstrap "$1/root" run_packages
	configure_run "$1/root"
}

make_build() {
	bootstrap "$1/root" build_packages
	mkdir -p "$1/root/src" "$1/root/out"
}

# disk.img, vmlinuz, initrd.img and known_hosts; the tree itself is not kept.
make_vm() {
	local root=$1/root unit
	bootstrap "$root" vm_packages
	configure_run "$root"
	# It looks for a kind of socket that the emulator does not have, and complains at each reload.
	mkdir -p "$root/etc/systemd/system-generators"
	ln -s /dev/null "$root/etc/systemd/system-generators/systemd-ssh-generator"
	echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"
	# What no test asks about costs an emulated processor a fifth of the boot, the session of root most.
	echo 'UsePAM no' >>"$root/etc/ssh/sshd_config.d/l4sync-tests.conf"
	for unit in ldconfig systemd-journal-catalog-update systemd-update-done systemd-networkd-wait-online \
		systemd-binfmt systemd-pstore modprobe@; do
		ln -s /dev/null "$root/etc/systemd/system/$unit.service"
	done
	for unit in dev-hugepages dev-mqueue sys-kernel-debug sys-kernel-tracing sys-kernel-config \
		sys-fs-fuse-connections; do
		ln -s /dev/null "$root/etc/systemd/system/$unit.mount"
	done
	sed 's/^/vm /' "$root/etc/ssh/ssh_host_ed25519_key.pub" >"$1/known_hosts"
	cp "$root"/boot/vmlinuz-* "$1/vmlinuz"
	cp "$root"/boot/initrd.img-* "$1/initrd.img"
	truncate -s 3G "$1/disk.img"
	mkfs.ext4 -q -F -L root -d "$root" "$1/disk.img"
	rm -rf "$root"
}

# unpack_units ROOT DEB...: the unit files of packages, which are then removed.
unpack_units() {
	local root=$1 deb names
	shift
	for deb; do
		names=$(dpkg-deb --fsys-tarfile "$deb" | tar -tf -)
		names=$(grep -E '^\./(usr/)?lib/systemd/system/.*[^/]$' <<<"$names") || names=
		if [[ -n $names ]]; then
			dpkg-deb --fsys-tarfile "$deb" |
				tar -C "$root" --no-same-owner -T <(echo "$names") -xf - --transform 's,^\./lib/,./usr/lib/,S'
		fi
		rm "$deb"
	done
}

# root/usr/lib/systemd/system, and in missing the names of packages that the archive does not have. With an
# apt of its own: that of the machine, but for where it keeps what it knows.
make_units() {
	local work=$1/work package known have=()
	mkdir -p "$1/root" "$work"/{debs,lists/partial,cache/archives/partial}
	touch "$work/status" "$1/missing"
	sources >"$work/sources.list"
	{
		apt_options
		printf '%s "%s";\n' Dir::Etc::sourcelist "$work/sources.list" Dir::Etc::sourceparts /dev/null \
			Dir::State::lists "$work/lists" Dir::State::status "$work/status" Dir::Cache "$work/cache" \
			APT::Sandbox::User root
	} >"$work/apt.conf"
	export APT_CONFIG=$work/apt.conf
	apt-get -qq -o APT::Update::Error-Mode=any update >&2 </dev/null
	known=$(apt-cache show --no-all-versions "${units_packages[@]}" 2>/dev/null | sed -n 's/^Package: //p')
	for package in "${units_packages[@]}"; do
		if grep -qxF "$package" <<<"$known"; then
			have+=("$package")
		else
			echo "rootfs.sh: $suite has no package $package" >&2
			echo "$package" >>"$1/missing"
		fi
	done
	# Some at a time: all of them are 140 MB.
	while ((${#have[@]})); do
		(cd "$work/debs" && apt-get -qq download "${have[@]:0:20}" >&2 </dev/null)
		unpack_units "$1/root" "$work"/debs/*.deb
		have=("${have[@]:20}")
	done
	rm -rf "$work"
}

# What no checkout of this repository has asked for in three days: another branch may have another
# recipe, and each would throw away what the other has just built. One that is in use is held by a shared
# lock on its directory (lib/base.sh).
remove_old() {
	local kind=$1 keep=$2 dir
	for dir in "$cache/$kind"-*; do
		[[ -d $dir && $dir != "$keep" && -n $(find "$dir" -maxdepth 0 -mtime +2) ]] || continue
		flock -n -x "$dir" rm -rf "$dir" || true
	done
}

main() {
	local kind=${1:-} final half
	case $kind in
	run | build | vm | units) ;;
	*)
		echo "usage: rootfs.sh run|build|vm|units" >&2
		return 64
		;;
	esac
	[[ $EUID == 0 ]] || {
		echo "rootfs.sh: needs root" >&2
		return 1
	}
	mkdir -p "$cache"
	chmod 0755 "$cache"
	final=$cache/$kind-$(key_of "$kind")
	if [[ ! -d $final ]]; then
		exec 9>"$cache/$kind.lock"
		flock 9
	fi
	if [[ ! -d $final ]]; then
		. "$here/lib/need.sh"
		need mmdebstrap mmdebstrap mkfs.ext4 e2fsprogs ssh-keygen openssh-client unshare util-linux
		(
			flock 8
			[[ -e $cache/key ]] || ssh-keygen -q -t ed25519 -N '' -C l4sync-tests -f "$cache/key"
		) 8>"$cache/key.lock"
		# Only one builder a kind: what is half built here belongs to a run that was killed.
		for half in "$cache/.$kind"-*; do
			[[ -e $half ]] && rm -rf --one-file-system "$half"
		done
		half=$cache/.$kind-$$
		mkdir -m 0755 "$half"
		echo "building the $kind file system of the tests (once)" >&2
		# The mounts of mmdebstrap must go with it, however it ends; it must go with this script.
		if ! setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
			"${BASH_SOURCE[0]}" --make "$kind" "$half" 9>&-; then
			rm -rf --one-file-system "$half"
			echo "rootfs.sh: building the $kind file system failed" >&2
			return 1
		fi
		sync -f "$half"
		mv -T "$half" "$final"
		remove_old "$kind" "$final"
	fi
	touch "$final"
	echo "$final"
}

if [[ ${1:-} == --make ]]; then
	"make_$2" "$3"
else
	main "$@"
fi
