#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring ls: names in /run/netns that are symbolic links, as people give them to containers. The witness
# is ip netns.
#
#	A: has a name		H: held by a process only, and a link to its /proc/PID/ns/net

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

eval "remove_$(declare -f teardown)"
links=()

# Links first: ip netns delete would take away what they lead to.
teardown() {
	rm -f "${links[@]}"
	remove_teardown
}

# link_to FILE VARIABLE: a name that is a link there.
link_to() {
	local link=nsr-t$$-l${#links[@]}
	links+=("/run/netns/$link")
	ln -s "$1" "/run/netns/$link"
	printf -v "$2" %s "$link"
}

@test "name_that_is_a_link_to_a_process_s_namespace_is_its_place" {
	local H name
	unnamed H
	link_to "/proc/${PID[holder]}/ns/net" name
	ip netns list | grep -qw "$name"
	equal place "$(seen "$H" .place)" "netns:$name"
	run -0 "$NSRING" ls "netns:$name"
	[[ $output == *"netns:$name  inode $H"* ]]
	run -0 "$NSRING" count --duration 0.1 -i "netns:$name/lo"
}

@test "link_to_a_name_is_one_more_name_of_the_namespace" {
	local name
	netns_new A
	link_to "/run/netns/$A" name
	equal holders "$(seen_ns "$A" '[.holders[] | select(.kind == "name").path] | sort | join(" ")')" \
		"/run/netns/$A /run/netns/$name"
	equal namespaces "$("$NSRING" ls --json | jq -r --argjson inode "$(inode "/run/netns/$A")" \
		'select(.inode == $inode).inode' | wc -l)" 1
}

@test "links_that_lead_nowhere_or_to_something_else_are_left_out" {
	local nowhere loop file other name
	link_to /proc/4194305/ns/net nowhere
	link_to "nsr-t$$-l1" loop
	link_to /etc/hostname file
	link_to /proc/self/ns/mnt other
	run -0 "$NSRING" ls
	for name in "$nowhere" "$loop" "$file" "$other"; do
		[[ $output != *"$name"* ]]
	done
}

@test "all_is_every_namespace_and_no_place_to_look_for_a_device" {
	netns_new A
	run -0 "$NSRING" ls all
	[[ $output == *"netns:$A  inode"* ]]
	run -0 "$NSRING" ls all/any
	[[ $output == *"netns:$A  inode"* ]]
	run "$NSRING" ls all/lo
	equal status "$status" 1
	[[ $output == *"every namespace at once"* ]]
}
