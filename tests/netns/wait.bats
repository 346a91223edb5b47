#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# --wait: for what is not there yet.
#
#	A: v0 ---- v1 :B      made while nsring waits for it
#	   udp ->      nsring

load ../lib/netns

# says_that_it_waits NAME
says_that_it_waits() {
	grep -q "waiting for" "$BATS_TEST_TMPDIR/$1.err"
}

# start_waiting NAME COMMAND…
start_waiting() {
	start "$@"
	wait_until says_that_it_waits "$1"
}

@test "count_waits_for_a_namespace_and_for_its_device" {
	netns_new A
	B=nsr-t$$-9
	namespaces+=("$B")
	start_waiting count "$NSRING" count --json --wait -c 5 -i "netns:$B/v1"
	ip netns add "$B"
	in_ns "$B" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'
	veth "$A" v0 "$B" v1 1500 10.9.0
	wait_until is_open count
	udp "$A" 5
	reap count
	equal packets "$(total count .packets)" 5
	equal "how often it says so" "$(err count | grep -c "waiting for netns:$B/v1, which is not there")" 1
}

@test "dump_waits_for_one_of_several_targets_and_takes_nothing_before" {
	netns_pair
	start_waiting dump "$NSRING" dump --json --wait=600 -c 10 -i "netns:$A/v0" \
		-i "netns:$B/any" -i "netns:$B/later"
	equal sockets "$(sockets "$A")" 0
	equal sockets "$(sockets "$B")" 0
	udp "$A" 20
	ip -n "$B" link add later type bridge
	wait_until is_open dump
	udp "$A" 5
	reap dump
	equal packets "$(total dump .packets)" 10
	equal "lost" "$(total dump '.lost | add')" 0
}

@test "send_waits_for_its_namespace" {
	netns_pair
	start_waiting send "$NSRING" send --json --wait -i "netns:$BATS_TEST_TMPDIR/later/v0" --count 5
	ln -s "/run/netns/$A" "$BATS_TEST_TMPDIR/later"
	reap send
	equal packets "$(kernel "$A" v0 tx.packets)" 5
}

@test "wait_that_takes_too_long_ends_with_what_is_missing" {
	netns_new A
	run "$NSRING" count --wait=0.2 -i "netns:$A/v7"
	equal status "$status" 1
	[[ $output == *"waiting for"*"there is no device \"v7\""* ]]
	run "$NSRING" send --wait=0.2 -i "netns:nsr-t-none/v7" --count 1
	equal status "$status" 1
	[[ $output == *"waiting for"*"does not exist"* ]]
}

@test "ctrl_c_ends_waiting" {
	netns_new A
	start_waiting count "$NSRING" count --wait -i "netns:$A/v7"
	finish count 1
	says count "stopped by a signal"
	start_waiting send "$NSRING" send --wait -i "netns:$A/v7" --count 1
	finish send 1
	says send "stopped by a signal"
}

@test "files_engines_and_malformed_targets_are_not_waited_for" {
	local target
	for target in file:/does/not/exist nosuch:lo nosuch:place/lo netns:/proc/self/ns/pid/lo; do
		run timeout 60 "$NSRING" count --wait -i "$target"
		equal "status of $target" "$status" 1
		[[ $output != *waiting* ]]
	done
}

has_no_link() {
	! ip -n "$1" link show dev "$2" >/dev/null 2>&1
}

# The pair goes with the namespace of one end.
@test "waiting_does_not_keep_a_namespace_alive" {
	netns_pair
	start_waiting count "$NSRING" count --wait -i "netns:$B/v7"
	ip netns delete "$B"
	wait_until has_no_link "$A" v0
	kill -0 "${PID[count]}"
	finish count 1
}
