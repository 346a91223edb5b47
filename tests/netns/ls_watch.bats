#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring ls --watch: what changes is printed, and nothing is kept.
#
#	A: v0 ---- v1 :B

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

# views FILTER: of each object that was printed so far.
views() {
	out watch | jq -r "$1" 2>/dev/null
}

has_view() {
	[ "$(views "$1" | grep -cx "$2")" -ge 1 ]
}

# In a namespace of its own, so that others' tests don't end its waits.
start_watch() {
	start watch nsenter --net="/run/netns/$A" "$NSRING" ls --watch --json "$@"
	wait_until has_view .final true
}

descriptors() {
	find "/proc/${PID[watch]}/fd" -mindepth 1 | wc -l
}

# seen COMMAND…: wait until a change is seen, and note how many seconds that takes.
seen() {
	local began=$SECONDS
	wait_until "$@"
	took+=($((SECONDS - began)))
}

# was_told: somebody told of a change. One that is not heard of is seen at the next look, and so the
# changes behind the first, each of which follows a look, take ten seconds each, on a busy machine more.
was_told() {
	local seconds
	for seconds in "${took[@]:1}"; do
		((seconds >= 8)) || return 0
	done
	echo "seconds that the changes took: ${took[*]}" >&2
	return 1
}

@test "watch_prints_a_name_that_is_given_and_taken" {
	local C
	netns_new A
	start_watch
	for _ in 1 2 3; do
		netns_new C
		seen has_view .place "netns:$C"
		ip netns delete "$C"
		seen last_view_lacks "netns:$C"
	done
	finish watch
	was_told
}

# The last view is what stands behind the last object but one that sums up.
last_view_lacks() {
	! out watch | tac | awk '/"final":true/ && views++ { exit } { print }' | grep -q "\"$1\""
}

@test "watch_prints_an_interface_that_comes_and_an_address_that_changes" {
	netns_new A
	start_watch "netns:$A"
	ip -n "$A" link add v0 type veth peer name v1
	wait_until has_view '.interfaces[]?.name' v1
	ip -n "$A" address add 10.9.0.1/24 dev v0
	wait_until has_view '.interfaces[]?.addresses[]?' 10.9.0.1/24
	finish watch
}

@test "watch_hears_of_the_namespace_at_the_other_end_of_a_link" {
	local mtu
	netns_pair
	# Where no mount that others make can wake it.
	start watch unshare -m nsenter --net="/run/netns/$A" "$NSRING" ls --watch --json "netns:$B"
	wait_until has_view .final true
	for mtu in 1400 1300 1200 1100 1000 900; do
		ip -n "$B" link set v1 mtu "$mtu"
		seen has_view '.interfaces[]?.mtu' "$mtu"
	done
	finish watch
	was_told
}

@test "watch_prints_nothing_twice" {
	netns_new A
	local before alias
	ip -n "$A" link add v0 type veth peer name v1
	start_watch "netns:$A"
	# Events of something that isn't printed; when one look begins, that before is over.
	for alias in x y z; do
		before=$(reads)
		ip -n "$A" link set v0 alias "$alias"
		wait_until reads_more_than $((before + 9))
	done
	ip -n "$A" link set v0 mtu 1400
	wait_until has_view '.interfaces[]?.mtu' 1400
	finish watch
	# A view is two lines here; the second also counts what others' tests do.
	equal repeated "$(out watch | paste - - | uniq -d)" ""
}

reads() {
	awk '$1 == "syscr:" { print $2 }' "/proc/${PID[watch]}/io"
}

reads_more_than() {
	[ "$(reads)" -gt "$1" ]
}

has_one_thread() {
	[ "$(find "/proc/${PID[watch]}/task" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
}

@test "watch_keeps_no_namespace_descriptor_or_thread" {
	local C before
	netns_pair
	start_watch
	before=$(descriptors)
	for _ in 1 2 3 4 5; do
		netns_new C
		wait_until has_view .place "netns:$C"
		ip netns delete "$C"
	done
	wait_until at_most_descriptors "$before"
	# One that enters a namespace lives for as long as that takes.
	wait_until has_one_thread
	ip netns delete "$B"
	wait_until no_peer
	finish watch
}

at_most_descriptors() {
	[ "$(descriptors)" -le "$1" ]
}

no_peer() {
	! ip -n "$A" link show dev v0 >/dev/null 2>&1
}

@test "watch_ends_when_its_target_is_gone" {
	local C
	netns_new A
	netns_new C
	start_watch "netns:$C"
	ip netns delete "$C"
	reap watch 1
	says watch "$C"
}

@test "watch_redraws_a_terminal" {
	netns_new A
	start terminal script -qec "timeout -s INT 5 '$NSRING' ls --watch netns:$A" /dev/null
	wait_until grep -q "netns:$A" "$BATS_TEST_TMPDIR/terminal.out"
	grep -q $'\e\\[H\e\\[2J' "$BATS_TEST_TMPDIR/terminal.out"
}
