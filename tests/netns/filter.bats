#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Filters: each selects what tcpdump -r selects from an unfiltered file of the same frames.
#
#	A: v0 ---- v1 :B
#	   tcpreplay of mixed frames -> one nsring dump a filter

load ../lib/netns
load ../lib/frames

# Filter number N of the list goes to the file N; all captures run at once over one replay.
# compare_with_tcpdump DEVICE UNFILTERED-FILE FILTER…
compare_with_tcpdump() {
	local device=$1 all=$2 number=0 filter wrong=0
	shift 2
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	start every "$NSRING" dump -i "netns:$B/$device" --pcap -w "$all" --duration 600
	for filter; do
		start "dump$number" "$NSRING" dump -i "netns:$B/$device" --pcap \
			-w "$BATS_TEST_TMPDIR/$number" --duration 600 "$filter"
		number=$((number + 1))
	done
	wait_until has_sockets "$B" $((number + 1))
	replay "$A" v0 "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 44
	kill -INT "${PID[@]}"
	reap every
	number=0
	for filter; do
		reap "dump$number"
		same_selection "$all" "$BATS_TEST_TMPDIR/$number" "$filter" || wrong=1
		number=$((number + 1))
	done
	return "$wrong"
}

same_selection() {
	local want got
	want=$(bytes "$1" "$3")
	got=$(bytes "$2")
	[ "$want" = "$got" ] || {
		echo "filter '$3' selects $(frames "$2") frames, but tcpdump" \
			"$(tcpdump -r "$1" "$3" 2>/dev/null | wc -l)" >&2
		return 1
	}
}

@test "filters_on_addresses_and_ports_select_what_tcpdump_selects" {
	netns_pair
	compare_with_tcpdump v1 "$BATS_TEST_TMPDIR/all" udp tcp icmp arp ip ip6 'port 53' \
		'udp src port 53' 'host 198.51.100.9' 'net 198.51.100.0/29' 'not ip' \
		'tcp[tcpflags] & tcp-syn != 0' 'ip6 host 2001:db8::2' 'portrange 100-500'
}

@test "filters_on_tags_select_what_tcpdump_selects" {
	netns_pair
	compare_with_tcpdump v1 "$BATS_TEST_TMPDIR/all" vlan 'vlan 7' 'vlan 12' 'vlan 100' \
		'vlan and udp' 'vlan 7 and port 53' 'not vlan' 'vlan 100 and vlan 7' \
		'vlan 100 and vlan 7 and tcp' 'vlan and ip6' 'vlan and arp'
}

@test "filters_on_raw_bytes_and_lengths_select_what_tcpdump_selects" {
	netns_pair
	compare_with_tcpdump v1 "$BATS_TEST_TMPDIR/all" 'less 100' 'greater 500' 'len > 78' \
		'ether[12:2] = 0x8100' 'ether[14:2] & 0xfff = 7' 'ether[12:2] = 0x88a8' \
		'ether[16:2] = 0x0800' 'ip[8] = 64' 'ip[6:2] & 0x1fff != 0' 'ether proto 0x88b5' \
		'ether broadcast' 'ether host 02:00:00:00:00:0b' 'udp[8:2] = 1' 'tcp[tcpflags] = 24'
}

@test "filters_on_the_any_device_select_what_tcpdump_selects" {
	netns_pair
	compare_with_tcpdump any "$BATS_TEST_TMPDIR/all" udp tcp 'port 53' 'host 198.51.100.9' ip6 \
		arp 'not ip' 'less 100' 'ip[8] = 64' 'icmp or icmp6'
}

@test "malformed_filter_is_refused_with_the_reason" {
	netns_pair
	run "$NSRING" count -i "netns:$B/v1" --duration 1 udp prot 53
	[ "$status" = 1 ] || [ "$status" = 2 ]
	[[ $output == *filter* ]]
}

# Frames to the ends of 198.51.100.192/28, and to hosts.
to_the_ends() {
	local last
	for last in 207 192 199 2 129; do
		eth 0800 "$(ip4 17 "$(udp_segment 1 9 30)" "$last")"
	done
}

@test "ip_broadcast_judges_by_the_netmask_of_the_device" {
	local filter number=0
	netns_pair
	ip -n "$B" address flush dev v1
	ip -n "$B" address add 198.51.100.200/28 dev v1
	ip -n "$B" address add 10.9.0.2/24 dev v1
	capture_file "$BATS_TEST_TMPDIR/sent" "$(declare -f to_the_ends); to_the_ends"
	for filter in "ip broadcast" "not ip broadcast"; do
		start_in "$B" "count$number" "$NSRING" count --json --duration 60 -i "netns:$B/packet:v1" \
			"$filter"
		number=$((number + 1))
	done
	replay "$A" v0 "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 5
	finish count0
	finish count1
	equal "broadcast" "$(total count0 .packets)" 2
	equal "others" "$(total count1 .packets)" 3
}

@test "ip_broadcast_without_an_address_says_that_there_is_no_netmask" {
	netns_pair
	ip -n "$B" address flush dev v1
	run "$NSRING" count --duration 0.1 -i "netns:$B/v1" ip broadcast
	equal status "$status" 1
	[[ $output == *"netmask not known"* ]]
	run "$NSRING" count --duration 0.1 -i "netns:$A/any" ip broadcast
	equal status "$status" 1
	[[ $output == *"netmask not known"* ]]
}
