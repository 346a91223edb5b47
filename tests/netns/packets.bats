#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Packets as they are handed out: direction, lengths, stamps, promptness.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	                       nsring dump and count

load ../lib/netns

# count_both_ways DIRECTION: ten packets come in, four go out.
count_both_ways() {
	netns_pair
	start_count "$B" -i "netns:$B/v1" --direction "$1"
	udp "$A" 10
	udp "$B" 4
	arrived "$B" v1 10
	arrived "$A" v0 4
	finish count
}

# start_dump OPTION…: into $file
start_dump() {
	file=$BATS_TEST_TMPDIR/dump.pcapng
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$file" --duration 60 "$@"
}

@test "direction_in_takes_only_what_was_received" {
	count_both_ways in
	equal packets "$(total count .packets)" 10
}

@test "direction_out_takes_only_what_was_sent" {
	count_both_ways out
	equal packets "$(total count .packets)" 4
}

@test "direction_both_takes_what_was_received_and_sent" {
	count_both_ways both
	equal packets "$(total count .packets)" 14
}

@test "dump_tells_the_direction_of_each_packet" {
	netns_pair
	start_dump
	udp "$A" 10
	udp "$B" 4
	arrived "$B" v1 10
	arrived "$A" v0 4
	finish dump
	equal directions "$(fields "$file" frame.packet_flags_direction | sort | uniq -c | xargs)" \
		"10 0x00000001 4 0x00000002"
}

@test "snaplen_cuts_the_bytes_and_keeps_the_length" {
	netns_pair
	start_dump -s 60
	udp "$A" 3 "$NOBODY" 9 500
	arrived "$B" v1 3
	finish dump
	equal lengths "$(fields "$file" frame.cap_len frame.len | sort | uniq -c | xargs)" "3 60 542"
}

@test "packets_of_mtu_9000_are_whole" {
	netns_pair 9000
	start_dump
	udp "$A" 3 "$NOBODY" 9 8972
	arrived "$B" v1 3
	finish dump
	equal lengths "$(fields "$file" frame.cap_len frame.len | sort | uniq -c | xargs)" \
		"3 9014 9014"
}

@test "gso_packets_are_whole_and_carry_every_byte_of_the_stream" {
	netns_pair
	start_dump tcp dst port 5001
	start sink nsenter --net="/run/netns/$B" socat -T 120 -u TCP-LISTEN:5001,reuseaddr OPEN:/dev/null
	wait_until in_ns "$B" grep -q ':1389 ' /proc/net/tcp
	head -c 8388608 /dev/zero |
		in_ns "$A" timeout 30 socat -u -b 262144 - TCP:10.9.0.2:5001
	reap sink
	finish dump
	equal "bytes of the stream" "$(stream_bytes "$file")" 8388608
	equal "frames cut short" "$(fields "$file" frame.cap_len frame.len | awk '$1 != $2' | wc -l)" 0
	[ "$(fields "$file" frame.len | sort -n | tail -n 1)" -gt 30000 ]
}

# stream_bytes FILE: how many different bytes of the stream were captured; TCP may send some twice.
stream_bytes() {
	fields "$1" tcp.seq tcp.len | sort -n | awk '{
		if ($1 > end)
			end = $1
		if ($1 + $2 > end) {
			sum += $1 + $2 - end
			end = $1 + $2
		}
	} END { print sum }'
}

@test "stamps_lie_within_the_time_of_sending" {
	netns_pair
	start_dump
	before=$(date +%s.%N)
	udp "$A" 50
	arrived "$B" v1 50
	after=$(date +%s.%N)
	finish dump
	equal "stamps outside" "$(fields "$file" frame.time_epoch |
		awk -v from="$before" -v to="$after" '$1 < from || $1 > to' | wc -l)" 0
	equal stamps "$(frames "$file")" 50
}

@test "stamps_have_nanoseconds" {
	netns_pair
	start_dump
	udp "$A" 50
	arrived "$B" v1 50
	finish dump
	[ "$(fields "$file" frame.time_epoch | grep -cv '000$')" -gt 25 ]
}

@test "immediate_hands_out_a_lone_packet_although_batches_wait_long" {
	netns_pair
	start_dump --immediate --batch-ms 10000 -w -
	udp "$A" 1
	wait_until grep -q "$(printf '\x06\x00\x00\x00')" -a "$BATS_TEST_TMPDIR/dump.out"
	finish dump
}

@test "lone_packet_of_a_quiet_capture_is_handed_out_within_the_batch_time" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" --duration 60
	udp "$A" 1
	wait_until grep -q 10.9.0.99 "$BATS_TEST_TMPDIR/dump.out"
	finish dump
}
