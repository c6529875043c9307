# shellcheck shell=bash
# The host and the two states that the crash tests move between: some forty resources of every
# type that --root carries, each kind of change among them.
# Sourced by tests/crash/run; needs $W (the work directory).

# put FILE MODE TEXT…: a file of a state or tree with its parents
put() {
	local path=$1 mode=$2
	shift 2
	mkdir -p "$(dirname "$path")"
	printf '%s\n' "$@" >"$path"
	chmod "$mode" "$path"
}

service() { # FILE DESCRIPTION
	put "$1" 0644 "[Unit]" "Description=$2" "[Service]" "ExecStart=/bin/true" \
		"[Install]" "WantedBy=multi-user.target"
}

# Whether this file system carries what decorate() gives. Directories have their own in xattrs.test:
# what is made in them inherits it.
can_decorate() {
	rm -rf "$W/probe"
	mkdir "$W/probe" && : >"$W/probe/1"
	command -v python3 >/dev/null && set_xattrs "$W/probe/1" 2>/dev/null
}

# One of each name space, values that are no text, and an ACL that leaves the mode as it is.
set_xattrs() { # FILE…
	python3 - "$@" <<-'END'
		import os, struct, sys
		def acl(owner, group, other):
		    entries = [(1, owner, -1), (2, 4, 2001), (4, group, -1), (16, group, -1), (32, other, -1)]
		    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
		for path in sys.argv[1:]:
		    mode = os.stat(path).st_mode
		    os.setxattr(path, "user.note", b"of " + os.path.basename(path).encode() + b"\0\n\xff")
		    os.setxattr(path, "trusted.note", b"")
		    os.setxattr(path, "security.l4sync", b"label")
		    os.setxattr(path, "system.posix_acl_access",
		                acl(mode >> 6 & 7, mode >> 3 & 7, mode & 7))
	END
}

# Of what b replaces, removes, changes the mode of and leaves alone: one each.
decorate() { # ROOT
	can_decorate || return 0
	set_xattrs "$1/etc/app/1.conf" "$1/etc/app/2.conf" "$1/etc/app/7.conf" "$1/etc/app/mode.conf" \
		"$1/etc/app/kept.conf" "$1/opt/stays/foreign" "$1/etc/systemd/system/two.service"
}

# What the host was before l4sync came.
make_host() {
	local r=$1
	put "$r/etc/hostname" 0644 crash
	put "$r/etc/passwd" 0644 root:x:0:0::/:/bin/sh game:x:2001:2001::/:/bin/sh
	put "$r/etc/group" 0644 root:x:0: game:x:2001:
	put "$r/etc/adopted.conf" 0600 "of the package"
	chown 2001:2001 "$r/etc/adopted.conf"
	put "$r/etc/adopted-later.conf" 0640 "of the package too"
	put "$r/etc/same.conf" 0644 "the same everywhere"
	ln -s ../usr/share/old "$r/etc/adopted-link"
	put "$r/etc/systemd/system/adopted.service" 0644 "[Service]" "ExecStart=/bin/false"
	put "$r/opt/app/foreign" 0644 "of somebody else"
	put "$r/opt/swept/deep/foreign" 0644 "of nobody"
	chown 2001:2001 "$r/opt/swept/deep"
	put "$r/srv/empty-file" 0600
	truncate -s 0 "$r/srv/empty-file"
	mkdir -p "$r/usr/local/lib" "$r/var/lib" "$r/run"
}

