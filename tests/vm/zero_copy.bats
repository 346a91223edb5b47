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
	mtu 1500
	before=$(received)
}

mtu() {
	ip -n "$A" link set eth0 mtu "$1"
	ip link set eth1 mtu "$1"
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

has_program() {
	[ -n "$(program)" ]
}

# Instead of Wireshark's, which are large.
frames() {
	tcpdump -nn -r "$1" 2>/dev/null | wc -l
}

# has_opened NAME: the capture is open, or has ended.
has_opened() {
	grep -q '"open":true' "$BATS_TEST_TMPDIR/$1.out" || ! kill -0 "${PID[$1]}" 2>/dev/null
}

# zero_copy ARGUMENT…: nsring count on eth1 in zero-copy mode, as process "count".
zero_copy() {
	start count "$NSRING" count --take --json --duration 60 --xdp zerocopy -i zc:eth1 "$@"
	wait_until has_opened count
	[[ $(out count | head -n 1 | jq -r .mode) == *zero-copy* ]] || {
		err count >&2
		return 1
	}
}

# send COUNT [ARGUMENT…]: that many generated frames out of A's device, for eth1.
send() {
	local count=$1
	shift
	"$NSRING" send -i "netns:$A/eth0" --dst-mac 02:00:00:00:00:0b --count "$count" "$@" >/dev/null
}

# verdict SUBJECT: nsring doctor's, on eth1.
verdict() {
	"$NSRING" doctor --json eth1 |
		jq -r --arg subject "$1" 'select(.subject == $subject).verdict'
}

@test "doctor_tells_of_zero_copy_where_count_has_it" {
	equal "zc.zero-copy before" "$(verdict zc.zero-copy)" usable
	zero_copy
	equal "xdp.program with a capture" "$(verdict xdp.program)" no
	equal "zc.zero-copy with a capture" "$(verdict zc.zero-copy)" no
	finish count
	wait_until has_no_program
	equal "zc.zero-copy without it" "$(verdict zc.zero-copy)" usable
	[[ $("$NSRING" doctor --json) == *'here eth1 has it'* ]]
	mtu 9000
	equal "zc.zero-copy with a large MTU" "$(verdict zc.zero-copy)" no
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
	start count "$NSRING" count --take --json --duration 60 -i zc:eth1
	wait_until has_opened count
	[[ $(out count | head -n 1 | jq -r .mode) == *zero-copy* ]]
	finish count
}

@test "zero_copy_dump_writes_the_bytes_that_were_sent" {
	local file=$BATS_TEST_TMPDIR/zc.pcap witness=$BATS_TEST_TMPDIR/sent.pcap bytes
	start dump "$NSRING" dump --take --xdp zerocopy -i zc:eth1 -w "$file" --duration 60
	start tcpdump nsenter --net="/run/netns/$A" tcpdump -U -i eth0 -w "$witness"
	wait_until grep -q 'listening on' "$BATS_TEST_TMPDIR/tcpdump.err"
	wait_until has_program
	for bytes in 60 64 256 1000 1514; do
		send 20 --flows 20 --size "$bytes"
	done
	come 100
	wait_until has_frames "$witness" 100
	finish dump
	finish tcpdump
	equal frames "$(frames "$file")" 100
	equal bytes "$(bytes "$file")" "$(bytes "$witness")"
}

@test "zero_copy_takes_what_matches_and_the_stack_gets_the_rest" {
	zero_copy udp src port 10000
	start stack "$NSRING" count --json --duration 60 -i eth1
	wait_until has_opened stack
	send 300 --flows 3
	come 300
	finish count
	finish stack
	equal packets "$(total count .packets)" 100
	equal "of the stack" "$(total stack .packets)" 200
}

@test "zero_copy_with_a_filter_that_matches_nothing_lets_all_pass" {
	zero_copy icmp
	start stack "$NSRING" count --json --duration 60 -i eth1
	wait_until has_opened stack
	send 500
	come 500
	finish count
	finish stack
	equal packets "$(total count .packets)" 0
	equal "of the stack" "$(total stack .packets)" 500
}

@test "zero_copy_ring_goes_round_many_times" {
	zero_copy --ring 512K
	send 20000 --rate 20kpps
	come 20000
	finish count
	equal "counted and lost" "$(total count '.packets + (.lost | add)')" 20000
}

# The wire waits for the device, and the device for frames that the capture gives back.
@test "zero_copy_goes_on_after_the_device_was_out_of_frames" {
	zero_copy --ring 512K
	kill -STOP "${PID[count]}"
	start sender "$NSRING" send -i "netns:$A/eth0" --count 3000
	come 256
	sleep 0.5
	kill -CONT "${PID[count]}"
	reap sender
	come 3000
	finish count
	equal packets "$(total count .packets)" 3000
}

@test "zero_copy_tap_copies_and_lets_all_pass" {
	start count "$NSRING" count --json --duration 60 -i zc:eth1
	start stack "$NSRING" count --json --duration 60 -i eth1
	wait_until has_opened count
	wait_until has_opened stack
	send 400
	come 400
	finish count
	finish stack
	equal packets "$(total count .packets)" 400
	equal "of the stack" "$(total stack .packets)" 400
}

@test "zero_copy_goes_on_after_its_device_was_down" {
	zero_copy
	send 100
	come 100
	ip link set eth1 down
	ip link set eth1 up
	send 200
	come 300
	finish count
	equal packets "$(total count .packets)" 300
}

@test "zero_copy_leaves_nothing_when_it_is_killed" {
	zero_copy
	kill -KILL "${PID[count]}"
	wait_until has_no_program
	equal promiscuity "$(ip -j -d link show dev eth1 | jq '.[0].promiscuity')" 0
	send 50
	come 50
	zero_copy
	send 70
	come 120
	finish count
	equal packets "$(total count .packets)" 70
	wait_until has_no_program
}

@test "zero_copy_sends_every_frame_with_its_bytes" {
	local witness=$BATS_TEST_TMPDIR/received.pcap
	start tcpdump nsenter --net="/run/netns/$A" tcpdump -U -i eth0 -w "$witness"
	wait_until grep -q 'listening on' "$BATS_TEST_TMPDIR/tcpdump.err"
	"$NSRING" send -i zc:eth1 --count 3000 --flows 300 --size 300 >/dev/null
	wait_until has_frames "$witness" 3000
	finish tcpdump
	equal "sums that are right" "$(tcpdump -nn -vv -r "$witness" 2>/dev/null |
		grep -c 'udp sum ok')" 3000
	equal flows "$(tcpdump -nn -t -r "$witness" 2>/dev/null | sort | uniq -c |
		awk '$1 == 10' | wc -l)" 300
}

