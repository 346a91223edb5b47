#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# bench/tools.sh: the names of rows, and the closing lines of the programs.

setup() {
	cap_cpu=1 cap_ns=nowhere nsring=/build/nsring xdp_drop=/build/xdp_drop
	dir=$BATS_TEST_TMPDIR
	# shellcheck source=SCRIPTDIR/../../bench/tools.sh
	source "$BATS_TEST_DIRNAME/../../bench/tools.sh"
}

# closing ROW: read the closing lines of its program from stdin.
closing() {
	cat >"$dir/$log_name"
	tool_describe "$1"
	tool_counts "$1"
}

@test "a_set_stands_for_its_rows_each_once_and_in_order" {
	[ "$(rows_of "tcpdump filter none tcpdump-filter")" = \
		"tcpdump none-filter nsring-filter nsring-zc-filter tcpdump-filter none" ]
}

@test "every_row_of_every_set_is_described" {
	local row
	[ "${#row_sets[@]}" = 4 ]
	for row in $(rows_of "${!row_sets[*]}") $other_rows; do
		tool_describe "$row"
		[ -n "$label" ]
		[ -n "$snaplen" ]
	done
}

@test "no_capture_comes_first_in_every_set" {
	local set
	[ "${#row_sets[@]}" = 4 ]
	for set in "${!row_sets[@]}"; do
		[[ $(rows_of "$set") == none* ]]
	done
}

@test "a_row_that_does_not_exist_is_refused" {
	[ "$(tool_missing pfcount)" = "no such row" ]
}

@test "labels_name_no_build_directory" {
	tool_describe nsring-zc
	[ "$label" = "nsring count --json --take -i zc:cap0" ]
	tool_describe xdp-drop
	[ "$label" = "xdp_drop cap0" ]
}

@test "the_totals_of_testpmd_are_read" {
	closing testpmd-xdp <<-END
		  ---------------------- Forward statistics for port 0  ----------------------
		  RX-packets: 5303266        RX-dropped: 5150          RX-total: 5308416
		  TX-packets: 0              TX-dropped: 0             TX-total: 0
		  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
		  RX-packets: 5303266        RX-dropped: 5150          RX-total: 5308416
		  TX-packets: 0              TX-dropped: 0             TX-total: 0
		Bye...
	END
	[ "$got $said_lost" = "5303266 5150" ]
}

@test "the_total_of_xdp_drop_is_read" {
	closing xdp-drop <<<"dropped=6488064"
	[ "$got $said_lost" = "6488064 0" ]
}

@test "the_totals_of_packet_floor_are_read" {
	closing packet-floor <<<"captured=6488064 lost=17"
	[ "$got $said_lost" = "6488064 17" ]
}

@test "the_totals_of_tcpdump_are_read" {
	closing tcpdump <<-END
		tcpdump: listening on cap0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
		120 packets captured
		125 packets received by filter
		5 packets dropped by kernel
	END
	[ "$got $said_lost" = "120 5" ]
}

@test "the_ledger_of_nsring_is_summed" {
	closing nsring-count <<-'END'
		{"open":true,"target":"cap0"}
		{"packets":9,"lost":{"nic":0,"kernel":0,"ring":0,"consumer":0},"final":false}
		{"packets":100,"lost":{"nic":1,"kernel":2,"ring":3,"consumer":4},"final":true}
	END
	[ "$got $said_lost" = "100 10" ]
}

@test "a_program_without_totals_is_a_failure" {
	run closing testpmd-xdp <<<"EAL: Error - exiting with code: 1"
	[ "$status" = 1 ]
	[[ $output == *"no totals at its end: EAL: Error"* ]]
}
