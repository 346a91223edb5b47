#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Programs of libpcap, by `nsring run`, on the engine ring: in the guest of tests/vm/suite.

# shellcheck disable=SC2154 # lib/ sets what is in small letters
bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/pcap_facts
load ../lib/unpacked

# Instead of tshark, which is large.
frames() {
	tcpdump -nn -r "$1" 2>/dev/null | wc -l
}

@test "each_call_of_libpcap_does_what_it_does_on_the_device" {
	loop_pair
	same w2 ring:w2 w1
}

@test "a_filter_of_libpcap_means_the_same_in_a_cooked_capture" {
	loop_pair
	same any ring:any w1 113
	same any ring:any w1 276
}

@test "tcpdump_gets_all_that_the_kernel_counts" {
	netns_pair
	start dump "$NSRING" run tcpdump -Z root -U -w "$(file_of dump.pcap)" -c 1000 -i "netns:$B/ring:v1" udp
	wait_until grep -q "listening on" "$BATS_TEST_TMPDIR/dump.err"
	udp "$A" 1000
	arrived "$B" v1 1000
	reap dump
	equal frames "$(frames "$(file_of dump.pcap)")" "$(kernel "$B" v1 rx.packets)"
	grep -q "0 packets dropped by kernel" "$BATS_TEST_TMPDIR/dump.err"
}

@test "suricata_alerts" {
	[ -d "$BATS_TEST_DIRNAME/../../build-vm/suricata" ] || skip "the guest has not got it"
	unpacked suricata
	netns_pair
	suricata_alerts "ring:v1"
}
