# Job: Debian 13 in an emulated machine, for what a container lacks: Yama, cgroup controllers, reboots and
# power cuts.
# Must not: reach a network; write to the cached disk.
# Called by: tests, through lib.sh (sourced).
# shellcheck shell=bash

declare -gA vm_pid=() # name → the emulator
declare -gA vm_port=() # name → the port on loopback that leads to its sshd
vm_seconds=400 # for one boot, which takes 50 on a machine with nothing else to do

# vm_boot NAME [QEMU ARGUMENT...]: boots and waits until it is up. The first time from a clean disk, and
# installs l4sync if it is built; after vm_power_cut from the disk as it was left.
vm_boot() {
	local name=$1 fresh='' try
	shift
	need qemu-system-x86_64 qemu-system-x86 qemu-img qemu-utils ssh openssh-client
	hold_cached vm
	# shellcheck disable=SC2034 # read by lib.sh
	host_kind["$name"]=vm
	if [[ ! -e $T/$name.qcow2 ]]; then
		fresh=1
		qemu-img create -q -f qcow2 -F raw -b "$CACHED/disk.img" "$T/$name.qcow2"
	fi
	# An emulated kernel now and then faults before anything of ours runs in it: it is started again.
	for try in 1 2 3; do
		: >"$T/$name.console"
		if vm_start "$name" "$@" && vm_wait "$name"; then
			[[ -z $fresh ]] || host_install "$name"
			return 0
		fi
		grep -q 'Kernel panic - not syncing' "$T/$name.console" && ((try < 3)) || break
		echo "the kernel of the virtual machine $name has panicked while it booted, try $try" >&2
		vm_power_cut "$name"
	done
	echo "virtual machine $name did not come up; its console:" >&2
	tail -n 60 "$T/$name.console" >&2
	vm_power_cut "$name"
	return 1
}

# Another process may take a free port before the emulator does; it then ends at once, and another is tried.
vm_start() {
	local name=$1 try
	shift
	for try in 1 2 3 4 5; do
		vm_port[$name]=$((20000 + RANDOM % 12000))
		# -no-reboot: a reboot ends the emulator, and vm_reboot starts it on the same disk. restrict: the
		# guest reaches nobody, only its sshd is reached. The acceleration is not kvm, for a machine whose
		# own is nested may open the device and then not run a guest. An older processor: what a new one
		# offers is emulated too, and costs a quarter of the boot.
		cgroup_exec "$CG/$name" qemu-system-x86_64 -accel tcg,thread=multi -M q35 -cpu Nehalem -m 1280 -smp 2 \
			-display none -nodefaults -no-reboot -serial "file:$T/$name.console" \
			-kernel "$CACHED/vmlinuz" -initrd "$CACHED/initrd.img" \
			-append "root=/dev/vda rw console=ttyS0 loglevel=4 mitigations=off panic=-1" \
			-drive "file=$T/$name.qcow2,if=virtio,format=qcow2" -device virtio-rng-pci \
			-netdev "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:${vm_port[$name]}-:22" \
			-device virtio-net-pci,netdev=n0 "$@" </dev/null >"$T/$name.qemu" 2>&1 &
		vm_pid[$name]=$!
		disown # or the shell would say "Killed" when it is
		# It sets the port up before anything else of note.
		sleep 1
		alive "${vm_pid[$name]}" && return 0
		grep -q 'host forwarding' "$T/$name.qemu" || break
	done
	echo "qemu ended, try $try:" >&2
	cat "$T/$name.qemu" >&2
	return 1
}

# One connection that all commands share; it is the proof that the machine is up, too.
vm_wait() {
	local name=$1 end=$((SECONDS + vm_seconds)) state
	rm -f "$T/$name.ssh"
	while ((SECONDS < end)) && alive "${vm_pid[$name]}"; do
		if vm_ssh "$name" -o ConnectTimeout=20 true </dev/null 2>/dev/null; then
			cgroup_exec "$CG/$name" ssh "${vm_ssh_options[@]}" -M -N </dev/null >>"$T/$name.qemu" 2>&1 &
			disown
			wait_for 30 test -S "$T/$name.ssh" || return 1
			state=$(vm_run "$name" timeout "$vm_seconds" systemctl is-system-running --wait) || true
			case $state in
			running) return 0 ;;
			degraded)
				echo "virtual machine $name is degraded:" >&2
				vm_run "$name" systemctl --no-pager --plain --no-legend list-units --failed >&2
				return 0
				;;
			esac
			vm_run "$name" systemctl --no-pager list-jobs >&2 || true
			return 1
		fi
		sleep 0.5
	done
	return 1
}

# vm_ssh NAME ARGUMENT...
vm_ssh() {
	local name=$1 cache=${L4SYNC_CACHE:-/var/cache/l4sync-tests}
	shift
	vm_ssh_options=(-F none -q -p "${vm_port[$name]:?no such virtual machine}" -i "$cache/key"
		-o IdentitiesOnly=yes -o BatchMode=yes -o HostKeyAlias=vm -o StrictHostKeyChecking=yes
		-o "UserKnownHostsFile=$CACHED/known_hosts" -o "ControlPath=$T/$name.ssh" root@127.0.0.1)
	# shellcheck disable=SC2029 # vm_run quotes for the other side
	ssh "${vm_ssh_options[@]}" "$@"
}

# vm_run NAME COMMAND...: as root, with the environment of container_run; 255 if the connection breaks.
vm_run() {
	local name=$1
	shift
	vm_ssh "$name" "exec env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root \
		TERM=dumb LC_ALL=C.UTF-8 $(printf '%q ' "$@")"
}

# vm_reboot NAME: in the orderly way, and waits until it is up again.
vm_reboot() {
	vm_run "$1" systemctl reboot </dev/null || true
	if ! wait_for "$vm_seconds" vm_off "$1"; then
		echo "virtual machine $1 does not shut down; its console:" >&2
		tail -n 40 "$T/$1.console" >&2
		return 1
	fi
	vm_power_cut "$1"
	vm_boot "$1"
}

vm_off() {
	! alive "${vm_pid[$1]}"
}

# vm_power_cut NAME: from one moment to the next. What the guest had not yet written is lost.
vm_power_cut() {
	cgroup_end "$CG/$1"
}

# vm_stop NAME: the same, and the disk is forgotten.
vm_stop() {
	vm_power_cut "$1"
	rm -f "$T/$1.qcow2" "$T/$1.ssh"
	unset "vm_pid[$1]" "vm_port[$1]" "host_kind[$1]"
}
