#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Dump: files and pipes that other programs read.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   udp ->              nsring dump -> tshark, tcpdump, capinfos

load ../lib/netns
load ../lib/savefile

FRAME=02000000000b02000000000a88b5
for _ in {1..46}; do FRAME+=5a; done

# dump_of COUNT OPTION…: a file of that many packets, in $file.
dump_of() {
	local packets=$1
	shift
	file=$BATS_TEST_TMPDIR/file
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$file" --duration 60 "$@"
	udp "$A" "$packets"
	arrived "$B" v1 "$packets"
	finish dump
}

@test "dump_file_has_every_packet_for_tshark" {
	dump_of 50
	equal packets "$(frames "$file")" 50
}

@test "dump_file_has_every_packet_for_tcpdump" {
	dump_of 50
	equal packets "$(tcpdump -nn -r "$file" 2>/dev/null | wc -l)" 50
}

@test "dump_file_has_every_packet_for_capinfos" {
	dump_of 50
	equal packets "$(capinfos -Mcr "$file" | awk '/Number of packets/ { print $NF }')" 50
}

@test "dump_file_has_the_bytes_that_tcpdump_captures" {
	file=$BATS_TEST_TMPDIR/file
	netns_pair
	start_in "$B" witness timeout 60 nsenter --net="/run/netns/$B" tcpdump -U -i v1 \
		-w "$BATS_TEST_TMPDIR/want"
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$file" --duration 60
	udp "$A" 50
	arrived "$B" v1 50
	wait_until has_frames "$BATS_TEST_TMPDIR/want" 50
	finish dump
	finish witness
	equal bytes "$(bytes "$file" | md5sum)" "$(bytes "$BATS_TEST_TMPDIR/want" | md5sum)"
}

@test "dump_is_pcapng_by_default" {
	dump_of 1
	[[ $(capinfos -t "$file") == *pcapng* ]]
}

@test "pcap_option_writes_classic_pcap_with_nanoseconds" {
	dump_of 5 --pcap
	[[ $(capinfos -t "$file") == *"nanosecond pcap"* ]]
	equal packets "$(frames "$file")" 5
}

@test "interface_block_has_the_device_the_place_and_the_filter" {
	dump_of 1 udp port 9
	run capinfos -I "$file"
	[[ $output == *"Name = v1"* ]]
	[[ $output == *"Description = "*"$B"* ]]
	[[ $output == *"Filter string = udp port 9"* ]]
	[[ $output == *"Time precision = nanoseconds"* ]]
}

@test "statistics_block_has_what_was_received_and_dropped" {
	dump_of 20
	run capinfos -I "$file"
	[[ $output == *"Number of stat entries = 1"* ]]
	equal "received in the last block" "$(last_isb_option "$file" 4)" 20
	equal "dropped in the last block" "$(last_isb_option "$file" 5)" 0
}

