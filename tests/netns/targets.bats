#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Targets: the device that a name stands for, whatever the name. The witness is the kernel's counter of
# what each device has received.
#
#	A: v0 ---- v1 :B		d@2 and d@x are the peers of s2 and sx, all in B

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

LONG=enp0s31f6np0d1-uplink-to-the-second-switch

# pair_called NAME SENDER: a veth pair in B, up, on which nothing is sent by itself.
pair_called() {
	ip -n "$B" link add "$2" type veth peer name "$1"
	ip -n "$B" link set dev "$1" multicast off up
	ip -n "$B" link set dev "$2" multicast off up
	wait_until link_is_up "$B" "$2"
}

# counts N TARGET SENDER DEVICE: a capture of TARGET gets the N frames that DEVICE does.
counts() {
	local before
	before=$(kernel "$B" "$4" rx.packets)
	start_count "$B" -i "$2"
	"$NSRING" send -i "netns:$B/packet:$3" --count "$1" >/dev/null
	arrived "$B" "$4" $((before + $1))
	finish count
	equal "packets of $2" "$(total count .packets)" "$1"
}

@test "device_whose_whole_name_ends_as_a_queue_does_comes_first" {
	netns_new B
	pair_called d@2 s2
	counts 5 "netns:$B/d@2" s2 d@2
	pair_called d s
	counts 6 "netns:$B/d@2" s2 d@2
	counts 7 "netns:$B/d" s d
	run -0 "$NSRING" count --duration 0.1 -i "netns:$B/zc:d@0"
	run "$NSRING" count --duration 0.1 -i "netns:$B/zc:d@77"
	[[ $output == *queue* ]]
	run "$NSRING" count --duration 0.1 -i "netns:$B/packet:d@3"
	[[ $output == *"takes no queue"*"leave \"@3\" out"* ]]
}

@test "device_with_an_at_sign_can_be_counted_sent_on_listed_and_examined" {
	netns_new B
	pair_called d@x sx
	counts 5 "netns:$B/d@x" sx d@x
	"$NSRING" send -i "netns:$B/packet:d@x" --count 4
	equal "sent" "$(kernel "$B" sx rx.packets)" 4
	equal listed "$("$NSRING" ls --json "netns:$B/d@x" | jq -r '.interfaces[]?.name')" d@x
	run -0 "$NSRING" doctor "netns:$B/d@x"
	[[ $output == *"EN10MB"* ]]
}

@test "device_as_ip_shows_it_with_its_peer_is_told_what_it_is_called" {
	netns_pair
	run "$NSRING" count --duration 0.1 -i "netns:$B/v1@if5"
	equal status "$status" 1
	[[ $output == *"no device \"v1@if5\""*"the device alone is \"v1\""* ]]
}

@test "alternative_names_of_any_length_stand_for_their_device" {
	local engine name before
	netns_new B
	pair_called d s
	ip -n "$B" link property add dev d altname wan altname "$LONG"
	for name in wan "$LONG"; do
		counts 3 "netns:$B/$name" s d
		in_ns "$B" ethtool -K s gro on >/dev/null
		for engine in packet zc live; do
			before=$(kernel "$B" s rx.packets)
			"$NSRING" send -i "netns:$B/$engine:$name" --count 4
			arrived "$B" s $((before + 4))
		done
		run -0 "$NSRING" count --duration 0.1 -i "netns:$B/zc:$name"
		equal listed "$("$NSRING" ls --json "netns:$B/$name" |
			jq -r '.interfaces[]?.name')" d
		run -0 "$NSRING" doctor "netns:$B/$name"
		[[ $output == *"EN10MB"* ]]
	done
}

@test "packets_of_a_device_with_an_alternative_name_tell_its_own_name" {
	netns_new B
	pair_called d s
	ip -n "$B" link property add dev d altname "$LONG"
	start_in "$B" dump "$NSRING" dump --duration 60 -i "netns:$B/packet:$LONG" \
		-w "$BATS_TEST_TMPDIR/got"
	"$NSRING" send -i "netns:$B/packet:s" --count 1
	arrived "$B" d 1
	finish dump
	equal interface "$(fields "$BATS_TEST_TMPDIR/got" frame.interface_name)" d
}

@test "ls_shows_alternative_names" {
	netns_pair
	ip -n "$B" link property add dev v1 altname wan altname "$LONG"
	equal names "$(link "$B" v1 '.altnames | sort | join(" ")')" "$LONG wan"
	equal "names of lo" "$(link "$B" lo '.altnames | length')" 0
	run -0 "$NSRING" ls "netns:$B"
	[[ $output == *"also wan"*"also $LONG"* ]]
}
