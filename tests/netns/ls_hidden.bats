#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring ls without privileges: less is seen, and what is missing is said.
#
#	A: named        H: held by a process of root's        N: by one of nobody's

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}

# Copies that nobody may execute, wherever the tree is.
setup() {
	local dir=$BATS_TEST_TMPDIR/bin
	install -D -m 755 "$NSRING" "$dir/nsring"
	cp "$(ldd "$NSRING" | awk '$1 ~ /^libnsring/ { print $3 }')" "$dir"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" \
		"$(dirname "$BATS_TEST_TMPDIR")" "$BATS_TEST_TMPDIR" "$dir"
	NSRING=$dir/nsring
	export LD_LIBRARY_PATH=$dir
}

@test "without_privileges_named_namespaces_are_listed_but_closed" {
	netns_new A
	run -0 as_nobody "$NSRING" ls --json
	equal error "$(jq -r "select(.place == \"netns:$A\").error" <<<"$output")" \
		"Operation not permitted"
	[ "$(jq 'select(.final).closed' <<<"$output")" -ge 1 ]
	run -0 as_nobody "$NSRING" ls
	[[ $output == *"entering it takes CAP_SYS_ADMIN"* ]]
}

@test "without_privileges_the_own_namespace_is_read" {
	netns_pair
	run -0 in_ns "$B" setpriv --reuid 65534 --regid 65534 --clear-groups "$NSRING" ls --json
	equal own "$(jq -c 'select(.own) | [.inode, (.interfaces | map(.name))]' <<<"$output")" \
		"[$(inode "/run/netns/$B"),[\"lo\",\"v1\"]]"
	equal peer "$(jq -r 'select(.own).interfaces[1].peer.place' <<<"$output")" "netns:$A"
}

@test "without_privileges_the_number_of_hidden_processes_and_the_capability_are_said" {
	local H
	unnamed H
	run -0 as_nobody "$NSRING" ls --json
	equal "root's" "$(jq "select(.inode == $H)" <<<"$output")" ""
	[ "$(jq 'select(.final).hidden_processes' <<<"$output")" -ge 1 ]
	[ "$(jq 'select(.final).hidden_descriptors' <<<"$output")" -ge 1 ]
	run -0 as_nobody "$NSRING" ls
	[[ $output == *"CAP_SYS_PTRACE: run as root"* ]]
}

@test "without_privileges_filters_are_unknown" {
	netns_pair
	start_in "$B" tcpdump nsenter --net="/run/netns/$B" tcpdump -Z root -n -i v1 -w /dev/null udp
	run -0 in_ns "$B" setpriv --reuid 65534 --regid 65534 --clear-groups "$NSRING" ls --json
	equal filter "$(jq -r 'select(.own).captures[0].filter' <<<"$output")" unknown
}

@test "with_privileges_nothing_that_root_may_see_is_missing" {
	netns_new A
	run -0 "$NSRING" ls --json
	equal closed "$(jq 'select(.final).closed' <<<"$output")" 0
	equal unopened "$(jq 'select(.final).unopened' <<<"$output")" 0
}
