# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The common part of the netns tests: namespaces of their own, traffic of a known amount,
# processes in the background, and witnesses other than nsring.
#
# A test calls netns_pair (or netns_new) and needs no cleaning up: every namespace and process
# that these functions make is removed by teardown(), also when the test fails. Those of a run
# that was killed are removed by tests/lib/remove-stale, by the pid in their names.

NSRING=${NSRING:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/cli/nsring}

# A namespace that holds nothing of its own has no IPv6, hence no router solicitations, duplicate
# address detection or multicast reports: the only packets are those that the test sends.
MAC_A=02:00:00:00:00:0a
MAC_B=02:00:00:00:00:0b
# An address on v1's side that nobody has: packets to it arrive at v1 and get no answer.
NOBODY=10.9.0.99

declare -gA PID=()
started=()
namespaces=()

teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
	done
	for pid in "${started[@]}"; do
		wait "$pid" 2>/dev/null || :
	done
	[ "${#namespaces[@]}" = 0 ] ||
		printf 'netns delete %s\n' "${namespaces[@]}" | ip -force -batch - 2>/dev/null || :
}

# Each test begins with the following, so they start few processes: name_netns VARIABLE…: names for new
# namespaces, which teardown() removes.
name_netns() {
	local variable name
	for variable; do
		name=nsr-t$$-${#namespaces[@]}
		namespaces+=("$name")
		printf -v "$variable" %s "$name"
	done
}

# set_up NS: there is no IPv6; then what standard input has for ip -batch.
set_up() {
	in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
		exec ip -batch -'
}

# netns_new VARIABLE: make a namespace with lo up, its name in VARIABLE.
netns_new() {
	name_netns "$1"
	ip netns add "${!1}"
	echo link set lo up | set_up "${!1}"
}

# netns_pair [MTU]: two namespaces, $A with v0 and $B with v1, joined by a quiet veth pair.
netns_pair() {
	name_netns A B
	printf '%s\n' "netns add $A" "netns add $B" "$(link_add "$A" v0 "$B" v1 "${1:-1500}")" | ip -batch -
	join "$A" v0 "$B" v1 10.9.0
}

# veth NS1 DEV1 NS2 DEV2 MTU NET: join two namespaces; NET.1 and NET.2 are their addresses.
veth() {
	link_add "${@:1:5}" | ip -batch -
	join "${@:1:4}" "$6"
}

# link_add NS1 DEV1 NS2 DEV2 MTU: the line for ip -batch.
link_add() {
	echo "link add $2 netns $1 mtu $5 address $MAC_A type veth peer name $4 netns $3 mtu $5 address $MAC_B"
}

# join NS1 DEV1 NS2 DEV2 NET: addresses, and wait until both are up.
join() {
	set_up "$1" <<-END
		link set lo up
		link set $2 multicast off up
		address add $5.1/24 dev $2
		neighbour add $5.2 lladdr $MAC_B dev $2 nud permanent
		neighbour add $5.99 lladdr $MAC_B dev $2 nud permanent
	END
	set_up "$3" <<-END
		link set lo up
		link set $4 multicast off up
		address add $5.2/24 dev $4
		neighbour add $5.1 lladdr $MAC_A dev $4 nud permanent
		neighbour add $5.99 lladdr $MAC_A dev $4 nud permanent
	END
	wait_until link_is_up "$1" "$2"
	wait_until link_is_up "$3" "$4"
}

# in_ns NS COMMAND…: run a command there; it keeps this process's view of the file system.
in_ns() {
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

link_is_up() {
	[[ $(ip -n "$1" -o link show dev "$2") == *" state UP "* ]]
}

# link_is_down NS DEV: it is, or it has no carrier.
link_is_down() {
	[[ $(ip -n "$1" -o link show dev "$2") =~ " state "(DOWN|LOWERLAYERDOWN)" " ]]
}

# wait_until COMMAND…: until it succeeds; after 1,200 times, which take a minute, or 4 minutes it fails.
wait_until() {
	local tries began=$SECONDS
	for ((tries = 0; tries < 1200 && SECONDS - began < 240; tries++)); do
		"$@" && return
		sleep 0.05
	done
	echo "waited in vain for: $*" >&2
	return 1
}

# start NAME COMMAND…: in the background, with stdout in $BATS_TEST_TMPDIR/NAME.out and stderr in
# NAME.err, and its pid in ${PID[NAME]}. Ctrl-C works, which a shell turns off for the background.
start() {
	local name=$1
	shift
	env --default-signal=INT,QUIT "$@" >"$BATS_TEST_TMPDIR/$name.out" \
		2>"$BATS_TEST_TMPDIR/$name.err" </dev/null 3>&- &
	PID[$name]=$!
	started+=($!)
}

# waits_for_ctrl_c NAME: the process has a handler for SIGINT, and sleeps.
waits_for_ctrl_c() {
	local state caught
	read -r state caught < <(awk '$1 == "State:" || $1 == "SigCgt:" { printf "%s ", $2 }' \
		"/proc/${PID[$1]}/status")
	[ "$state" = S ] && ((16#$caught & 2))
}

# sockets NS: packet sockets that take packets there, as the kernel tells.
sockets() {
	in_ns "$1" awk 'NR > 1 && $6 == 1 { count++ } END { print count + 0 }' /proc/net/packet
}

has_sockets() {
	[ "$(sockets "$1")" -ge "$2" ]
}

# is_open NAME: the captures are open and signals are caught, as nsring count --json says; or it has
# ended.
is_open() {
	grep -q '"open":true' "$BATS_TEST_TMPDIR/$1.out" "$BATS_TEST_TMPDIR/$1.err" ||
		! kill -0 "${PID[$1]}" 2>/dev/null
}

# start_in NS NAME COMMAND…: start, and wait until one more packet socket takes packets in NS; with
# --json, until nsring says that its captures are open.
start_in() {
	local ns=$1 before
	shift
	before=$(sockets "$ns")
	start "$@"
	wait_until takes_or_ended "$1" "$ns" $((before + 1))
	has_sockets "$ns" $((before + 1)) || {
		echo "$1 has ended:" >&2
		err "$1" >&2
		return 1
	}
	[[ " $* " != *" $NSRING "*" --json "* ]] || wait_until is_open "$1"
}

takes_or_ended() {
	has_sockets "$2" "$3" || ! kill -0 "${PID[$1]}" 2>/dev/null
}

# start_count NS ARGUMENT…: nsring count --json, up to ten minutes, as process "count".
start_count() {
	local ns=$1
	shift
	start_in "$ns" count "$NSRING" count --json --duration 600 "$@"
}

# finish NAME [STATUS]: Ctrl-C to a process that start() began, which must end with STATUS (0).
finish() {
	kill -INT "${PID[$1]}"
	reap "$@"
}

# reap NAME [STATUS]: wait for a process that start() began, which must end with STATUS (0).
reap() {
	local pid=${PID[$1]} status=0
	timeout 120 tail -s 0.05 --pid="$pid" -f /dev/null || {
		echo "$1 does not end" >&2
		return 1
	}
	wait "$pid" || status=$?
	equal "status of $1" "$status" "${2:-0}" || {
		err "$1" >&2
		return 1
	}
}

out() {
	cat "$BATS_TEST_TMPDIR/$1.out"
}

err() {
	cat "$BATS_TEST_TMPDIR/$1.err"
}

# total NAME FIELD…: a field of the last JSON line of a process, such as .packets.
total() {
	tail -n 1 "$BATS_TEST_TMPDIR/$1.out" | jq -r "$2"
}

# udp NS COUNT [ADDRESS [PORT [BYTES]]]: that many datagrams through the stack; one write each.
udp() {
	in_ns "$1" bash -c 'dd if=/dev/zero bs="$4" count="$1" status=none >"/dev/udp/$2/$3"' \
		udp "$2" "${3:-$NOBODY}" "${4:-9}" "${5:-64}"
}

# sink NS PORT: somebody who takes datagrams there and answers nothing.
sink() {
	local port
	printf -v port ':%04X ' "$2"
	start sink nsenter --net="/run/netns/$1" socat -T 120 -u "UDP-RECV:$2" OPEN:/dev/null
	wait_until in_ns "$1" grep -q "$port" /proc/net/udp
}

# kernel NS DEV FIELD: a counter as the kernel keeps it: bytes or packets of rx or tx, such as rx.packets.
kernel() {
	in_ns "$1" awk -v device="$2:" -v field="$3" '
		BEGIN { column["rx.bytes"] = 2; column["rx.packets"] = 3; column["tx.bytes"] = 10; column["tx.packets"] = 11 }
		$1 == device { print $column[field] }' /proc/net/dev
}

# arrived NS DEV COUNT: wait until the kernel has counted that many received packets.
arrived() {
	wait_until has_received "$@"
}

has_received() {
	[ "$(kernel "$1" "$2" rx.packets)" -ge "$3" ]
}

# xdp NS DEV: the id of the XDP program there, or nothing.
xdp() {
	ip -n "$1" -j link show dev "$2" | jq -r '.[0].xdp.prog.id // empty'
}

has_no_xdp() {
	[ -z "$(xdp "$1" "$2")" ]
}

# in_datagrams NS: how many UDP datagrams the stack there has delivered.
in_datagrams() {
	in_ns "$1" awk '$1 == "Udp:" && $2 ~ /^[0-9]/ { print $2 }' /proc/net/snmp
}

has_datagrams() {
	[ "$(in_datagrams "$1")" -ge "$2" ]
}

# promiscuity NS DEV: how many have asked for packets for other hosts.
promiscuity() {
	ip -n "$1" -j -d link show dev "$2" | jq '.[0].promiscuity'
}

# equal WHAT ACTUAL EXPECTED
equal() {
	[ "$2" = "$3" ] || {
		echo "$1: $2, expected $3" >&2
		return 1
	}
}

# says NAME TEXT: TEXT is in what the process said on stderr.
says() {
	err "$1" | grep -qF -- "$2" || {
		echo "not said: $2; but:" >&2
		err "$1" >&2
		return 1
	}
}

# fields FILE FIELD…: tshark's reading of a file, a line a packet.
fields() {
	local file=$1 name args=()
	shift
	for name; do
		args+=(-e "$name")
	done
	tshark -r "$file" -T fields "${args[@]}" 2>/dev/null
}

# frames FILE: how many packets Wireshark's library reads from it, by capinfos, which takes a tenth
# of tshark's time.
frames() {
	capinfos -Trc "$1" 2>/dev/null | cut -f 2
}

has_frames() {
	[ "$(frames "$1")" -ge "$2" ]
}

# bytes FILE [FILTER…]: each packet in hexadecimal as tcpdump reads it.
bytes() {
	local file=$1
	shift
	tcpdump -nn -t -xx -r "$file" "$@" 2>/dev/null | grep -P '^\t'
}

# replay NS DEV FILE: put the file's frames on the device, by tcpreplay.
replay() {
	in_ns "$1" tcpreplay -q --topspeed -i "$2" "$3" >/dev/null 2>&1
}
