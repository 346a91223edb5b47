#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Many namespaces: 1,000 at once.
#
#	nsr-t…-0: lo    nsr-t…-1: lo    …    nsr-t…-999: lo

load ../lib/netns

# Only what hangs: a thousand of anything takes as long as the machine is busy.
setup_file() {
	export BATS_TEST_TIMEOUT=1800
}

setup_thousand() {
	local number targets=()
	sinks=()
	for ((number = 0; number < 1000; number++)); do
		namespaces+=("nsr-t$$-$number")
	done
	printf 'netns add %s\n' "${namespaces[@]}" | ip -batch -
	for number in "${!namespaces[@]}"; do
		targets+=(-i "netns:${namespaces[number]}/lo")
	done
	for number in 7 999; do
		ip -n "${namespaces[number]}" link set lo up
		sink "${namespaces[number]}" 9
		sinks+=("${PID[sink]}")
	done
	start_in "${namespaces[999]}" count "$NSRING" count --json --duration 600 "${targets[@]}" \
		udp dst port 9
}

remove_thousand() {
	printf 'netns delete %s\n' "${namespaces[@]}" | ip -batch -
	namespaces=()
}

# let_go NAME: until the process has ended, or has closed nothing for two minutes. It gives up one
# namespace after the other, and looks into all processes for each.
let_go() {
	local held before=0 still=0
	while kill -0 "${PID[$1]}" 2>/dev/null && [ "$still" -lt 120 ]; do
		held=$(find "/proc/${PID[$1]}/fd" 2>/dev/null | wc -l)
		if [ "$held" = "$before" ]; then still=$((still + 1)); else still=0; fi
		before=$held
		sleep 1
	done
}

@test "a_thousand_namespaces_are_counted_apart_by_one_process" {
	setup_thousand
	udp "${namespaces[7]}" 5 127.0.0.1
	udp "${namespaces[999]}" 3 127.0.0.1
	kill -INT "${PID[count]}"
	let_go count
	reap count
	equal "with packets" "$(total count '.targets | map(select(.packets > 0)) |
		map("\(.target) \(.packets)") | sort | join(" ")')" \
		"$(printf '%s\n' "netns:${namespaces[7]}/lo 5" "netns:${namespaces[999]}/lo 3" |
			sort | xargs)"
	equal targets "$(total count '.targets | length')" 1000
	remove_thousand
}

@test "a_thousand_namespaces_that_vanish_end_the_run_with_the_totals" {
	setup_thousand
	udp "${namespaces[7]}" 5 127.0.0.1
	# They would keep their namespaces alive.
	kill "${sinks[@]}"
	remove_thousand
	let_go count
	reap count 1
	equal packets "$(total count .packets)" 5
}
