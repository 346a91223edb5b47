#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# bench/capture from end to end, in short: that it works, not what it measures.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	[ "$(id -u)" = 0 ] || skip "network namespaces need root"
	[ "$(nproc)" -ge 2 ] || skip "the benchmark needs two CPUs"
}

# bench ROWS: one short round. A build for figures of speed is not needed here.
bench() {
	run bench/capture --build "$PWD/build" --quick --rounds 1 --seconds 0.2 --rate 50000 \
		--rows "$1" </dev/null 3>&-
	[[ $output != *"live frames need Linux 5.18"* ]] || skip "the generator needs Linux 5.18"
	echo "$output" >&2
	[ "$status" = 0 ]
}

# Leftovers of a run that is not under way any more.
leftovers() {
	ip netns list | grep '^nsrbench-' | while read -r name _; do
		[ -d "/proc/${name##*-}" ] || echo "$name"
	done
}

@test "the_ceiling_is_measured_without_loss" {
	bench "none xdp-drop"
	[[ $output =~ \`xdp_drop\ cap0\`\ \|\ -\ \|\ ≥\ [0-9,]+\ \| ]]
	[[ $output != *failed* ]]
	[ -z "$(leftovers)" ]
}

@test "a_filter_row_matches_one_flow_of_a_hundred_and_slows_nobody_else" {
	bench "none-filter nsring-filter"
	[[ $output =~ src\ port\ 10000\`\ .*\|\ ([0-9])\.([0-9]+)\ \|$'\n' ]]
	((10#${BASH_REMATCH[1]}${BASH_REMATCH[2]} >= 90 && 10#${BASH_REMATCH[1]}${BASH_REMATCH[2]} <= 110))
	[[ $output =~ no\ capture\ \|\ [0-9,]+\ \(1\.00\)\ \|\ -\ \|\ [0-9,]+\ \(1\.00\) ]]
}

@test "a_row_that_cannot_run_is_skipped_with_its_reason" {
	bench "none nonsense"
	[[ $output == *"skipped nonsense: no such row"* ]]
}

@test "a_program_killed_with_its_xdp_program_attached_spoils_no_later_row" {
	command -v dpdk-testpmd >/dev/null || skip "dpdk-testpmd is not installed"
	start_lab
	tool_start testpmd-xdp
	lab_has_xdp
	tool_kill || :
	run lab_has_xdp
	[ "$status" = 1 ]
}

@test "an_interrupted_run_leaves_no_namespace" {
	local i
	setsid bench/capture --build "$PWD/build" --quick --rows none >/dev/null 2>&1 3>&- </dev/null &
	for ((i = 0; i < 400; i++)); do
		[ -e "/run/netns/nsrbench-cap-$!" ] && break
		sleep 0.05
	done
	[ -e "/run/netns/nsrbench-cap-$!" ]
	kill -TERM $!
	wait $! || :
	[ ! -e "/run/netns/nsrbench-cap-$!" ]
	[ ! -e "/run/netns/nsrbench-gen-$!" ]
}

# A lab as bench/capture has it, in this process; teardown() removes it.
start_lab() {
	dir=$BATS_TEST_TMPDIR nsring=nsring xdp_drop=xdp_drop
	# shellcheck source=SCRIPTDIR/../../bench/lab.sh
	source bench/lab.sh
	# shellcheck source=SCRIPTDIR/../../bench/tools.sh
	source bench/tools.sh
	lab_up "$gen_cpu"
}

teardown() {
	! declare -F tool_kill >/dev/null || tool_kill || :
	! declare -F lab_down >/dev/null || lab_down
}
