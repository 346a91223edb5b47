#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Sending XDP live frames: what nsring send tells against what the peer's kernel counts and tcpdump
# sees, and against what the engine packet sends.
#
#	A: v0 ---- v1 :B      GRO on at v1, so that it has the queue that XDP frames go to
#	   nsring send -> tcpdump

load ../lib/netns
load ../lib/frames

pair() {
	netns_pair "$@"
	in_ns "$B" ethtool -K v1 gro on
}

# witness NAME: tcpdump on v1, into $file.
witness() {
	file=$BATS_TEST_TMPDIR/$1.pcap
	start_in "$B" "$1" timeout 60 nsenter --net="/run/netns/$B" \
		tcpdump -U -i v1 -B 16384 -w "$file"
}

# seen NAME COUNT: tcpdump has that many.
seen() {
	wait_until has_frames "$BATS_TEST_TMPDIR/$1.pcap" "$2"
	finish "$1"
}

# send ENGINE ARGUMENT…
send() {
	local engine=$1
	shift
	run timeout 60 "$NSRING" send -i "netns:$A/$engine:v0" "$@"
	[ "$status" = 0 ] || {
		echo "status $status: $output" >&2
		return 1
	}
}

# xdp_frames: how many v1 has received as XDP frames.
xdp_frames() {
	in_ns "$B" ethtool -S v1 | awk '/rx_queue_[0-9]+_xdp_packets/ { sum += $2 } END { print sum + 0 }'
}

# Every length from 14 to 1514 bytes that is near a boundary of the copying, and others.
many_lengths() {
	local filler bytes n
	printf -v filler '%02x' $(seq 0 255)
	filler=$filler$filler$filler$filler$filler$filler
	for bytes in 14 15 $(seq 30 34) $(seq 59 68) $(seq 120 132) $(seq 133 41 1500) 1514; do
		n=$((2 * (bytes - 14)))
		eth 88b5 "${filler:$((2 * (bytes % 256))):n}"
		eth 88b5 "${filler:2:n}"
	done
}

# same_as_packet COUNT ARGUMENT…: both engines send the same frames in the same order.
same_as_packet() {
	local engine count=$1
	shift
	pair
	for engine in packet live; do
		witness "$engine"
		send "$engine" --count "$count" "$@"
		seen "$engine" "$count"
	done
	equal "frames of live" "$(bytes "$BATS_TEST_TMPDIR/live.pcap" | md5sum)" \
		"$(bytes "$BATS_TEST_TMPDIR/packet.pcap" | md5sum)"
	equal packets "$(frames "$BATS_TEST_TMPDIR/live.pcap")" "$count"
}

# programs PID: ids of the BPF programs that a process has open.
programs() {
	cat "/proc/$1/fdinfo/"* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -u
}

no_programs() {
	local id
	for id; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done
}

# start_sending ARGUMENT…: in the background as process "send", until its first frames arrive.
start_sending() {
	start send "$NSRING" send -i "netns:$A/live:v0" --json "$@"
	arrived "$B" v1 1
}

@test "live_count_option_sends_exactly_that_many" {
	pair
	send live --count 100003 --flows 7
	arrived "$B" v1 100003
	equal packets "$(kernel "$B" v1 rx.packets)" 100003
	equal "XDP frames" "$(xdp_frames)" 100003
}

@test "engine_option_sends_live_frames_too" {
	pair
	run timeout 60 "$NSRING" send --engine live -i "netns:$A/v0" --count 100
	equal status "$status" 0
	arrived "$B" v1 100
	equal "XDP frames" "$(xdp_frames)" 100
}

@test "engine_option_against_the_engine_of_the_target_is_a_usage_error" {
	netns_pair
	run "$NSRING" send --engine live -i "netns:$A/packet:v0" --count 1
	equal status "$status" 2
	[[ $output == *"--engine is not"* ]]
	equal packets "$(kernel "$B" v1 rx.packets)" 0
}

@test "live_rate_option_sends_exactly_that_many_and_not_faster" {
	pair
	send live --count 3000 --rate 50kpps --json
	arrived "$B" v1 3000
	equal packets "$(kernel "$B" v1 rx.packets)" 3000
	jq -e '.seconds >= 2999 / 50000' <<<"${lines[-1]}"
}

@test "live_json_totals_are_what_the_peer_counts" {
	pair
	send live --count 700 --size 200 --json
	arrived "$B" v1 700
	equal packets "$(jq .packets <<<"${lines[-1]}")" 700
	equal bytes "$(jq .bytes <<<"${lines[-1]}")" "$(kernel "$B" v1 rx.bytes)"
	jq -e '.cpu_seconds > 0' <<<"${lines[-1]}"
}

