#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# bench/report.awk: what becomes of made-up measurements.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	values=$BATS_TEST_TMPDIR/values
	row capture none "no capture" -
	row capture xdp-drop "xdp_drop cap0" -
	row capture tcpdump "tcpdump -i cap0" 262144
	row capture nsring-count "nsring count -i cap0" 1
}

# row TABLE NAME LABEL SNAPLEN
row() {
	printf 'row\t%s\t%s\t%s\t%s\n' "$@" >>"$values"
}

# measured ROW METRIC NUMBER…: one a round, of frames of $size (60) bytes.
measured() {
	local row=$1 metric=$2 number round=0
	shift 2
	for number; do
		printf 'value\t%s\t%s\t%s\t%s\t%s\n' "${size:-60}" $((++round)) "$row" "$metric" \
			"$number" >>"$values"
	done
}

report() {
	awk -v reference=tcpdump -v rate=400000 -v receive_cpu="${receive_cpu:-0}" \
		-f bench/report.awk "$values"
}

# cell LABEL COLUMN: of the line that begins so, in the column whose head is or begins so.
cell() {
	report | awk -F ' *[|] *' -v label="$1" -v head="$2" '
		/^[|] command/ { for (i = 1; i <= NF; i++) if (index($i, head) == 1) column = i }
		$2 == label { print column ? $column : "no such column"; exit }'
}

# is LABEL COLUMN EXPECTED
is() {
	local actual
	actual=$(cell "$1" "$2")
	[ "$actual" = "$3" ] || {
		echo "$1, $2: '$actual', expected '$3'" >&2
		return 1
	}
}

@test "a_cell_is_the_median_over_the_rounds" {
	measured nsring-count tool_ns 90 10 50
	is '`nsring count -i cap0`' program "50"
	measured none overload_pps 3000000 1000000 2000000 4000000
	is "no capture" "flat out" "2,500"
}

@test "ratios_are_of_one_round_and_then_their_median" {
	# in one of three rounds all was ten times slower
	measured tcpdump tool_ns 100 1000 100
	measured nsring-count tool_ns 50 500 60
	is '`nsring count -i cap0`' program "60 (0.50)"
	is '`tcpdump -i cap0`' program "100 (1.00)"
}

@test "a_round_that_the_reference_missed_has_no_ratio" {
	measured nsring-count tool_ns 10 20
	measured tcpdump tool_ns 100
	is '`nsring count -i cap0`' program "15 (0.10)"
}

@test "what_was_not_measured_is_a_dash" {
	measured tcpdump tool_ns 100
	is '`nsring count -i cap0`' program "-"
	is '`nsring count -i cap0`' unaccounted "-"
}

@test "time_that_was_saved_has_no_ratio" {
	measured tcpdump kernel_ns 300
	measured xdp-drop kernel_ns -1500
	is '`xdp_drop cap0`' kernel "-1,500"
	is '`tcpdump -i cap0`' kernel "300 (1.00)"
}

@test "limits_of_the_generator_are_marked" {
	measured tcpdump best_pps 1000000 1000000 1000000
	measured tcpdump generator_bound 1 0 1
	measured nsring-count best_pps 2000000
	measured nsring-count generator_bound 0
	is '`tcpdump -i cap0`' "no loss" "≥ 1,000 (1.00)"
	is '`nsring count -i cap0`' "no loss" "2,000 (2.00)"
}

@test "unaccounted_is_the_worst_round" {
	measured tcpdump silent 0 7 0
	is '`tcpdump -i cap0`' unaccounted "7"
}

@test "flat_out_is_compared_with_the_ceiling_when_that_was_measured" {
	measured xdp-drop overload_pps 4000000 2000000
	measured tcpdump overload_pps 1000000 1000000
	is '`tcpdump -i cap0`' "of xdp-drop" "0.38"
	is '`tcpdump -i cap0`' "of testpmd-xdp" "no such column"
	row capture testpmd-xdp dpdk-testpmd all
	measured testpmd-xdp overload_pps 2000000 2000000
	is '`tcpdump -i cap0`' "of testpmd-xdp" "0.50"
}

@test "frame_sizes_have_tables_of_their_own" {
	measured tcpdump tool_ns 100
	size=1514 measured tcpdump tool_ns 200
	run report
	[[ $output == *"Frames of 60 bytes"*"| 100 (1.00) |"*"Frames of 1514 bytes"*"| 200 (1.00) |"* ]]
}

@test "filters_have_a_table_of_their_own_beside_their_own_no_capture" {
	measured none overload_pps 9000000
	row filter none-filter "no capture" -
	row filter tcpdump-filter "tcpdump -i cap0 src port 1024" 262144
	measured none-filter sender_ns 500
	measured none-filter reached_pps 2000000
	measured tcpdump-filter sender_ns 600
	measured tcpdump-filter reached_pps 1800000
	measured tcpdump-filter matched 101
	is '`tcpdump -i cap0 src port 1024`' sender "600 (1.20)"
	is '`tcpdump -i cap0 src port 1024`' "reach the stack" "1,800 (0.90)"
	is '`tcpdump -i cap0 src port 1024`' matched "1.01"
	run report
	[[ $output == *"a filter that refuses 99 %"*"| no capture | 500 (1.00) |"* ]]
}

@test "without_filter_rows_there_is_one_table" {
	measured none overload_pps 1000000
	run report
	[ "$(grep -c '^| command' <<<"$output")" = 1 ]
	[[ $output != *filter* ]]
}

@test "the_senders_time_says_nothing_when_another_cpu_receives" {
	measured tcpdump kernel_ns 300
	receive_cpu=1 is '`tcpdump -i cap0`' kernel "-"
}

@test "much_other_work_is_a_warning" {
	measured tcpdump other_pct 3 40 2
	run report
	[[ $output == *"Other work took 3% of the CPUs' time."* ]]
	measured nsring-count other_pct 40 40 40
	run report
	[[ $output == *"too much to believe these figures"* ]]
}
