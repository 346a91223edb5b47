#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Sending: what nsring send tells against what the peer's kernel counts and tcpdump sees.
#
#	A: v0 ---- v1 :B
#	   nsring send -> tcpdump

load ../lib/netns
load ../lib/frames
load ../lib/savefile

# 60 bytes
SENT=02000000000b02000000000a88b5
for _ in {1..46}; do SENT+=5a; done

# witness: tcpdump on v1, into $file.
witness() {
	file=$BATS_TEST_TMPDIR/seen
	start_in "$B" tcpdump timeout 60 nsenter --net="/run/netns/$B" tcpdump -U -i v1 -w "$file"
}

# seen COUNT: tcpdump has that many.
seen() {
	wait_until has_frames "$file" "$1"
	finish tcpdump
}

send() {
	run timeout 60 "$NSRING" send -i "netns:$A/v0" "$@"
	[ "$status" = 0 ] || {
		echo "status $status: $output" >&2
		return 1
	}
}

@test "count_option_sends_exactly_that_many" {
	netns_pair
	send --count 5000
	arrived "$B" v1 5000
	equal packets "$(kernel "$B" v1 rx.packets)" 5000
}

@test "rate_option_sends_exactly_that_many_too" {
	netns_pair
	send --count 333 --rate 1kpps
	arrived "$B" v1 333
	equal packets "$(kernel "$B" v1 rx.packets)" 333
}

@test "sending_past_the_qdisc_sends_exactly_that_many" {
	netns_pair
	send --count 5000 --qdisc-bypass
	arrived "$B" v1 5000
	equal packets "$(kernel "$B" v1 rx.packets)" 5000
}

@test "replay_of_a_pipe_waits_for_its_first_interface" {
	local section
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/file" mixed_frames -F pcapng
	section=$(od -An -tu4 -j4 -N4 "$BATS_TEST_TMPDIR/file")
	(
		head -c "$((section))" "$BATS_TEST_TMPDIR/file"
		sleep 0.5
		tail -c "+$((section + 1))" "$BATS_TEST_TMPDIR/file"
	) | "$NSRING" send -i "netns:$A/v0" --rate max -
	arrived "$B" v1 44
}

@test "duration_option_ends_sending" {
	netns_pair
	send --duration 0.5 --rate 100pps
	[ "$(kernel "$B" v1 rx.packets)" -gt 0 ]
}

@test "json_totals_are_what_the_peer_counts" {
	netns_pair
	send --count 700 --size 200 --json
	arrived "$B" v1 700
	equal packets "$(jq .packets <<<"${lines[-1]}")" 700
	equal bytes "$(jq .bytes <<<"${lines[-1]}")" "$(kernel "$B" v1 rx.bytes)"
}

@test "size_option_is_the_length_of_every_frame" {
	netns_pair
	witness
	send --count 20 --size 333
	seen 20
	equal lengths "$(fields "$file" frame.len | sort | uniq -c | xargs)" "20 333"
}

@test "flows_option_sends_that_many_different_flows" {
	netns_pair
	witness
	send --count 100 --flows 10
	seen 100
	equal flows "$(fields "$file" ip.src udp.srcport ip.dst udp.dstport | sort -u | wc -l)" 10
}

@test "generated_frames_have_right_checksums" {
	netns_pair
	witness
	send --count 20 --flows 5 --size 101
	seen 20
	equal bad "$(tshark -r "$file" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
		-Y 'ip.checksum.status != Good or udp.checksum.status != Good' 2>/dev/null | wc -l)" 0
}

@test "vlan_option_tags_every_frame" {
	netns_pair
	witness
	send --count 10 --vlan 42
	seen 10
	equal tags "$(fields "$file" vlan.id udp.length | cut -f 1 | sort | uniq -c | xargs)" "10 42"
}

@test "stack_of_the_peer_answers_nothing_to_generated_frames" {
	netns_pair
	send --count 100
	arrived "$B" v1 100
	equal answers "$(kernel "$B" v1 tx.packets)" 0
}

