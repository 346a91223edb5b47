#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The command nsring where nsring.ko is loaded: in the guest of tests/vm/suite.
#
#	A: v0 ---- v1 :B
#	   sends      captured on

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

# send NS COUNT [ARGUMENT…]: that many frames for B's address out of v0 there, whatever the stack would do.
send() {
	local ns=$1 count=$2
	shift 2
	"$NSRING" send -i "netns:$ns/v0" --dst-mac "$MAC_B" --dst 10.9.0.2 --count "$count" "$@" \
		>/dev/null
}

# has_opened NAME: the capture is open, or has ended.
has_opened() {
	grep -q '"open":true' "$BATS_TEST_TMPDIR/$1.out" || ! kill -0 "${PID[$1]}" 2>/dev/null
}

# start_open NAME COMMAND…: start, and wait until the capture is open.
start_open() {
	start "$@"
	wait_until has_opened "$1"
	kill -0 "${PID[$1]}" 2>/dev/null || {
		err "$1" >&2
		return 1
	}
}

# count NAME ARGUMENT…: nsring count as process NAME.
count() {
	local name=$1
	shift
	start_open "$name" "$NSRING" count --json --duration 60 "$@"
}

opened() {
	out "$1" | head -n 1 | jq -r "$2"
}

cookie() {
	seen_ns "$1" .cookie
}

# module_says NS FILE: a file of /proc/net/nsring there.
module_says() {
	in_ns "$1" cat "/proc/net/nsring/$2"
}

has_no_capture() {
	[ "$(module_says "$1" info | awk '$1 == "captures:" { print $2 }')" = 0 ]
}

# Instead of tshark, which is large.
frames() {
	tcpdump -nn -r "$1" 2>/dev/null | wc -l
}

@test "device_without_an_engine_is_captured_by_the_module" {
	netns_pair
	count count -i "netns:$B/v1"
	equal engine "$(opened count .engine)" ring
	send "$A" 1000
	arrived "$B" v1 1000
	finish count
	equal packets "$(total count .packets)" 1000
	equal lost "$(total count '.lost | add')" 0
	equal "received by the device" "$(kernel "$B" v1 rx.packets)" 1000
}

@test "dump_by_the_module_writes_the_bytes_that_tcpdump_writes" {
	local file=$BATS_TEST_TMPDIR/ring.pcap witness=$BATS_TEST_TMPDIR/witness.pcap bytes
	netns_pair
	start_in "$B" tcpdump nsenter --net="/run/netns/$B" tcpdump -U -i v1 -w "$witness"
	start_open dump "$NSRING" dump --json -i "netns:$B/ring:v1" -w "$file" --duration 60
	for bytes in 60 64 256 1000 1514; do
		send "$A" 20 --flows 20 --size "$bytes"
	done
	arrived "$B" v1 100
	wait_until has_frames "$witness" 100
	finish dump
	finish tcpdump
	equal frames "$(frames "$file")" 100
	equal bytes "$(tcpdump -nn -t -xx -r "$file" 2>/dev/null | md5sum)" \
		"$(tcpdump -nn -t -xx -r "$witness" 2>/dev/null | md5sum)"
}

# Segments of up to 64 KiB, whose sums nobody has computed.
@test "tcp_of_the_stack_is_captured_as_tcpdump_captures_it" {
	local file=$BATS_TEST_TMPDIR/ring.pcap witness=$BATS_TEST_TMPDIR/witness.pcap
	netns_pair
	# At once, and with room for all: in this mode each packet takes as much of it as the longest may.
	start_in "$B" tcpdump nsenter --net="/run/netns/$B" tcpdump --immediate-mode -U -i v1 \
		-s 256 -B 16384 -w "$witness"
	start_open dump "$NSRING" dump --json -i "netns:$B/ring:v1" -w "$file" --duration 60
	mkfifo "$BATS_TEST_TMPDIR/never_ends"
	start server nsenter --net="/run/netns/$B" bash -c \
		"exec nc -l -p 5000 <>'$BATS_TEST_TMPDIR/never_ends'"
	wait_until in_ns "$B" sh -c 'grep -q ":1388 " /proc/net/tcp*'
	in_ns "$A" bash -c 'dd if=/dev/zero bs=250000 count=2 >/dev/tcp/10.9.0.2/5000'
	reap server
	equal bytes "$(out server | wc -c)" 500000
	wait_until witness_has_all
	finish dump
	finish tcpdump
	equal packets "$(tcp_lines "$file" | md5sum)" "$(tcp_lines "$witness" | md5sum)"
	[ "$(tcpdump -nn -r "$file" greater 2000 2>/dev/null | wc -l)" -gt 0 ]
}

