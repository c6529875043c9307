#!/bin/bash
# Pulling over ssh and https from servers of the test's own, on loopback ports: who is believed,
# and who is refused with what words.
# Usage: tests/net/pull.sh PULL_MAIN; with VERBOSE=1 what was said is shown
set -u
pull_main=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
top=$(mktemp -d /tmp/l4sync-net.XXXXXX)
pids=()
passed=0 failed=0 skipped=0

finish() {
	((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$top"
}
trap finish EXIT

skip() {
	echo "skip $1: $2"
	skipped=$((skipped + 1))
}

# expect NAME STATUS TEXT ARGUMENT…: pulls into a cache of its own; TEXT is in what it says.
expect() {
	local name=$1 status=$2 text=$3 out got
	shift 3
	mkdir -p "$top/cache/$name"
	out=$(timeout 60 "$pull_main" "${@:1:$#-1}" "$top/cache/$name" "${!#}" 2>&1)
	got=$?
	[[ -z ${VERBOSE:-} ]] || echo "# $out"
	if [[ $got == "$status" && $out == *"$text"* ]]; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "not ok $name"
		echo "# status $got, wanted $status with \"$text\", said: $out"
		failed=$((failed + 1))
	fi
}

wait_for() {
	for _ in $(seq 200); do
		"$@" 2>/dev/null && return 0
		sleep 0.05
	done
	echo "# not there after 10 s: $*"
	return 1
}

make_repository() {
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
	git init -q -b master "$top/repo"
	echo text >"$top/repo/file"
	git -C "$top/repo" add . && git -C "$top/repo" commit -qm one
	git -C "$top/repo" tag -am v1 v1
	mkdir "$top/served" && git clone -q --bare "$top/repo" "$top/served/repo.git"
	commit=$(git -C "$top/repo" rev-parse HEAD)
}

port_is_open() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1")
}

# The key of the first sshd is ed25519 and ecdsa, so that the client has to ask for the one that
# its known_hosts has.
start_sshd() {
	local user
	user=$(id -un)
	for kind in ed25519 ecdsa; do
		ssh-keygen -q -t $kind -N '' -f "$top/host_$kind"
	done
	ssh-keygen -q -t ed25519 -N '' -f "$top/key"
	ssh-keygen -q -t ed25519 -N '' -f "$top/other_key"
	ssh-keygen -q -t ed25519 -N secret -f "$top/locked_key"
	cat "$top/key.pub" >"$top/authorized"
	for _ in 1 2 3 4 5; do
		ssh_port=$((20000 + RANDOM % 12000))
		cat >"$top/sshd_config" <<-END
			ListenAddress 127.0.0.1
			Port $ssh_port
			HostKey $top/host_ed25519
			HostKey $top/host_ecdsa
			AuthorizedKeysFile $top/authorized
			StrictModes no
			UsePAM no
			PasswordAuthentication no
			PermitRootLogin prohibit-password
			PidFile none
			SetEnv GIT_CONFIG_GLOBAL=/dev/null
		END
		"$sshd" -D -e -f "$top/sshd_config" 2>"$top/sshd.log" &
		pids+=($!)
		wait_for port_is_open $ssh_port && break
	done
	ssh_url=ssh://$user@127.0.0.1:$ssh_port$top/served/repo.git
}

known() { # HOST_KEY_KIND [MARKER]
	echo "${2:-}${2:+ }[127.0.0.1]:$ssh_port $(cut -d' ' -f1,2 "$top/host_$1.pub")"
}

test_ssh() {
	known ed25519 >"$top/kh"
	known ecdsa >"$top/kh_ecdsa"
	echo "[127.0.0.1]:$ssh_port $(cut -d' ' -f1,2 "$top/other_key.pub")" >"$top/kh_wrong"
	echo "other.example $(cut -d' ' -f1,2 "$top/host_ed25519.pub")" >"$top/kh_other"
	echo "127.0.0.1 $(cut -d' ' -f1,2 "$top/host_ed25519.pub")" >"$top/kh_port"
	{ known ed25519; known ed25519 @revoked; } >"$top/kh_revoked"
	known ed25519 @cert-authority >"$top/kh_ca"
	cp "$top/kh" "$top/kh_hashed" && ssh-keygen -q -H -f "$top/kh_hashed" >/dev/null 2>&1
	{ echo '# a comment'; echo; echo 'rubbish'; known ed25519; } >"$top/kh_rubbish"
	echo '[127.0.0.*]:* '"$(cut -d' ' -f1,2 "$top/host_ed25519.pub")" >"$top/kh_pattern"
	: >"$top/kh_empty"

	expect ssh 0 "refs/heads/master $commit" -k "$top/key" -h "$top/kh" "$ssh_url"
	expect ssh-tag 0 "refs/tags/v1 $commit" -k "$top/key" -h "$top/kh" -r v1 "$ssh_url"
	expect ssh-ecdsa 0 "$commit" -k "$top/key" -h "$top/kh_ecdsa" "$ssh_url"
	expect ssh-hashed 0 "$commit" -k "$top/key" -h "$top/kh_hashed" "$ssh_url"
	expect ssh-pattern 0 "$commit" -k "$top/key" -h "$top/kh_pattern" "$ssh_url"
	expect ssh-rubbish-line 0 "$commit" -k "$top/key" -h "$top/kh_rubbish" "$ssh_url"
	HOME='' expect ssh-no-home 0 "$commit" -k "$top/key" -h "$top/kh" "$ssh_url"
	expect ssh-wrong-host-key 1 "is not the one in known_hosts" -k "$top/key" -h "$top/kh_wrong" \
		"$ssh_url"
	expect ssh-unknown-host 1 "is not in known_hosts" -k "$top/key" -h "$top/kh_other" "$ssh_url"
	expect ssh-other-port 1 "is not in known_hosts" -k "$top/key" -h "$top/kh_port" "$ssh_url"
	expect ssh-empty-known-hosts 1 "is not in known_hosts" -k "$top/key" -h "$top/kh_empty" "$ssh_url"
	expect ssh-no-known-hosts 1 "no known_hosts is configured" -k "$top/key" "$ssh_url"
	expect ssh-revoked 1 "is revoked" -k "$top/key" -h "$top/kh_revoked" "$ssh_url"
	expect ssh-authority-only 1 "is not in known_hosts" -k "$top/key" -h "$top/kh_ca" "$ssh_url"
	expect ssh-no-key 1 "none is configured" -h "$top/kh" "$ssh_url"
	expect ssh-wrong-key 1 "refused the deploy key" -k "$top/other_key" -h "$top/kh" "$ssh_url"
	expect ssh-locked-key 1 "without a passphrase" -k "$top/locked_key" -h "$top/kh" "$ssh_url"
	expect ssh-key-is-rubbish 1 "cannot use the deploy key" -k "$top/kh" -h "$top/kh" "$ssh_url"
	expect ssh-no-repository 1 "does not appear to be a git repository" -k "$top/key" -h "$top/kh" "$ssh_url.none"
	expect ssh-no-branch 1 'no branch, tag or commit "x"' -k "$top/key" -h "$top/kh" -r x "$ssh_url"
	# Nothing listens at port 1.
	known ed25519 | sed "s/:$ssh_port/:1/" >"$top/kh_1"
	expect ssh-unreachable 1 "cannot reach" -k "$top/key" -h "$top/kh_1" \
		"${ssh_url/:$ssh_port/:1}"
}

make_certificate() { # NAME SUBJECT_ALT_NAME [OPENSSL_REQ_ARGUMENT…]
	local name=$1 alt=$2
	shift 2
	openssl req -quiet -x509 -newkey rsa:2048 -nodes -keyout "$top/$name.key" -out "$top/$name.pem" \
		-subj "/CN=$name" -addext "subjectAltName=$alt" "$@" 2>/dev/null ||
		openssl req -x509 -newkey rsa:2048 -nodes -keyout "$top/$name.key" \
			-out "$top/$name.pem" -subj "/CN=$name" -addext "subjectAltName=$alt" "$@" \
			2>"$top/openssl.log"
}

# A certificate that the authority signed.
sign() { # NAME SUBJECT_ALT_NAME HOW_LONG…
	local name=$1 alt=$2
	shift 2
	openssl req -newkey rsa:2048 -nodes -keyout "$top/$name.key" -out "$top/$name.csr" \
		-subj "/CN=$name" 2>>"$top/openssl.log"
	printf 'subjectAltName=%s\n' "$alt" >"$top/$name.ext"
	openssl x509 -req -in "$top/$name.csr" -CA "$top/ca.pem" -CAkey "$top/ca.key" -CAcreateserial \
		"$@" -extfile "$top/$name.ext" -out "$top/$name.pem" 2>>"$top/openssl.log"
}

start_https() { # NAME; the url in $https_url
	python3 "$here/https_server.py" "$top/$1.pem" "$top/$1.key" "$top/served" "$top/$1.port" \
		>"$top/$1.log" 2>&1 &
	pids+=($!)
	wait_for test -s "$top/$1.port"
	https_port=$(cat "$top/$1.port")
	https_url=https://localhost:$https_port
}

test_https() {
	make_certificate ca "DNS:ca" -days 2
	make_certificate other_ca "DNS:ca" -days 2
	make_certificate self "DNS:localhost,IP:127.0.0.1" -days 2
	sign good "DNS:localhost" -days 2
	sign wrong_name "DNS:other.example" -days 2
	# OpenSSL 3.0 has no -not_after, 3.5 takes no negative days.
	sign expired "DNS:localhost" -days -1 ||
		sign expired "DNS:localhost" -not_before 20200101000000Z -not_after 20200102000000Z

	start_https good
	local good=$https_url
	expect https 0 "refs/heads/master $commit" -c "$top/ca.pem" "$good/repo.git"
	expect https-tag 0 "refs/tags/v1 $commit" -c "$top/ca.pem" -r v1 "$good/repo.git"
	expect https-redirected 0 "$commit" -c "$top/ca.pem" "$good/moved/repo.git"
	expect https-to-http 1 "cannot redirect" -c "$top/ca.pem" "$good/plain/repo.git"
	expect https-to-file 1 "'file" -c "$top/ca.pem" "$good/local/repo.git"
	expect https-login 1 "needs a login" -c "$top/ca.pem" "$good/private/repo.git"
	expect https-no-repository 1 "404" -c "$top/ca.pem" "$good/none.git"
	expect https-other-authority 1 "is not valid" -c "$top/other_ca.pem" "$good/repo.git"
	expect https-no-authority 1 "is not valid" "$good/repo.git"
	expect https-by-address 1 "is not valid" -c "$top/ca.pem" \
		"https://127.0.0.1:${good##*:}/repo.git"
	start_https wrong_name
	expect https-wrong-name 1 "is not valid" -c "$top/ca.pem" "$https_url/repo.git"
	start_https expired
	expect https-expired 1 "is not valid" -c "$top/ca.pem" "$https_url/repo.git"
	start_https self
	expect https-self-signed 1 "is not valid" -c "$top/ca.pem" "$https_url/repo.git"
	expect https-unreachable 1 "cannot reach" -c "$top/ca.pem" https://localhost:1/repo.git
}

make_repository
sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)
if [[ -z $sshd ]]; then
	skip ssh "there is no sshd (package openssh-server)"
elif ! mkdir -p /run/sshd 2>/dev/null; then
	skip ssh "sshd needs /run/sshd, which root can make"
else
	start_sshd
	test_ssh
fi
if command -v python3 openssl >/dev/null && [[ -x $(git --exec-path)/git-http-backend ]]; then
	test_https
else
	skip https "python3, openssl or git http-backend is not there"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[[ -z ${L4SYNC_COUNTS:-} ]] || echo "$passed $failed $skipped" >>"$L4SYNC_COUNTS"
((failed == 0))