@test "generated_live_frames_are_those_of_the_packet_engine" {
	same_as_packet 1000 --flows 64
}

@test "live_frames_with_a_vlan_tag_are_those_of_the_packet_engine" {
	same_as_packet 300 --vlan 42 --size 1518 --flows 3
}

@test "live_frames_of_ipv6_are_those_of_the_packet_engine" {
	same_as_packet 300 --dst 2001:db8::77 --flows 300 --size 101
}

@test "more_live_flows_than_fit_into_a_run_are_those_of_the_packet_engine" {
	same_as_packet 6000 --flows 5000 --size 700
}

@test "live_replay_is_byte_for_byte_the_file_and_in_its_order" {
	local file
	pair
	capture_file "$BATS_TEST_TMPDIR/sent" "$(declare -f many_lengths); many_lengths"
	witness live
	send live --rate max --loop 2 "$BATS_TEST_TMPDIR/sent"
	seen live $((2 * $(frames "$BATS_TEST_TMPDIR/sent")))
	equal bytes "$(bytes "$file" | md5sum)" \
		"$( (bytes "$BATS_TEST_TMPDIR/sent"; bytes "$BATS_TEST_TMPDIR/sent") | md5sum)"
}

# In no order, which GRO at v1 changes.
@test "live_replay_of_all_kinds_of_frames_is_byte_for_byte_the_file" {
	local file
	pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	witness live
	send live --rate max "$BATS_TEST_TMPDIR/sent"
	seen live 44
	equal bytes "$(bytes "$file" | sort | md5sum)" \
		"$(bytes "$BATS_TEST_TMPDIR/sent" | sort | md5sum)"
}

@test "live_replay_at_the_file's_own_pace_sends_every_frame" {
	pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	send live "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 44
	equal packets "$(kernel "$B" v1 rx.packets)" 44
}

@test "live_duration_option_ends_sending_with_exact_totals" {
	pair
	send live --duration 0.3 --flows 64 --json
	equal packets "$(jq .packets <<<"${lines[-1]}")" "$(kernel "$B" v1 rx.packets)"
}

@test "ctrl_c_ends_live_sending_with_exact_totals" {
	pair
	start_sending --duration 60 --flows 64
	finish send
	equal packets "$(total send .packets)" "$(kernel "$B" v1 rx.packets)"
}

# slow_receiver: what arrives at v1 is taken by a thread, on another processor than frames are made
# on where there are two: slower than they are made, and its queue is short.
slow_receiver() {
	ip netns exec "$B" sh -c 'echo 1 >/sys/class/net/v1/threaded' ||
		skip "this kernel has no threaded NAPI"
	taskset -p 2 "$(pgrep -n '^napi/v1-')" >/dev/null || :
}

refused_frames() {
	in_ns "$A" ethtool -S v0 | awk '/xdp_xmit_errors/ { sum += $2 } END { print sum + 0 }'
}

@test "live_frames_that_a_full_queue_refuses_are_sent_all_the_same" {
	pair
	slow_receiver
	send live --count 300000 --flows 64
	arrived "$B" v1 300000
	equal packets "$(kernel "$B" v1 rx.packets)" 300000
	[ "$(refused_frames)" -gt 0 ]
}

# Many short runs: in some of them a frame behind the first refused ones is taken.
@test "a_queue_that_was_full_loses_and_doubles_no_live_frame" {
	pair
	slow_receiver
	witness live
	for _ in {1..20}; do
		taskset 1 "$NSRING" send -i "netns:$A/live:v0" --count 1500 --flows 1500 >/dev/null
	done
	[ "$(refused_frames)" -gt 0 ]
	seen live 30000
	equal "flows seen 20 times" "$(fields "$BATS_TEST_TMPDIR/live.pcap" ip.src udp.srcport |
		sort | uniq -c | awk '$1 == 20' | wc -l)" 1500
}

@test "two_live_senders_on_one_device_count_their_own_frames" {
	pair
	start one "$NSRING" send -i "netns:$A/live:v0" --count 50000 --json
	start two "$NSRING" send -i "netns:$A/live:v0" --count 70000 --size 100 --json
	reap one
	reap two
	arrived "$B" v1 120000
	equal packets "$(kernel "$B" v1 rx.packets)" 120000
	equal "packets of one" "$(total one .packets)" 50000
	equal "packets of two" "$(total two .packets)" 70000
}

