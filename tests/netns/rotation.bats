#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Rotation: a run's packets in several files, each complete.
#
#	A: v0 ---- v1 :B
#	   udp ->     nsring dump --rotate-…

load ../lib/netns
load ../lib/savefile

# rotate COUNT OPTION…: that many packets into the files of $dir.
rotate() {
	local packets=$1
	shift
	dir=$BATS_TEST_TMPDIR/files
	mkdir "$dir"
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$dir/trace.pcapng" --duration 60 "$@"
	udp "$A" "$packets" "$NOBODY" 9 500
	arrived "$B" v1 "$packets"
	finish dump
}

# Packets of each file in the order of their names.
each() {
	local file
	for file in "$dir"/*; do
		capinfos -Mc "$file" | awk '/Number of packets/ { print $NF }'
	done | xargs
}

@test "rotation_by_packets_splits_exactly_there" {
	rotate 35 --rotate-packets 10
	equal packets "$(each)" "10 10 10 5"
}

@test "rotation_by_size_keeps_every_file_within_the_size" {
	rotate 100 --rotate-size 20K
	local file
	for file in "$dir"/*; do
		[ "$(stat -c %s "$file")" -le 20480 ]
	done
	[ "$(find "$dir" -type f | wc -l)" -ge 3 ]
}

@test "rotation_by_size_loses_no_packet" {
	rotate 100 --rotate-size 20K
	equal packets "$(each | xargs -n 1 | awk '{ sum += $1 } END { print sum }')" 100
}

@test "rotation_by_time_begins_a_new_file" {
	dir=$BATS_TEST_TMPDIR/files
	mkdir "$dir"
	netns_pair
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" -w "$dir/trace.pcapng" --duration 60 \
		--rotate-time 1s
	wait_until two_files
	finish dump
}

@test "rotation_by_time_of_a_file_goes_by_the_time_of_its_packets" {
	dir=$BATS_TEST_TMPDIR/files
	mkdir "$dir"
	local file=$BATS_TEST_TMPDIR/file.pcap second packets=()
	for second in 0 1 3 13 13 13 91; do
		packets+=("$(pcap_packet $((1700000000 + second)) 00)")
	done
	bytes_of "$file" "$(pcap_header 1)" "${packets[@]}"
	"$NSRING" dump -i "file:$file" -w "$dir/trace.pcapng" --rotate-time 2s
	equal packets "$(each)" "2 1 3 1"
	rm "$dir"/*
	editcap -i 2 "$file" "$dir/witness.pcapng" 2>/dev/null
	equal "packets of editcap" "$(each | sed 's/ 0//g')" "2 1 3 1"
}

@test "each_file_of_a_rewritten_one_has_its_host_and_its_secrets" {
	dir=$BATS_TEST_TMPDIR/files
	mkdir "$dir"
	local file=$BATS_TEST_TMPDIR/file i blocks=()
	for ((i = 0; i < 100; i++)); do
		blocks+=("$(packet 0 "$i" 00112233)")
	done
	bytes_of "$file" "$(section "$(option 3 "$(text OtherOS)")")" "$(interface 1)" \
		"$(block 10 "$(le 4 0x544c534b 4)$(text "KEY=")")" "${blocks[@]}" \
		"$(block 5 "$(le 4 0 0 200)$(option 4 "$(le 8 42)")$END_OF_OPTIONS")"
	"$NSRING" dump -i "file:$file" -w "$dir/trace.pcapng" --rotate-size 1K
	[ "$(find "$dir" -type f | wc -l)" -ge 4 ]
	equal packets "$(each | xargs -n 1 | awk '{ sum += $1 } END { print sum }')" 100
	for file in "$dir"/*; do
		[ "$(stat -c %s "$file")" -le 1024 ]
		[[ $(capinfos "$file") == *"OtherOS"*"decryption secrets in file: 1"* ]]
	done
	[[ $(capinfos "$file") == *"stat entries = 1"* ]]
}

two_files() {
	udp "$A" 1
	[ "$(find "$dir" -type f | wc -l)" -ge 2 ]
}

@test "keep_option_leaves_the_newest_files" {
	rotate 35 --rotate-packets 10 --keep 2
	equal packets "$(each)" "10 5"
}

@test "every_file_of_a_rotation_has_its_interface_block" {
	rotate 25 --rotate-packets 10
	local file
	for file in "$dir"/*; do
		[[ $(capinfos -I "$file") == *"Name = v1"* ]]
	done
}
