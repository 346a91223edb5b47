#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring-extcap: targets as interfaces of tshark.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B
#	   ping ->             tshark -> nsring-extcap -> nsring dump

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/extcap

@test "tshark_lists_an_interface_for_any_target_for_ssh_and_for_each_namespace" {
	netns_new A
	among "$A" blue green
	run -0 "${IN_PLACE[@]}" tshark -D
	[[ $output == *" nsring (nsring: any target)"* ]]
	[[ $output == *" nsring-ssh (nsring: remote host by ssh)"* ]]
	[[ $output == *" netns:blue (nsring: namespace blue)"* ]]
	[[ $output == *" netns:green (nsring: namespace green)"* ]]
}

@test "files_that_are_no_namespaces_and_names_that_sentences_cannot_hold_are_left_out" {
	netns_new A
	among "$A" blue 'br{ce' 'br}ce' "$(printf 'bell\a')" $'\xff' no-namespace
	run -0 "${IN_PLACE[@]}" "$EXTCAP" --extcap-interfaces --extcap-version=4.0
	equal namespaces "$(grep -o '{value=netns:.*' <<<"$output")" "{value=netns:blue}{display=nsring: namespace blue}"
}

@test "first_32_namespaces_by_name_are_listed" {
	netns_new A
	among "$A" n{10..50}
	run -0 "${IN_PLACE[@]}" "$EXTCAP" --extcap-interfaces
	equal namespaces "$(grep -o 'netns:n[0-9]*' <<<"$output" | xargs)" "$(echo netns:n{10..41})"
}

@test "each_kind_of_interface_has_its_form" {
	equal target "$(fields_of nsring)" "target filter snaplen"
	equal namespace "$(fields_of netns:blue)" "device filter snaplen"
	equal ssh "$(fields_of nsring-ssh)" "host port user identity target filter snaplen nsring"
}

# fields_of INTERFACE: the options of its form.
fields_of() {
	"$EXTCAP" --extcap-interface "$1" --extcap-config | grep -o 'call=--[a-z]*' | cut -c 8- | xargs
}

@test "each_field_is_in_the_manual" {
	local field
	for field in $(fields_of nsring) $(fields_of netns:blue) $(fields_of nsring-ssh); do
		grep -q "^\*--$field\*" "$BATS_TEST_DIRNAME/../../man/nsring-extcap.1.scd"
	done
}

@test "tshark_takes_each_field_of_a_form" {
	local field
	run -0 tshark -G currentprefs
	for field in host port user identity target filter snaplen nsring; do
		[[ $output == *"extcap.nsring_ssh.$field:"* ]]
	done
}

@test "tshark_learns_a_link_type" {
	run -0 tshark -i nsring -L
	[[ $output == *"As the interfaces have it"* ]]
}

@test "tshark_has_every_packet_of_a_namespace" {
	netns_pair
	among "$B" "$B"
	shark "$B" "netns:$B"
	ping_from "$A" 20
	wait_until shows 40 ICMP
	finish shark
	equal packets "$(out shark | grep -c '^v1.*ICMP')" 40
}

@test "packets_reach_the_fifo_while_the_capture_goes_on" {
	netns_pair
	start_extcap "$B" --extcap-interface "netns:$B"
	ping_from "$A" 1
	wait_until has_frames "$CAPTURED" 2
	has_sockets "$B" 1
}

@test "device_snapshot_length_and_both_filters_are_kept_to" {
	netns_pair
	among "$B" "$B"
	shark "$B" "netns:$B" device:v1 snaplen:60 "filter:icmp or udp" -- -f "not icmp[0] = 0"
	udp "$A" 5
	in_ns "$A" bash -c ': >/dev/tcp/10.9.0.2/1' 2>/dev/null || :
	ping_from "$A" 5
	wait_until shows 5 ICMP
	finish shark
	equal requests "$(out shark | grep -c $'^v1\t98\t60\tICMP')" 5
	equal all "$(out shark | wc -l)" 10
}

@test "typed_target_may_name_place_and_engine" {
	netns_pair
	shark "$B" nsring "target:netns:$B/packet:v1"
	ping_from "$A" 3
	wait_until shows 6 ICMP
	finish shark
}

@test "stopped_tshark_leaves_no_process_and_says_no_error" {
	netns_pair
	among "$B" "$B"
	shark "$B" "netns:$B"
	ping_from "$A" 3
	wait_until shows 6 ICMP
	finish shark
	wait_until runs_no_more "netns:$B"
	[[ $(err shark) != *"Error by extcap"* ]]
}

@test "each_signal_that_stops_ends_the_file_whole_and_in_silence" {
	local signal
	netns_pair
	for signal in INT TERM HUP; do
		start_extcap "$B" --extcap-interface "netns:$B"
		ping_from "$A" 2
		wait_until has_frames "$CAPTURED" 4
		kill "-$signal" "${PID[extcap]}"
		reap extcap
		reap reader
		equal words "$(err extcap)" ""
		capinfos -I "$CAPTURED" | grep -q "Number of stat entries = 1"
		equal processes "$(runs "netns:$B")" 0
	done
}

@test "fifo_that_nobody_reads_any_more_ends_a_silent_capture_in_silence" {
	netns_pair
	start_extcap "$B" --extcap-interface "netns:$B"
	kill "${PID[reader]}"
	reap extcap
	equal words "$(err extcap)" ""
	equal processes "$(runs "netns:$B")" 0
}

@test "fifo_that_nobody_reads_any_more_ends_a_busy_capture_in_silence" {
	netns_pair
	start flood nsenter --net="/run/netns/$A" ping -n -q -f -w 100 10.9.0.2
	start_extcap "$B" --extcap-interface "netns:$B"
	wait_until has_frames "$CAPTURED" 100
	kill "${PID[reader]}"
	reap extcap
	equal words "$(err extcap)" ""
}

