#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Link types: what each kind of device hands out is what Wireshark reads.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B: w1 10.8.0.2 ---- w0 10.8.0.1 :C
#	   lo                  tun0 10.7.0.1/24

load ../lib/netns

file_of() {
	echo "$BATS_TEST_TMPDIR/$1"
}

setup_three() {
	netns_pair
	netns_new C
	veth "$C" w0 "$B" w1 1500 10.8.0
}

# The far end of tun0 is a process that throws away what is sent.
make_tun() {
	start tun nsenter --net="/run/netns/$B" socat -T 120 -u \
		TUN:10.7.0.1/24,tun-name=tun0,iff-no-pi,iff-up OPEN:/dev/null
	wait_until in_ns "$B" test -e /proc/sys/net/ipv4/conf/tun0
	wait_until tun_is_up
}

tun_is_up() {
	ip -n "$B" -j link show dev tun0 | jq -e '.[0].flags | index("LOWER_UP")' >/dev/null
}

@test "device_with_the_largest_mtu_is_captured" {
	netns_new A
	ip -n "$A" link set lo mtu 2147483647
	"$NSRING" count -i "netns:$A/lo" --duration 0.1
	"$NSRING" count -i "netns:$A/any" --duration 0.1
}

# protocols NAME: tshark's layers of each packet. tshark calls those for port 9 discard since 4.2.
protocols() {
	fields "$(file_of "$1")" frame.protocols | sed 's/:discard$/:data/'
}

@test "any_names_the_device_of_each_packet" {
	setup_three
	start_in "$B" dump "$NSRING" dump -i "netns:$B/any" -w "$(file_of any)" --duration 60
	udp "$A" 3
	udp "$C" 2 10.8.0.99
	arrived "$B" v1 3
	arrived "$B" w1 2
	finish dump
	equal devices "$(fields "$(file_of any)" frame.interface_name | sort | uniq -c | xargs)" \
		"3 v1 2 w1"
}

@test "any_hands_out_cooked_headers_that_tshark_dissects" {
	setup_three
	start_in "$B" dump "$NSRING" dump -i "netns:$B/any" -w "$(file_of any)" --duration 60
	udp "$A" 3
	arrived "$B" v1 3
	finish dump
	equal protocols "$(protocols any | sort -u)" sll:ethertype:ip:udp:data
}

@test "any_counts_the_packets_of_every_device" {
	setup_three
	start_count "$B" -i "netns:$B/any"
	udp "$A" 3
	udp "$C" 2 10.8.0.99
	arrived "$B" v1 3
	arrived "$B" w1 2
	finish count
	equal packets "$(total count .packets)" 5
}

@test "loopback_packets_are_seen_once" {
	netns_new A
	sink "$A" 9
	start_count "$A" -i "netns:$A/lo"
	udp "$A" 20 127.0.0.1
	finish count
	equal packets "$(total count .packets)" "$(kernel "$A" lo rx.packets)"
}

@test "loopback_packets_are_ethernet_frames_to_tshark" {
	netns_new A
	sink "$A" 9
	start_in "$A" dump "$NSRING" dump -i "netns:$A/lo" -w "$(file_of lo)" --duration 60 \
		udp dst port 9
	udp "$A" 5 127.0.0.1
	finish dump
	equal protocols "$(protocols lo | sort | uniq -c | xargs)" \
		"5 eth:ethertype:ip:udp:data"
}

@test "packets_of_a_tun_device_have_no_link_layer_header" {
	netns_pair
	make_tun
	start_in "$B" dump "$NSRING" dump -i "netns:$B/tun0" -w "$(file_of tun)" --duration 60
	udp "$B" 4 10.7.0.2
	finish dump
	equal protocols "$(protocols tun | sort | uniq -c | xargs)" \
		"4 raw:ip:udp:data"
}

@test "filter_on_a_tun_device_counts_from_the_network_header" {
	netns_pair
	make_tun
	start_count "$B" -i "netns:$B/tun0" udp dst port 7
	udp "$B" 4 10.7.0.2 7
	udp "$B" 5 10.7.0.2 8
	finish count
	equal packets "$(total count .packets)" 4
}
