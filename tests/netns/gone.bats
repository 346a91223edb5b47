#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The device, its namespace or the capturing process goes.
#
#	A: v0 ---- v1 :B        C: (empty, v1 is moved there)

load ../lib/netns

@test "device_set_down_and_up_again_is_captured_on" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 10
	arrived "$B" v1 10
	ip -n "$B" link set v1 down
	ip -n "$B" link set v1 up
	wait_until link_is_up "$A" v0
	ip -n "$A" neighbour replace "$NOBODY" lladdr "$MAC_B" dev v0 nud permanent
	udp "$A" 10
	arrived "$B" v1 20
	finish count
	equal packets "$(total count .packets)" 20
}

@test "deleted_device_ends_the_run_with_a_sentence_and_the_totals" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 10
	arrived "$B" v1 10
	ip -n "$B" link delete v1
	reap count 1
	says count v1
	equal packets "$(total count .packets)" 10
	equal final "$(total count .final)" true
}

@test "device_moved_to_another_namespace_ends_the_run_with_a_sentence_and_the_totals" {
	netns_pair
	netns_new C
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 10
	arrived "$B" v1 10
	ip -n "$B" link set v1 netns "$C"
	reap count 1
	says count v1
	equal packets "$(total count .packets)" 10
}

@test "deleted_namespace_ends_the_run_with_a_sentence_and_the_totals" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 10
	arrived "$B" v1 10
	ip netns delete "$B"
	reap count 1
	says count "$B"
	equal packets "$(total count .packets)" 10
}

@test "deleted_namespace_ends_a_capture_of_any_too" {
	netns_pair
	start_count "$B" -i "netns:$B/any"
	ip netns delete "$B"
	reap count 1
	says count "$B"
}

@test "namespace_that_is_deleted_is_not_kept_alive" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	ip netns delete "$B"
	reap count 1
	wait_until pair_is_gone
}

pair_is_gone() {
	! ip -n "$A" link show dev v0 >/dev/null 2>&1
}

# stays_busy DEVICE [OPTION…]: a capture in B ends although frames from A never cease to come.
stays_busy() {
	netns_pair
	start send "$NSRING" send -i "netns:$A/v0" --rate 200 --duration 100
	arrived "$B" v1 10
	start_in "$B" count "$NSRING" count --json --duration 90 -i "netns:$B/$1" "${@:2}"
	ip netns delete "$B"
	reap count 1
	says count "its network namespace was deleted"
	wait_until pair_is_gone
}

@test "busy_capture_ends_when_its_namespace_is_deleted" {
	stays_busy v1
}

@test "busy_capture_of_any_ends_when_its_namespace_is_deleted" {
	stays_busy any
}

@test "busy_capture_whose_filter_refuses_all_ends_when_its_namespace_is_deleted" {
	stays_busy v1 tcp
}

# sender_ends RATE: a sender from A, which has sent a frame, ends when A is deleted.
sender_ends() {
	netns_pair
	start send "$NSRING" send -i "netns:$A/v0" --rate "$1" --duration 100
	arrived "$B" v1 1
	ip netns delete "$A"
	reap send 1
	says send "its network namespace was deleted"
	wait_until peer_is_gone
}

peer_is_gone() {
	! ip -n "$B" link show dev v1 >/dev/null 2>&1
}

@test "busy_sender_ends_when_its_namespace_is_deleted" {
	sender_ends 10k
}

@test "sender_that_waits_for_its_next_frame_ends_when_its_namespace_is_deleted" {
	sender_ends 0.01
}

# count_unprivileged: as a user that may capture and enter namespaces, but not look at others' processes.
count_unprivileged() {
	start_in "$B" count setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=+net_raw,+sys_admin --ambient-caps=+net_raw,+sys_admin \
		"$NSRING" count --json --duration 90 -i "netns:$B/v1" udp
}

