#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Places: each way to name a namespace reaches that one and no other.
#
#	A: v0 ---- v1 :B        C: v0 ---- v1 :D
#	v1 of B and v1 of D have the same name and the same index.

load ../lib/netns

setup_twins() {
	netns_pair
	netns_new C
	netns_new D
	veth "$C" v0 "$D" v1 1500 10.9.0
}

ifindex() {
	ip -n "$1" -j link show dev "$2" | jq '.[0].ifindex'
}

@test "two_namespaces_with_the_same_interface_name_and_index_never_mix" {
	setup_twins
	equal index "$(ifindex "$B" v1)" "$(ifindex "$D" v1)"
	start_in "$B" one "$NSRING" count --json --duration 60 -i "netns:$B/v1"
	start_in "$D" two "$NSRING" count --json --duration 60 -i "netns:$D/v1"
	udp "$A" 30
	udp "$C" 50
	arrived "$B" v1 30
	arrived "$D" v1 50
	finish one
	finish two
	equal "B" "$(total one .packets)" 30
	equal "D" "$(total two .packets)" 50
}

@test "one_process_counts_twin_interfaces_of_two_namespaces_apart" {
	setup_twins
	start_in "$D" count "$NSRING" count --json --duration 60 -i "netns:$B/v1" -i "netns:$D/v1" \
		udp dst port 9
	wait_until has_sockets "$B" 1
	udp "$A" 30
	udp "$C" 50
	arrived "$B" v1 30
	arrived "$D" v1 50
	finish count
	equal apart "$(total count '.targets | map(.packets) | join(" ")')" "30 50"
}

@test "pid_place_is_the_namespace_of_that_process" {
	netns_pair
	start sleeper nsenter --net="/run/netns/$B" sleep 60
	wait_until [ "/proc/${PID[sleeper]}/ns/net" -ef "/run/netns/$B" ]
	start_count "$B" -i "pid:${PID[sleeper]}/v1"
	udp "$A" 12
	arrived "$B" v1 12
	finish count
	equal packets "$(total count .packets)" 12
}

@test "netns_path_place_is_the_namespace_at_that_path" {
	netns_pair
	start sleeper nsenter --net="/run/netns/$B" sleep 60
	wait_until [ "/proc/${PID[sleeper]}/ns/net" -ef "/run/netns/$B" ]
	start_count "$B" -i "netns:/proc/${PID[sleeper]}/ns/net/v1"
	udp "$A" 12
	arrived "$B" v1 12
	finish count
	equal packets "$(total count .packets)" 12
}

@test "target_without_a_place_is_in_the_caller's_own_namespace" {
	netns_pair
	start_in "$B" count nsenter --net="/run/netns/$B" "$NSRING" count --json --duration 60 -i v1
	udp "$A" 12
	arrived "$B" v1 12
	finish count
	equal packets "$(total count .packets)" 12
}

@test "host_place_is_the_initial_namespace_also_from_inside_another" {
	netns_pair
	run in_ns "$B" "$NSRING" count --duration 1 -i host/v1
	equal status "$status" 1
	[[ $output == *v1* ]]
}

# without_proc COMMAND…: become it, where no /proc is mounted. The loader finds no library by $ORIGIN there,
# and LeakSanitizer no threads.
without_proc() {
	exec unshare --mount env LD_LIBRARY_PATH="$(dirname "$NSRING")/../lib" \
		ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" \
		sh -c 'umount -l /proc && exec "$@"' sh "$@"
}

@test "own_namespace_is_captured_where_there_is_no_proc" {
	netns_pair
	export -f without_proc
	export NSRING
	start_in "$B" count nsenter --net="/run/netns/$B" bash -c 'without_proc "$@"' bash \
		"$NSRING" count --json --duration 600 -i v1
	udp "$A" 12
	arrived "$B" v1 12
	finish count
	equal packets "$(total count .packets)" 12
}

@test "reason_is_true_where_there_is_no_proc" {
	local place
	netns_pair
	for place in "netns:$B" host pid:1; do
		run without_proc "$NSRING" count --duration 0.1 -i "$place/lo"
		equal status "$status" 1
		[[ $output == *"without /proc only the own namespace"* ]]
	done
	run without_proc "$NSRING" count --duration 0.1 -i netns:nsr-nosuch/lo
	[[ $output == *"/run/netns/nsr-nosuch does not exist"* ]]
	run without_proc "$NSRING" ls
	equal status "$status" 1
	[[ $output == *"/proc, which is not mounted"* ]]
}

@test "capturing_elsewhere_leaves_the_process_in_its_own_namespace" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	local thread
	for thread in "/proc/${PID[count]}/task"/*; do
		[ "$thread/ns/net" -ef /proc/self/ns/net ]
	done
	finish count
}
