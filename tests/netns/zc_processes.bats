#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The engine zc in several processes, as other users, and killed: what they share and leave.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   udp ->                 nsring count -i zc:v1, and another one

bats_require_minimum_version 1.5.0
load ../lib/netns

# start_pair: two counts in one group by turns, "count" and "second".
start_pair() {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1" --fanout rr
	wait_until test -s "$BATS_TEST_TMPDIR/count.out"
	start_in "$B" second "$NSRING" count --take --json --duration 60 -i "netns:$B/zc:v1" \
		--fanout "rr:$(out count | head -n 1 | jq .fanout_group)"
}

@test "members_killed_one_after_the_other_leave_no_program_and_no_promiscuous_flag" {
	start_pair
	equal promiscuity "$(promiscuity "$B" v1)" 2
	kill -KILL "${PID[count]}"
	reap count 137
	equal promiscuity "$(promiscuity "$B" v1)" 1
	wait_until has_xdp "$B" v1
	kill -KILL "${PID[second]}"
	reap second 137
	wait_until has_no_xdp "$B" v1
	equal promiscuity "$(promiscuity "$B" v1)" 0
}

has_xdp() {
	[ -n "$(xdp "$@")" ]
}

@test "members_ended_by_ctrl_c_share_all_packets_and_leave_no_program" {
	start_pair
	udp "$A" 200
	arrived "$B" v1 200
	finish count
	[ -n "$(xdp "$B" v1)" ]
	udp "$A" 50
	arrived "$B" v1 250
	finish second
	equal "of the first" "$(total count .packets)" 100
	equal "of the second" "$(total second .packets)" 150
	equal program "$(xdp "$B" v1)" ""
}

@test "member_that_is_stopped_by_a_signal_and_killed_leaves_its_share_to_the_other" {
	start_pair
	kill -STOP "${PID[count]}"
	udp "$A" 100
	arrived "$B" v1 100
	kill -KILL "${PID[count]}"
	reap count 137
	wait_until in_turns_with_nobody
	finish second
	[ "$(total second .lost.consumer)" -ge 50 ]
	equal "counted or lost by the second" "$(total second '.packets + (.lost | add)')" \
		"$(kernel "$B" v1 rx.packets)"
}

# counted NAME: packets so far, as the lines of each second tell.
counted() {
	out "$1" | jq -s 'map(.packets // 0) | add'
}

has_counted_more() {
	[ "$(counted "$1")" -gt "$2" ]
}

# The second counts all of 20 packets: the dead one's place has been noticed.
in_turns_with_nobody() {
	local before
	before=$(counted second)
	udp "$A" 20
	wait_until has_counted_more second "$before"
	[ $(($(counted second) - before)) = 20 ]
}

@test "group_that_does_not_exist_is_named" {
	netns_pair
	run -1 timeout 20 "$NSRING" count --take --duration 1 -i "netns:$B/zc:v1" --fanout flow:77
	[[ $output == *"v1 has no fanout group 77"* ]]
	equal program "$(xdp "$B" v1)" ""
}

@test "groups_of_two_namespaces_with_equal_numbers_are_not_mixed_up" {
	local C D
	netns_pair
	netns_new C
	netns_new D
	veth "$C" v0 "$D" v1 1500 10.9.0
	start_count "$B" --take -i "netns:$B/zc:v1" --fanout rr
	start_in "$D" other "$NSRING" count --take --json --duration 60 -i "netns:$D/zc:v1" --fanout rr
	wait_until test -s "$BATS_TEST_TMPDIR/count.out"
	wait_until test -s "$BATS_TEST_TMPDIR/other.out"
	equal group "$(out count | head -n 1 | jq .fanout_group)" \
		"$(out other | head -n 1 | jq .fanout_group)"
	start_in "$D" second "$NSRING" count --take --json --duration 60 -i "netns:$D/zc:v1" \
		--fanout "rr:$(out other | head -n 1 | jq .fanout_group)"
	udp "$A" 30
	udp "$C" 100
	arrived "$B" v1 30
	arrived "$D" v1 100
	finish count
	finish other
	finish second
	equal "of each" "$(total count .packets) $(total other .packets) $(total second .packets)" \
		"30 50 50"
}

@test "zc_needs_no_capability_but_its_three_in_the_own_namespace" {
	netns_pair
	start_in "$B" count nsenter --net="/run/netns/$B" \
		setpriv --bounding-set=-all,+net_raw,+net_admin,+bpf \
		"$NSRING" count --take --json --duration 60 --ring 1M -i zc:v1 udp port 7
	udp "$A" 7 "$NOBODY" 7
	udp "$A" 5 "$NOBODY" 8
	arrived "$B" v1 12
	finish count
	equal packets "$(total count .packets)" 7
}

@test "captures_of_one_process_share_a_device_with_no_capability_but_the_three" {
	netns_pair
	start_in "$B" count nsenter --net="/run/netns/$B" \
		setpriv --bounding-set=-all,+net_raw,+net_admin,+bpf \
		"$NSRING" count --take --json --duration 60 --ring 1M -i zc:v1 -i zc:v1 --fanout rr
	wait_until has_sockets "$B" 2
	udp "$A" 40
	arrived "$B" v1 40
	finish count
	equal "of each" "$(total count '.targets | map(.packets) | tostring')" "[20,20]"
}

