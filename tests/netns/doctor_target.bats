#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring doctor TARGET: what a capture of a device should know. Witness: ethtool.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B		and other devices in B

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/doctor

# ask TARGET: keep the findings about it.
ask() {
	"$NSRING" doctor --json "$1" >"$BATS_TEST_TMPDIR/findings" </dev/null
}

# xdp_program NS DEV MODE: a program that lets all pass, called somebodys.
xdp_program() {
	local object=$BATS_TEST_TMPDIR/pass.o
	clang -target bpf -O2 -c -o "$object" -x c - <<<'
		__attribute__((section("xdp"), used)) int somebodys(void *frame) { return 2; }'
	in_ns "$1" ip link set dev "$2" "$3" obj "$object" sec xdp
}

@test "of_a_veth_device_all_is_told" {
	netns_pair
	ask "netns:$B/v1"
	verdict link usable
	names link EN10MB
	verdict state usable
	verdict packet usable
	verdict zc.native usable
	names zc.native "not tried"
	verdict zc.generic usable
	verdict zc.zero-copy no
	verdict xdp.program usable
	verdict mtu usable
	equal driver "$(found driver reason)" \
		"$(in_ns "$B" ethtool -i v1 | sed -n 's/^driver: //p')"
	equal target "$(jq -r .target "$BATS_TEST_TMPDIR/findings" | sort -u)" "netns:$B/v1"
}

@test "nothing_of_the_device_is_changed" {
	local before
	netns_pair
	before=$(in_ns "$B" ethtool -k v1; ip -n "$B" -d link show dev v1)
	ask "netns:$B/v1"
	equal device "$(in_ns "$B" ethtool -k v1; ip -n "$B" -d link show dev v1)" "$before"
}

@test "every_subject_of_a_target_is_in_the_manual" {
	local subject page="$BATS_TEST_DIRNAME/../../man/nsring-doctor.1.scd"
	netns_pair
	ask "netns:$B/v1"
	equal "subjects that repeat" "$(jq -r .subject "$BATS_TEST_TMPDIR/findings" | sort | uniq -d)" ""
	while read -r subject; do
		grep -qE "\*${subject#offload.}\*" "$page" || {
			echo "not in the manual: $subject" >&2
			return 1
		}
	done < <(jq -r .subject "$BATS_TEST_TMPDIR/findings")
}

# follows NAME: the advice turns it off, as ethtool sees.
follows() {
	in_ns "$B" ethtool -K v1 "$1" on
	ask "netns:$B/v1"
	verdict "offload.$1" limited
	equal advice "$(found "offload.$1" advice)" "ip netns exec $B ethtool -K v1 $1 off"
	bash -c "$(found "offload.$1" advice)"
	ask "netns:$B/v1"
	verdict "offload.$1" usable
}

@test "offloads_that_are_on_are_told_and_the_advice_turns_them_off" {
	netns_pair
	follows gro
	follows tso
	follows tx-udp-segmentation
	follows rxvlan
}

@test "offloads_are_what_ethtool_says" {
	local name long
	netns_pair
	in_ns "$B" ethtool -K v1 gro on tso off
	ask "netns:$B/v1"
	while read -r name long; do
		equal "$name" "$([ "$(found "offload.$name" verdict)" = limited ] && echo on || echo off)" \
			"$(in_ns "$B" ethtool -k v1 | awk -v name="$long:" '$1 == name { print $2 }')"
	done <<-END
		gro generic-receive-offload
		tso tcp-segmentation-offload
		rxvlan rx-vlan-offload
		tx-udp-segmentation tx-udp-segmentation
	END
}

# longest_sent: of TCP data that B sends, as captured on v1.
longest_sent() {
	local file=$BATS_TEST_TMPDIR/sent
	start sink nsenter --net="/run/netns/$A" socat -T 120 -u TCP-LISTEN:5001,reuseaddr OPEN:/dev/null
	wait_until in_ns "$A" grep -q ':1389 ' /proc/net/tcp
	start_in "$B" dump "$NSRING" dump -i "netns:$B/v1" --direction out -w "$file" tcp
	in_ns "$B" bash -c 'head -c 200000 /dev/zero >/dev/tcp/10.9.0.1/5001'
	reap sink
	finish dump
	fields "$file" frame.len | sort -n | tail -n 1
}

@test "what_is_told_of_tso_and_gso_is_what_a_capture_sees" {
	netns_pair
	in_ns "$B" ethtool -K v1 tso on gso on
	ask "netns:$B/v1"
	verdict offload.tso limited
	verdict offload.gso usable
	[ "$(longest_sent)" -gt 1514 ]
	in_ns "$B" ethtool -K v1 tso off gso on
	ask "netns:$B/v1"
	verdict offload.tso usable
	verdict offload.gso usable
	[ "$(longest_sent)" -le 1514 ]
}

