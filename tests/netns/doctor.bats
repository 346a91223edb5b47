#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring doctor without a target: what works on this machine, as whom, and that nothing is left.
#
#	the machine; and B, a namespace with one end of a veth pair, as a witness

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/doctor

# ask COMMAND…: keep the findings that it prints.
ask() {
	"$@" >"$BATS_TEST_TMPDIR/findings" </dev/null
}

# without CAPABILITY…: as root, but for these.
without() {
	local list=
	for capability; do
		list+=,-$capability
	done
	ask setpriv --bounding-set="${list#,}" "$NSRING" doctor --json
}

# as_nobody [OPTION…] COMMAND…
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "root_is_told_that_all_works_that_does" {
	local subject
	ask "$NSRING" doctor --json
	for subject in capabilities packet packet.immediate packet.fanout packet.send zc.native \
		zc.generic zc.tap zc.filter zc.fanout zc.busy-poll zc.stamp zc.mtu live \
		place.netns zc.sockets limit.nofile limit.filter kernel.bpf-jit trials; do
		verdict "$subject" usable
	done
}

@test "without_its_module_the_engine_ring_is_limited_and_modprobe_mends_it" {
	[ ! -e /sys/module/nsring ] || skip "nsring.ko is loaded"
	ask "$NSRING" doctor --json
	verdict ring limited
	names ring "modprobe nsring"
}

@test "places_that_are_told_to_be_usable_are_those_that_can_be_looked_at" {
	local hidden=0
	ask "$NSRING" doctor --json
	readlink /proc/1/ns/net || hidden=1
	equal host "$(found place.host verdict)" "$([ $hidden = 0 ] && echo usable || echo no)"
	equal pid "$(found place.pid verdict)" "$([ $hidden = 0 ] && echo usable || echo limited)"
}

@test "what_is_told_to_be_usable_is_what_count_then_does" {
	netns_pair
	ask "$NSRING" doctor --json
	equal native "$("$NSRING" count --json -i "netns:$B/zc:v1" --take --xdp native --duration 0.1 \
		2>/dev/null | head -n 1 | jq -r .mode)" "XDP native copy, 1 queue"
	names zc.native "XDP native copy, 1 queue"
	equal tap "$("$NSRING" count --json -i "netns:$B/zc:v1" --duration 0.1 |
		head -n 1 | jq -r .mode)" "XDP native tap, 1 queue"
	names zc.tap "XDP native tap, 1 queue"
	equal packet "$("$NSRING" count --json -i "netns:$B/v1" --immediate --duration 0.1 |
		head -n 1 | jq -r .mode)" "TPACKET_V2, immediate"
	names packet.immediate "TPACKET_V2, immediate"
}

@test "each_line_of_json_has_its_four_fields_and_a_known_verdict" {
	ask "$NSRING" doctor --json
	[ "$(jq -s length "$BATS_TEST_TMPDIR/findings")" -ge 15 ]
	equal "objects that are wrong" "$(jq -c 'select((keys != ["advice", "reason", "subject",
		"verdict"]) or ([.verdict] - ["usable", "limited", "no"] != []) or
		(.reason == "") or (map(type) | unique != ["string"]))' "$BATS_TEST_TMPDIR/findings")" ""
	equal "subjects that repeat" "$(jq -r .subject "$BATS_TEST_TMPDIR/findings" | sort | uniq -d)" ""
}

@test "every_subject_is_in_the_manual" {
	local subject page="$BATS_TEST_DIRNAME/../../man/nsring-doctor.1.scd"
	ask "$NSRING" doctor --json
	while read -r subject; do
		grep -qF "*$subject*" "$page" || {
			echo "not in the manual: $subject" >&2
			return 1
		}
	done < <(jq -r .subject "$BATS_TEST_TMPDIR/findings")
}

@test "lines_for_people_are_aligned_and_within_100_columns_and_have_no_colours_in_a_pipe" {
	run -0 "$NSRING" doctor
	[[ $output == *"packet.immediate"* ]]
	equal "longest line fits" "$(awk 'length > 100 && NF > 1' <<<"$output" | grep -vc "+ep /")" 0
	equal "columns of the verdicts" "$(awk '/^[a-z]/ { print match($0, / (usable|limited|no) /) }' \
		<<<"$output" | sort -u | wc -l)" 1
	[[ $output != *$'\e'* ]]
}

@test "colours_are_for_terminals_without_NO_COLOR" {
	run -0 script -qec "$NSRING doctor" /dev/null
	[[ $output == *$'\e[32m'* ]]
	run -0 script -qec "env NO_COLOR=1 $NSRING doctor" /dev/null
	[[ $output != *$'\e'* ]]
}

@test "without_cap_net_raw_no_packets_are_to_be_had_and_it_is_named" {
	without net_raw
	verdict capabilities no
	for subject in packet packet.immediate packet.fanout packet.send zc.sockets zc.native; do
		verdict "$subject" no
		names "$subject" CAP_NET_RAW
		names "$subject" "bounding set"
	done
	verdict live usable
	verdict place.netns usable
}