@test "killed_live_sender_leaves_no_program" {
	local id ids
	pair
	start_sending --duration 60 --rate 1kpps
	ids=$(programs "${PID[send]}")
	[ -n "$ids" ]
	for id in $ids; do
		bpftool prog show id "$id" >/dev/null
	done
	kill -KILL "${PID[send]}"
	reap send 137
	wait_until no_programs $ids
}

@test "live_sending_changes_nothing_of_the_device" {
	local before
	pair
	before=$(in_ns "$A" ethtool -k v0; in_ns "$B" ethtool -k v1)
	start_sending --duration 60 --rate 1kpps
	equal features "$(in_ns "$A" ethtool -k v0; in_ns "$B" ethtool -k v1)" "$before"
	equal "XDP programs" "$(ip -n "$A" -j link show dev v0 | jq '.[0].xdp')" null
	finish send
}

@test "peer_without_gro_is_told_before_anything_is_sent" {
	netns_pair
	run timeout 60 "$NSRING" send -i "netns:$A/live:v0" --count 10
	equal status "$status" 1
	[[ $output == *"ethtool -K PEER gro on"* ]]
}

@test "peer_that_turns_gro_off_ends_live_sending_with_exact_totals" {
	pair
	start_sending --duration 60 --rate 10kpps
	in_ns "$B" ethtool -K v1 gro off
	reap send 1
	says send "ethtool -K PEER gro on"
	equal packets "$(total send .packets)" "$(kernel "$B" v1 rx.packets)"
}

@test "device_set_down_ends_live_sending_with_exact_totals" {
	pair
	start_sending --duration 60 --rate 10kpps
	ip -n "$A" link set v0 down
	reap send 1
	says send "v0: the device is down"
	equal packets "$(total send .packets)" "$(kernel "$B" v1 rx.packets)"
}

@test "device_that_is_deleted_ends_live_sending" {
	pair
	start_sending --duration 60 --rate 10kpps
	ip -n "$A" link delete v0
	reap send 1
	says send "v0: the device is gone"
}

@test "live_frame_longer_than_the_mtu_is_refused_after_those_before_it" {
	pair
	capture_file "$BATS_TEST_TMPDIR/sent" 'eth 88b5 "$(payload 100)"; eth 88b5 "$(payload 1600)"
		eth 88b5 "$(payload 100)"'
	send live --rate max --json "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 2
	equal totals "$(jq -c '[.packets, .skipped.too_long]' <<<"${lines[-1]}")" "[2,1]"
	run timeout 60 "$NSRING" send -i "netns:$A/live:v0" --count 10 --size 1515
	equal status "$status" 1
	[[ $output == *"raise its MTU"* ]]
	equal packets "$(kernel "$B" v1 rx.packets)" 2
}

@test "live_frame_longer_than_a_page_holds_is_refused" {
	pair 9000
	run timeout 60 "$NSRING" send -i "netns:$A/live:v0" --count 10 --size 3329
	equal status "$status" 1
	[[ $output == *"longer than a live frame can be (3328)"* ]]
	witness live
	send live --count 10 --size 3328
	seen live 10
	equal lengths "$(fields "$BATS_TEST_TMPDIR/live.pcap" frame.len | sort | uniq -c | xargs)" \
		"10 3328"
}

@test "live_engine_refuses_to_receive" {
	netns_pair
	run timeout 60 "$NSRING" count -i "netns:$A/live:v0"
	equal status "$status" 1
	[[ $output == *"only sends"* ]]
}

@test "live_engine_refuses_any_and_what_is_no_ethernet" {
	netns_pair
	run timeout 60 "$NSRING" send -i "netns:$A/live:any" --count 1
	equal status "$status" 1
	[[ $output == *"name a device"* ]]
	run timeout 60 "$NSRING" send -i "netns:$A/live:lo" --count 1
	equal status "$status" 1
	[[ $output == *"no Ethernet device"* ]]
}

@test "live_sending_without_cap_sys_admin_is_exact" {
	pair
	run in_ns "$A" setpriv --bounding-set=-sys_admin timeout 60 "$NSRING" send -i live:v0 \
		--count 5000
	equal status "$status" 0
	arrived "$B" v1 5000
	equal packets "$(kernel "$B" v1 rx.packets)" 5000
}

@test "live_sending_without_cap_bpf_says_what_it_needs" {
	netns_pair
	in_ns "$B" ethtool -K v1 gro on
	run in_ns "$A" setpriv --bounding-set=-sys_admin,-bpf timeout 60 "$NSRING" send -i live:v0 \
		--count 1
	equal status "$status" 1
	[[ $output == *CAP_BPF* ]]
}