@test "the_other_end_of_a_pair_in_the_same_namespace_is_named_with_its_offloads" {
	netns_new B
	ip -n "$B" link add w0 type veth peer name w1
	ask "netns:$B/w0"
	verdict peer limited
	names peer "w1"
	in_ns "$B" ethtool -K w1 tso off tx-udp-segmentation off
	ask "netns:$B/w0"
	verdict peer usable
}

# A device that has the same index there is somebody else.
@test "the_other_end_of_a_pair_in_another_namespace_is_told_to_be_there" {
	local index
	netns_new A
	netns_new B
	ip -n "$A" link add index 77 name v0 type veth peer name v1 netns "$B"
	index=$(ip -n "$B" -j link show dev v1 | jq '.[0].link_index')
	ip -n "$B" link add index "$index" name decoy type bridge
	ask "netns:$B/v1"
	verdict peer limited
	names peer "another namespace"
}

@test "a_device_with_more_queues_than_zc_takes_is_told_and_the_advice_mends_it" {
	netns_new B
	ip -n "$B" link add w0 numrxqueues 300 numtxqueues 300 type veth peer name w1 \
		numrxqueues 300 numtxqueues 300
	in_ns "$B" ethtool -L w0 rx 300
	ask "netns:$B/w0"
	verdict queues limited
	bash -c "$(found queues advice | sed 's/, or .*//')"
	ask "netns:$B/w0"
	verdict queues usable
	names queues "256 of 300"
}

@test "a_device_that_is_down_is_told_with_how_to_set_it_up" {
	netns_pair
	ip -n "$B" link set v1 down
	ask "netns:$B/v1"
	verdict state no
	equal advice "$(found state advice)" "ip netns exec $B ip link set v1 up"
	bash -c "$(found state advice)"
	wait_until link_is_up "$B" v1
	ask "netns:$B/v1"
	verdict state usable
}

@test "a_device_without_a_carrier_is_told" {
	netns_pair
	ip -n "$A" link set v0 down
	ask "netns:$B/v1"
	verdict state no
	names state carrier
}

@test "a_program_that_is_on_the_device_is_named_and_in_the_way_of_zc" {
	netns_pair
	xdp_program "$B" v1 xdpdrv
	ask "netns:$B/v1"
	verdict xdp.program no
	names xdp.program "program $(xdp "$B" v1) (\"somebodys\")"
	verdict zc.native no
	verdict zc.generic no
	verdict packet usable
	bash -c "$(found xdp.program advice | sed 's/, or .*//')"
	equal program "$(xdp "$B" v1)" ""
}

@test "a_program_in_generic_mode_is_taken_off_as_advised" {
	netns_pair
	xdp_program "$B" v1 xdpgeneric
	ask "netns:$B/v1"
	names xdp.program generic
	bash -c "$(found xdp.program advice | sed 's/, or .*//')"
	equal program "$(xdp "$B" v1)" ""
}

@test "the_program_of_another_capture_is_known_as_such" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	ask "netns:$B/v1"
	verdict xdp.program no
	names xdp.program "nsring_zc"
	names xdp.program --fanout
	finish count
}

@test "of_a_tun_device_it_is_told_that_xdp_needs_ethernet" {
	netns_new B
	ip -n "$B" tuntap add tun0 mode tun
	ip -n "$B" link set tun0 up
	ask "netns:$B/tun0"
	names link RAW
	verdict packet usable
	verdict state no
	verdict zc.native no
	names zc.native Ethernet
	verdict live no
}

@test "of_a_bridge_and_its_port_it_is_told_what_they_show" {
	netns_pair
	ip -n "$B" link add br0 type bridge
	ip -n "$B" link set v1 master br0
	ip -n "$B" link set br0 up
	ask "netns:$B/br0"
	names master bridge
	verdict zc.native no
	verdict zc.generic usable
	ask "netns:$B/v1"
	verdict master limited
	names master "bridge br0"
}

@test "what_a_bridge_is_told_to_show_it_shows" {
	netns_pair
	netns_new C
	ip link add v2 netns "$B" type veth peer name v3 netns "$C"
	ip -n "$B" link add br0 type bridge mcast_snooping 0
	ip -n "$B" link set v1 master br0
	ip -n "$B" link set v2 master br0 up
	ip -n "$C" link set v3 address 02:00:00:00:00:0e up
	ip -n "$B" link set br0 up
	ip -n "$B" link set v2 up
	wait_until link_is_up "$B" br0
	bridge -n "$B" fdb replace 02:00:00:00:00:0e dev v2 master static
	start_count "$B" -i "netns:$B/br0"
	run -0 "$NSRING" send -i "netns:$A/v0" --count 50 --dst-mac 02:00:00:00:00:0e
	arrived "$C" v3 50
	finish count
	equal packets "$(total count .packets)" 50
}

