#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The engine zc where the device writes into the capture's memory: in the guest of tests/vm/suite.
#
#	A: eth0 ---- eth1 :here
#	   send ->   nsring count --xdp zerocopy -i zc:eth1

bats_require_minimum_version 1.5.0
load ../lib/netns

A=nsr-sender

# The devices stay for all tests; a test that failed may have left a capture.
setup() {
	[ -e "/run/netns/$A" ] || {
		echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		ip netns add "$A"
		in_ns "$A" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
		ip link set eth0 netns "$A"
		ip -n "$A" link set eth0 multicast off up
		ip link set eth1 multicast off up
	}
	before=$(received)
}

# Here there is no other namespace: what tests/lib/netns.bash does in one, is done in this one.
received() {
	cat /sys/class/net/eth1/statistics/rx_packets
}

has_come() {
	[ "$(($(received) - before))" -ge "$1" ]
}

come() {
	wait_until has_come "$1"
}

program() {
	ip -j link show dev eth1 | jq -r '.[0].xdp.prog.id // empty'
}

has_no_program() {
	[ -z "$(program)" ]
}

is_open() {
	grep -q '"open":true' "$BATS_TEST_TMPDIR/count.out" || ! kill -0 "${PID[count]}" 2>/dev/null
}

# zero_copy ARGUMENT…: nsring count on eth1 in zero-copy mode, as process "count".
zero_copy() {
	start count "$NSRING" count --json --duration 60 --xdp zerocopy -i zc:eth1 "$@"
	wait_until is_open
	[[ $(out count | head -n 1 | jq -r .mode) == *zero-copy* ]] || {
		err count >&2
		return 1
	}
}

# send COUNT [ARGUMENT…]: that many generated frames out of A's device.
send() {
	local count=$1
	shift
	"$NSRING" send -i "netns:$A/eth0" --count "$count" "$@" >/dev/null
}

@test "zero_copy_counts_what_the_device_counts" {
	zero_copy
	send 2000
	come 2000
	finish count
	equal packets "$(total count .packets)" 2000
	equal bytes "$(total count .bytes)" $((2000 * 60))
	equal lost "$(total count '.lost | add')" 0
	equal "received by the device" $(($(received) - before)) 2000
}

@test "zero_copy_is_what_a_capture_uses_when_no_mode_is_demanded" {
	start count "$NSRING" count --json --duration 60 -i zc:eth1
	wait_until is_open
	[[ $(out count | head -n 1 | jq -r .mode) == *zero-copy* ]]
	finish count
}

@test "zero_copy_dump_writes_the_bytes_that_were_sent" {
	local file=$BATS_TEST_TMPDIR/zc.pcapng witness=$BATS_TEST_TMPDIR/sent.pcap
	start count "$NSRING" dump --xdp zerocopy -i zc:eth1 -w "$file" --duration 60
	start tcpdump nsenter --net="/run/netns/$A" tcpdump -U -i eth0 -w "$witness"
	wait_until grep -q 'listening on' "$BATS_TEST_TMPDIR/tcpdump.err"
	wait_until program_is_there
	send 100 --flows 50 --size 60-1514
	come 100
	wait_until has_bytes "$witness" 100
	finish count
	finish tcpdump
	equal frames "$(tcpdump -r "$file" 2>/dev/null | wc -l)" 100
	equal bytes "$(bytes "$file")" "$(bytes "$witness")"
}

program_is_there() {
	[ -n "$(program)" ]
}

has_bytes() {
	[ "$(tcpdump -r "$1" 2>/dev/null | wc -l)" -ge "$2" ]
}
