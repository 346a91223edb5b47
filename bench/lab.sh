# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The testbed: two namespaces with a veth pair, frames generated on CPU 0, captured on CPU 1.
#
#	   CPU 0: nsring send                   CPU 1: the program under test
#	+------ $gen_ns ------+              +------ $cap_ns ------+
#	|                gen0 +---- veth ----+ cap0                |
#	+---------------------+              +---------------------+
#
# The kernel's receiving half (NAPI, the stack, the copy into the capture's ring) runs on CPU 0
# too, as part of the generator's system call, unless lab_up is told to steer it elsewhere. XDP
# programs of cap0 always run there.

readonly gen_cpu=0 cap_cpu=1
readonly gen_ns=nsrbench-gen-$$ cap_ns=nsrbench-cap-$$
readonly in_gen=(nsenter "--net=/run/netns/$gen_ns")
readonly in_cap=(nsenter "--net=/run/netns/$cap_ns")

# Remove the namespaces that killed runs left behind, whose names carry a process id that is gone,
# and the processes in them.
lab_sweep()
{
	local path pid

	for path in /run/netns/nsrbench-*; do
		[[ -e $path && ! -d /proc/${path##*-} ]] || continue
		for pid in $(ip netns pids "${path##*/}"); do
			kill -KILL "$pid"
		done
		ip netns del "${path##*/}"
	done
}

# Have CPU $1 receive what arrives at cap0, by RPS unless it is the generator's own.
lab_steer()
{
	local mask

	[[ $1 == "$gen_cpu" ]] && return 0
	printf -v mask %x $((1 << $1))
	ip netns exec "$cap_ns" bash -c "set -e
		for queue in /sys/class/net/cap0/queues/rx-*; do echo $mask >\$queue/rps_cpus; done"
}

# Build the lab; CPU $1 receives what engine $2 (live) sends.
lab_up()
{
	local ns

	for ns in "$gen_ns" "$cap_ns"; do
		ip netns add "$ns" || return
		# no packets but the generator's
		nsenter "--net=/run/netns/$ns" bash -c '
			for setting in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
				[[ ! -e $setting ]] || echo 1 >"$setting"
			done' || return
	done
	ip link add gen0 netns "$gen_ns" type veth peer name cap0 netns "$cap_ns" || return
	ip -n "$gen_ns" link set gen0 arp off || return
	ip -n "$cap_ns" link set cap0 arp off || return
	# live frames need the peer's NAPI, and so its GRO
	[[ ${2:-live} != live ]] || "${in_cap[@]}" ethtool -K cap0 gro on || return
	ip -n "$gen_ns" link set gen0 up || return
	ip -n "$cap_ns" link set cap0 up || return
	lab_steer "$1"
}

lab_down()
{
	local ns

	for ns in "$gen_ns" "$cap_ns"; do
		[[ -e /run/netns/$ns ]] && ip netns del "$ns"
	done
	return 0
}

# Print how many packets cap0 has received.
lab_arrived()
{
	"${in_cap[@]}" awk '$1 == "cap0:" { print $3 }' /proc/net/dev
}

# Print how many packets have reached the stack at cap0. All are for other hosts, so that it drops
# and counts them right after the packet sockets have seen them (Linux 5.19 or later).
lab_reached()
{
	local otherhost

	otherhost=$(ip -n "$cap_ns" -j -s -s link show cap0)
	[[ $otherhost =~ \"otherhost\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

# Does cap0 have an XDP program, whoever attached it?
lab_has_xdp()
{
	[[ $(ip -n "$cap_ns" -j link show cap0) == *'"xdp":{'* ]]
}

# Detach an XDP program that a program left behind; one that is held by a link goes by itself.
lab_release()
{
	[[ -e /run/netns/$cap_ns ]] && lab_has_xdp || return 0
	echo "an XDP program is left on cap0" >&2
	ip -n "$cap_ns" link set cap0 xdp off
}

# Does a packet socket or an XDP program take packets from cap0?
lab_is_captured()
{
	local sk refs type proto ifindex running rest cap_ifindex

	lab_has_xdp && return 0
	cap_ifindex=$(ip netns exec "$cap_ns" cat /sys/class/net/cap0/ifindex)
	# shellcheck disable=SC2034
	while read -r sk refs type proto ifindex running rest; do
		[[ $ifindex == "$cap_ifindex" && $running == 1 ]] && return 0
	done < <("${in_cap[@]}" cat /proc/net/packet)
	return 1
}
