#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Files as targets: the same commands, no root and no namespace.
#
#	mixed frames -> file.pcap -> nsring count, nsring dump

load ../lib/netns
load ../lib/frames
load ../lib/savefile

FRAME=02000000000b02000000000a0800450000280001000040060000c6336402c633640100500051000000010000000050020000000000000000
IP=${FRAME:28:80}

setup() {
	file=$BATS_TEST_TMPDIR/file.pcap
	capture_file "$file" mixed_frames
}

# made HEX…: a file of these bytes, in $file.
made() {
	file=$BATS_TEST_TMPDIR/made
	bytes_of "$file" "$@"
}

@test "count_of_a_file_has_its_packets_and_bytes" {
	"$NSRING" count --json -i "file:$file" >"$BATS_TEST_TMPDIR/count.out"
	equal packets "$(total count .packets)" 44
	equal bytes "$(total count .bytes)" \
		"$(fields "$file" frame.len | awk '{ sum += $1 } END { print sum }')"
}

@test "count_of_standard_input_has_its_packets" {
	"$NSRING" count --json -i file:- <"$file" >"$BATS_TEST_TMPDIR/count.out"
	equal packets "$(total count .packets)" 44
}

@test "option_that_a_file_can_not_do_is_refused" {
	local option
	for option in '--direction in' '--fanout flow'; do
		# shellcheck disable=SC2086 # an option and its value
		run "$NSRING" count -i "file:$file" $option
		equal "status of $option" "$status" 1
		[[ $output == *"a capture file can't do"* ]]
	done
}

@test "file_that_is_read_through_a_pipe_is_not_overwritten" {
	run "$NSRING" dump -i file:- -w "$file" <"$file"
	equal status "$status" 1
	equal packets "$(frames "$file")" 44
}

@test "file_that_is_read_is_not_appended_to" {
	run bash -c '"$1" dump -i "file:$2" -w - >>"$2"' - "$NSRING" "$file"
	equal status "$status" 1
	[[ $output == *"can't be written at the same time"* ]]
	equal packets "$(frames "$file")" 44
}

# dump_much COMMAND…: far more lines than any buffer holds, into the command's standard input.
dump_much() {
	local target=() i
	for ((i = 0; i < 100; i++)); do target+=(-i "file:$file"); done
	{ "$NSRING" dump -x "${target[@]}" 2>"$BATS_TEST_TMPDIR/err" || echo $? >"$BATS_TEST_TMPDIR/status"; } | "$@"
	equal status "$(cat "$BATS_TEST_TMPDIR/status")" 1
}

@test "pipe_that_its_reader_closes_ends_dump_without_an_error_text" {
	dump_much true
	[ ! -s "$BATS_TEST_TMPDIR/err" ] || ! grep -i 'error\|standard output' "$BATS_TEST_TMPDIR/err"
}

@test "full_disk_is_told_as_such" {
	local target=() i
	for ((i = 0; i < 100; i++)); do target+=(-i "file:$file"); done
	for i in '' --json; do
		# shellcheck disable=SC2086 # an option or none
		run bash -c '"$@" >/dev/full' - "$NSRING" dump $i "${target[@]}"
		equal status "$status" 1
		[[ $output == *"standard output: No space left on device"* ]]
	done
}

@test "file_name_with_control_characters_is_made_harmless" {
	local name=$BATS_TEST_TMPDIR/$'e\033[2Jvil\n'
	mv "$file" "$name"
	run "$NSRING" count -i "file:$name"
	[[ $output != *$'\033'* && $output == *'e?[2Jvil?: 44 packets'* ]]
	run "$NSRING" count -i "file:$name" -i "file:$name"
	[[ $output != *$'\033'* ]]
	run "$NSRING" dump -i "file:$name" -w "$name.copy"
	[[ $output != *$'\033'* && $output == *'vil?.copy: '* ]]
}

@test "packets_that_the_filter_can_not_be_asked_of_are_told" {
	made "$(section)" "$(interface 101)" "$(packet 0 5 "$IP")" "$(interface 1)" \
		"$(packet 1 5 "$FRAME")" "$(packet 0 5 "$IP")"
	run "$NSRING" count --json -i "file:$file" ether src 02:00:00:00:00:0a
	equal status "$status" 0
	[[ $output == *"2 packets are left out"*"RAW"* ]]
	grep -q '"unasked":2' <<<"$output"
	grep '"final":true' <<<"$output" | jq -e '.packets == 1 and .filtered == 2 and .unasked == 2'
	run "$NSRING" dump -i "file:$file" ether src 02:00:00:00:00:0a
	[[ $output == *"2 packets are left out"* ]]
}

@test "filter_that_no_packet_can_be_asked_is_an_error" {
	made "$(section)" "$(interface 101)" "$(packet 0 5 "$IP")"
	run "$NSRING" count -i "file:$file" ether src 02:00:00:00:00:0a
	equal status "$status" 1
	[[ $output == *filter*ether* ]]
}

