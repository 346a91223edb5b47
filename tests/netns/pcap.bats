#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Engine pcap: what the installed libpcap opens. tcpdump, on the same libpcap, is one witness, the
# kernel's counters and tshark are others.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/savefile

file_of() {
	echo "$BATS_TEST_TMPDIR/$1"
}

# log_what_comes GROUP: the kernel hands what B gets by UDP to netfilter's log.
log_what_comes() {
	in_ns "$B" nft -f - <<-END
		table ip t {
			chain c {
				type filter hook prerouting priority 0
				udp dport 9 log group $1
			}
		}
	END
}

# start_bus: a message bus of its own, which the following processes take for the session's.
start_bus() {
	cat >"$(file_of bus.conf)" <<-END
		<busconfig>
		<type>session</type>
		<listen>unix:path=$(file_of bus)</listen>
		<auth>EXTERNAL</auth>
		<policy context="default">
		<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
		</policy>
		</busconfig>
	END
	start bus dbus-daemon --nofork --config-file="$(file_of bus.conf)"
	wait_until test -S "$(file_of bus)"
	DBUS_SESSION_BUS_ADDRESS=unix:path=$(file_of bus)
	export DBUS_SESSION_BUS_ADDRESS
}

call_the_bus() {
	dbus-send --session --dest=org.freedesktop.DBus --print-reply / \
		org.freedesktop.DBus.ListNames >/dev/null
}

@test "packets_of_an_interface_are_those_that_the_kernel_counts" {
	netns_pair
	start_count "$B" -i "netns:$B/pcap:v1"
	udp "$A" 1000
	arrived "$B" v1 1000
	finish count
	equal packets "$(total count .packets)" "$(kernel "$B" v1 rx.packets)"
	equal bytes "$(total count .bytes)" "$(kernel "$B" v1 rx.bytes)"
}

@test "file_has_the_bytes_that_tcpdump_writes" {
	netns_pair
	start_in "$B" tcpdump nsenter --net="/run/netns/$B" tcpdump -i v1 -U -w "$(file_of tcpdump)"
	start_in "$B" dump "$NSRING" dump --json -i "netns:$B/pcap:v1" -w "$(file_of nsring)"
	udp "$A" 20
	arrived "$B" v1 20
	finish dump
	wait_until has_packets "$(file_of tcpdump)" 20
	finish tcpdump
	equal bytes "$(tcpdump -r "$(file_of nsring)" -t -n -xx 2>/dev/null)" \
		"$(tcpdump -r "$(file_of tcpdump)" -t -n -xx 2>/dev/null)"
}

has_packets() {
	[ "$(tcpdump -n -r "$1" 2>/dev/null | wc -l)" -ge "$2" ]
}

@test "filter_is_kept_to_and_what_it_refuses_is_counted" {
	netns_pair
	start_count "$B" -i "netns:$B/pcap:v1" udp port 53
	udp "$A" 30
	udp "$A" 7 "$NOBODY" 53
	arrived "$B" v1 37
	finish count
	equal packets "$(total count .packets)" 7
	equal filtered "$(total count .filtered)" 30
}

@test "stamps_are_nanoseconds_of_the_time_when_packets_came" {
	local begin end
	netns_pair
	start_in "$B" dump "$NSRING" dump --json -i "netns:$B/pcap:v1" -w "$(file_of nsring)"
	begin=$(date +%s%N)
	udp "$A" 50
	arrived "$B" v1 50
	end=$(date +%s%N)
	finish dump
	fields "$(file_of nsring)" frame.time_epoch | tr -d . | awk -v begin="$begin" -v end="$end" '
		$1 < begin || $1 > end { outside++ }
		$1 % 1000 { fine++ }
		END { exit !(NR == 50 && !outside && fine) }'
}

@test "what_its_ring_loses_is_in_the_ledger" {
	netns_pair
	start_count "$B" -i "netns:$B/pcap:v1" --ring 128K
	kill -STOP "${PID[count]}"
	udp "$A" 5000 "$NOBODY" 9 1000
	arrived "$B" v1 5000
	kill -CONT "${PID[count]}"
	finish count
	[ "$(total count .lost.ring)" -gt 0 ]
	equal all "$(total count '.packets + .lost.ring')" 5000
}

@test "frames_are_sent_through_it" {
	netns_pair
	"$NSRING" send --count 12 -i "netns:$A/pcap:v0"
	equal arrived "$(kernel "$B" v1 rx.packets)" 12
}

@test "device_that_is_deleted_ends_the_capture_and_is_named" {
	netns_pair
	start_count "$B" -i "netns:$B/pcap:v1"
	ip -n "$B" link delete v1
	reap count 1
	[[ $(err count) == *v1* ]]
}

@test "what_the_kernel_hands_to_netfilters_log_is_captured" {
	netns_pair
	log_what_comes 5
	start count "$NSRING" count --json -i "netns:$B/pcap:nflog:5"
	wait_until is_open count
	udp "$A" 40
	arrived "$B" v1 40
	wait_until logged 40
	finish count
	equal packets "$(total count .packets)" 40
}

# logged COUNT: so many packets have met the rule, as it counts itself.
logged() {
	has_received "$B" v1 "$1"
}

@test "wireshark_reads_what_netfilters_log_hands_out" {
	netns_pair
	log_what_comes 5
	start dump "$NSRING" dump --json -i "netns:$B/pcap:nflog:5" -w "$(file_of log)"
	wait_until is_open dump
	udp "$A" 3
	arrived "$B" v1 3
	finish dump
	equal protocols "$(fields "$(file_of log)" frame.protocols | sort -u | sed 's/:discard$/:data/')" \
		nflog:ip:udp:data
}

# libpcap 1.10 does not free the messages that it has read. Each call is 4 messages and more.
@test "messages_of_a_bus_are_captured" {
	start_bus
	start dump env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" \
		"$NSRING" dump --json -c 12 -i pcap:dbus-session -w "$(file_of bus.pcapng)"
	wait_until is_open dump
	for _ in 1 2 3 4; do
		call_the_bus
	done
	reap dump
	fields "$(file_of bus.pcapng)" dbus.member | grep -qx ListNames
}

@test "unknown_device_is_an_error_that_tells_which_there_are" {
	netns_pair
	run -1 "$NSRING" count -i "netns:$B/pcap:nothing0"
	[[ $output == *nothing0* ]]
	[[ $output == *v1* ]]
}

@test "device_that_is_down_is_an_error_that_tells_how_to_set_it_up" {
	netns_pair
	ip -n "$B" link set v1 down
	run -1 "$NSRING" count -i "netns:$B/pcap:v1"
	[[ $output == *"ip link set v1 up"* ]]
}

@test "somebody_without_the_capability_is_told_which" {
	run -1 setpriv --reuid 65534 --clear-groups "$NSRING" count -i pcap:lo
	[[ $output == *cap_net_raw* ]]
}
