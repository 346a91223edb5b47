#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The names of interfaces in a capture of all of them: what tshark reads in the file, against what the
# kernel called each when its packet came.
#
#	A: v0 ---- v1 :B      10.9.0
#	   w0 ---- w1         10.8.0

load ../lib/netns

two_pairs() {
	netns_pair
	veth "$A" w0 "$B" w1 1500 10.8.0
	file=$BATS_TEST_TMPDIR/file
	start_in "$B" dump "$NSRING" dump -i "netns:$B/any" -w "$file" "$@" udp
}

# rename OLD NEW: in B, where its addresses are of no matter.
rename() {
	ip -n "$B" link set "$1" down
	ip -n "$B" link set "$1" name "$2"
	ip -n "$B" link set "$2" up
}

# send_one DEVICE NET COUNT: a datagram from A, and wait until the file has COUNT packets.
send_one() {
	wait_until link_is_up "$A" "$1"
	ip -n "$A" neighbour replace "$2.99" lladdr "$MAC_B" dev "$1" nud permanent
	udp "$A" 1 "$2.99"
	wait_until has_frames "$file" "$3"
}

# named NAME NET…: the interface and the destination's network of each packet.
named() {
	finish dump
	equal interfaces "$(fields "$file" frame.interface_name ip.dst | tr '\t\n' '  ')" "$* "
}

swapped_names() {
	two_pairs "$@"
	send_one v0 10.9.0 1
	send_one w0 10.8.0 2
	rename v1 x
	rename w1 v1
	rename x w1
	send_one v0 10.9.0 3
	send_one w0 10.8.0 4
	named v1 10.9.0.99 w1 10.8.0.99 w1 10.9.0.99 v1 10.8.0.99
}

@test "interfaces_that_swap_names_are_told_apart_from_then_on" {
	swapped_names
}

@test "interfaces_that_swap_names_are_told_apart_in_immediate_mode_too" {
	swapped_names --immediate
}

@test "interface_that_is_named_as_before_is_no_new_one" {
	two_pairs
	send_one v0 10.9.0 1
	rename v1 x
	send_one v0 10.9.0 2
	rename x v1
	send_one v0 10.9.0 3
	named v1 10.9.0.99 x 10.9.0.99 v1 10.9.0.99
	equal "interface ids" "$(fields "$file" frame.interface_id | tr '\n' ' ')" "0 1 0 "
}

@test "index_that_is_used_again_has_the_new_interfaces_name" {
	local index
	two_pairs
	send_one w0 10.8.0 1
	index=$(ip -n "$B" -j link show dev w1 | jq '.[0].ifindex')
	ip -n "$B" link delete w1
	ip link add u0 netns "$A" address "$MAC_A" type veth \
		peer name u1 netns "$B" address "$MAC_B" index "$index"
	ip -n "$A" link set u0 up
	ip -n "$B" link set u1 up
	ip -n "$A" address add 10.7.0.1/24 dev u0
	send_one u0 10.7.0 2
	named w1 10.8.0.99 u1 10.7.0.99
}
