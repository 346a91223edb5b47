#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# make demo, and what a user is told who can't run it.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# Not root, without a terminal; exec by root keeps no capability.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@" </dev/null
}

demo_namespaces() {
	ip netns list | grep -c '^nsr-demo-' || :
}

@test "demo_counts_real_traffic_and_says_what_to_try_next" {
	run setsid make -s demo <&-
	[ "$status" = 0 ]
	[[ ${lines[-1]} == Next*nsring* ]]
	[[ $output =~ :\ ([0-9,]+)\ packets, ]]
	[ "${BASH_REMATCH[1]//,/}" -gt 1000 ]
}

@test "demo_leaves_no_namespace" {
	run make -s demo </dev/null
	[ "$status" = 0 ]
	[ "$(demo_namespaces)" = 0 ]
}

@test "demo_removes_what_a_killed_demo_has_left" {
	setsid demo/demo.sh >/dev/null 2>&1 3>&- </dev/null &
	local demo=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(demo_namespaces)" -lt 2 ] || break
		sleep 0.05
	done
	kill -KILL "$demo"
	wait "$demo" || :
	[ "$(demo_namespaces)" = 2 ]
	run demo/demo.sh </dev/null
	[ "$status" = 0 ]
	[ "$(demo_namespaces)" = 0 ]
}

@test "demo_without_root_says_so_in_one_sentence" {
	cp Makefile "$BATS_TEST_TMPDIR"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*
	cd "$BATS_TEST_TMPDIR"
	run as_nobody make -s demo
	[ "$status" != 0 ]
	[[ ${lines[0]} == "nsring: "*"sudo make demo"* ]]
}

@test "test_without_root_says_so_in_one_sentence" {
	cp Makefile "$BATS_TEST_TMPDIR"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*
	cd "$BATS_TEST_TMPDIR"
	run as_nobody make -s test
	[ "$status" != 0 ]
	[[ ${lines[0]} == "nsring: "*"sudo make test"* ]]
}

@test "installing_packages_on_another_system_says_what_to_do" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /bin/dirname /bin/sh "$BATS_TEST_TMPDIR/bin"
	run env "PATH=$BATS_TEST_TMPDIR/bin" packaging/install-packages build
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"not Debian"*packages.apt* ]]
}

@test "with_nothing_missing_no_package_tool_is_called" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho called >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/apt-get"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
	run env "PATH=$BATS_TEST_TMPDIR/bin:$PATH" packaging/install-packages build test
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "help_lists_every_target" {
	run make -s help
	local target
	for target in all build demo test check test-unit test-netns test-asan test-tsan test-fresh fuzz bench \
		install uninstall kmod install-dkms uninstall-dkms check-format clean; do
		[[ $output == *"make $target "* ]]
	done
}