witness_has_all() {
	[ "$(frames "$BATS_TEST_TMPDIR/witness.pcap")" = \
		$(($(kernel "$B" v1 rx.packets) + $(kernel "$B" v1 tx.packets))) ]
}

# Sorted: what two CPUs did at once has no order.
tcp_lines() {
	tcpdump -nn -t -S -r "$1" 2>/dev/null | sort
}

@test "filter_refuses_in_the_kernel_what_it_does_not_want" {
	netns_pair
	count count -i "netns:$B/v1" udp src port 10000
	send "$A" 300 --flows 3
	arrived "$B" v1 300
	finish count
	equal packets "$(total count .packets)" 100
	equal filtered "$(total count '.filtered')" 200
}

@test "sampling_keeps_every_nth_packet_and_says_how_many_it_left_out" {
	netns_pair
	count count -i "netns:$B/v1" --sample 4
	send "$A" 400
	arrived "$B" v1 400
	finish count
	equal "packets and sampled" "$(total count '.packets + .sampled')" 400
	# Each CPU counts for itself, and the sender may move from one to the other.
	[[ $(total count .packets) == 10[01] ]]
}

@test "captures_of_one_shared_ring_each_have_every_packet" {
	netns_pair
	count one -i "netns:$B/v1" --share 7
	count other -i "netns:$B/v1" --share 7
	send "$A" 500
	arrived "$B" v1 500
	finish one
	finish other
	equal "of one" "$(total one .packets)" 500
	equal "of the other" "$(total other .packets)" 500
}

@test "members_of_a_group_share_the_packets" {
	netns_pair
	count one -i "netns:$B/v1" --fanout flow
	count other -i "netns:$B/v1" --fanout "flow:$(opened one .fanout_group)"
	send "$A" 3000 --flows 300
	arrived "$B" v1 3000
	finish one
	finish other
	equal "of both" "$(($(total one .packets) + $(total other .packets)))" 3000
	[ "$(total one .packets)" -gt 300 ]
	[ "$(total other .packets)" -gt 300 ]
}

@test "dump_of_all_namespaces_tells_them_apart" {
	local first
	netns_pair
	first=$B
	netns_pair
	start_open dump "$NSRING" dump --json -i all/any --duration 60
	start_open file "$NSRING" dump -i all/any --duration 60 -w "$BATS_TEST_TMPDIR/all.pcapng" --json
	send "$A" 20
	arrived "$B" v1 20
	finish dump
	finish file
	out dump | jq -c 'select(.direction == "in") | [.netns_cookie, .interface]' |
		sort -u >"$BATS_TEST_TMPDIR/seen"
	equal "where it was received" "$(cat "$BATS_TEST_TMPDIR/seen")" "[$(cookie "$B"),\"v1\"]"
	[ "$(cookie "$B")" != "$(cookie "$first")" ]
	equal "sent and received" "$(frames "$BATS_TEST_TMPDIR/all.pcapng")" 40
	equal "interfaces of the file" \
		"$(grep -ao 'network namespace with cookie [0-9]*' "$BATS_TEST_TMPDIR/all.pcapng" | sort)" \
		"$(printf 'network namespace with cookie %s\n' "$(cookie "$A")" "$(cookie "$B")" | sort)"
}

@test "line_of_a_packet_has_the_cookie_of_its_namespace" {
	netns_pair
	start dump "$NSRING" dump -i all/any --duration 60 -c 2
	wait_until captures_all
	send "$A" 1
	reap dump
	equal lines "$(out dump | awk '{ print $2, $3 }' | sort)" \
		"$(printf '%s\n' "$(cookie "$A")/v0 Out" "$(cookie "$B")/v1 In" | sort)"
}

captures_all() {
	grep -qs "in all namespaces" /proc/net/nsring/captures
}

# as_rootless COMMAND…: root of a user namespace, in a network of its own.
as_rootless() {
	unshare --user --map-root-user --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
}

@test "network_of_a_user_namespace_is_captured_without_the_module" {
	run -0 --separate-stderr as_rootless "$NSRING" count --json --duration 0.1 -i lo
	equal engine "$(jq -r 'select(.engine) | .engine' <<<"${lines[0]}")" packet
}

