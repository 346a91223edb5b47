#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Fanout: three processes share the packets of one device.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   30 TCP connections -> socat        a count and two dumps in one fanout group

load ../lib/netns

# share_connections KIND: the dumps' packets are in the files second and third.
share_connections() {
	local name group
	netns_pair
	start_count "$B" -i "netns:$B/v1" --fanout "$1"
	wait_until test -s "$BATS_TEST_TMPDIR/count.out"
	group=$(out count | head -n 1 | jq .fanout_group)
	for name in second third; do
		start_in "$B" "$name" "$NSRING" dump -i "netns:$B/v1" --duration 60 \
			-w "$BATS_TEST_TMPDIR/$name" --fanout "$1:$group"
	done
	start sink nsenter --net="/run/netns/$B" socat -T 120 -u \
		TCP-LISTEN:5001,fork,reuseaddr OPEN:/dev/null
	wait_until in_ns "$B" grep -q ':1389 ' /proc/net/tcp
	for _ in {1..30}; do
		in_ns "$A" bash -c 'echo hello >/dev/tcp/10.9.0.2/5001'
	done
	wait_until quiet
	finish count
	finish second
	finish third
}

# Every connection has been closed by both sides.
quiet() {
	! in_ns "$B" awk 'NR > 1 && $4 != "0A" && $4 != "06"' /proc/net/tcp | grep -q .
}

adds_up() {
	local sum=$(($(total count .packets) + $(frames "$BATS_TEST_TMPDIR/second") +
		$(frames "$BATS_TEST_TMPDIR/third")))
	equal "packets of all" "$sum" $(($(kernel "$B" v1 rx.packets) + $(kernel "$B" v1 tx.packets)))
}

# flows FILE [FILTER]: the lower port first, so that both directions are one flow.
flows() {
	tcpdump -nn -t -r "$BATS_TEST_TMPDIR/$1" "${2:-tcp}" 2>/dev/null | sed 's/:.*//' |
		awk -F '[. ]' '{ print $6 < $12 ? $6 " " $12 : $12 " " $6 }' | sort
}

@test "fanout_by_flow_gives_each_packet_to_exactly_one_process" {
	share_connections flow
	adds_up
}

@test "fanout_round_robin_gives_each_packet_to_exactly_one_process" {
	share_connections rr
	adds_up
}

@test "fanout_by_flow_gives_no_flow_to_two_processes" {
	share_connections flow
	equal "flows in both" "$(comm -12 <(flows second | uniq) <(flows third | uniq) | wc -l)" 0
}

@test "fanout_by_flow_keeps_both_directions_of_a_flow_together" {
	share_connections flow
	local file
	for file in second third; do
		equal "flows of $file without both beginnings" \
			"$(flows "$file" 'tcp[tcpflags] & tcp-syn != 0' | uniq -c | awk '$1 != 2' | wc -l)" 0
		equal "flows of $file" "$(flows "$file" 'tcp[tcpflags] & tcp-syn != 0' | uniq | wc -l)" \
			"$(flows "$file" | uniq | wc -l)"
	done
}

@test "fanout_by_flow_uses_every_process" {
	share_connections flow
	[ "$(total count .packets)" -gt 0 ]
	[ "$(flows second | wc -l)" -gt 0 ]
	[ "$(flows third | wc -l)" -gt 0 ]
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