make_state_a() {
	local s=$1 i
	put "$s/l4sync.yaml" 0644 "l4sync: 1" "files:" \
		"  /etc/app/secret.env: {owner: root, group: game, mode: 0640, secret: true}" \
		"  /etc/app/mode.conf: {mode: 0600}" \
		"  /etc/app/owner.conf: {owner: game, group: game, mode: 0644}" \
		"  /srv/empty-file: {mode: 0600}" \
		"units:" \
		"  one.service: {enabled: true}" "  two.service: {enabled: true}" \
		"  three.service: {enabled: false}" "  t@.service: {enabled: false}"
	for i in 1 2 3 4 5 6 7 8; do put "$s/root/etc/app/$i.conf" 0644 "version a of $i"; done
	put "$s/root/etc/app/secret.env" 0644 "PASSWORD=a"
	put "$s/root/etc/app/mode.conf" 0644 "only the mode changes"
	put "$s/root/etc/app/owner.conf" 0644 "only the owner changes"
	put "$s/root/etc/app/kept.conf" 0644 "never changes"
	put "$s/root/etc/adopted.conf" 0644 "of the state"
	put "$s/root/etc/same.conf" 0644 "the same everywhere"
	put "$s/root/srv/empty-file" 0644
	truncate -s 0 "$s/root/srv/empty-file"
	put "$s/root/opt/gone/deep/er/file" 0644 "goes with its directories"
	put "$s/root/opt/app/plugin" 0755 "#!/bin/sh" "echo a"
	put "$s/root/opt/stays/l4sync-file" 0644 "goes, but its directory does not"
	mkdir -p "$s/root/etc/app/links"
	for i in 1 2 3; do ln -s "/etc/app/$i.conf" "$s/root/etc/app/links/$i"; done
	ln -s ../usr/share/new "$s/root/etc/adopted-link"
	service "$s/root/etc/systemd/system/one.service" one
	service "$s/root/etc/systemd/system/two.service" two
	service "$s/root/etc/systemd/system/three.service" three
	service "$s/root/etc/systemd/system/moved.service" moved
	service "$s/root/etc/systemd/system/t@.service" "%i"
	put "$s/root/etc/systemd/system/adopted.service" 0644 "[Service]" "ExecStart=/bin/true"
	put "$s/root/etc/systemd/system/one.service.d/10-limit.conf" 0644 "[Service]" "Nice=1"
	put "$s/root/etc/systemd/system/t@.service.d/10-hard.conf" 0644 "[Service]" \
		"NoNewPrivileges=yes"
	put "$s/root/etc/systemd/system/t@.service.d/20-old.conf" 0644 "[Service]" "Nice=2"
	put "$s/root/etc/sysctl.d/50-app.conf" 0644 "vm.swappiness = 10"
}

# From a to b: everything that can happen to a resource, once at least.
make_state_b() {
	local a=$1 s=$2 i
	cp -a "$a" "$s"
	for i in 1 3 5; do put "$s/root/etc/app/$i.conf" 0644 "version b of $i" "longer"; done
	rm "$s/root/etc/app/7.conf" "$s/root/etc/app/8.conf"
	put "$s/root/etc/app/secret.env" 0644 "PASSWORD=b"
	put "$s/root/etc/app/9.conf" 0644 "new"
	put "$s/root/etc/app/new/dir/file" 0644 "new, with its directories"
	put "$s/root/etc/app/new/other" 0755 "#!/bin/sh"
	put "$s/root/etc/adopted-later.conf" 0644 "adopted by b"
	put "$s/root/srv/empty-file" 0644 "not empty any more"
	rm "$s/root/etc/adopted.conf" "$s/root/etc/adopted-link" \
		"$s/root/etc/systemd/system/adopted.service"
	rm -r "$s/root/opt/gone" "$s/root/opt/stays"
	put "$s/root/opt/app/plugin" 0755 "#!/bin/sh" "echo b"
	rm "$s/root/etc/app/links/1"
	ln -sfn /etc/app/9.conf "$s/root/etc/app/links/2"
	ln -s /etc/app/9.conf "$s/root/etc/app/links/4"
	service "$s/root/etc/systemd/system/one.service" "one, changed"
	rm "$s/root/etc/systemd/system/two.service"
	service "$s/root/etc/systemd/system/four.service" four
	mkdir -p "$s/root/usr/local/lib/systemd/system"
	mv "$s/root/etc/systemd/system/moved.service" "$s/root/usr/local/lib/systemd/system/"
	put "$s/root/etc/systemd/system/one.service.d/10-limit.conf" 0644 "[Service]" "Nice=3"
	put "$s/root/etc/systemd/system/one.service.d/20-new.conf" 0644 "[Service]" "Nice=4"
	rm "$s/root/etc/systemd/system/t@.service.d/20-old.conf"
	put "$s/root/etc/sysctl.d/50-app.conf" 0644 "vm.swappiness = 20"
	put "$s/l4sync.yaml" 0644 "l4sync: 1" "files:" \
		"  /etc/app/secret.env: {owner: root, group: game, mode: 0640, secret: true}" \
		"  /etc/app/mode.conf: {mode: 0640}" \
		"  /etc/app/owner.conf: {owner: root, group: game, mode: 0644}" \
		"  /etc/app/new/other: {owner: game, group: game, mode: 4750}" \
		"  /srv/empty-file: {mode: 0600}" \
		"units:" \
		"  one.service: {enabled: true}" "  three.service: {enabled: true}" \
		"  four.service: {enabled: true}" "  t@.service: {enabled: false}" \
		"purge: [/opt/swept, /opt/made-empty]"
}