# last_isb_option FILE CODE: the 64-bit value of an option of the block that ends the file.
last_isb_option() {
	local words i code length
	length=$(tail -c 4 "$1" | od -An -tu4 | xargs)
	read -ra words < <(tail -c "$length" "$1" | od -An -v -tu2 -w65536 | xargs)
	[ "${words[0]}" = 5 ] || return
	for ((i = 10; i + 6 < ${#words[@]}; i += 2 + (length + 3) / 4 * 2)); do
		code=${words[i]} length=${words[i + 1]}
		[ "$code" != "$2" ] || echo $((words[i + 2] + (words[i + 3] << 16)))
	done
}

@test "packets_option_writes_exactly_that_many" {
	file=$BATS_TEST_TMPDIR/file
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$file" --duration 60 --packets 13
	udp "$A" 100
	reap dump
	equal packets "$(frames "$file")" 13
}

@test "several_targets_in_one_file_keep_their_interfaces" {
	file=$BATS_TEST_TMPDIR/file
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$A/v0" -i "netns:$B/v1" -w "$file" --duration 60
	wait_until has_sockets "$A" 1
	udp "$A" 10
	arrived "$B" v1 10
	finish dump
	equal devices "$(fields "$file" frame.interface_name | sort | uniq -c | xargs)" "10 v0 10 v1"
}

# both_ends NAME EXPECTED ARGUMENT…: dump of both ends of the pair, as process NAME, until it has shown or
# written EXPECTED packets of datagrams that cross it.
both_ends() {
	local name=$1 want=$2
	shift 2
	start "$name" "$NSRING" dump --duration 60 -c "$want" -i "netns:$A/v0" -i "netns:$B/v1" "$@"
	wait_until has_sockets "$A" 1
	wait_until has_sockets "$B" 1
	while kill -0 "${PID[$name]}" 2>/dev/null; do
		udp "$A" 20
	done
	reap "$name"
}

@test "lines_of_several_targets_are_in_the_order_of_time" {
	local option
	netns_pair
	for option in --batch-ms=20 --immediate; do
		both_ends lines 400 "$option" udp
		equal lines "$(out lines | wc -l)" 400
		out lines | cut -d ' ' -f 1 | LC_ALL=C sort -c
		[ "$(out lines | grep -c v0)" -ge 150 ]
	done
}

@test "file_of_several_targets_is_in_the_order_of_time" {
	netns_pair
	file=$BATS_TEST_TMPDIR/file
	both_ends write 400 -w "$file" udp
	equal packets "$(frames "$file")" 400
	capinfos -o "$file" | grep -q "Strict time order: *True"
}

@test "packets_of_one_target_do_not_wait_for_ever_for_a_quiet_one" {
	netns_pair
	start dump "$NSRING" dump --duration 600 -c 5 -i "netns:$A/v0" -i "netns:$B/lo" udp
	wait_until has_sockets "$A" 1
	wait_until has_sockets "$B" 1
	udp "$A" 5
	reap dump
	equal lines "$(out dump | wc -l)" 5
}

@test "files_that_are_read_together_are_merged_by_time" {
	local at one two
	for at in 1 4 5 9 12; do one+=$(pcap_packet "$at" "$FRAME"); done
	for at in 2 3 6 7 8 10 11; do two+=$(pcap_packet "$at" "$FRAME"); done
	bytes_of "$BATS_TEST_TMPDIR/one" "$(pcap_header 1)" "$one"
	bytes_of "$BATS_TEST_TMPDIR/two" "$(pcap_header 1)" "$two"
	run "$NSRING" dump --json -i "file:$BATS_TEST_TMPDIR/one" -i "file:$BATS_TEST_TMPDIR/two"
	equal status "$status" 0
	equal seconds "$(printf '%s\n' "${lines[@]}" |
		jq -r 'select(.stamp_ns) | .stamp_ns / 1000000000' | xargs)" "1 2 3 4 5 6 7 8 9 10 11 12"
}

@test "killed_dump_leaves_a_file_that_reads_up_to_its_last_whole_block" {
	file=$BATS_TEST_TMPDIR/file
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$file" --duration 60
	udp "$A" 10
	wait_until has_frames "$file" 10
	kill -KILL "${PID[dump]}"
	reap dump 137
	equal packets "$(tcpdump -nn -r "$file" 2>/dev/null | wc -l)" 10
}

@test "text_output_has_a_line_a_packet" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" --duration 60
	udp "$A" 12
	arrived "$B" v1 12
	finish dump
	equal lines "$(out dump | grep -c '10.9.0.1.* > 10.9.0.99.9')" 12
}

@test "json_output_has_an_object_a_packet" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" --duration 60 --json udp
	udp "$A" 12
	arrived "$B" v1 12
	finish dump
	equal objects "$(out dump | jq -s 'map(select((.final or .open) | not)) | length')" 12
}

@test "json_output_says_at_once_that_the_capture_into_a_file_is_open" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" --duration 60 --json \
		-w "$BATS_TEST_TMPDIR/file.pcapng"
	wait_until grep -q '"open":true' "$BATS_TEST_TMPDIR/dump.out"
	finish dump
}

@test "pipe_into_tcpdump_shows_packets_while_the_capture_goes_on" {
	netns_pair
	start_in "$B" pipe bash -c "'$NSRING' dump -i 'netns:$B/v1' -w - --duration 60 |
		tcpdump -l -nn -r -"
	udp "$A" 3
	wait_until grep -q -c 10.9.0.99 "$BATS_TEST_TMPDIR/pipe.out"
	has_sockets "$B" 1
}

@test "pipe_into_tshark_has_every_packet" {
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w - --duration 60
	udp "$A" 30
	arrived "$B" v1 30
	finish dump
	equal packets "$(out dump | tshark -r - 2>/dev/null | wc -l)" 30
}

@test "closed_pipe_ends_the_run_with_status_1_and_one_sentence" {
	netns_pair
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	start_in "$B" dump bash -c "exec '$NSRING' dump -i 'netns:$B/v1' -w - --duration 60 \
		>'$BATS_TEST_TMPDIR/pipe' 8>&-"
	exec 8>&-
	udp "$A" 100
	reap dump 1
	equal sentences "$(err dump | grep -ci 'pipe')" 1
}