@test "a_second_process_with_only_the_three_is_told_what_it_lacks_and_what_to_do" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1" --fanout rr
	wait_until test -s "$BATS_TEST_TMPDIR/count.out"
	run -1 nsenter --net="/run/netns/$B" setpriv --bounding-set=-all,+net_raw,+net_admin,+bpf \
		"$NSRING" count --take --duration 1 -i zc:v1 --fanout rr:1
	[[ $output == *"needs CAP_SYS_ADMIN and CAP_SYS_PTRACE"*"run as root"*--fanout* ]]
	[[ $output != *setcap* ]]
	udp "$A" 30
	arrived "$B" v1 30
	finish count
	equal packets "$(total count .packets)" 30
}

@test "zc_runs_for_a_user_who_has_its_three_capabilities" {
	netns_pair
	start_in "$B" count nsenter --net="/run/netns/$B" \
		setpriv --reuid=65534 --clear-groups --inh-caps=+net_raw,+net_admin,+bpf \
		--ambient-caps=+net_raw,+net_admin,+bpf \
		"$NSRING" count --take --json --duration 60 --ring 1M -i zc:v1 tcp port 80 or udp port 7
	udp "$A" 7 "$NOBODY" 7
	udp "$A" 5 "$NOBODY" 8
	arrived "$B" v1 12
	finish count
	equal packets "$(total count .packets)" 7
}

# without CAPABILITY SET: nsring names CAPABILITY, which the bounding set lacks with SET.
without() {
	run -1 nsenter --net="/run/netns/$B" setpriv --bounding-set="-$2" \
		"$NSRING" count --take -i zc:v1 --duration 1
	[[ $output == *"needs "*"$1"*": have $1 left in the bounding set"* ]]
	[[ $output != *setcap* ]]
	equal program "$(xdp "$B" v1)" ""
}

@test "zc_without_cap_net_raw_names_it_and_how_to_have_it" {
	netns_pair
	without CAP_NET_RAW net_raw
}

@test "zc_without_cap_net_admin_names_it_and_how_to_have_it" {
	netns_pair
	without CAP_NET_ADMIN net_admin,-sys_admin
}

@test "zc_without_cap_bpf_names_it_and_how_to_have_it" {
	netns_pair
	without CAP_BPF bpf,-sys_admin
}

@test "zc_run_by_a_user_says_how_to_grant_all_that_it_needs" {
	netns_pair
	run -1 nsenter --net="/run/netns/$B" setpriv --reuid=65534 --clear-groups \
		"$NSRING" count --take -i zc:v1 --duration 1
	[[ $output == *"setcap cap_net_raw,cap_net_admin,cap_bpf+ep"* ]]
}

@test "zc_that_needs_a_socket_and_may_lock_no_memory_says_what_to_raise" {
	netns_pair
	run -1 nsenter --net="/run/netns/$B" prlimit --memlock=65536:65536 \
		setpriv --bounding-set=-ipc_lock "$NSRING" count --take --busy-poll 20 -i zc:v1 --duration 1
	[[ $output == *"ulimit -l"*CAP_IPC_LOCK* ]]
	equal program "$(xdp "$B" v1)" ""
}

@test "zc_that_needs_a_socket_and_may_lock_little_memory_has_a_smaller_ring" {
	netns_pair
	start_in "$B" count nsenter --net="/run/netns/$B" prlimit --memlock=4194304:4194304 \
		setpriv --bounding-set=-ipc_lock "$NSRING" count --take --json --busy-poll 20 -i zc:v1 --duration 60
	udp "$A" 50
	arrived "$B" v1 50
	finish count
	equal packets "$(total count .packets)" 50
	[ "$(out count | head -n 1 | jq .ring_bytes)" -le 4194304 ]
}

@test "zc_that_polls_busily_counts_every_packet_and_ends_at_ctrl_c" {
	netns_pair
	start_count "$B" --take --busy-poll 20 -i "netns:$B/zc:v1"
	udp "$A" 500
	arrived "$B" v1 500
	finish count
	equal packets "$(total count .packets)" 500
}

@test "zc_that_is_immediate_counts_every_packet" {
	netns_pair
	start_count "$B" --take --immediate -i "netns:$B/zc:v1"
	udp "$A" 500
	arrived "$B" v1 500
	finish count
	equal packets "$(total count .packets)" 500
}

@test "zc_ends_after_exactly_as_many_packets_as_asked_for" {
	netns_pair
	start_count "$B" --take --packets 17 -i "netns:$B/zc:v1"
	udp "$A" 100
	reap count
	equal packets "$(total count .packets)" 17
}

@test "zc_does_not_keep_a_deleted_namespace_alive" {
	netns_pair
	start_count "$B" --take --stamp kernel -i "netns:$B/zc:v1"
	ip netns delete "$B"
	reap count 1
	wait_until pair_is_gone
}

pair_is_gone() {
	! ip -n "$A" link show dev v0 >/dev/null 2>&1
}
