#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# nsring ls: captures of any program, against what ss and bpftool tell.
#
#	A: v0 ---- v1 :B
#	           captured on

bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/ls

# capture NS FILTER: of the first capture there.
capture() {
	seen_ns "$1" -c ".captures[0] | $2"
}

programs() {
	link "$1" "$2" ".programs[] | [.hook, .name] | join(\" \")"
}

@test "socket_of_tcpdump_is_shown_with_its_device_process_and_command_line" {
	netns_pair
	start_in "$B" tcpdump nsenter --net="/run/netns/$B" tcpdump -Z root -n -i v1 -w /dev/null port 53
	equal who "$(capture "$B" '[.family, .interface, .comm, .pid]')" \
		"[\"packet\",\"v1\",\"tcpdump\",${PID[tcpdump]}]"
	equal command "$(capture "$B" .command)" "tcpdump -Z root -n -i v1 -w /dev/null port 53"
	equal filter "$(capture "$B" .filter)" classic
	[ "$(capture "$B" .ring_bytes)" -gt 0 ]
	run -0 "$NSRING" ls
	[[ $output == *"packet socket of tcpdump (${PID[tcpdump]}), all protocols, ring 2"* ]]
}

@test "packet_sockets_are_those_that_ss_shows" {
	netns_pair
	start_in "$B" one nsenter --net="/run/netns/$B" tcpdump -Z root -i any -w /dev/null
	start_in "$B" two "$NSRING" count --duration 60 -i "netns:$B/v1"
	equal inodes "$(seen_ns "$B" -c '[.captures[].inode] | sort')" \
		"$(in_ns "$B" ss -0 -a -e -H -n | grep -o 'ino:[0-9]*' | cut -d: -f2 |
			jq -sc sort)"
	equal interfaces "$(seen_ns "$B" -c '[.captures[].interface] | sort')" '["any","v1"]'
}

@test "ring_and_fanout_group_of_nsring_are_shown" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" --ring 1M --fanout flow
	wait_until grep -q open "$BATS_TEST_TMPDIR/count.out"
	equal ring "$(capture "$B" .ring_bytes)" "$(out count | head -n 1 | jq .ring_bytes)"
	equal group "$(capture "$B" '.fanout_group + 1')" \
		"$(out count | head -n 1 | jq .fanout_group)"
	equal version "$(capture "$B" .tpacket_version)" 3
}

@test "copying_capture_of_the_engine_zc_is_shown_by_its_program" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	wait_until grep -q open "$BATS_TEST_TMPDIR/count.out"
	equal program "$(link "$B" v1 '.programs[] | [.hook, .name, .comm, .pid] | join(" ")')" \
		"xdp-native nsring_zc nsring ${PID[count]}"
	equal id "$(link "$B" v1 '.programs[].id')" "$(xdp "$B" v1)"
	equal socket "$(capture "$B" '[.receives, .comm]')" '[false,"nsring"]'
	run -0 "$NSRING" ls "netns:$B"
	[[ $output == *"nsring_zc (id $(xdp "$B" v1)), nsring's engine zc, held by nsring (${PID[count]})"* ]]
	finish count
	equal program "$(programs "$B" v1)" ""
}

@test "AF_XDP_socket_is_shown_with_its_queue_and_process" {
	[ "$("$NSRING" ls --json | jq 'select(.final).xdp_sockets_listed')" = true ] ||
		skip "this kernel can't list AF_XDP sockets (CONFIG_XDP_SOCKETS_DIAG)"
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1" --busy-poll 20
	wait_until grep -q open "$BATS_TEST_TMPDIR/count.out"
	equal socket "$(seen_ns "$B" -c '.captures[] | select(.family == "xdp") |
		[.interface, .queue, .comm, .pid]')" "[\"v1\",0,\"nsring\",${PID[count]}]"
	equal inode "$(seen_ns "$B" '.captures[] | select(.family == "xdp").inode')" \
		"$(in_ns "$B" ss -f xdp -a -e -H -n | grep -o 'ino:[0-9]*' | cut -d: -f2)"
	[ "$(seen_ns "$B" '.captures[] | select(.family == "xdp").ring_bytes')" -gt 0 ]
}

@test "programs_of_traffic_control_are_those_that_bpftool_shows" {
	netns_pair
	cat >"$BATS_TEST_TMPDIR/pass.c" <<-'END'
		__attribute__((section("tc"), used)) int ls_pass(void *skb) { return -1; }
	END
	clang -O2 -target bpf -c "$BATS_TEST_TMPDIR/pass.c" -o "$BATS_TEST_TMPDIR/pass.o"
	ip netns exec "$B" tc qdisc add dev v1 clsact
	ip netns exec "$B" tc filter add dev v1 ingress bpf da obj "$BATS_TEST_TMPDIR/pass.o" sec tc
	ip netns exec "$B" tc filter add dev v1 egress bpf da obj "$BATS_TEST_TMPDIR/pass.o" sec tc
	equal programs "$(programs "$B" v1 | sort | tr '\n' ' ')" \
		"tc-egress ls_pass tc-ingress ls_pass "
	equal ids "$(link "$B" v1 '[.programs[].id] | sort | tostring')" \
		"$(in_ns "$B" tc -j filter show dev v1 ingress | jq '.[].options.prog.id // empty' |
			cat - <(in_ns "$B" tc -j filter show dev v1 egress |
				jq '.[].options.prog.id // empty') | jq -sc sort)"
}

