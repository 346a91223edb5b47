#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# VLAN tags: the kernel takes them off before a capture sees the packet; they must be back.
#
#	A: v0 ---- v1 :B
#	   tcpreplay of tagged frames -> nsring dump and tcpdump

load ../lib/netns
load ../lib/frames

# Captures the mixed frames, of which three in four are tagged, with nsring and with tcpdump.
capture_both() {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	start_in "$B" witness timeout 60 nsenter --net="/run/netns/$B" tcpdump -U -i v1 \
		-w "$BATS_TEST_TMPDIR/want"
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$BATS_TEST_TMPDIR/got" --duration 60
	replay "$A" v0 "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 44
	wait_until has_frames "$BATS_TEST_TMPDIR/want" 44
	finish dump
	finish witness
}

@test "tagged_frames_are_byte_for_byte_what_was_on_the_wire" {
	capture_both
	equal frames "$(frames "$BATS_TEST_TMPDIR/got")" 44
	equal bytes "$(bytes "$BATS_TEST_TMPDIR/got" | md5sum)" \
		"$(bytes "$BATS_TEST_TMPDIR/sent" | md5sum)"
}

@test "tagged_frames_are_what_tcpdump_captures" {
	capture_both
	equal bytes "$(bytes "$BATS_TEST_TMPDIR/got" | md5sum)" \
		"$(bytes "$BATS_TEST_TMPDIR/want" | md5sum)"
}

@test "length_of_a_tagged_frame_includes_its_tag" {
	capture_both
	equal lengths "$(fields "$BATS_TEST_TMPDIR/got" frame.len frame.cap_len | md5sum)" \
		"$(fields "$BATS_TEST_TMPDIR/sent" frame.len frame.cap_len | md5sum)"
}

@test "tag_of_the_any_device_is_what_tcpdump_shows" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" \
		'eth "8100 a007 0800" "$(ip4 17 "$(udp_segment 1 9 30)")"'
	start_in "$B" dump "$NSRING" dump -i "netns:$B/any" -w "$BATS_TEST_TMPDIR/got" --duration 60
	replay "$A" v0 "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 1
	finish dump
	equal tag "$(fields "$BATS_TEST_TMPDIR/got" vlan.id vlan.priority udp.dstport)" $'7\t5\t9'
}

# Those of mixed_frames, and some that the kernel hands to `any` with a tag left in, or
# without their length.
many_tags() {
	mixed_frames
	eth "8100 0064 8100 0007 0800" "$(ip4 17 "$(udp_segment 1 9 30)")"
	eth "88a8 0001 8100 0002 8100 0003 0800" "$(ip4 17 "$(udp_segment 1 9 30)")"
	eth "8100 0064 8100 4507 0800" "$(ip4 17 "$(udp_segment 1 9 30)")"
	eth "8100 0006 002b" "4242030000$(payload 38)"
	eth "8100 0064 8100 0006 002b" "4242030000$(payload 38)"
}

# inside FILE: tags, and what is behind them, in each packet.
inside() {
	fields "$1" vlan.id vlan.priority vlan.len ip.len ip.proto udp.dstport tcp.dstport ipv6.plen \
		arp.opcode stp.type data.len
}

@test "frames_with_any_number_of_tags_are_on_any_as_on_their_device" {
	local options sent=0
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" "$(declare -f many_tags); many_tags"
	for options in "" --immediate; do
		# shellcheck disable=SC2086 # an option or none
		start_in "$B" device "$NSRING" dump $options -i "netns:$B/packet:v1" --duration 60 \
			-w "$BATS_TEST_TMPDIR/device$options"
		# shellcheck disable=SC2086
		start_in "$B" any "$NSRING" dump $options -i "netns:$B/packet:any" --duration 60 \
			-w "$BATS_TEST_TMPDIR/any$options"
		replay "$A" v0 "$BATS_TEST_TMPDIR/sent"
		arrived "$B" v1 $((sent += 49))
		finish device
		finish any
		equal frames "$(frames "$BATS_TEST_TMPDIR/any$options")" 49
		equal "what is inside" "$(inside "$BATS_TEST_TMPDIR/any$options")" \
			"$(inside "$BATS_TEST_TMPDIR/device$options")"
	done
}