@test "zero_copy_of_jumbo_frames_is_refused_with_what_to_do" {
	mtu 9000
	run -1 "$NSRING" count --take --duration 1 --xdp zerocopy -i zc:eth1
	[[ $output == *"MTU of 9000"*"lower the MTU to 3818"* ]]
	has_no_program
}

@test "zero_copy_takes_the_longest_frames_that_one_buffer_holds" {
	mtu 3500
	zero_copy
	send 200 --size 3514
	come 200
	finish count
	equal packets "$(total count .packets)" 200
	equal bytes "$(total count .bytes)" $((200 * 3514))
}

@test "jumbo_frames_are_copied_when_no_mode_is_demanded" {
	mtu 9000
	start count "$NSRING" count --take --json --duration 60 -i zc:eth1
	wait_until has_opened count
	send 200 --size 9014
	come 200
	finish count
	equal packets "$(total count .packets)" 200
	equal bytes "$(total count .bytes)" $((200 * 9014))
}

@test "zero_copy_group_shares_the_device" {
	local group
	zero_copy --fanout flow
	group=$(out count | head -n 1 | jq .fanout_group)
	start second "$NSRING" count --take --json --duration 60 -i zc:eth1 --fanout "flow:$group"
	wait_until has_opened second
	send 3000 --flows 300
	come 3000
	finish count
	finish second
	equal "of both" $(($(total count .packets) + $(total second .packets))) 3000
	[ "$(total count .packets)" -gt 300 ]
	[ "$(total second .packets)" -gt 300 ]
}
