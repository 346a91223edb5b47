#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# A full disk: said once, the file valid up to there, the totals still told.
#
#	A: v0 ---- v1 :B
#	   udp ->     nsring dump -w FILE on a tmpfs of 64 KiB in a mount namespace of its own

load ../lib/netns

# Runs a dump until the disk is full; what fitted is then in $file.
fill() {
	file=$BATS_TEST_TMPDIR/copy
	mkdir "$BATS_TEST_TMPDIR/disk"
	netns_pair
	# shellcheck disable=SC2016 # for the inner shell
	start_in "$B" dump unshare --mount --propagation private sh -c '
		mount -t tmpfs -o size=64k none "$1/disk"
		"$2" dump -i "$3" -w "$1/disk/file" --duration 60
		status=$?
		cp "$1/disk/file" "$1/copy"
		exit $status' fill "$BATS_TEST_TMPDIR" "$NSRING" "netns:$B/v1"
	udp "$A" 2000 "$NOBODY" 9 1000
	reap dump 1
}

@test "full_disk_is_said_exactly_once" {
	fill
	equal sentences "$(err dump | grep -c 'No space left')" 1
}

@test "file_on_a_full_disk_is_valid" {
	fill
	[ "$(frames "$file")" -gt 10 ]
	run tshark -r "$file"
	[[ $output != *"cut short"* ]]
	equal status "$status" 0
}

@test "totals_after_a_full_disk_tell_what_the_disk_lost" {
	fill
	err dump | grep -qE 'disk [1-9]'
}

@test "what_is_in_the_file_and_what_the_disk_lost_is_all_that_was_handed_out" {
	local said packets disk
	fill
	said=$(err dump | grep -E '^[0-9,]+ packets')
	packets=$(sed 's/ packets.*//; s/,//g' <<<"$said")
	disk=$(sed -E 's/.*disk ([0-9,]+).*/\1/; s/,//g' <<<"$said")
	equal "in the file and lost" $(($(frames "$file") + disk)) "$packets"
}