@test "programs_of_tcx_are_shown" {
	netns_pair
	cat >"$BATS_TEST_TMPDIR/pass.c" <<-'END'
		__attribute__((section("tc"), used)) int ls_tcx(void *skb) { return -1; }
	END
	clang -O2 -target bpf -c "$BATS_TEST_TMPDIR/pass.c" -o "$BATS_TEST_TMPDIR/pass.o"
	start holder nsenter --net="/run/netns/$B" unshare -m bash -c '
		mkdir "$1" && mount -t bpf bpf "$1" && bpftool prog load "$2" "$1/pass" type classifier &&
		exec python3 -c "
import ctypes, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, 128)
    fd = libc.syscall(321, command, buffer, 128)
    if fd < 0:
        print(\"no\", ctypes.get_errno(), flush=True)
        sys.exit(1)
    return fd
path = ctypes.create_string_buffer(sys.argv[1].encode())
prog = bpf(7, struct.pack(\"=Q\", ctypes.addressof(path)))
link = bpf(28, struct.pack(\"=IIII\", prog, socket.if_nametoindex(\"v1\"), 46, 0))
print(\"yes\", flush=True)
time.sleep(120)" "$1/pass"' tcx "$BATS_TEST_TMPDIR/bpf" "$BATS_TEST_TMPDIR/pass.o"
	wait_until test -s "$BATS_TEST_TMPDIR/holder.out"
	[ "$(out holder)" != "no 22" ] || skip "this kernel has no tcx"
	equal answer "$(out holder)" yes
	equal program "$(link "$B" v1 '.programs[] | [.hook, .name, .pid] | join(" ")')" \
		"tcx-ingress ls_tcx ${PID[holder]}"
}

@test "kernel_that_can't_list_AF_XDP_sockets_is_said_to" {
	run -0 "$NSRING" ls
	if [ "$("$NSRING" ls --json | jq 'select(.final).xdp_sockets_listed')" = true ]; then
		[[ $output != *CONFIG_XDP_SOCKETS_DIAG* ]]
	else
		[[ $output == *CONFIG_XDP_SOCKETS_DIAG* ]]
	fi
}

@test "drops_of_a_socket_without_a_ring_are_shown" {
	netns_pair
	start holder nsenter --net="/run/netns/$B" python3 -c '
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("v1", 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
time.sleep(120)'
	wait_until has_sockets "$B" 1
	udp "$A" 500
	arrived "$B" v1 500
	[ "$(capture "$B" .drops)" -gt 400 ]
	equal filter "$(capture "$B" .filter)" none
}

@test "capture_whose_process_is_hidden_is_shown_with_its_user" {
	netns_pair
	start_in "$B" tcpdump nsenter --net="/run/netns/$B" tcpdump -Z root -n -i v1 -w /dev/null
	run -0 nsenter --net="/run/netns/$B" setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$NSRING" ls
	[[ $output == *"packet socket of user "*", process not seen"* ]]
}

# ledger NS FILTER: of the first capture of nsring's there.
ledger() {
	seen_ns "$1" -c ".ledgers[0] | $2"
}

has_ledger_of() {
	[ "$(ledger "$1" .packets)" = "$2" ]
}

@test "ledger_of_a_capture_is_shown_with_its_target_filter_and_losses" {
	netns_pair
	start_count "$B" -i "netns:$B/v1" --ring 256K -s 1514 udp port 9
	kill -STOP "${PID[count]}"
	udp "$A" 2000 "$NOBODY" 9 1400
	udp "$A" 100 "$NOBODY" 7
	arrived "$B" v1 2100
	kill -CONT "${PID[count]}"
	wait_until has_filtered "$B" 100
	equal what "$(ledger "$B" '[.pid, .target, .engine, .filter]')" \
		"[${PID[count]},\"netns:$B/v1\",\"packet\",\"udp port 9\"]"
	equal "handed out and lost" "$(ledger "$B" '.packets + .lost.ring')" 2000
	[ "$(ledger "$B" .lost.ring)" -gt 0 ]
	run -0 "$NSRING" ls "netns:$B"
	[[ $output == *"ledger of netns:$B/v1 (${PID[count]})"*"filter udp port 9"* ]]
}

has_filtered() {
	[ "$(ledger "$1" .filtered)" = "$2" ]
}

@test "ledger_of_a_capture_goes_with_its_process" {
	netns_pair
	start_count "$B" -i "netns:$B/v1"
	wait_until has_ledger_of "$B" 0
	kill -KILL "${PID[count]}"
	reap count 137
	equal ledgers "$(seen_ns "$B" '.ledgers | length')" 0
}

@test "file_that_only_looks_like_a_ledger_is_left_out" {
	netns_pair
	cat >"$BATS_TEST_TMPDIR/fake.c" <<-'END'
		#define _GNU_SOURCE
		#include <string.h>
		#include <sys/mman.h>
		#include <sys/stat.h>
		#include <unistd.h>
		int main(void)
		{
			char page[4096];
			struct stat here;
			int fd = memfd_create("nsring-capture", 0);

			/* All but the first bytes: of this namespace, with texts that don't end. */
			memset(page, 'x', sizeof(page));
			if (stat("/proc/self/ns/net", &here) < 0)
				return 1;
			memcpy(page + 16, &(unsigned long){ here.st_ino }, 8);
			if (write(memfd_create("nsring-capture", 0), "nsrcap 1", 8) != 8 ||
			    write(fd, page, sizeof(page)) != sizeof(page))
				return 1;
			return pause();
		}
	END
	cc -o "$BATS_TEST_TMPDIR/fake" "$BATS_TEST_TMPDIR/fake.c"
	start fake "$BATS_TEST_TMPDIR/fake"
	wait_until has_memfds "${PID[fake]}"
	equal ledgers "$("$NSRING" ls --json | jq -s --argjson pid "${PID[fake]}" \
		'[.[].ledgers[]? | select(.pid == $pid)] | length')" 0
}

has_memfds() {
	[ "$(readlink "/proc/$1/fd/"* | grep -c nsring-capture)" = 2 ]
}