@test "replay_is_byte_for_byte_the_file" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	witness
	send --rate max "$BATS_TEST_TMPDIR/sent"
	seen 44
	equal bytes "$(bytes "$file" | md5sum)" "$(bytes "$BATS_TEST_TMPDIR/sent" | md5sum)"
}

@test "replay_of_pcapng_is_byte_for_byte_the_file" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames -F pcapng
	witness
	send --rate max "$BATS_TEST_TMPDIR/sent"
	seen 44
	equal bytes "$(bytes "$file" | md5sum)" "$(bytes "$BATS_TEST_TMPDIR/sent" | md5sum)"
}

@test "replay_at_the_file's_own_pace_sends_every_frame" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	send "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 44
	equal packets "$(kernel "$B" v1 rx.packets)" 44
}

@test "replay_from_standard_input_sends_every_frame" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	timeout 60 "$NSRING" send -i "netns:$A/v0" --rate max - <"$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 44
	equal packets "$(kernel "$B" v1 rx.packets)" 44
}

@test "replay_with_filter_words_sends_what_tcpdump_selects" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	witness
	send --rate max "$BATS_TEST_TMPDIR/sent" udp port 53
	seen 2
	equal bytes "$(bytes "$file" | md5sum)" \
		"$(bytes "$BATS_TEST_TMPDIR/sent" udp port 53 | md5sum)"
}

@test "loop_option_replays_that_many_times" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	send --rate max --loop 3 "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 132
	equal packets "$(kernel "$B" v1 rx.packets)" 132
}

@test "frames_too_long_for_the_device_are_skipped_and_said" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" \
		'eth 88b5 "$(payload 3000)"; eth 88b5 "$(payload 100)"'
	run timeout 60 "$NSRING" send -i "netns:$A/v0" --rate max "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 1
	equal packets "$(kernel "$B" v1 rx.packets)" 1
	[[ $output == *long* ]]
}

@test "sending_on_a_device_that_is_down_is_said" {
	netns_pair
	ip -n "$A" link set v0 down
	run timeout 60 "$NSRING" send -i "netns:$A/v0" --count 10
	equal status "$status" 1
	[[ $output == *v0*down* ]]
}

# Both totals of a run that could not send all: those for people, and JSON; $1 frames were given to it.
sent_is_what_the_device_counted() {
	local sent
	sent=$(kernel "$A" v0 tx.packets)
	equal packets "$(total send .packets)" "$sent"
	equal bytes "$(total send .bytes)" "$(kernel "$A" v0 tx.bytes)"
	equal dropped "$(total send .dropped)" $(($1 - sent))
}

@test "without_a_carrier_no_frame_counts_as_sent_and_the_run_fails" {
	netns_pair
	ip -n "$B" link set v1 down
	wait_until link_is_down "$A" v0
	start send "$NSRING" send -i "netns:$A/v0" --count 1000 --json
	reap send 1
	says send "has no carrier: it drops frames"
	says send "1,000 of 1,000 frames did not leave the device"
	sent_is_what_the_device_counted 1000
	equal packets "$(total send .packets)" 0
	run "$NSRING" send -i "netns:$A/v0" --count 7
	equal status "$status" 1
	[[ $output == *": 0 frames, 0 bytes sent"*"7 frames not sent: the device has no carrier"* ]]
}

@test "frames_sent_before_the_carrier_was_lost_are_told_from_those_after_it" {
	netns_pair
	start send "$NSRING" send -i "netns:$A/v0" --count 3000 --rate 1000 --json
	arrived "$B" v1 10
	ip -n "$B" link set v1 down
	reap send 1
	says send "which has no carrier"
	sent_is_what_the_device_counted 3000
	[ "$(total send .packets)" -ge 10 ]
}

@test "frames_that_the_queueing_discipline_drops_do_not_count_as_sent" {
	netns_pair
	ip netns exec "$A" tc qdisc add dev v0 root blackhole
	start send "$NSRING" send -i "netns:$A/v0" --count 50 --json
	reap send 1
	says send "50 of 50 frames did not leave the device: it or its queue dropped them"
	sent_is_what_the_device_counted 50
	ip netns exec "$A" tc qdisc del dev v0 root
	send --count 50 --json
	equal dropped "$(jq .dropped <<<"${lines[-1]}")" 0
}

