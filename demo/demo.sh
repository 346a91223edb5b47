#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# make demo: count real traffic between two throwaway namespaces, from outside both.
#
#	nsr-demo-PID-a                        nsr-demo-PID-b
#	+----------------------------+        +----------------------------+
#	| v0 10.77.0.1/24            |========| v1 10.77.0.2/24            |
#	| ping, nsring send          |  veth  |        nsring count -> us  |
#	+----------------------------+        +----------------------------+
set -euo pipefail
cd "$(dirname "$0")/.."

nsring=${NSRING:-build/cli/nsring}
seconds=4
a=nsr-demo-$$-a
b=nsr-demo-$$-b
traffic=()

# Leftovers of a demo that was killed.
remove_stale() {
	local name pid
	for name in $(ip netns list | awk '/^nsr-demo-[0-9]+-[ab]/ { print $1 }'); do
		pid=${name#nsr-demo-}
		pid=${pid%-*}
		[ -d "/proc/$pid" ] || ip netns delete "$name"
	done
}

cleanup() {
	local pid
	for pid in "${traffic[@]}"; do
		kill "$pid" 2>/dev/null || :
	done
	wait
	ip netns delete "$a" 2>/dev/null || :
	ip netns delete "$b" 2>/dev/null || :
}

make_pair() {
	ip netns add "$a"
	ip netns add "$b"
	ip link add v0 netns "$a" type veth peer name v1 netns "$b"
	ip -n "$a" address add 10.77.0.1/24 dev v0
	ip -n "$b" address add 10.77.0.2/24 dev v1
	ip -n "$a" link set v0 up
	ip -n "$b" link set v1 up
}

# Both end by themselves, should this script be killed.
start_traffic() {
	ip netns exec "$a" ping -q -i 0.2 -w $((seconds + 2)) 10.77.0.2 >/dev/null &
	traffic+=($!)
	"$nsring" send -i "netns:$a/v0" --duration $((seconds + 2)) --rate 2kpps --size 512 \
		--flows 16 >/dev/null &
	traffic+=($!)
}

[ "$(id -u)" = 0 ] || {
	echo "nsring: network namespaces need root: run 'sudo make demo'" >&2
	exit 1
}
remove_stale
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
make_pair
start_traffic
echo "Namespace $a sends 2,000 UDP frames/s and a ping to $b; from the host we run"
echo "  nsring count -i netns:$b/v1 --duration $seconds"
echo
"$nsring" count -i "netns:$b/v1" --duration "$seconds"
echo
echo "Next, your own traffic: sudo $nsring dump -i any"
