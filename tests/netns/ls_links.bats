#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring ls: interfaces against what ip tells, and where their other ends are.
#
#	A: v0 ---- v1 :B        H: held by a process only

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

@test "interfaces_are_those_that_ip_lists" {
	local filter='[.[] | [.ifindex, .ifname, .mtu, .operstate, .address]] | sort'
	netns_pair
	equal interfaces \
		"$(seen_ns "$B" -c '[.interfaces[] | [.index, .name, .mtu, .state, .mac]] | sort')" \
		"$(ip -n "$B" -j link | jq -c "$filter")"
	equal kind "$(link "$B" v1 .kind)" veth
	equal kind "$(link "$B" lo .kind)" loopback
	ip -n "$B" link set v1 down
	equal up "$(link "$B" v1 .up)" false
}

@test "addresses_are_those_that_ip_lists" {
	netns_pair
	in_ns "$B" sysctl -qw net.ipv6.conf.v1.disable_ipv6=0
	ip -n "$B" address add 2001:db8::2/64 dev v1 nodad
	ip -n "$B" address add 192.0.2.7 peer 192.0.2.8/31 dev v1
	equal addresses "$(link "$B" v1 '.addresses | sort | join(" ")')" \
		"$(ip -n "$B" -j address show dev v1 |
			jq -r '[.[].addr_info[] | "\(.local)/\(.prefixlen)"] | sort | join(" ")')"
}

@test "counters_are_those_that_ip_shows" {
	netns_pair
	udp "$A" 37
	arrived "$B" v1 37
	equal packets "$(link "$B" v1 .rx_packets)" 37
	equal counters \
		"$(link "$B" v1 '[.rx_packets, .rx_bytes, .rx_dropped, .rx_errors, .tx_packets,
			.tx_bytes, .tx_dropped, .tx_errors] | tostring')" \
		"$(ip -n "$B" -j -s link show dev v1 | jq -r '.[0].stats64 | [.rx.packets,
			.rx.bytes, .rx.dropped, .rx.errors, .tx.packets, .tx.bytes, .tx.dropped,
			.tx.errors] | tostring')"
}

@test "driver_and_speed_are_those_that_ethtool_shows" {
	netns_pair
	equal driver "$(link "$B" v1 .driver)" \
		"$(in_ns "$B" ethtool -i v1 | awk '$1 == "driver:" { print $2 }')"
	equal speed "$(link "$B" v1 .speed_mbit)" \
		"$(in_ns "$B" ethtool v1 | awk '$1 == "Speed:" { print $2 + 0 }')"
}

@test "veth_peer_in_another_namespace_is_named_with_its_place" {
	netns_pair
	equal peer "$(link "$A" v0 '.peer | [.relation, .place, .name] | join(" ")')" \
		"peer netns:$B v1"
	equal peer "$(link "$B" v1 '.peer | [.relation, .place, .name] | join(" ")')" \
		"peer netns:$A v0"
	equal inode "$(link "$B" v1 .peer.inode)" "$(inode "/run/netns/$A")"
	run -0 "$NSRING" ls
	[[ $output == *"peer netns:$A/v0"* ]]
}

@test "veth_peer_in_the_same_namespace_is_named" {
	netns_new A
	ip -n "$A" link add v0 type veth peer name v1
	equal peer "$(link "$A" v0 '.peer | [.place, .name] | join(" ")')" "netns:$A v1"
}

@test "veth_peer_in_a_namespace_without_a_name_is_found" {
	local H
	netns_new A
	unnamed H
	ip link add v0 netns "$A" type veth peer name v1 netns "${PID[holder]}"
	equal peer "$(link "$A" v0 '.peer | [.place, .name] | join(" ")')" "pid:${PID[holder]} v1"
	equal peer "$(seen "$H" '.interfaces[] | select(.name == "v1").peer.place')" "netns:$A"
}

@test "twins_with_equal_indexes_are_told_apart" {
	local C D
	netns_pair
	netns_new C
	netns_new D
	veth "$C" v0 "$D" v1 1500 10.9.0
	equal index "$(link "$A" v0 .index)" "$(link "$C" v0 .index)"
	equal index "$(link "$B" v1 .index)" "$(link "$D" v1 .index)"
	equal "of A" "$(link "$A" v0 .peer.place)" "netns:$B"
	equal "of C" "$(link "$C" v0 .peer.place)" "netns:$D"
}

# Only the socket of a capture holds B then, which nothing in /proc leads to.
@test "peer_in_a_namespace_that_can't_be_seen_is_said_to_be_there" {
	netns_pair
	start holder nsenter --net="/run/netns/$B" python3 -c '
import ctypes, os, socket, time
s = socket.socket()
fd = os.open("/proc/1/ns/net" if os.access("/proc/1/ns/net", os.R_OK) else "/proc/2/ns/net", 0)
assert ctypes.CDLL(None).setns(fd, 0x40000000) == 0
os.close(fd)
print("out", flush=True)
time.sleep(120)'
	wait_until grep -q out "$BATS_TEST_TMPDIR/holder.out"
	ip netns delete "$B"
	equal found "$(link "$A" v0 .peer.found)" false
	run -0 "$NSRING" ls "netns:$A"
	[[ $output == *"in a namespace that can't be seen"* ]]
}

@test "bridge_members_tell_their_bridge" {
	netns_pair
	ip -n "$B" link add br0 type bridge
	ip -n "$B" link set v1 master br0
	equal master "$(link "$B" v1 .master)" br0
	equal kind "$(link "$B" br0 .kind)" bridge
	run -0 "$NSRING" ls "netns:$B"
	[[ $output == *"in br0"* ]]
}

@test "macvlan_tells_what_it_lies_on_also_from_another_namespace" {
	local C
	netns_pair
	netns_new C
	ip -n "$B" link add m0 link v1 type macvlan
	# An index that v1's peer doesn't have: nothing leads back to it.
	ip -n "$B" link add m1 index 77 link v1 netns "$C" type macvlan
	equal lower "$(link "$B" m0 '.peer | [.relation, .place, .name] | join(" ")')" \
		"lower netns:$B v1"
	equal lower "$(link "$C" m1 '.peer | [.relation, .place, .name] | join(" ")')" \
		"lower netns:$B v1"
	run -0 "$NSRING" ls "netns:$C"
	[[ $output == *"on netns:$B/v1"* ]]
}

@test "vxlan_tells_its_id_and_what_it_lies_on" {
	netns_pair
	ip -n "$B" link add x0 type vxlan id 4242 dev v1 dstport 4789
	equal id "$(link "$B" x0 .id)" 4242
	equal lower "$(link "$B" x0 .peer.name)" v1
}

@test "moved_interface_is_seen_where_it_is" {
	local C
	netns_pair
	netns_new C
	ip -n "$B" link set v1 netns "$C"
	equal "in B" "$(link "$B" v1 .name)" ""
	equal "in C" "$(link "$C" v1 .name)" v1
	equal peer "$(link "$A" v0 .peer.place)" "netns:$C"
}
