#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# bench/kernel: its rows, what its report makes of made-up measurements, and a short run in a guest.

# A guest that has to share its CPU takes its time.
setup_file() {
	export BATS_TEST_TIMEOUT=400
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	values=$BATS_TEST_TMPDIR/values
	printf 'kernel\t6.1\t6.1.0-1-test\n' >"$values"
}

# measured ROW NUMBER…
measured() {
	local row=$1 number
	shift
	for number; do
		printf 'value\t6.1\t%s\t%s\n' "$row" "$number" >>"$values"
	done
}

report() {
	awk -v json="${json:-0}" -v packets=1000 -v repeats=3 -f bench/kernel_report.awk \
		bench/kernel_rows "$values"
}

# is CASE FIGURE RATIO: what the table's line of that name has.
is() {
	local actual
	actual=$(report | awk -F ' *[|] *' -v label="$1" '$2 == label { print $4, $5 }')
	[ "$actual" = "$2 $3" ] || {
		echo "$1: '$actual', expected '$2 $3'" >&2
		return 1
	}
}

@test "rows_build_on_rows_that_come_before_them" {
	run awk -F ' *[|] *' '/^[a-z]/ {
		if (NF != 9)
			print $1 " has " NF " fields"
		if ($4 != "-" && !($4 in seen))
			print $1 " builds on " $4
		if ($6 != "-" && $6 != $1 && !($6 in seen))
			print $1 " is beside " $6
		if ($1 in seen)
			print $1 " is there twice"
		seen[$1] = 1
	}' bench/kernel_rows
	[ "$output" = "" ]
}

@test "a_figure_is_the_median_less_that_of_what_it_builds_on" {
	measured none 1000 3000 1010
	measured packet-stopped 1510 9 1710
	is "no capture" "1,010" -
	is "TPACKET_V3, reader stopped" "+500" 1.00
}

@test "a_further_socket_is_a_third_of_three" {
	measured none 1000
	measured packet-stopped 1500
	measured packet-further 2100
	is "each further TPACKET_V3 socket" "+200" 0.40
}

@test "what_adds_next_to_nothing_is_nothing_to_compare_with" {
	measured none 1000
	measured packet-elsewhere 1002
	measured nsring-elsewhere 1100
	is "eight nsring sockets on another device" "+100" -
}

@test "the_pace_of_two_cpus_is_the_median_of_what_was_captured" {
	for ns in 1000 3000 1100; do
		printf 'both\t6.1\tboth-packet-read\t%s\t100\t100\t0\n' "$ns"
	done >>"$values"
	for ns in 1000 500 550; do
		printf 'both\t6.1\tnsring-both-read\t%s\t100\t90\t9\n' "$ns"
	done >>"$values"
	report | grep -q '^| TPACKET_V3, reading | 1,100 | 1.00 | 0.00 | 0 |$'
	report | grep -q '^| nsring, reading | 550 | 1.80 | 10.00 | 3 |$'
}

@test "skipped_rows_are_named_with_their_reason" {
	measured none 1000
	printf 'skipped\t6.1\tnsring-%s\tno "ko"\n' idle read >>"$values"
	report | grep -q '^- Skipped on 6.1, no "ko": nsring-idle nsring-read\.$'
	json=1 report | jq -e '.kernels[0].rows[] | select(.row == "nsring-read").skipped == "no \"ko\""'
}

@test "json_has_what_the_table_has" {
	measured none 1000
	measured packet-stopped 1500 1510 1490
	measured nsring-stopped 1250
	json=1 report | jq -e '.kernels[0].rows |
		(.[1] | .row == "packet-stopped" and .in_all == 1500 and .added == 500) and
		(.[2] | .beside == "packet-stopped" and .ratio == 0.5)'
}

@test "a_capture_in_a_guest_costs_instructions" {
	for tool in qemu-system-x86_64 busybox cpio modprobe; do
		command -v "$tool" >/dev/null || skip "$tool is missing"
	done
	tests/vm/kernel 6.12 >/dev/null || skip "Debian's kernel can't be had"
	bench/kernel --kernels 6.12 --rows "packet-stopped packet-full" --packets 2000 --repeats 1 \
		--json --output "$values" >/dev/null 3>&-
	jq -e '[.kernels[0].rows[].row] == ["none", "packet-stopped", "packet-full"] and
		.kernels[0].rows[1].added > 300 and .kernels[0].rows[1].added < 1500 and
		.kernels[0].rows[2].ratio < 1' "$values"
}
