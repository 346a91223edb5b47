#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The engine zc from the command line: what is counted against what the kernel counts, what happens
# to the traffic, and what is left behind.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   udp ->                 nsring count -i zc:v1

bats_require_minimum_version 1.5.0
load ../lib/netns

is_not_promiscuous() {
	[ "$(promiscuity "$1" "$2")" = 0 ]
}

@test "zc_counts_what_the_kernel_counts" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	udp "$A" 500
	arrived "$B" v1 500
	finish count
	equal packets "$(total count .packets)" 500
	equal bytes "$(total count .bytes)" $((500 * (64 + 42)))
	equal lost "$(total count '.lost | add')" 0
}

@test "zc_takes_what_matches_and_the_stack_gets_the_rest" {
	netns_pair
	sink "$B" 7
	start_count "$B" --take -i "netns:$B/zc:v1" udp port 9
	udp "$A" 40 10.9.0.2 9
	udp "$A" 60 10.9.0.2 7
	wait_until has_datagrams "$B" 60
	arrived "$B" v1 100
	finish count
	equal packets "$(total count .packets)" 40
	equal "datagrams of the stack" "$(in_datagrams "$B")" 60
}

# pings: how many of 5 pings from A the host B answers.
pings() {
	in_ns "$A" ping -q -c 5 -i 0.2 -W 1 10.9.0.2 | sed -n 's/.* \([0-9]*\) received.*/\1/p'
}

@test "zc_lets_a_ping_be_answered_while_it_counts" {
	netns_pair
	start_count "$B" -i "netns:$B/zc:v1" icmp
	equal answered "$(pings)" 5
	finish count
	equal packets "$(total count .packets)" 5
	equal diverts "$(out count | head -n 1 | jq .diverts)" false
	equal "standard error" "$(err count)" ""
}

@test "zc_that_takes_leaves_no_ping_to_answer_and_says_so" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1" icmp
	equal answered "$(pings)" 0
	finish count
	equal packets "$(total count .packets)" 5
	equal diverts "$(out count | head -n 1 | jq .diverts)" true
	says count "takes the packets that match away from the network stack"
}

# refused COMMAND…: it is, because v1 carries the ssh connection; nothing is left on v1.
refused() {
	run -1 timeout 20 "$@" "$NSRING" count --take --duration 0.1 -i "netns:$B/zc:v1"
	[[ $output == *"v1 carries your ssh connection"*"--take=really"* ]]
	equal program "$(xdp "$B" v1)" ""
}

@test "zc_does_not_take_the_interface_of_the_ssh_connection" {
	netns_pair
	refused env SSH_CONNECTION="10.9.0.1 50000 10.9.0.2 22"
}

@test "zc_knows_the_ssh_connection_also_without_its_variable_as_below_sudo" {
	netns_pair
	SSH_CONNECTION="10.9.0.1 50000 10.9.0.2 22" refused bash -c 'env -u SSH_CONNECTION "$@"; exit' _
}

@test "zc_takes_the_interface_of_the_ssh_connection_if_really_told_to" {
	netns_pair
	run -0 env SSH_CONNECTION="10.9.0.1 50000 10.9.0.2 22" \
		"$NSRING" count --take=really --duration 0.1 -i "netns:$B/zc:v1"
}

@test "zc_takes_an_interface_of_another_namespace_than_the_ssh_connection_s" {
	netns_pair
	run -0 env SSH_CONNECTION="10.9.0.2 50000 10.9.0.1 22" \
		"$NSRING" count --take --duration 0.1 -i "netns:$B/zc:v1"
}

@test "zc_tap_copies_and_the_stack_gets_all" {
	netns_pair
	sink "$B" 7
	start_count "$B" -i "netns:$B/zc:v1"
	udp "$A" 60 10.9.0.2 7
	wait_until has_datagrams "$B" 60
	finish count
	equal packets "$(total count .packets)" 60
}

@test "zc_says_that_it_takes_packets" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	wait_until grep -q open "$BATS_TEST_TMPDIR/count.out"
	finish count
	says count "away from the network stack"
	equal diverts "$(out count | head -n 1 | jq .diverts)" true
}