# held_by NAME: B is deleted, but process NAME holds it; the capture looks at that twice and goes on.
held_by() {
	local pid=${PID[$1]} lines
	ip netns delete "$B"
	lines=$(out count | wc -l)
	wait_until has_lines $((lines + 4))
	udp "$A" 10
	wait_until has_counted 10
	finish count
	kill -0 "$pid"
}

has_lines() {
	[ "$(out count | wc -l)" -ge "$1" ] || ! kill -0 "${PID[count]}" 2>/dev/null
}

has_counted() {
	[ "$(out count | jq -s '[.[].packets // 0] | add')" -ge "$1" ]
}

@test "namespace_of_another_users_process_is_not_gone_to_an_unprivileged_reader" {
	netns_pair
	start holder nsenter --net="/run/netns/$B" sleep 100
	wait_until [ "/proc/${PID[holder]}/ns/net" -ef "/run/netns/$B" ]
	count_unprivileged
	held_by holder
}

@test "namespace_that_nobody_holds_is_gone_to_an_unprivileged_reader_too" {
	netns_pair
	count_unprivileged
	ip netns delete "$B"
	reap count 1
	says count "its network namespace was deleted"
}

@test "namespace_that_only_a_thread_is_in_is_not_gone" {
	netns_pair
	start holder python3 -c '
import ctypes, os, sys, threading, time
def inside():
    if ctypes.CDLL(None).setns(os.open(sys.argv[1], os.O_RDONLY | os.O_CLOEXEC), 0x40000000):
        os._exit(1)
    print("inside", flush=True)
    time.sleep(100)
threading.Thread(target=inside).start()' "/run/netns/$B"
	wait_until grep -q inside "$BATS_TEST_TMPDIR/holder.out"
	start_count "$B" --duration 90 -i "netns:$B/v1" udp
	held_by holder
}

@test "ended_process_place_ends_the_run_with_the_totals" {
	netns_pair
	start holder nsenter --net="/run/netns/$B" sleep 60
	wait_until [ "/proc/${PID[holder]}/ns/net" -ef "/run/netns/$B" ]
	start_count "$B" -i "pid:${PID[holder]}/v1"
	ip netns delete "$B"
	kill -KILL "${PID[holder]}"
	reap count 1
	equal final "$(total count .final)" true
}

@test "other_targets_are_captured_on_when_one_is_gone" {
	netns_pair
	netns_new C
	veth "$C" w0 "$B" w1 1500 10.8.0
	start_count "$B" -i "netns:$B/v1" -i "netns:$B/w1"
	wait_until has_sockets "$B" 2
	ip -n "$B" link delete v1
	wait_until grep -q v1 "$BATS_TEST_TMPDIR/count.err"
	udp "$C" 15 10.8.0.99
	arrived "$B" w1 15
	finish count 1
	equal packets "$(total count .packets)" 15
}

@test "dump_of_a_deleted_device_leaves_a_valid_file" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$BATS_TEST_TMPDIR/file" --duration 60
	udp "$A" 10
	arrived "$B" v1 10
	ip -n "$B" link delete v1
	reap dump 1
	equal packets "$(frames "$BATS_TEST_TMPDIR/file")" 10
}

@test "device_is_promiscuous_while_captured" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	equal promiscuity "$(promiscuity "$B" v1)" 1
	finish count
	equal promiscuity "$(promiscuity "$B" v1)" 0
}

@test "device_is_left_alone_without_promiscuous_mode" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" -p
	equal promiscuity "$(promiscuity "$B" v1)" 0
	finish count
}

@test "killed_process_leaves_no_promiscuous_device" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	kill -KILL "${PID[count]}"
	reap count 137
	equal promiscuity "$(promiscuity "$B" v1)" 0
}

@test "killed_process_leaves_no_socket" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	kill -KILL "${PID[count]}"
	reap count 137
	equal sockets "$(sockets "$B")" 0
}

@test "killed_process_leaves_no_namespace" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	kill -KILL "${PID[count]}"
	reap count 137
	ip netns delete "$B"
	wait_until pair_is_gone
}