@test "ctrl_c_ends_waiting_for_somebody_to_write_into_a_pipe" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	start count "$NSRING" count -i "file:$BATS_TEST_TMPDIR/pipe"
	wait_until waits_for_ctrl_c count
	finish count 1
}

@test "filter_on_a_file_selects_what_tcpdump_selects" {
	local filter
	for filter in udp 'port 53' 'vlan and tcp' 'not ip' 'greater 500'; do
		"$NSRING" dump -i "file:$file" --pcap -w "$BATS_TEST_TMPDIR/got" "$filter"
		equal "$filter" "$(bytes "$BATS_TEST_TMPDIR/got" | md5sum)" \
			"$(bytes "$file" "$filter" | md5sum)"
	done
}

@test "dump_of_a_file_copies_packets_and_stamps" {
	"$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/got"
	equal bytes "$(bytes "$BATS_TEST_TMPDIR/got" | md5sum)" "$(bytes "$file" | md5sum)"
	equal stamps "$(fields "$BATS_TEST_TMPDIR/got" frame.time_epoch | md5sum)" \
		"$(fields "$file" frame.time_epoch | md5sum)"
}

# told SECTION-OS…: a file of a section for each host, in $file: comments, names, secrets, statistics.
told() {
	local os parts=()
	for os; do
		parts+=("$(section "$(option 1 "$(text "a note")")$(option 3 "$(text "$os")")$END_OF_OPTIONS")"
			"$(interface 1 0 "$(option 2 "$(text eth9)")$(option 3 "$(text uplink)")$(option 12 "$(text RouterOS)")$END_OF_OPTIONS")"
			"$(block 10 "$(le 4 0x544c534b 4)$(text "KEY=")")"
			"$(packet 0 1700000000000000 "$FRAME" "$(option 1 "$(text "look here")")$END_OF_OPTIONS")"
			"$(block 4 "$(option 1 "c6336401$(text "host.example")00")$END_OF_OPTIONS")"
			"$(block 5 "$(le 4 0 $((1700000000000000 >> 32)) $((1700000000000000 & 0xffffffff)))$(option 4 "$(le 8 42)")$END_OF_OPTIONS")")
	done
	made "${parts[@]}"
}

@test "rewritten_file_tells_the_host_the_comments_the_names_and_the_secrets_of_the_first" {
	local got=$BATS_TEST_TMPDIR/got what
	told OtherOS
	"$NSRING" dump -i "file:$file" -w "$got"
	for what in Oper-sys Comment 'Name =' Description 'Operating system' 'stat entries' secrets resolved; do
		equal "$what" "$(capinfos "$got" | grep -i "$what")" "$(capinfos "$file" | grep -i "$what")"
		[ -n "$(capinfos "$file" | grep -i "$what")" ]
	done
	equal comment "$(fields "$got" frame.comment)" "look here"
	[[ $(capinfos "$got") != *"hardware"* ]]
	# Statistics are those of the file, not those of this run.
	grep -qaP '\x04\x00\x08\x00\x2a\x00{7}' "$got"
	! grep -qaF "$(uname -r)" "$got"
}

@test "rewriting_a_file_once_more_changes_nothing" {
	told OtherOS ThirdOS OtherOS
	"$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/once"
	"$NSRING" dump -i "file:$BATS_TEST_TMPDIR/once" -w "$BATS_TEST_TMPDIR/twice"
	cmp "$BATS_TEST_TMPDIR/once" "$BATS_TEST_TMPDIR/twice"
}

@test "each_section_of_a_rewritten_file_tells_its_own_host" {
	local got=$BATS_TEST_TMPDIR/got
	told OtherOS ThirdOS OtherOS
	"$NSRING" dump -i "file:$file" -w "$got"
	equal hosts "$(grep -aoE 'OtherOS|ThirdOS' "$got" | xargs)" "OtherOS ThirdOS OtherOS"
	equal packets "$(frames "$got")" 3
	equal sections "$(fields "$got" frame.section_number | xargs)" "1 2 3"
	equal "by tcpdump" "$(tcpdump -r "$got" 2>/dev/null | wc -l)" 3
}

@test "pcap_file_of_a_commented_one_says_once_that_it_has_no_comments" {
	told OtherOS ThirdOS
	run "$NSRING" dump -i "file:$file" --pcap -w "$BATS_TEST_TMPDIR/got"
	equal status "$status" 0
	equal notes "$(grep -c "a pcap file can't hold" <<<"$output")" 1
	equal packets "$(frames "$BATS_TEST_TMPDIR/got")" 2
}

@test "file_of_several_inputs_tells_no_host_and_says_so" {
	local got=$BATS_TEST_TMPDIR/got
	told OtherOS
	run "$NSRING" dump -i "file:$file" -i "file:$file" -w "$got"
	equal notes "$(grep -c "tells no host" <<<"$output")" 1
	[[ $(capinfos "$got") != *sys:* ]]
	equal comments "$(fields "$got" frame.comment | xargs)" "look here look here"
	! grep -qaF OtherOS "$got"
}

