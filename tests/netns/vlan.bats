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