@test "ring_in_a_user_namespace_is_refused_in_words" {
	run -1 as_rootless "$NSRING" count --duration 0.1 -i ring:lo
	[[ $output == *"user namespace, which nsring.ko does not let in"*"user_namespaces=1"* ]]
}

@test "ls_shows_who_captures_by_the_module" {
	netns_pair
	start_open dump "$NSRING" dump --json -i "netns:$B/v1" --ring 1M -w /dev/null \
		--duration 60 port 53
	equal who "$(seen_ns "$B" -c '.captures[] | [.family, .interface, .comm, .pid]')" \
		"[\"nsring\",\"v1\",\"nsring\",${PID[dump]}]"
	equal ring "$(seen_ns "$B" '.captures[].ring_bytes')" "$(opened dump .ring_bytes)"
	equal rest "$(seen_ns "$B" -c '.captures[] | [.uid, .receives, .filter, .drops]')" \
		'[0,true,"present",0]'
	run -0 "$NSRING" ls "netns:$B"
	[[ $output == *"nsring.ko socket of nsring (${PID[dump]}), all protocols, ring "*", filter"* ]]
	equal "in A" "$(seen_ns "$A" -c .captures)" '[]'
	finish dump
	equal afterwards "$(seen_ns "$B" -c .captures)" '[]'
}

@test "ls_counts_what_a_capture_by_the_module_found_no_room_for" {
	netns_pair
	count count -i "netns:$B/v1" --ring 64K
	kill -STOP "${PID[count]}"
	send "$A" 3000 --size 1514
	arrived "$B" v1 3000
	drops=$(seen_ns "$B" '.captures[].drops')
	kill -CONT "${PID[count]}"
	finish count
	[ "$drops" -gt 0 ]
	equal "lost" "$(total count '.lost.ring')" "$drops"
}

@test "ls_shows_a_shared_ring_and_a_capture_of_all_namespaces" {
	netns_pair
	count shared -i "netns:$B/any" --share 7
	count all -i all/any
	equal shared "$(seen_ns "$B" -c '.captures[] | [.interface, .share]')" '["any",7]'
	equal all "$(seen "$(inode /proc/self/ns/net)" -c '.captures[] | [.all_namespaces, .pid]')" \
		"[true,${PID[all]}]"
	run -0 "$NSRING" ls
	[[ $output == *"shared ring 7"* ]]
	[[ $output == *"all namespaces"* ]]
}

@test "ls_says_when_captures_by_the_module_are_hidden" {
	netns_pair
	start_open count "$NSRING" count --json --duration 60 -i any
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$NSRING" ls
	[[ $output == *"Captures by nsring.ko are not listed: run as root."* ]]
	[[ $output != *"nsring.ko socket"* ]]
	run -0 bash -c 'setpriv --reuid 65534 --regid 65534 --clear-groups "$0" ls --json |
		tail -n 1 | jq .ring_sockets_listed' "$NSRING"
	equal listed "$output" false
	equal "listed for root" "$("$NSRING" ls --json | tail -n 1 | jq .ring_sockets_listed)" true
}

@test "injected_frames_arrive_in_the_local_stack" {
	netns_pair
	"$NSRING" send -i "netns:$B/v1" --inject --dst-mac "$MAC_B" --dst 10.9.0.2 --count 50 >/dev/null
	wait_until has_refused 50
	equal "sent by the device" "$(kernel "$B" v1 tx.packets)" 0
}

# Datagrams that were for this host, and no socket wanted.
has_refused() {
	[ "$(in_ns "$B" awk '$1 == "Udp:" && $2 ~ /^[0-9]/ { print $3 }' /proc/net/snmp)" = "$1" ]
}

@test "doctor_has_tried_the_module" {
	equal ring "$("$NSRING" doctor --json |
		jq -r 'select(.subject == "ring").verdict')" usable
}

@test "capture_that_is_killed_leaves_nothing_in_the_kernel" {
	netns_pair
	start_open dump "$NSRING" dump --json -i "netns:$B/v1" -w /dev/null --duration 60
	equal promiscuity "$(promiscuity "$B" v1)" 1
	kill -KILL "${PID[dump]}"
	wait_until has_no_capture "$B"
	equal promiscuity "$(promiscuity "$B" v1)" 0
}

@test "engine_packet_can_be_named_where_the_module_is_loaded" {
	netns_pair
	count count -i "netns:$B/packet:v1"
	equal engine "$(opened count .engine)" packet
	send "$A" 100
	arrived "$B" v1 100
	finish count
	equal packets "$(total count .packets)" 100
}
