#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Sending by AF_XDP: what nsring send tells against what the peer's kernel counts and tcpdump sees.
#
#	A: v0 ---- v1 :B
#	   nsring send -i zc:v0 -> tcpdump

load ../lib/netns
load ../lib/frames

# witness: tcpdump on v1, into $file.
witness() {
	file=$BATS_TEST_TMPDIR/seen
	start_in "$B" tcpdump timeout 60 nsenter --net="/run/netns/$B" \
		tcpdump -U -i v1 -B 16384 -w "$file"
}

# seen COUNT: tcpdump has that many.
seen() {
	wait_until has_frames "$file" "$1"
	finish tcpdump
}

send() {
	run timeout 60 "$NSRING" send -i "netns:$A/zc:v0" "$@"
	[ "$status" = 0 ] || {
		echo "status $status: $output" >&2
		return 1
	}
}

# Every length up to 100 bytes, then every 41st up to the longest.
many_lengths() {
	local filler bytes n
	printf -v filler '%02x' $(seq 0 255)
	filler=$filler$filler$filler$filler$filler$filler
	for bytes in $(seq 14 100) $(seq 101 41 1500) 1514; do
		n=$((2 * (bytes - 14)))
		eth 88b5 "${filler:$((2 * (bytes % 256))):n}"
	done
}

@test "zc_sends_a_file_byte_for_byte" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" mixed_frames
	witness
	send --rate max "$BATS_TEST_TMPDIR/sent"
	seen 44
	equal bytes "$(bytes "$file" | md5sum)" "$(bytes "$BATS_TEST_TMPDIR/sent" | md5sum)"
}

@test "zc_sends_frames_of_all_lengths_byte_for_byte" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" many_lengths
	witness
	send --rate max "$BATS_TEST_TMPDIR/sent"
	seen "$(frames "$BATS_TEST_TMPDIR/sent")"
	equal bytes "$(bytes "$file" | md5sum)" "$(bytes "$BATS_TEST_TMPDIR/sent" | md5sum)"
}

@test "zc_sends_as_many_as_the_peer_counts" {
	netns_pair
	send --count 20000 --flows 10 --json
	arrived "$B" v1 20000
	equal packets "$(jq .packets <<<"${lines[-1]}")" 20000
	equal "kernel's packets" "$(kernel "$B" v1 rx.packets)" 20000
	equal bytes "$(jq .bytes <<<"${lines[-1]}")" "$(kernel "$B" v1 rx.bytes)"
}

@test "zc_sends_to_zc" {
	netns_pair
	start_count "$B" --take -i "netns:$B/zc:v1"
	send --count 20000 --rate 200kpps
	arrived "$B" v1 20000
	finish count
	equal "packets and lost" "$(total count '.packets + (.lost | add)')" 20000
}

@test "zc_skips_frames_too_long_for_the_device_and_says_so" {
	netns_pair
	capture_file "$BATS_TEST_TMPDIR/sent" \
		'eth 88b5 "$(payload 3000)"; eth 88b5 "$(payload 100)"'
	run timeout 60 "$NSRING" send -i "netns:$A/zc:v0" --rate max "$BATS_TEST_TMPDIR/sent"
	arrived "$B" v1 1
	equal packets "$(kernel "$B" v1 rx.packets)" 1
	[[ $output == *long* ]]
}

@test "zc_does_not_send_on_a_device_that_is_down_and_says_so" {
	netns_pair
	ip -n "$A" link set v0 down
	run timeout 60 "$NSRING" send -i "netns:$A/zc:v0" --count 10
	equal status "$status" 1
	[[ $output == *v0*down* ]]
}

@test "zc_that_sends_leaves_no_program_and_takes_nothing" {
	netns_pair
	sink "$A" 9
	start send "$NSRING" send -i "netns:$A/zc:v0" --rate 100pps --duration 60
	arrived "$B" v1 1
	equal program "$(ip -n "$A" -j link show dev v0 | jq '.[0].xdp')" null
	udp "$B" 5 10.9.0.1
	wait_until has_datagrams "$A" 5
	kill -INT "${PID[send]}"
	reap send
}
