#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The whole ledger: handed out, refused by the filter and lost are together what the device has
# counted while it was captured, whatever goes wrong.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   udp to 7 and 9 ->   <- nsring count udp port 7

load ../lib/netns

# begin TARGET [OPTION…]: count port 7 from now on.
begin() {
	netns_pair
	start_count "$B" "${@:2}" -i "netns:$B/$1" udp port 7
	before=$(kernel "$B" v1 rx.packets)
}

# send PORT COUNT
send() {
	udp "$A" "$2" "$NOBODY" "$1" 400
}

# stall COUNT: the reader stands still while so many come.
stall() {
	kill -STOP "${PID[count]}"
	send 7 "$1"
	send 9 "$1"
	arrived "$B" v1 $((before + 2 * $1))
	kill -CONT "${PID[count]}"
}

# adds_up: and that it refused N of them.
adds_up() {
	finish count
	equal filtered "$(total count .filtered)" "$1"
	equal "all of them" "$(total count '.packets + .filtered + (.lost | add)')" \
		$(($(kernel "$B" v1 rx.packets) - before))
}

refused_are_counted() {
	begin "$@"
	send 7 300
	send 9 700
	arrived "$B" v1 $((before + 1000))
	adds_up 700
}

lost_are_counted() {
	begin "$@" --ring 256K -s 400
	stall 5000
	adds_up 5000
	[ "$(total count .lost.ring)" -gt 0 ]
}

@test "ledger_of_packet_has_what_the_filter_refused" { refused_are_counted v1; }

@test "ledger_of_zc_has_what_the_filter_refused" { refused_are_counted zc:v1 --take; }

@test "ledger_of_generic_zc_has_what_the_filter_refused" { refused_are_counted zc:v1 --take --xdp generic; }

@test "ledger_of_a_tap_has_what_the_filter_refused" { refused_are_counted zc:v1; }

@test "ledger_of_a_queue_has_what_the_filter_refused" { refused_are_counted zc:v1@0 --take; }

@test "ledger_of_a_socket_has_what_the_filter_refused" { refused_are_counted zc:v1 --take --busy-poll 20; }

@test "ledger_of_packet_adds_up_when_a_small_ring_is_full" { lost_are_counted v1; }

@test "ledger_of_zc_adds_up_when_a_small_ring_is_full" { lost_are_counted zc:v1 --take; }

@test "ledger_of_a_tap_adds_up_when_a_small_ring_is_full" { lost_are_counted zc:v1; }

@test "ledger_of_a_socket_adds_up_when_a_small_ring_is_full" { lost_are_counted zc:v1 --take --busy-poll 20; }

@test "ledger_adds_up_when_the_reader_stops_for_a_second_under_traffic" {
	begin v1 --ring 256K
	start udp "$NSRING" send --json -i "netns:$A/v0" --count 40000 --rate 20kpps --flows 1
	kill -STOP "${PID[count]}"
	sleep 1
	kill -CONT "${PID[count]}"
	reap udp 0
	arrived "$B" v1 $((before + 40000))
	adds_up 40000
}

@test "ledger_has_both_directions_where_both_are_captured" {
	begin v1
	send 9 100
	udp "$B" 50 "$NOBODY" 9
	arrived "$B" v1 $((before + 100))
	finish count
	equal filtered "$(total count .filtered)" 150
}

@test "ledger_has_one_direction_where_one_is_captured" {
	begin v1 --direction in
	send 9 100
	udp "$B" 50 "$NOBODY" 9
	arrived "$B" v1 $((before + 100))
	finish count
	equal filtered "$(total count .filtered)" 100
}

@test "ledger_without_a_filter_has_refused_nothing" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	udp "$A" 100
	arrived "$B" v1 100
	finish count
	equal filtered "$(total count .filtered)" 0
}

@test "ledger_of_any_does_not_know_what_the_filter_refused" {
	netns_pair
	start_count "$B" -i "netns:$B/any" udp port 7
	udp "$A" 100
	arrived "$B" v1 100
	finish count
	equal filtered "$(total count .filtered)" null
}

@test "ledger_of_a_group_does_not_know_what_the_filter_refused" {
	begin zc:v1 --take --fanout flow
	send 9 100
	arrived "$B" v1 $((before + 100))
	finish count
	equal filtered "$(total count .filtered)" null
}

@test "ledger_of_a_file_has_what_the_filter_refused" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$BATS_TEST_TMPDIR/f" --duration 60
	send 7 30
	send 9 70
	arrived "$B" v1 100
	finish dump
	"$NSRING" count --json -i "file:$BATS_TEST_TMPDIR/f" udp port 7 >"$BATS_TEST_TMPDIR/count.out"
	equal packets "$(total count .packets)" 30
	equal filtered "$(total count .filtered)" 70
}

@test "ledger_of_a_dump_tells_what_the_filter_refused" {
	netns_pair
	start_in "$B" dump "$NSRING" dump --json -i "netns:$B/v1" -w "$BATS_TEST_TMPDIR/f" \
		--duration 60 udp port 7
	send 7 30
	send 9 70
	arrived "$B" v1 100
	finish dump
	equal filtered "$(total dump .filtered)" 70
}