@test "without_cap_bpf_the_engines_with_programs_are_not_to_be_had_and_it_is_named" {
	without bpf sys_admin
	for subject in zc.native zc.generic zc.tap zc.fanout live; do
		verdict "$subject" no
		names "$subject" CAP_BPF
	done
	verdict packet usable
	verdict zc.sockets usable
}

@test "without_cap_net_admin_zc_is_not_to_be_had_and_it_is_named" {
	without net_admin
	for subject in zc.native zc.generic zc.tap zc.fanout live; do
		verdict "$subject" no
		names "$subject" CAP_NET_ADMIN
	done
	verdict packet usable
}

@test "without_cap_perfmon_zc_works_with_slower_filters_and_live_does_not" {
	without perfmon sys_admin
	verdict zc.native usable
	verdict zc.filter limited
	names zc.filter CAP_PERFMON
	verdict live no
	names live CAP_PERFMON
}

@test "cap_sys_admin_stands_for_cap_bpf_and_cap_perfmon" {
	without bpf perfmon
	for subject in capabilities zc.native zc.filter live; do
		verdict "$subject" usable
	done
}

@test "without_cap_sys_admin_places_are_closed_and_trials_are_fewer" {
	without sys_admin
	verdict trials no
	names trials CAP_SYS_ADMIN
	verdict place.netns no
	names place.netns CAP_SYS_ADMIN
	verdict place.pid no
	names place.pid CAP_SYS_ADMIN
	verdict packet usable
	verdict zc.native usable
	names zc.native "not tried"
	verdict zc.fanout limited
	names zc.fanout "Linux 6.4"
	verdict live limited
	names live CAP_SYS_ADMIN
}

@test "without_trials_on_a_loopback_device_that_is_down_packets_are_to_be_had" {
	ask unshare --net setpriv --bounding-set=-sys_admin "$NSRING" doctor --json
	verdict packet usable
	[ "$(found packet.fanout verdict)" != no ]
}

@test "without_cap_sys_ptrace_only_some_processes_can_be_looked_at" {
	start other setpriv --reuid=65534 --regid=65534 --clear-groups sleep 60
	wait_until grep -q "^Uid:.65534" "/proc/${PID[other]}/status"
	without sys_ptrace
	[ "$(found place.pid verdict)" != usable ]
	names place.pid CAP_SYS_PTRACE
}

@test "with_little_memory_to_lock_sockets_are_limited_and_count_has_as_little" {
	netns_pair
	ask prlimit --memlock=2097152 setpriv --bounding-set=-ipc_lock "$NSRING" doctor --json
	verdict zc.sockets limited
	names zc.sockets "ulimit -l"
	[ "$(prlimit --memlock=2097152 setpriv --bounding-set=-ipc_lock "$NSRING" count --json \
		--take --busy-poll 20 -i "netns:$B/zc:v1" --duration 0.1 2>/dev/null | head -n 1 |
		jq .ring_bytes)" -le 2097152 ]
}

@test "with_hardly_any_memory_to_lock_there_are_no_sockets" {
	ask prlimit --memlock=65536 setpriv --bounding-set=-ipc_lock "$NSRING" doctor --json
	verdict zc.sockets no
	verdict packet usable
}

@test "with_few_descriptors_captures_are_few" {
	ask prlimit --nofile=256:256 "$NSRING" doctor --json
	verdict limit.nofile limited
	names limit.nofile "256 descriptors"
	names limit.nofile LimitNOFILE
}

# descriptors TARGET…: how many a capture of these has open.
descriptors() {
	local targets=()
	for target; do
		targets+=(-i "netns:$B/packet:$target")
	done
	start_count "$B" "${targets[@]}"
	wait_until has_sockets "$B" $#
	find "/proc/${PID[count]}/fd" -mindepth 1 | wc -l
	finish count >&2
}

@test "descriptors_that_a_capture_is_said_to_take_are_those_that_it_takes" {
	local before one any
	netns_pair
	ask "$NSRING" doctor --json
	before=$(descriptors v1 v1)
	one=$(descriptors v1 v1 v1)
	any=$(descriptors v1 v1 any)
	names limit.nofile "take $((one - before)) each, of any $((any - before))"
}

@test "nobody_is_told_what_to_grant_and_nothing_fails" {
	ask as_nobody "$NSRING" doctor --json
	verdict capabilities no
	verdict packet no
	[[ $(found packet advice) == *"setcap cap_net_raw+ep /"*nsring ]]
	[[ $(found zc.native advice) == *"setcap cap_net_raw,cap_net_admin,cap_bpf+ep /"* ]]
	verdict place.netns no
	verdict kernel.bpf-jit usable
}

@test "what_nobody_is_told_to_grant_is_enough" {
	local list
	ask as_nobody "$NSRING" doctor --json
	list=$(found capabilities advice | grep -o 'setcap [a-z_,]*' | cut -c 8- | sed 's/cap_/+/g')
	ask as_nobody --inh-caps="$list" --ambient-caps="$list" "$NSRING" doctor --json
	for subject in capabilities packet zc.native zc.filter zc.fanout live place.netns trials; do
		verdict "$subject" usable
	done
}

