#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring-extcap: captures on another host. There is a real sshd, with keys and a configuration of the test's own.
#
#	A: v0 10.9.0.1, fd09::1 ------ v1 10.9.0.2, fd09::2 :B
#	   tshark -> nsring-extcap -> ssh ------> sshd -> nsring dump

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/extcap

# find_sshd: $sshd is how to run one: that of this machine, or one that is unpacked. To install it would start it. It wants
# a user of its own, who is in the password file that it sees; since OpenSSH 9.8 also programs of its own, which it sees
# where an installation would have them.
find_sshd() {
	local unpacked status=0 path=/usr/sbin/sshd libraries='' parts=''
	if [ ! -x "$path" ]; then
		unpacked=$("$BATS_TEST_DIRNAME/../lib/programs" sshd openssh-server) || status=$?
		[ "$status" = 0 ] || skip "Debian's package openssh-server can't be had here"
		parts=$unpacked/usr/lib/openssh
		path=$unpacked/usr/sbin/sshd
		libraries=$(printf '%s:' "$unpacked"/usr/lib/*-linux-gnu "$unpacked"/lib/*-linux-gnu)
	fi
	{
		grep -v '^sshd:' /etc/passwd
		echo 'sshd:x:100:65534::/run/sshd:/usr/sbin/nologin'
	} >"$BATS_TEST_TMPDIR/passwd"
	# shellcheck disable=SC2016 # for the shell that it starts
	sshd=(env "LD_LIBRARY_PATH=$libraries" unshare --mount sh -c
		'mount --bind "$1" /etc/passwd && { [ -z "$2" ] || mount --bind "$2" /usr/lib/openssh; } && shift 2 &&
			exec nsenter "$@"'
		sshd "$BATS_TEST_TMPDIR/passwd" "$parts" --net="/run/netns/$B" "$path")
}

# serve_ssh [ADDRESS]: sshd in B on port 22, which knows one key; its arguments for captures in $by_ssh. ssh knows the
# server, and reads none of the user's files.
serve_ssh() {
	local dir=$BATS_TEST_TMPDIR/ssh address=${1:-10.9.0.2}
	local sshd
	find_sshd
	mkdir -p "$dir/bin" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
	ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
	printf '%s\n' "ListenAddress $address" "HostKey $dir/host" "AuthorizedKeysFile $dir/key.pub" \
		'PidFile none' 'StrictModes no' 'UsePAM no' >"$dir/sshd_config"
	echo "$address $(cut -d ' ' -f 1,2 "$dir/host.pub")" >"$dir/known_hosts"
	printf '%s\n' "UserKnownHostsFile $dir/known_hosts" 'GlobalKnownHostsFile none' \
		'IdentitiesOnly yes' >"$dir/ssh_config"
	printf '#!/bin/sh\nexec /usr/bin/ssh -F %s "$@"\n' "$dir/ssh_config" >"$dir/bin/ssh"
	chmod +x "$dir/bin/ssh"
	PATH=$dir/bin:$PATH
	start sshd "${sshd[@]}" -D -e -f "$dir/sshd_config"
	wait_until grep -q listening "$BATS_TEST_TMPDIR/sshd.err"
	go_to "$A"
	key=$dir/key
	by_ssh=(--extcap-interface nsring-ssh --host "$address" --user root --identity "$key" --nsring "$NSRING")
}

# shark_by_ssh TARGET [FIELD:VALUE…]: tshark in A on a target of B.
shark_by_ssh() {
	local target=$1
	shift
	shark "$B" nsring-ssh "host:${by_ssh[3]}" user:root "identity:$key" "nsring:$NSRING" "target:$target" "$@"
}

# knocks: somebody else's connection from A to sshd.
knocks() {
	in_ns "$A" bash -c "exec 5<>/dev/tcp/${by_ssh[3]}/22; head -c 4 <&5" >/dev/null
}

# with_ipv6: v0 and v1 have addresses of it, too.
with_ipv6() {
	in_ns "$A" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/v0/disable_ipv6'
	in_ns "$B" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/v1/disable_ipv6'
	ip -n "$A" address add fd09::1/64 dev v0 nodad
	ip -n "$B" address add fd09::2/64 dev v1 nodad
}

# remote_runs: what nsring does on the other host. The script never is in a command line.
remote_runs() {
	runs "dump -w - -s [0-9]* -i netns:$B/"
}

remote_runs_no_more() {
	[ "$(remote_runs)" = 0 ]
}

@test "tshark_has_every_packet_of_another_host_and_none_of_its_own_connection" {
	netns_pair
	serve_ssh
	shark_by_ssh "netns:$B/v1"
	ping_from "$A" 20
	knocks
	ping_from "$A" 1
	wait_until shows 42 ICMP
	finish shark
	equal icmp "$(out shark | grep -c ICMP)" 42
	equal "connections to port 22" "$(out shark | cut -f 5 | sort -u | xargs)" 0
	[ "$(out shark | grep -c 'TCP\|SSH')" -ge 4 ]
}

@test "own_connection_is_left_out_over_ipv6" {
	netns_pair
	with_ipv6
	serve_ssh fd09::2
	shark_by_ssh "netns:$B/v1"
	knocks
	ping_from "$A" 1
	wait_until shows 2 ICMP
	finish shark
	equal "connections to port 22" "$(out shark | cut -f 5 | sort -u | xargs)" 0
	[ "$(out shark | grep -c 'TCP\|SSH')" -ge 4 ]
}

@test "filter_and_snapshot_length_are_kept_to_on_the_other_host" {
	netns_pair
	serve_ssh
	shark_by_ssh "netns:$B/v1" snaplen:60 "filter:icmp or udp" -- -f "not icmp[0] = 0"
	udp "$A" 5
	knocks
	ping_from "$A" 5
	wait_until shows 5 ICMP
	finish shark
	equal requests "$(out shark | grep -c $'^v1\t98\t60\tICMP')" 5
	equal all "$(out shark | wc -l)" 10
}

@test "stop_ends_ssh_and_nsring_on_the_other_host" {
	netns_pair
	serve_ssh
	start_extcap "$B" "${by_ssh[@]}" --target "netns:$B/v1"
	equal "on the other host" "$(remote_runs)" 1
	kill "${PID[extcap]}"
	reap extcap
	equal words "$(err extcap)" ""
	equal ssh "$(runs "ssh .*$key")" 0
	wait_until remote_runs_no_more
}

@test "killed_extcap_takes_ssh_and_nsring_on_the_other_host_along" {
	netns_pair
	serve_ssh
	start_extcap "$B" "${by_ssh[@]}" --target "netns:$B/v1"
	kill -KILL "${PID[extcap]}"
	wait_until runs_no_more "ssh .*$key"
	wait_until remote_runs_no_more
}

@test "target_that_is_not_there_is_told_by_nsring_on_the_other_host" {
	netns_pair
	serve_ssh
	run -1 capture "${by_ssh[@]}" --target "netns:$B/nothing0"
	equal words "$(grep -v packets, <<<"$output")" "$(nsenter --net="/run/netns/$B" "$NSRING" dump -i "netns:$B/nothing0" 2>&1)"
}

@test "port_without_ssh_is_told" {
	netns_pair
	serve_ssh
	run -1 capture "${by_ssh[@]}" --target "netns:$B/v1" --port 2222
	[[ ${lines[0]} == "nsring-extcap: 10.9.0.2 port 2222: no ssh server answers at this port: "* ]]
	[[ $output == *"Connection refused"* ]]
}

@test "key_that_the_host_does_not_know_is_told" {
	netns_pair
	serve_ssh
	ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/other"
	run -1 capture "${by_ssh[@]}" --target "netns:$B/v1" --identity "$BATS_TEST_TMPDIR/other"
	[[ ${lines[0]} == "nsring-extcap: 10.9.0.2: it does not let you in: "* ]]
	[[ $output == *"Permission denied"* ]]
}

@test "host_whose_key_is_not_known_is_told" {
	netns_pair
	serve_ssh
	: >"$BATS_TEST_TMPDIR/ssh/known_hosts"
	run -1 capture "${by_ssh[@]}" --target "netns:$B/v1"
	[[ ${lines[0]} == "nsring-extcap: 10.9.0.2: its key is not known here or has changed: "* ]]
}

@test "host_without_nsring_is_told" {
	netns_pair
	serve_ssh
	run -1 capture "${by_ssh[@]}" --target "netns:$B/v1" --nsring no-nsring
	[[ ${lines[0]} == "nsring-extcap: 10.9.0.2: there is no program no-nsring: "* ]]
	run -1 capture "${by_ssh[@]}" --target "netns:$B/v1" --nsring /etc/passwd
	[[ ${lines[0]} == "nsring-extcap: 10.9.0.2: /etc/passwd can't be executed: "* ]]
}

@test "missing_ssh_is_told" {
	PATH=/nowhere run -1 "$EXTCAP" --capture --extcap-interface nsring-ssh --fifo /dev/null --host h --target lo
	[[ $output == "nsring-extcap: there is no program ssh here: "* ]]
}

@test "no_word_of_the_form_is_taken_by_the_other_host_s_shell" {
	local touched=$BATS_TEST_TMPDIR/touched words word
	netns_pair
	serve_ssh
	words=("x\$(touch $touched)" "x\`touch $touched\`" "x'; touch $touched #" "x; touch $touched" $'x\ntouch '"$touched"
		"x\\'; touch $touched #" "x\" ; touch $touched #")
	for word in "${words[@]}"; do
		run -1 capture "${by_ssh[@]}" --target "$word"
		[[ $output == "nsring: x"* ]]
		run -1 capture "${by_ssh[@]}" --target lo --nsring "$word"
		[[ $output == "nsring-extcap: 10.9.0.2: there is no program x"* ]]
		run -1 capture "${by_ssh[@]}" --target lo --snaplen "$word"
		[[ $output == *"expected 0 (whole packets) to"* ]]
	done
	[ ! -e "$touched" ]
}

@test "program_and_target_with_blanks_and_quotes_are_one_word_each" {
	local strange="$BATS_TEST_TMPDIR/it's \"my\" \$nsring"
	netns_pair
	serve_ssh
	ln -s "$NSRING" "$strange"
	start_extcap "$B" "${by_ssh[@]}" --target "netns:$B/v1" --nsring "$strange"
	finish extcap
	run -1 capture "${by_ssh[@]}" --target "netns:$B/it's \"my\" device"
	[[ $output == *"it's \"my\" device"* ]]
}

@test "host_and_user_that_ssh_or_a_shell_could_take_for_something_else_are_refused" {
	local name
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ntouch %s\n' "$BATS_TEST_TMPDIR/ssh-ran" >"$BATS_TEST_TMPDIR/bin/ssh"
	chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	for name in -oProxyCommand=x 'a b' "a'b" 'a;b' 'a`b`' 'a$(b)' 'a|b' $'a\nb'; do
		run -1 capture --extcap-interface nsring-ssh --target lo --host="$name"
		[[ $output == "nsring-extcap: the host "* ]]
		run -1 capture --extcap-interface nsring-ssh --target lo --host h --user="$name"
		[[ $output == "nsring-extcap: the user "* ]]
	done
	run -1 capture --extcap-interface nsring-ssh --target lo --host h --port 22x
	[[ $output == "nsring-extcap: the port 22x is none: "* ]]
	run -1 capture --extcap-interface nsring-ssh --target lo --host h --nsring=-x
	run -1 capture --extcap-interface nsring-ssh --target lo
	[[ $output == "nsring-extcap: no host given: "* ]]
	[ ! -e "$BATS_TEST_TMPDIR/ssh-ran" ]
}
