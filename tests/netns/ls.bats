#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring ls: which namespaces are found, and what they are called.
#
#	A, B: named        H: held by a process, a thread, a mount or a descriptor only

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

@test "named_namespace_is_listed_by_its_name_with_inode_and_cookie" {
	netns_new A
	equal place "$(seen_ns "$A" .place)" "netns:$A"
	[ "$(seen_ns "$A" .cookie)" -gt 0 ]
	equal error "$(seen_ns "$A" .error)" null
}

@test "cookie_is_the_one_that_a_capture_tells" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	wait_until grep -q open "$BATS_TEST_TMPDIR/count.out"
	equal cookie "$(seen_ns "$B" .cookie)" "$(out count | head -n 1 | jq .netns_cookie)"
}

@test "namespace_with_two_names_is_listed_once_with_both" {
	netns_new A
	netns_new B
	ip netns delete "$B"
	touch "/run/netns/$B"
	mount --bind "/run/netns/$A" "/run/netns/$B"
	equal names "$(seen_ns "$A" '[.holders[] | select(.kind == "name").path] | sort | join(" ")')" \
		"/run/netns/$A /run/netns/$B"
	equal times "$(seen_ns "$A" .inode | wc -l)" 1
}

@test "file_in_run_netns_that_is_no_namespace_is_left_out" {
	netns_new A
	netns_new B
	ip netns delete "$B"
	touch "/run/netns/$B"
	run -0 "$NSRING" ls
	[[ $output == *"netns:$A"* ]]
	[[ $output != *"netns:$B"* ]]
	rm "/run/netns/$B"
}

@test "namespace_of_a_process_is_listed_with_its_pid_and_name" {
	local H
	unnamed H
	equal place "$(seen "$H" .place)" "pid:${PID[holder]}"
	equal holder "$(seen "$H" -c '.holders[0] | [.kind, .pid, .comm]')" \
		"[\"process\",${PID[holder]},\"sleep\"]"
}

@test "namespace_of_one_thread_is_listed_with_the_thread" {
	local H
	start holder python3 -c '
import ctypes, threading, time
def away():
    assert ctypes.CDLL(None, use_errno=True).unshare(0x40000000) == 0
    print(threading.get_native_id(), flush=True)
    time.sleep(120)
threading.Thread(target=away).start()'
	wait_until test -s "$BATS_TEST_TMPDIR/holder.out"
	H=$(inode "/proc/$(out holder)/ns/net")
	equal holder "$(seen "$H" -c '.holders[0] | [.kind, .pid]')" "[\"thread\",$(out holder)]"
	equal place "$(seen "$H" .place)" "pid:$(out holder)"
}

@test "namespace_that_only_a_bind_mount_keeps_is_listed_with_its_path" {
	local H file="$BATS_TEST_TMPDIR/a blank and \\ more"
	unnamed H
	touch "$file"
	mount --bind "/proc/${PID[holder]}/ns/net" "$file"
	kill -KILL "${PID[holder]}"
	wait_until test ! -e "/proc/${PID[holder]}/ns/net"
	run seen "$H" -c '.place, [.holders[] | [.kind, .path]]'
	# A look by somebody else may have it open.
	umount -l "$file"
	equal "place and holders" "$output" "netns:$file
$(jq -nc --arg file "$file" '[["mount", $file]]')"
}

@test "namespace_that_only_a_mount_in_another_mount_namespace_keeps_is_listed_and_read" {
	local H dir=$BATS_TEST_TMPDIR/m
	mkdir "$dir"
	start holder unshare -m sh -c "mount -t tmpfs none '$dir' && touch '$dir/ns' &&
		unshare -n sh -c 'mount --bind /proc/self/ns/net $dir/ns; stat -L -c %i $dir/ns' &&
		exec sleep 120"
	wait_until test -s "$BATS_TEST_TMPDIR/holder.out"
	H=$(out holder)
	equal holder "$(seen "$H" -c '.holders[] | [.kind, .pid, .path]')" \
		"[\"mount\",${PID[holder]},\"$dir/ns\"]"
	equal interface "$(seen "$H" '.interfaces[].name')" lo
	run -0 "$NSRING" count --duration 0.1 -i "$(seen "$H" .place)/any"
}

@test "namespace_that_only_a_descriptor_keeps_is_listed_with_who_has_it_open" {
	local H
	start holder bash -c 'unshare -n sleep 120 &
		while [ /proc/$!/ns/net -ef /proc/self/ns/net ]; do :; done
		exec 9</proc/$!/ns/net; stat -L -c %i /proc/self/fd/9; kill $!; wait; exec sleep 120'
	wait_until test -s "$BATS_TEST_TMPDIR/holder.out"
	H=$(out holder)
	wait_until only_descriptors "$H"
	equal holder "$(seen "$H" -c '.holders[0] | [.pid, .fd]')" "[${PID[holder]},9]"
	equal place "$(seen "$H" .place)" "netns:/proc/${PID[holder]}/fd/9"
}