@test "a_setcap_line_keeps_what_is_there_already" {
	ask as_nobody --inh-caps=+net_raw --ambient-caps=+net_raw "$NSRING" doctor --json
	verdict packet usable
	[[ $(found place.netns advice) == *"setcap cap_net_raw,cap_sys_admin+ep"* ]]
}

@test "with_no_new_privs_setcap_is_not_advised" {
	ask as_nobody --no-new-privs "$NSRING" doctor --json
	verdict packet no
	names packet no_new_privs
	[[ $(found packet advice) != *setcap* ]]
}

@test "in_a_user_namespace_packets_are_to_be_had_and_programs_are_not" {
	ask unshare --user --map-root-user --net "$NSRING" doctor --json
	verdict trials usable
	verdict packet usable
	verdict zc.native no
	names zc.native "user namespace"
	verdict capabilities limited
}

@test "in_a_user_namespace_named_namespaces_are_told_to_be_open_if_they_are" {
	netns_new B
	ask unshare --user --map-root-user --net "$NSRING" doctor --json
	verdict place.netns no
	names place.netns "user namespace"
	run unshare --user --map-root-user --net "$NSRING" count --duration 0.1 -i "netns:$B/lo"
	equal status "$status" 1
	[[ $output == *"in the user namespace that owns it"* ]]
	[[ $output != *"run as root"* ]]
}

# with_names COMMANDS: what doctor says in a user namespace where COMMANDS have made names.
with_names() {
	ask unshare --user --map-root-user --net --mount bash -c "
		mount -t tmpfs none /run && mkdir /run/netns && $1"' && exec "$0" doctor --json' \
		"$NSRING"
}

@test "namespaces_with_a_name_are_judged_by_entering_each" {
	with_names 'ip netns add own'
	verdict place.netns usable
	with_names 'ip netns add own && ln -s /proc/1/ns/net /run/netns/host && touch /run/netns/none'
	verdict place.netns limited
	names place.netns "1 of the 2"
	with_names :
	verdict place.netns limited
	names place.netns "that this user namespace owns"
}

@test "where_no_namespace_can_be_made_that_is_told_and_nothing_is_without_a_reason" {
	ask unshare --user --map-root-user bash -c '
		echo 0 >/proc/sys/user/max_net_namespaces && exec "$1" doctor --json' none "$NSRING"
	verdict trials no
	names trials user.max_net_namespaces
	equal "lines without a reason" "$(jq -c 'select(.reason == "")' \
		"$BATS_TEST_TMPDIR/findings")" ""
	equal "lines that are no and without advice" "$(jq -c 'select(.verdict == "no" and
		.advice == "")' "$BATS_TEST_TMPDIR/findings")" ""
}

@test "words_that_are_too_many_are_a_usage_error" {
	run -2 "$NSRING" doctor lo lo
	run -2 "$NSRING" doctor -i lo lo
	run -2 "$NSRING" doctor -i lo -i lo
	run -2 "$NSRING" doctor --frobnicate
}

@test "a_reader_that_goes_away_is_an_error" {
	run -1 bash -c '"$1" doctor --json >/dev/full' full "$NSRING"
	[[ $output == *"standard output"* ]]
}

# The ids of programs that nsring has in the kernel.
programs() {
	bpftool -j prog show | jq -c '[.[] | select((.name // "") | startswith("nsring_")) | .id]'
}

# Others may end in the meantime, such as those of a test before.
has_no_programs_but() {
	jq -ne --argjson now "$(programs)" --argjson before "$1" '$now - $before == []' >/dev/null
}

@test "nothing_is_left_behind" {
	local links before
	links=$(ip -j -d link show | jq -c '[.[] | [.ifname, .promiscuity, .xdp, .mtu, .flags]]')
	before=$(programs)
	ask "$NSRING" doctor --json
	wait_until has_no_programs_but "$before"
	equal links "$(ip -j -d link show |
		jq -c '[.[] | [.ifname, .promiscuity, .xdp, .mtu, .flags]]')" "$links"
}

# The limit of a user namespace of its own is the witness: namespaces that stay would use it up.
@test "killed_in_the_middle_it_leaves_nothing_behind" {
	local before
	before=$(programs)
	run -0 unshare --user --map-root-user bash -c '
		echo 4 >/proc/sys/user/max_net_namespaces || exit
		for i in $(seq 12); do
			"$1" doctor --json >/dev/null 2>&1 &
			sleep "0.$(printf %03d $((i * 11)))"
			kill -KILL $!
			wait $! 2>/dev/null
			sleep 0.2
		done
		for i in $(seq 100); do
			"$1" doctor --json | grep -q "\"trials\",\"verdict\":\"usable\"" && exit
			sleep 0.1
		done
		exit 1' killed "$NSRING"
	for delay in 0.02 0.05 0.1 0.15 0.2; do
		start "killed-$delay" "$NSRING" doctor --json
		sleep "$delay"
		kill -KILL "${PID[killed-$delay]}" 2>/dev/null || :
	done
	wait_until has_no_programs_but "$before"
}