@test "block_that_nobody_can_copy_is_told" {
	made "$(section)" "$(interface 1)" "$(packet 0 5 "$FRAME")" "$(block 0x0bad "$(le 4 32473)")" "$(block 77 00000000)"
	run "$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/got"
	[[ $output == *"1 blocks of the input can't be copied"* ]]
}

@test "packed_file_is_read_from_its_path_and_from_standard_input" {
	local tool packed=$BATS_TEST_TMPDIR/packed
	for tool in gzip zstd lz4; do
		"$tool" -c <"$file" >"$packed"
		equal "packets in $tool by tshark" "$(frames "$packed")" 44
		"$NSRING" dump -i "file:$packed" -w "$BATS_TEST_TMPDIR/got"
		equal "bytes in $tool" "$(bytes "$BATS_TEST_TMPDIR/got" | md5sum)" "$(bytes "$file" | md5sum)"
		"$NSRING" dump -i file:- -w "$BATS_TEST_TMPDIR/got" < <(cat "$packed")
		equal "bytes in a pipe, $tool" "$(bytes "$BATS_TEST_TMPDIR/got" | md5sum)" \
			"$(bytes "$file" | md5sum)"
	done
}

@test "damaged_file_is_refused_with_the_offset_and_status_1" {
	truncate -s -5 "$file"
	run "$NSRING" count -i "file:$file"
	equal status "$status" 1
	[[ $output == *"offset "* ]]
}

@test "damaged_option_of_a_packet_is_told_and_the_packets_behind_it_are_read" {
	made "$(section)" "$(interface 1)" "$(packet 0 5 "$FRAME" "$(le 2 1 400)")" "$(packet 0 6 "$FRAME")"
	run "$NSRING" count --json -i "file:$file"
	equal status "$status" 0
	[[ $output == *"options of 1 packets are damaged"* ]]
	grep '"final":true' <<<"$output" | jq -e '.packets == 2'
}

@test "packets_before_the_damage_are_counted" {
	truncate -s -5 "$file"
	"$NSRING" count --json -i "file:$file" >"$BATS_TEST_TMPDIR/count.out" 2>/dev/null ||
		equal status $? 1
	equal packets "$(total count .packets)" 43
}

@test "json_of_a_time_after_2262_has_the_time_and_no_negative_number" {
	made "$(section)" "$(interface 1)" "$(packet 0 10413792000000000 "$FRAME")"
	run "$NSRING" dump --json -i "file:$file"
	[[ ${lines[1]} == *'"time":"2300-01-01T00:00:00.000000000Z"'* ]]
	[[ ${lines[1]} != *stamp_ns* ]]
}

@test "packet_without_a_time_is_shown_without_one" {
	made "$(section)" "$(interface 1)" "$(simple_packet "$FRAME")"
	run "$NSRING" dump --json -i "file:$file"
	[[ ${lines[1]} == *'"len":56'* ]]
	[[ ${lines[1]} != *time* && ${lines[1]} != *stamp_ns* ]]
	run "$NSRING" dump -i "file:$file"
	[[ $output == "--:--:--.--------- "* ]]
}

@test "packet_without_a_time_is_written_without_one" {
	made "$(section)" "$(interface 1)" "$(simple_packet "$FRAME")"
	"$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/got"
	equal packets "$(frames "$BATS_TEST_TMPDIR/got")" 1
	run "$NSRING" dump --json -i "file:$BATS_TEST_TMPDIR/got"
	[[ ${lines[1]} != *stamp_ns* ]]
	run "$NSRING" dump -i "file:$file" --pcap -w "$BATS_TEST_TMPDIR/got"
	[[ $output == *"written with 1970"* ]]
}

@test "time_after_2106_is_refused_by_pcap_and_kept_by_pcapng" {
	made "$(section)" "$(interface 1)" "$(packet 0 7258118400000000 "$FRAME")"
	run "$NSRING" dump -i "file:$file" --pcap -w "$BATS_TEST_TMPDIR/got"
	equal status "$status" 1
	[[ $output == *"2106"* ]]
	"$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/got"
	equal stamp "$(fields "$BATS_TEST_TMPDIR/got" frame.time_epoch)" 7258118400.000000000
}

@test "file_with_longer_packets_than_its_header_says_is_rewritten_for_tcpdump" {
	made "$(pcap_header 1 20)" "$(pcap_packet 1 "$FRAME")"
	"$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/got"
	equal packets "$(tcpdump -r "$BATS_TEST_TMPDIR/got" 2>/dev/null | wc -l)" 1
	equal length "$(fields "$BATS_TEST_TMPDIR/got" frame.cap_len)" 56
}

@test "interfaces_that_differ_in_snaplen_are_rewritten_for_tcpdump" {
	made "$(section)" "$(interface 1 100)" "$(interface 1 200)" "$(packet 1 5 "$FRAME")"
	"$NSRING" dump -i "file:$file" -w "$BATS_TEST_TMPDIR/got"
	equal packets "$(tcpdump -r "$BATS_TEST_TMPDIR/got" 2>/dev/null | wc -l)" 1
}
