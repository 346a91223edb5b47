#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Refusals: one sentence that names what is wrong, and the exit status.
#
#	A: v0 ---- v1 :B

load ../lib/netns

# refuses WORD COMMAND…: exit status 1 or 2, at most a sentence and a hint, with WORD in it.
refuses() {
	local word=$1
	shift
	run timeout 20 "$@"
	[ "$status" = 1 ] || [ "$status" = 2 ] || {
		echo "status $status: $output" >&2
		return 1
	}
	[[ $output == *"$word"* ]] || {
		echo "'$word' is not in: $output" >&2
		return 1
	}
	[ "${#lines[@]}" -le 2 ]
}

# refuses_target WORD TARGET
refuses_target() {
	refuses "$1" "$NSRING" count --duration 1 -i "$2"
}

@test "unknown_device_is_named" {
	netns_pair
	refuses_target nosuch "netns:$B/nosuch"
	equal status "$status" 1
}

@test "unknown_namespace_is_named" {
	refuses_target nsr-nosuch netns:nsr-nosuch/eth0
	equal status "$status" 1
}

@test "unknown_process_is_named" {
	refuses_target 4194305 pid:4194305/eth0
}

@test "unknown_engine_is_named" {
	refuses_target warp warp:lo
}

@test "unknown_kind_of_place_is_named" {
	refuses_target planet planet:x/lo
}

@test "pid_that_is_no_number_is_named" {
	refuses_target 12x pid:12x/lo
}

@test "missing_device_is_said" {
	netns_pair
	refuses_target device "netns:$B/"
}

@test "empty_target_is_refused" {
	refuses_target target ''
}

@test "unknown_device_with_an_at_sign_is_named" {
	netns_pair
	refuses_target v1@x1 "netns:$B/v1@x1"
}

@test "device_name_that_is_too_long_is_named" {
	refuses_target 'longer than the 127 characters' "$(printf 'a%.0s' {1..128})"
}

@test "path_that_is_no_namespace_is_named" {
	refuses_target /etc/hostname netns:/etc/hostname/eth0
}

@test "missing_file_is_named" {
	refuses_target nosuch.pcap file:nosuch.pcap
	equal status "$status" 1
}

@test "unknown_command_is_named_with_status_2" {
	refuses frobnicate "$NSRING" frobnicate
	equal status "$status" 2
}

@test "unknown_option_is_named_with_status_2" {
	refuses frobnicate "$NSRING" count --frobnicate
	equal status "$status" 2
}

@test "missing_target_is_said_with_status_2" {
	local command
	for command in count dump send; do
		refuses "-i TARGET" "$NSRING" "$command"
		equal "status of $command" "$status" 2
	done
}

# nobody_refuses WORD [OPTION…] COMMAND…: as refuses, as a user without capabilities.
nobody_refuses() {
	local word=$1
	shift
	refuses "$word" setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "capturing_without_cap_net_raw_names_it_and_how_to_grant_it" {
	nobody_refuses CAP_NET_RAW "$NSRING" count -i lo --duration 1
	equal status "$status" 1
	[[ $output == *"setcap cap_net_raw+ep"* ]]
}

@test "setcap_is_not_advised_where_the_bounding_set_lacks_the_capability" {
	netns_pair
	refuses "CAP_NET_RAW left in the bounding set" nsenter --net="/run/netns/$B" \
		setpriv --bounding-set=-net_raw "$NSRING" count -i v1 --duration 1
	equal status "$status" 1
	[[ $output != *setcap* ]]
	nobody_refuses "CAP_NET_RAW left in the bounding set" --bounding-set=-net_raw \
		"$NSRING" count -i lo --duration 1
	[[ $output != *setcap* ]]
}

@test "setcap_is_not_advised_where_file_capabilities_are_ignored" {
	nobody_refuses no_new_privs --no-new-privs "$NSRING" count -i lo --duration 1
	[[ $output != *setcap* ]]
	refuses "mounted nosuid" unshare --mount bash -c '
		mount -t tmpfs -o nosuid,mode=755 none /mnt && mkdir /mnt/cli /mnt/lib &&
		cp "$0" /mnt/cli && cp "$(dirname "$0")"/../lib/libnsring.so.0 /mnt/lib &&
		exec setpriv --reuid=65534 --regid=65534 --clear-groups \
			/mnt/cli/nsring count -i lo --duration 1' "$NSRING"
	[[ $output != *"cap_net_raw+ep"* ]]
}

@test "entering_a_namespace_without_cap_sys_admin_names_it" {
	netns_pair
	refuses CAP_SYS_ADMIN setpriv --bounding-set=-sys_admin "$NSRING" count -i "netns:$B/v1" \
		--duration 1
	equal status "$status" 1
}

@test "capturing_in_the_own_namespace_needs_no_capability_but_cap_net_raw" {
	netns_pair
	start_in "$B" count nsenter --net="/run/netns/$B" setpriv --bounding-set=-all,+net_raw \
		"$NSRING" count --json --duration 60 -i v1
	udp "$A" 7
	arrived "$B" v1 7
	finish count
	equal packets "$(total count .packets)" 7
}