@test "killed_extcap_takes_its_capture_along" {
	netns_pair
	start_extcap "$B" --extcap-interface "netns:$B"
	kill -KILL "${PID[extcap]}"
	wait_until runs_no_more "netns:$B"
}

# Something to say keeps nobody alive.
@test "ssh_that_talks_and_does_not_end_is_killed" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/ssh" <<-'END'
		#!/bin/bash
		trap '' TERM INT HUP
		while :; do
			echo talking >&2
			sleep 0.5
		done
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
	new_fifo
	start reader dd bs=64k if="$FIFO" of="$CAPTURED" status=none
	PATH=$BATS_TEST_TMPDIR/bin:$PATH start extcap "$EXTCAP" --capture --fifo "$FIFO" --extcap-interface nsring-ssh \
		--host nowhere --target eth0
	wait_until runs_once "$BATS_TEST_TMPDIR/bin/ssh"
	kill -TERM "${PID[extcap]}"
	wait_until runs_no_more "$BATS_TEST_TMPDIR/bin/ssh"
	wait "${PID[extcap]}" || :
}

@test "note_of_a_capture_that_went_well_is_shown_without_the_totals" {
	netns_pair
	ip -n "$B" link set v1 down
	new_fifo
	start reader cat "$FIFO"
	start extcap "$EXTCAP" --capture --extcap-interface "netns:$B" --device v1 --fifo "$FIFO"
	wait_until test -s "$BATS_TEST_TMPDIR/reader.out"
	finish extcap
	says extcap "nsring: "
	says extcap "v1"
	[[ $(err extcap) != *packets,* ]]
}

@test "capture_that_ends_by_itself_is_silent_about_its_totals" {
	netns_pair
	start_extcap "$B" --extcap-interface "netns:$B"
	ping_from "$A" 2
	wait_until has_frames "$CAPTURED" 4
	finish extcap
	mv "$CAPTURED" "$BATS_TEST_TMPDIR/saved"
	run -0 capture --extcap-interface nsring --target "file:$BATS_TEST_TMPDIR/saved"
	equal words "$output" ""
	equal packets "$(frames "$CAPTURED")" 4
}

@test "malformed_capture_filter_is_told_where_wireshark_reads_it" {
	run -0 --separate-stderr "$EXTCAP" --extcap-interface nsring --extcap-capture-filter "tcp and and"
	[[ $output == *'"tcp and and"'*"syntax error"* ]]
	run -0 "$EXTCAP" --extcap-interface nsring --extcap-capture-filter "tcp port 80"
	equal said "$output" ""
	run -0 "$EXTCAP" --extcap-interface nsring --extcap-capture-filter "type mgt"
	equal said "$output" ""
}

@test "malformed_filter_ends_the_capture_with_a_sentence_in_tshark" {
	run ! tshark -i nsring -o extcap.nsring.target:lo -f "tcp and and"
	[[ $output == *'nsring-extcap: filter "tcp and and"'*"syntax error"* ]]
	[[ $output != *"no device named"* ]]
}

@test "two_halves_of_a_filter_make_no_whole" {
	run -1 capture --extcap-interface nsring --target lo --extcap-capture-filter "udp) or (icmp"
	[[ $output == "nsring-extcap: "*"syntax error"* ]]
	run -1 capture --extcap-interface nsring --target lo --filter "udp) or (icmp"
	[[ $output == "nsring-extcap: "*"syntax error"* ]]
}

@test "target_that_is_not_there_is_told_in_tshark" {
	netns_new A
	run ! tshark -i nsring -o "extcap.nsring.target:netns:$A/nothing0"
	[[ $output == *"nsring: netns:$A/nothing0: "* ]]
	run ! tshark -i nsring -o "extcap.nsring.target:netns:$A-gone/lo"
	[[ $output == *"nsring: netns:$A-gone/lo: "* ]]
}

@test "missing_target_is_told" {
	run -1 capture --extcap-interface nsring
	[[ $output == "nsring-extcap: no target given: "* ]]
}

@test "no_word_of_the_form_is_taken_for_an_option_or_by_a_shell" {
	local words="any\$(touch $BATS_TEST_TMPDIR/touched)\`touch $BATS_TEST_TMPDIR/touched\`'; touch $BATS_TEST_TMPDIR/touched #"
	run -1 capture --extcap-interface nsring --target "$words"
	[[ $output == "nsring: any"* ]]
	run -1 capture --extcap-interface nsring --target --version
	[[ $output == "nsring: --version: "* ]]
	run -1 capture --extcap-interface nsring --target lo --snaplen "$words"
	[[ $output == *"expected 0 (whole packets) to"* ]]
	run -1 capture --extcap-interface nsring --target lo --filter "$words"
	run -1 capture --extcap-interface netns:x --device "$words"
	[ ! -e "$BATS_TEST_TMPDIR/touched" ]
}

@test "wrong_arguments_are_told" {
	run -2 "$EXTCAP"
	run -2 "$EXTCAP" --nothing
	[[ $output == "nsring-extcap: "*--nothing* ]]
	run -2 "$EXTCAP" --extcap-interface
	run -2 "$EXTCAP" --extcap-config
	run -2 "$EXTCAP" --extcap-interface nsring
	run -2 "$EXTCAP" --extcap-interface nsring --capture
	[[ $output == *--fifo* ]]
	run -1 "$EXTCAP" --extcap-interface eth0 --extcap-config
	[[ $output == *"eth0: there is no such interface"* ]]
	run -1 timeout 20 "$EXTCAP" --extcap-interface nsring --capture --fifo "$BATS_TEST_TMPDIR/none/fifo"
	[[ $output == *none/fifo* ]]
}