# start_sending: in the background as process "send", until its first frames arrive.
start_sending() {
	start send "$NSRING" send -i "netns:$A/v0" --json --duration 60 --rate 5k
	arrived "$B" v1 1
}

@test "device_that_is_deleted_while_frames_are_sent_is_gone_and_not_down" {
	netns_pair
	start_sending
	ip -n "$A" link delete v0
	reap send 1
	says send "the device is gone"
	! says send "ip link set" 2>/dev/null
}

@test "device_that_is_moved_while_frames_are_sent_is_gone_and_not_down" {
	netns_pair
	start_sending
	ip -n "$A" link set v0 netns "$B"
	reap send 1
	says send "the device is gone"
}

@test "device_that_is_set_down_while_frames_are_sent_is_down" {
	netns_pair
	start_sending
	ip -n "$A" link set v0 down
	reap send 1
	says send "the device is down: ip link set v0 up"
}

# made HEX…: a file of these bytes, in $file.
made() {
	file=$BATS_TEST_TMPDIR/made
	bytes_of "$file" "$@"
}

@test "file_whose_first_interface_is_of_another_link_type_is_sent" {
	local order
	netns_pair
	for order in "$(interface 101)$(interface 1)$(packet 1 5 "$SENT")$(packet 0 5 "${SENT:28}")" \
		"$(interface 1)$(interface 101)$(packet 0 5 "$SENT")$(packet 1 5 "${SENT:28}")"; do
		made "$(section)" "$order"
		send "$file"
		[[ $output == *": 1 frames, "*"1 frames not sent: of another link type"* ]]
	done
}

@test "file_without_a_frame_for_the_device_is_refused" {
	netns_pair
	made "$(section)" "$(interface 101)" "$(packet 0 5 "${SENT:28}")"
	run "$NSRING" send -i "netns:$A/v0" --loop 1000 "$file"
	equal status "$status" 1
	[[ $output == *"choose another device"* ]]
}

@test "packets_without_a_time_leave_at_once" {
	netns_pair
	made "$(section)" "$(interface 1)" "$(simple_packet "$SENT")" \
		"$(packet 0 1700000000000000 "$SENT")" "$(simple_packet "$SENT")" \
		"$(packet 0 1700000000100000 "$SENT")"
	send --duration 20 "$file"
	[[ $output == *": 4 frames, "*" in 0."* ]]
}

@test "loop_over_a_file_without_packets_ends" {
	netns_pair
	made "$(pcap_header 1)"
	send --loop 1000000000 "$file"
	[[ $output == *": 0 frames, "* ]]
}

@test "frame_check_sequence_of_a_file_is_left_to_the_device" {
	local header
	netns_pair
	# 32 bits in the pcap header, 32 bits and 4 bytes in the interface block
	for header in "$(pcap_header 0x24000001)$(pcap_packet 1 "${SENT}deadbeef")" \
		"$(section)$(interface 1 0 "$(option 13 20)")$(packet 0 5 "${SENT}deadbeef")" \
		"$(section)$(interface 1 0 "$(option 13 04)")$(packet 0 5 "${SENT}deadbeef")"; do
		made "$header"
		send "$file"
		[[ $output == *": 1 frames, 60 bytes sent"* ]]
	done
}

@test "silence_longer_than_max_gap_is_shortened_and_told_once" {
	netns_pair
	made "$(pcap_header 1)" "$(pcap_packet 1 "$SENT")" "$(pcap_packet 100000 "$SENT")" \
		"$(pcap_packet 200000 "$SENT")"
	send --max-gap 0.2 "$file"
	[[ $output == *": 3 frames, "*" in 0.4 s"* ]]
	equal notes "$(grep -c 'max-gap' <<<"$output")" 1
	send --rate max "$file"
	[[ $output != *max-gap* ]]
}