@test "zc_tap_says_nothing_of_the_kind" {
	netns_pair
	start_count "$B" -i "netns:$B/zc:v1"
	wait_until grep -q open "$BATS_TEST_TMPDIR/count.out"
	finish count
	equal "standard error" "$(err count)" ""
	equal diverts "$(out count | head -n 1 | jq .diverts)" false
}

@test "zc_dump_writes_the_bytes_that_were_sent" {
	local file=$BATS_TEST_TMPDIR/zc.pcapng witness=$BATS_TEST_TMPDIR/sent.pcap
	netns_pair
	start_in "$B" dump "$NSRING" dump --take -i "netns:$B/zc:v1" -w "$file" --duration 60
	start_in "$A" tcpdump nsenter --net="/run/netns/$A" tcpdump -U -i v0 -w "$witness"
	udp "$A" 30
	arrived "$B" v1 30
	wait_until has_frames "$witness" 30
	finish dump
	finish tcpdump
	equal frames "$(frames "$file")" 30
	equal bytes "$(bytes "$file")" "$(bytes "$witness")"
}

@test "zc_leaves_no_program_and_no_promiscuous_flag_when_it_ends" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	equal promiscuity "$(promiscuity "$B" v1)" 1
	[ -n "$(xdp "$B" v1)" ]
	finish count
	equal program "$(xdp "$B" v1)" ""
	equal promiscuity "$(promiscuity "$B" v1)" 0
}

@test "zc_leaves_no_program_and_no_promiscuous_flag_when_it_is_killed" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	[ -n "$(xdp "$B" v1)" ]
	kill -KILL "${PID[count]}"
	wait_until has_no_xdp "$B" v1
	wait_until is_not_promiscuous "$B" v1
	udp "$A" 10
	arrived "$B" v1 10
}

@test "zc_tap_leaves_no_program_when_it_is_killed" {
	netns_pair
	start_count "$B" -i "netns:$B/zc:v1"
	[ -n "$(xdp "$B" v1)" ]
	kill -KILL "${PID[count]}"
	wait_until has_no_xdp "$B" v1
}

@test "zc_captures_two_namespaces_with_equal_interface_indexes_apart" {
	netns_pair
	local C D
	netns_new C
	netns_new D
	veth "$C" v0 "$D" v1 1500 10.9.0
	equal "interface index" "$(ip -n "$B" -j link show v1 | jq .[0].ifindex)" \
		"$(ip -n "$D" -j link show v1 | jq .[0].ifindex)"
	start_count "$B" --take -i "netns:$B/zc:v1" -i "netns:$D/zc:v1"
	wait_until has_sockets "$D" 1
	udp "$A" 30
	udp "$C" 50
	arrived "$B" v1 30
	arrived "$D" v1 50
	finish count
	equal "of each" "$(total count '.targets | map(.packets) | tostring')" "[30,50]"
}

@test "zc_goes_on_after_its_device_was_down" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	udp "$A" 10
	ip -n "$B" link set v1 down
	ip -n "$B" link set v1 up
	wait_until link_is_up "$A" v0
	ip -n "$A" neighbour replace "$NOBODY" lladdr "$MAC_B" dev v0 nud permanent
	udp "$A" 15
	arrived "$B" v1 25
	finish count
	equal packets "$(total count .packets)" 25
}

@test "zc_ends_when_its_device_is_moved_and_leaves_no_program_on_it" {
	local C
	netns_pair
	netns_new C
	start_count "$B" --take -i "netns:$B/zc:v1"
	ip -n "$B" link set v1 netns "$C"
	reap count 1
	says count "gone"
	equal program "$(xdp "$C" v1)" ""
}

@test "zc_tap_ends_when_its_device_is_deleted" {
	netns_pair
	start_count "$B" -i "netns:$B/zc:v1"
	ip -n "$B" link delete v1
	reap count 1
	says count "gone"
}

@test "zc_ends_when_its_namespace_is_deleted" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	ip netns delete "$B"
	reap count 1
	says count "gone"
}

@test "zc_that_polls_busily_ends_when_its_namespace_is_deleted" {
	netns_pair
	start_count "$B" --take --busy-poll 20 -i "netns:$B/zc:v1"
	ip netns delete "$B"
	reap count 1
	says count "gone"
}