only_descriptors() {
	[ "$(seen "$1" -c '[.holders[].kind] | unique')" = '["fd"]' ]
}

@test "namespace_that_only_a_descriptor_of_a_deleted_name_keeps_is_listed" {
	local H
	netns_new A
	H=$(inode "/run/netns/$A")
	start holder bash -c "exec 9</run/netns/$A; echo; exec sleep 120"
	wait_until test -s "$BATS_TEST_TMPDIR/holder.out"
	ip netns delete "$A"
	equal holder "$(seen "$H" -c '.holders[] | [.kind, .pid, .fd]')" "[\"fd\",${PID[holder]},9]"
}

@test "namespace_of_process_1_is_called_host" {
	netns_new A
	run -0 nsenter --net="/run/netns/$A" unshare -fp --mount-proc "$NSRING" ls --json
	# It is process 1 itself there, and in no list of holders.
	equal place "$(jq -r 'select(.own).place' <<<"$output")" host
	equal first "$(jq -rs '.[0].place' <<<"$output")" host
}

@test "own_namespace_is_marked" {
	netns_new A
	run in_ns "$A" "$NSRING" ls --json
	equal own "$(jq -r 'select(.own).inode' <<<"$output")" "$(inode "/run/netns/$A")"
}

@test "every_place_that_is_listed_can_be_captured_on" {
	local H place
	netns_new A
	unnamed H
	for place in "$(seen "$H" .place)" "$(seen_ns "$A" .place)"; do
		run -0 "$NSRING" count --json --duration 0.1 -i "$place/any"
	done
	equal inode "$("$NSRING" count --json --duration 0.1 -i "$(seen "$H" .place)/any" |
		jq 'select(.open).netns_inode')" "$H"
}

@test "namespaces_are_those_that_lsns_lists" {
	netns_new A
	local H
	unnamed H
	start sleeper nsenter --net="/run/netns/$A" sleep 120
	wait_until [ "/proc/${PID[sleeper]}/ns/net" -ef "/run/netns/$A" ]
	lsns -t net -n -o NS | while read -r inode; do
		# It may be gone if a run beside this one made it.
		[ -n "$(seen "$inode" .inode)" ] || ! lsns -t net -n -o NS | grep -q "$inode" || {
			echo "not listed: $inode"
			return 1
		}
	done
}

@test "target_limits_it_to_one_place_or_device" {
	netns_pair
	equal places "$("$NSRING" ls --json "netns:$B" | jq -r 'select(.place).place')" "netns:$B"
	equal devices "$("$NSRING" ls --json "netns:$B/v1" | jq -r '.interfaces[]?.name')" v1
	equal devices "$("$NSRING" ls --json "netns:/run/netns/$B/zc:v1@0" |
		jq -r '.interfaces[]?.name')" v1
	equal devices "$(in_ns "$B" "$NSRING" ls --json v1 | jq -r '.interfaces[]?.name')" v1
}

@test "target_that_is_not_there_is_an_error_that_names_it" {
	netns_new A
	run -1 "$NSRING" ls "netns:$A/nope0"
	[[ $output == *nope0* ]]
	run -1 "$NSRING" ls "netns:$A-nope"
	[[ $output == *"$A-nope"* ]]
	run -1 "$NSRING" ls nope0
	[[ $output == *nope0* ]]
	run -1 "$NSRING" ls netns:
	[[ $output == *netns:NAME* ]]
	run -1 "$NSRING" ls pid:4194304
	[[ $output == *pid:4194304* ]]
	run -2 "$NSRING" ls one two
}

@test "output_for_people_has_every_named_namespace_and_no_line_beyond_100_columns" {
	local ns
	for ns in 1 2 3 4 5 6 7 8 9 10; do
		netns_new NEW
	done
	run -0 "$NSRING" ls
	for ns in "${namespaces[@]}"; do
		grep -q "^netns:$ns  inode" <<<"$output"
	done
	equal "long lines" "$(grep -v '^         ' <<<"$output" | awk 'length > 100')" ""
}

@test "no_colours_where_it_is_no_terminal_and_some_where_it_is" {
	local escape=$'\e'
	netns_new A
	run -0 "$NSRING" ls
	[[ $output != *"$escape"* ]]
	run -0 script -qec "'$NSRING' ls netns:$A" /dev/null
	[[ $output == *"$escape"* ]]
	run -0 env NO_COLOR=1 script -qec "'$NSRING' ls netns:$A" /dev/null
	[[ $output != *"$escape"* ]]
}