@test "of_the_loopback_device_all_is_told" {
	netns_new B
	ask "netns:$B/lo"
	verdict packet usable
	verdict zc.native no
	verdict zc.generic usable
	equal "line of gro" "$(found offload.gro verdict)" ""
}

@test "of_any_it_is_told_that_headers_are_made_up" {
	netns_new B
	ask "netns:$B/any"
	verdict link limited
	names link LINUX_SLL2
	verdict packet usable
	verdict zc.native no
}

@test "a_large_mtu_is_told_to_need_several_buffers" {
	netns_pair 9000
	ask "netns:$B/v1"
	verdict mtu limited
	verdict zc.native usable
}

@test "an_engine_and_a_queue_in_the_target_are_not_looked_at" {
	netns_pair
	ask "netns:$B/zc:v1@0"
	verdict packet usable
	names driver veth
}

@test "every_engine_that_captures_from_devices_or_sends_on_them_may_be_named" {
	local engine
	netns_pair
	for engine in packet ring zc live; do
		ask "netns:$B/$engine:v1"
		verdict link usable
		verdict packet usable
		equal target "$(jq -r .target "$BATS_TEST_TMPDIR/findings" | sort -u)" \
			"netns:$B/$engine:v1"
	done
	run -1 "$NSRING" doctor "netns:$B/warp:v1"
	[[ $output == *'"warp" is unknown'* ]]
}

@test "a_device_that_is_not_there_fails_in_one_line" {
	netns_new B
	run -1 "$NSRING" doctor "netns:$B/nowhere"
	equal lines "${#lines[@]}" 1
	[[ $output == *nowhere* ]]
	run -1 "$NSRING" doctor netns:nsr-no-such/eth0
	equal lines "${#lines[@]}" 1
	[[ $output == *nsr-no-such* ]]
	run -1 "$NSRING" doctor planet:mars/eth0
	run -1 "$NSRING" doctor /lo
	run -1 "$NSRING" doctor "netns:$B"
	[[ $output == *netns:NAME/DEVICE* ]]
	run -1 "$NSRING" doctor ""
	run -1 "$NSRING" doctor file:/dev/null
	run -1 "$NSRING" doctor "netns:$B/"
	run -1 "$NSRING" doctor "netns:$B/a-name-that-is-too-long"
}

@test "a_place_that_may_not_be_entered_is_told_with_status_0" {
	netns_pair
	run -0 setpriv --bounding-set=-sys_admin "$NSRING" doctor --json "netns:$B/v1"
	equal verdict "$(jq -r 'select(.subject == "place").verdict' <<<"$output")" no
	[[ $output == *CAP_SYS_ADMIN* ]]
}

@test "without_cap_net_raw_a_device_is_looked_at_all_the_same" {
	netns_pair
	nsenter --net="/run/netns/$B" setpriv --bounding-set=-net_raw "$NSRING" doctor --json v1 \
		>"$BATS_TEST_TMPDIR/findings"
	verdict packet no
	names packet CAP_NET_RAW
	verdict state usable
	names driver veth
	verdict zc.native no
}

@test "nobody_is_told_of_a_device_what_anybody_may_know" {
	netns_pair
	nsenter --net="/run/netns/$B" setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$NSRING" doctor --json v1 >"$BATS_TEST_TMPDIR/findings"
	verdict packet no
	verdict offload.tso limited
	verdict state usable
	names zc.native setcap
}

@test "a_name_with_odd_characters_is_harmless_and_quoted_for_a_shell" {
	local name=$'a;b\e[1m$(x)'
	netns_new B
	ip -n "$B" link add "$name" type bridge
	ask "netns:$B/$name"
	[[ "$(found state advice)" == *"ip link set '$name' up" ]]
	run -0 "$NSRING" doctor "netns:$B/$name"
	[[ $output != *$'\e'* ]]
	[[ $output == *"'a;b?[1m\$(x)' up"* ]]
	ip -n "$B" link add "w'0" type veth peer name '$(w)'
	ask "netns:$B/w'0"
	[[ "$(found peer advice)" == *"ethtool -K '\$(w)' tso off"* ]]
	bash -c "$(found peer advice)"
	ask "netns:$B/w'0"
	verdict peer usable
	ip -n "$B" link add "it's" type bridge
	ask "netns:$B/it's"
	bash -c "$(found state advice)"
	ip -n "$B" -j link show dev "it's" | jq -e '.[0].flags | index("UP")'
}

@test "lines_about_a_target_are_within_100_columns" {
	netns_pair
	run -0 "$NSRING" doctor -i "netns:$B/v1"
	equal "lines that are too long" "$(awk 'length > 100' <<<"$output" | wc -l)" 0
}
