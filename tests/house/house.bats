#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The house of docs/design.md, held against the sources: who calls whom, and what is there once.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# Succeeds when standard input is empty, else shows it.
nothing() {
	local found
	found=$(cat)
	[ -z "$found" ] || {
		echo "$found" >&2
		return 1
	}
}

# code PATTERN [ROOM…]: where the sources that are ours to sort have it, in all rooms or these.
code() {
	local pattern=$1
	shift
	[ $# -gt 0 ] || set -- sys lib engines compat text dissect jobs host doctor cli integrations
	grep -rnE --include='*.c' --include='*.h' -- "$pattern" "$@"
}

# except FILE…: what remains of code's lines without those of these files.
except() {
	local file pattern='^$'
	for file; do
		pattern+="|^${file//./\\.}:"
	done
	grep -vE "$pattern" || :
}

@test "no_include_runs_upwards" {
	tests/house/arrows includes | nothing
}

@test "no_call_runs_upwards" {
	[ -d build/sys ] || skip "build/ is not there: make"
	tests/house/arrows symbols | nothing
}

@test "every_room_begins_with_how_its_parts_meet" {
	local room missing=
	for room in sys lib lib/filter lib/file engines engines/zc compat/pcap text dissect jobs host doctor cli \
		integrations/wireshark kmod bench; do
		[ -e "$room/README.md" ] || [ -e "$room/$(basename "$room").h" ] || missing+=" $room"
	done
	equal_or_say "$missing"
}

equal_or_say() {
	[ -z "$1" ] || {
		echo "without README.md or a header of its name:$1" >&2
		return 1
	}
}

@test "only_sys_netlink_talks_netlink" {
	code '\bAF_NETLINK\b|\bmnl_socket_' | except sys/netlink.c | nothing
}

@test "only_sys_place_enters_a_namespace" {
	code '\bsetns\(' | except sys/place.c | nothing
}

@test "only_sys_place_opens_a_namespace_s_file" {
	code '\bNS_GET_NSTYPE\b|\bNSFS_MAGIC\b' | except sys/place.c | nothing
}

@test "only_sys_thread_starts_threads" {
	code '\bpthread_create\(' | except sys/thread.c sys/thread.h | nothing
}

@test "only_sys_clock_asks_for_the_time" {
	code '\bclock_gettime\(' | except sys/clock.h | nothing
}

# Constants that some supported header does not have yet.
@test "only_sys_compat_defines_what_is_newer_than_the_headers" {
	code '^#ifndef (AF|SOL|SO|NS|IFLA|NETDEV|XDP|BPF|PACKET|TP|ETH|NETNSA|TCA|IFA|RTM)_' |
		except sys/compat.h | nothing
	code '^#define (NETDEV|IFLA|SO|NS_GET)_' | except sys/compat.h | nothing
}

@test "only_lib_target_reads_targets" {
	code "strn?cmp\([^,]*, *\"(file|netns|pid|zc|packet|ring|live):" |
		except lib/target.c sys/place.c | nothing
	code "strr?chr\([^,]*target[^,]*, *'[/:@]'\)" | except lib/target.c | nothing
}

# The doctor tries engines, each in a file of its own; that is asking by name, not deciding by it.
@test "only_the_registry_decides_by_an_engine_s_name" {
	code "strcmp\([^)]*\"(file|zc|packet|ring|live)\"" | except lib/registry.c | nothing
}

@test "only_the_writer_knows_how_large_blocks_are" {
	code 'PACKET_OVERHEAD|COUNTS_BYTES|INTERFACE_BYTES' jobs cli host doctor | nothing
}

@test "jobs_host_and_doctor_know_no_exit_status" {
	code '\bCLI_(DONE|FAILED|USAGE)\b|\bcli_' jobs host doctor dissect text lib sys engines | nothing
}

@test "each_engine_has_a_build_file_of_its_own" {
	local dir
	for dir in engines/*/; do
		[ -e "$dir/meson.build" ] || echo "$dir has no meson.build"
	done | nothing
}
