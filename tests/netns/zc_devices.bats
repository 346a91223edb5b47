#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The engine zc on devices whose drivers have no XDP, and on what the stack has joined.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B		and a device on top of v1

bats_require_minimum_version 1.5.0
load ../lib/netns

# mode NAME: how a count that has begun takes packets.
mode() {
	wait_until test -s "$BATS_TEST_TMPDIR/$1.out"
	out "$1" | head -n 1 | jq -r .mode
}

@test "zc_counts_on_a_bridge_in_generic_mode" {
	netns_pair
	ip -n "$B" link add br0 address "$MAC_B" type bridge mcast_snooping 0
	ip -n "$B" link set v1 master br0
	ip -n "$B" link set br0 up
	wait_until link_is_up "$B" br0
	start_count "$B" --take -i "netns:$B/zc:br0"
	[[ $(mode count) == *generic* ]]
	run "$NSRING" send -i "netns:$A/v0" --count 200 --dst-mac "$MAC_B"
	arrived "$B" br0 200
	finish count
	equal packets "$(total count .packets)" 200
}

@test "zc_counts_on_a_macvlan_in_generic_mode" {
	netns_pair
	ip -n "$B" link add mv0 link v1 address 02:00:00:00:00:0c type macvlan mode bridge
	ip -n "$B" link set mv0 up
	wait_until link_is_up "$B" mv0
	start_count "$B" --take -i "netns:$B/zc:mv0"
	[[ $(mode count) == *generic* ]]
	run "$NSRING" send -i "netns:$A/v0" --count 200 --dst-mac 02:00:00:00:00:0c
	arrived "$B" mv0 200
	finish count
	equal packets "$(total count .packets)" 200
}

@test "zc_counts_on_the_loopback_device_in_generic_mode" {
	netns_new B
	start_count "$B" --take -i "netns:$B/zc:lo"
	[[ $(mode count) == *generic* ]]
	udp "$B" 50 127.0.0.1
	arrived "$B" lo 50
	finish count
	equal packets "$(total count .packets)" 50
}

@test "zc_says_no_to_native_mode_on_a_bridge" {
	netns_new B
	ip -n "$B" link add br0 type bridge
	run -1 timeout 20 "$NSRING" count --take --xdp native --duration 1 -i "netns:$B/zc:br0"
	[[ $output == *br0*driver*generic* ]]
}

@test "zc_in_generic_mode_hands_out_whole_what_the_stack_has_joined" {
	local file=$BATS_TEST_TMPDIR/joined
	netns_pair
	start sink nsenter --net="/run/netns/$B" socat -T 120 -u TCP-LISTEN:5001,reuseaddr \
		OPEN:/dev/null
	wait_until in_ns "$B" grep -q ':1389 ' /proc/net/tcp
	start_in "$B" dump "$NSRING" dump --take -i "netns:$B/zc:v1" --xdp generic --duration 60 \
		-w "$file" greater 6000
	start sender nsenter --net="/run/netns/$A" \
		bash -c 'head -c 100000 /dev/zero >/dev/tcp/10.9.0.2/5001'
	wait_until has_frames "$file" 1
	finish dump
	[ "$(fields "$file" frame.len | sort -n | head -n 1)" -ge 6000 ]
	equal "frames that are not whole" \
		"$(fields "$file" frame.len frame.cap_len ip.len | awk '$1 != $2 || $1 != $3 + 14' | wc -l)" 0
}

@test "zc_tap_in_generic_mode_lets_a_transfer_arrive_and_counts_all_its_bytes" {
	netns_pair
	start sink nsenter --net="/run/netns/$B" \
		socat -T 120 -u TCP-LISTEN:5001,reuseaddr "OPEN:$BATS_TEST_TMPDIR/received,creat"
	wait_until in_ns "$B" grep -q ':1389 ' /proc/net/tcp
	start_count "$B" --xdp generic -i "netns:$B/zc:v1"
	in_ns "$A" bash -c 'head -c 1000000 /dev/zero >/dev/tcp/10.9.0.2/5001'
	reap sink
	finish count
	equal "bytes received" "$(stat -c %s "$BATS_TEST_TMPDIR/received")" 1000000
	equal lost "$(total count '.lost | add')" 0
	equal bytes "$(total count .bytes)" "$(kernel "$B" v1 rx.bytes)"
}

@test "zc_tap_lets_a_transfer_arrive_and_counts_all_its_packets" {
	netns_pair
	start sink nsenter --net="/run/netns/$B" \
		socat -T 120 -u TCP-LISTEN:5001,reuseaddr "OPEN:$BATS_TEST_TMPDIR/received,creat"
	wait_until in_ns "$B" grep -q ':1389 ' /proc/net/tcp
	start_count "$B" -i "netns:$B/zc:v1"
	in_ns "$A" bash -c 'head -c 1000000 /dev/zero >/dev/tcp/10.9.0.2/5001'
	reap sink
	finish count
	equal "bytes received" "$(stat -c %s "$BATS_TEST_TMPDIR/received")" 1000000
	equal lost "$(total count '.lost | add')" 0
	equal packets "$(total count .packets)" "$(kernel "$B" v1 rx.packets)"
}