@test "zc_accounts_for_what_a_reader_that_stands_still_loses" {
	netns_pair
	start_count "$B" --take --ring 256K -i "netns:$B/zc:v1"
	kill -STOP "${PID[count]}"
	udp "$A" 10000
	arrived "$B" v1 10000
	kill -CONT "${PID[count]}"
	finish count
	[ "$(total count .lost.ring)" -gt 0 ]
	equal "counted and lost" "$(total count '.packets + .lost.ring')" 10000
}

@test "zc_tap_accounts_for_what_a_reader_that_stands_still_loses" {
	netns_pair
	start_count "$B" --ring 256K -i "netns:$B/zc:v1"
	kill -STOP "${PID[count]}"
	udp "$A" 10000
	arrived "$B" v1 10000
	kill -CONT "${PID[count]}"
	finish count
	[ "$(total count .lost.ring)" -gt 0 ]
	equal "counted and lost" "$(total count '.packets + .lost.ring')" 10000
}

@test "zc_filters_by_tags_that_are_in_the_frame" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1" vlan 5 and udp
	run "$NSRING" send -i "netns:$A/v0" --count 20 --vlan 5
	run "$NSRING" send -i "netns:$A/v0" --count 30 --vlan 6
	run "$NSRING" send -i "netns:$A/v0" --count 40
	arrived "$B" v1 90
	finish count
	equal packets "$(total count .packets)" 20
}

@test "two_processes_share_a_device_by_flow" {
	local group
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1" --fanout flow
	wait_until test -s "$BATS_TEST_TMPDIR/count.out"
	group=$(out count | head -n 1 | jq .fanout_group)
	start_in "$B" second "$NSRING" count --take --json --duration 60 -i "netns:$B/zc:v1" \
		--fanout "flow:$group"
	run "$NSRING" send -i "netns:$A/v0" --count 3000 --flows 300
	arrived "$B" v1 3000
	finish count
	finish second
	equal "of both" $(($(total count .packets) + $(total second .packets))) 3000
	[ "$(total count .packets)" -gt 300 ]
	[ "$(total second .packets)" -gt 300 ]
}

@test "xdp_options_are_refused_by_other_engines" {
	netns_pair
	run -1 "$NSRING" count --duration 1 --xdp native -i "netns:$B/v1"
	[[ $output == *"doesn't use XDP"* ]]
}
# big_tcp: lets A send frames to B that are longer than 64 KiB, by TCP over IPv6; as far as ip and the kernel can.
big_tcp() {
	ip -n "$A" link set v0 gso_max_size 200000 gro_max_size 200000 &&
		ip -n "$B" link set v1 gso_max_size 200000 gro_max_size 200000
} 2>/dev/null

@test "frames_longer_than_64_kib_are_cut_not_left_out" {
	netns_pair
	big_tcp || skip "no frames of more than 64 KiB here"
	in_ns "$A" sysctl -qw net.ipv6.conf.v0.disable_ipv6=0
	in_ns "$B" sysctl -qw net.ipv6.conf.v1.disable_ipv6=0
	ip -n "$A" address add fd00::1/64 dev v0 nodad
	ip -n "$B" address add fd00::2/64 dev v1 nodad
	start server nsenter --net="/run/netns/$B" socat -u TCP6-LISTEN:5000 OPEN:/dev/null
	wait_until in_ns "$B" grep -q ":1388 " /proc/net/tcp6
	start_in "$B" count "$NSRING" dump --json --ring 64M --xdp generic -w "$BATS_TEST_TMPDIR/zc.pcap" \
		-i "netns:$B/zc:v1" src host fd00::1 and greater 66000
	start_in "$B" witness "$NSRING" count --json --direction in -i "netns:$B/packet:v1" \
		src host fd00::1 and greater 66000
	wait_until test -s "$BATS_TEST_TMPDIR/witness.out"
	wait_until test -s "$BATS_TEST_TMPDIR/count.out"
	head -c 30000000 /dev/zero | in_ns "$A" socat -u - TCP6:[fd00::2]:5000
	reap server
	finish count
	finish witness
	[ "$(total witness .packets)" -gt 0 ] || skip "the stack joined no frames of more than 64 KiB"
	equal packets "$(total count .packets)" "$(total witness .packets)"
	equal lost "$(total count '.lost | add')" 0
	[ "$(tshark -r "$BATS_TEST_TMPDIR/zc.pcap" -T fields -e frame.cap_len 2>/dev/null | sort -nu | tail -n 1)" = 65535 ]
}
