#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Fanout: two processes share the packets of one device.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   30 TCP connections -> socat        two nsring dump in one fanout group

load ../lib/netns

# group: of the first process, as its header tells.
group() {
	err first | sed -nE "s/.*fanout group ([0-9]+).*/\1/p" | head -n 1
}

has_group() {
	[ -n "$(group)" ]
}

# share_connections KIND: what each process took is in the files first and second.
share_connections() {
	netns_pair
	start_in "$B" first "$NSRING" dump -i "netns:$B/v1" -w "$BATS_TEST_TMPDIR/first" \
		--duration 60 --fanout "$1"
	wait_until has_group
	start_in "$B" second "$NSRING" dump -i "netns:$B/v1" -w "$BATS_TEST_TMPDIR/second" \
		--duration 60 --fanout "$1:$(group)"
	start sink nsenter --net="/run/netns/$B" socat -u TCP-LISTEN:5001,fork,reuseaddr OPEN:/dev/null
	wait_until in_ns "$B" grep -q ':1389 ' /proc/net/tcp
	for _ in {1..30}; do
		in_ns "$A" bash -c 'echo hello >/dev/tcp/10.9.0.2/5001'
	done
	wait_until quiet
	finish first
	finish second
	equal "packets of both" \
		$(($(frames "$BATS_TEST_TMPDIR/first") + $(frames "$BATS_TEST_TMPDIR/second"))) \
		$(($(kernel "$B" v1 rx.packets) + $(kernel "$B" v1 tx.packets)))
}

# Every connection has been closed by both sides.
quiet() {
	! in_ns "$B" awk 'NR > 1 && $4 != "0A" && $4 != "06"' /proc/net/tcp | grep -q .
}

flows() {
	fields "$BATS_TEST_TMPDIR/$1" tcp.srcport tcp.dstport |
		awk '{ print $1 < $2 ? $1 " " $2 : $2 " " $1 }' | sort -u
}

@test "fanout_by_flow_gives_each_packet_to_exactly_one_process" {
	share_connections flow
}

@test "fanout_by_flow_keeps_both_directions_of_a_flow_in_one_process" {
	share_connections flow
	equal "flows in both" "$(comm -12 <(flows first) <(flows second) | wc -l)" 0
	equal "flows" "$(cat <(flows first) <(flows second) | wc -l)" 30
}

@test "fanout_by_flow_uses_both_processes" {
	share_connections flow
	[ "$(flows first | wc -l)" -gt 0 ]
	[ "$(flows second | wc -l)" -gt 0 ]
}

@test "fanout_round_robin_gives_each_packet_to_exactly_one_process" {
	share_connections rr
}

@test "two_programs_that_ask_for_a_new_group_get_different_ones" {
	netns_pair
	start_in "$B" one "$NSRING" count --json --duration 60 -i "netns:$B/v1" --fanout flow
	start_in "$B" two "$NSRING" count --json --duration 60 -i "netns:$B/v1" --fanout flow
	udp "$A" 25
	arrived "$B" v1 25
	finish one
	finish two
	equal "first" "$(total one .packets)" 25
	equal "second" "$(total two .packets)" 25
}