@test "odd_characters_in_names_are_escaped_for_people_and_whole_in_json" {
	local odd comm=$'\e[31mred\nx'
	netns_new A
	odd="$A"$'-\e[2J\n"\\\303\244'
	namespaces+=("$odd")
	ip netns add "$odd"
	ip -n "$odd" link add $'v\e"\\' type veth peer name v2
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/$comm"
	start holder nsenter --net="/run/netns/$odd" "$BATS_TEST_TMPDIR/$comm" 120
	wait_until [ "/proc/${PID[holder]}/ns/net" -ef "/run/netns/$odd" ]
	equal place "$(seen_ns "$odd" .place)" "netns:$odd"
	equal comm "$(seen_ns "$odd" '.holders[] | select(.kind == "process").comm')" "$comm"
	run -0 "$NSRING" ls
	[[ $output == *"netns:$A-\\x1b[2J\\x0a\"\\\\\\xc3\\xa4  inode"* ]]
	[[ $output == *"\\x1b[31mred\\x0ax ("* ]]
	[[ $output == *"v\\x1b\"\\\\ "* ]]
	equal "control characters" "$(tr -d '\n' <<<"$output" | LC_ALL=C tr -d '\040-\176' | wc -c)" 0
}

@test "namespaces_that_come_and_go_meanwhile_never_make_it_fail" {
	local i rounds=60
	# Under ASan each takes several times as long.
	[ -z "${NSR_TEST_LESS-}" ] || rounds=20
	netns_new A
	start churn bash -c 'n=0; while :; do
		n=$((n + 1)); name='"$A"'-c$((n % 7))
		ip netns add $name
		ip link add c$((n % 7)) netns '"$A"' type veth peer name e netns $name
		[ $((n % 3)) = 0 ] && ip netns exec $name sleep 0.01
		ip netns delete $name
	done'
	for i in 0 1 2 3 4 5 6; do
		namespaces+=("$A-c$i")
	done
	for ((i = 0; i < rounds; i++)); do
		"$NSRING" ls --json >"$BATS_TEST_TMPDIR/json"
		jq -es 'last.final' "$BATS_TEST_TMPDIR/json" >/dev/null
		"$NSRING" ls >/dev/null
	done
	kill -0 "${PID[churn]}"
}

@test "two_hundred_namespaces_are_all_listed_each_with_its_peer" {
	local ns i
	netns_new A
	for ((i = 0; i < 200; i++)); do
		namespaces+=("$A-m$i")
		echo "netns add $A-m$i"
	done | ip -batch -
	for ((i = 0; i < 200; i++)); do
		namespaces+=("$A-m$i")
		echo "link add m$i netns $A type veth peer name eth0 netns $A-m$i"
	done >"$BATS_TEST_TMPDIR/batch"
	ip -batch "$BATS_TEST_TMPDIR/batch"
	# The usual soft limit for descriptors.
	run -0 bash -c "ulimit -Sn 128; exec '$NSRING' ls --json"
	equal namespaces "$(jq -c --arg a "netns:$A-m" 'select(.place // "" | startswith($a)) |
		.interfaces[] | select(.name == "eth0") |
		select(.peer.place == "netns:'"$A"'") | .peer.name' <<<"$output" | sort -u | wc -l)" 200
	for ((i = 0; i < 200; i++)); do
		echo "netns delete $A-m$i"
	done | ip -batch -
}

@test "namespaces_for_which_descriptors_are_short_are_counted" {
	local i
	for ((i = 0; i < 8; i++)); do
		netns_new NEW
	done
	run -0 bash -c "ulimit -n 68; exec '$NSRING' ls --json"
	[ "$(jq 'select(.final).unopened' <<<"$output")" -gt 0 ]
	run -0 bash -c "ulimit -n 68; exec '$NSRING' ls"
	[[ $output == *"for want of descriptors"* ]]
}

@test "ls_leaves_no_namespace_alive" {
	local cookie
	netns_new A
	ip -n "$A" link add v0 type veth peer name v1
	"$NSRING" ls >/dev/null
	cookie=$(seen_ns "$A" .cookie)
	ip netns delete "$A"
	[ -z "$("$NSRING" ls --json | jq "select(.cookie == $cookie)")" ]
}

@test "main_thread_enters_no_namespace" {
	netns_new A
	# Leaks can't be looked for in a traced process.
	local -x ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	run -0 strace -e trace=setns -o "$BATS_TEST_TMPDIR/main" "$NSRING" ls
	equal "of the main thread" "$(grep -c setns "$BATS_TEST_TMPDIR/main" || :)" 0
	run -0 strace -f -e trace=setns -o "$BATS_TEST_TMPDIR/all" "$NSRING" ls
	[ "$(grep -c setns "$BATS_TEST_TMPDIR/all")" -gt 0 ]
}
