#!/bin/bash
# Job: shows l4sync doing its main job on a real Debian 13 with systemd, in a container of its own.
# Must not: touch the machine it runs on, or leave anything running.
# Called by: make demo.
# shellcheck source=../host/lib.sh
. "$(dirname "$0")/../host/lib.sh"

# Nothing is a test case here: only a failing command ends it.
t_end() {
	[[ $1 == 0 ]]
}

say() {
	printf '\n\033[1m# %s\033[0m\n' "$*"
}

# Shows a command and runs it in the container; the exit codes named before -- are the expected ones.
show() {
	local expected=" " code=0
	while [[ $1 != -- ]]; do
		expected+="$1 "
		shift
	done
	shift
	printf '\n\033[36mleft4me$\033[0m %s\n' "$*"
	host_run left4me sh -c "$*" || code=$?
	[[ $expected == *" $code "* ]] || {
		echo "demo: exit $code" >&2
		exit 1
	}
}

# Commits what is in the state directory to the repository on the host.
commit() {
	host_put left4me "$T/state" /srv/work
	host_run left4me sh -c 'cd /srv/work && git add -A && git commit -qm "$1" && git push -q /srv/left4me.git HEAD:master' \
		sh "$1"
}

"$HOST_DIR/build.sh" >"$T/build.log" 2>&1 || {
	cat "$T/build.log" >&2
	exit 1
}
say "a Debian 13 with two game servers and their web application, none of them hardened"
container_boot left4me 2>/dev/null
left4me_baseline left4me 2>/dev/null
host_run left4me systemctl stop left4me-server@10.service
left4me_state "$T/state"
host_run left4me sh -c 'git init -q --bare -b master /srv/left4me.git && git init -q -b master /srv/work &&
	git config --global user.name operator && git config --global user.email operator@left4.me'
commit "left4.me as it is"
host_run left4me sh -c 'mkdir -p /etc/l4sync && echo "source: {url: /srv/left4me.git, ref: master}" >/etc/l4sync/config.yaml'
show 0 -- systemctl --no-pager --plain --no-legend list-units 'left4me-*.service'
show 0 -- cat /etc/l4sync/config.yaml
show 0 -- l4sync apply --yes
show 0 -- "grep -E 'NoNewPrivs|CapBnd' /proc/\$(systemctl show -P MainPID left4me-server@1.service)/status"

say "somebody commits the hardening; what would that do?"
left4me_state_harden "$T/state"
commit "harden the game servers and the web application"
show 2 -- l4sync plan

say "so be it"
show 0 -- l4sync apply --yes
show 0 -- "for i in 1 2; do grep -E 'NoNewPrivs|CapBnd' /proc/\$(systemctl show -P MainPID left4me-server@\$i.service)/status; done"

say "somebody changes the host behind its back"
show 0 -- "echo 'Nice=10' >>/etc/systemd/system/left4me-web.service.d/10-hardening.conf"
show 2 -- l4sync check
show 0 -- l4sync apply --yes

say "a change that breaks the second server: the first failure ends it, and everything is put back"
mkdir "$T/state/root/etc/systemd/system/left4me-server@2.service.d"
printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "echo no such map; exit 1"\n' \
	>"$T/state/root/etc/systemd/system/left4me-server@2.service.d/20-map.conf"
printf '[Service]\nNice=-3\n' >"$T/state/root/etc/systemd/system/left4me-server@.service.d/20-nice.conf"
commit "a new map for the second server"
show 3 -- l4sync apply --yes -q
show 0 -- l4sync check
show 0 -- l4sync log
