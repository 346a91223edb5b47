#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Many namespaces: 1,000 at once.
#
#	nsr-t…-0: lo    nsr-t…-1: lo    …    nsr-t…-999: lo

load ../lib/netns

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

@test "a_thousand_namespaces_are_counted_apart_by_one_process" {
	setup_thousand
	udp "${namespaces[7]}" 5 127.0.0.1
	udp "${namespaces[999]}" 3 127.0.0.1
	finish count
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
	reap count 1
	equal packets "$(total count .packets)" 5
}
