# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Frames in hexadecimal, a line each, and capture files made of them by text2pcap.

# Sender and receiver as in netns.bash, so that v1 takes the frames for its own.
FRAME_TO=02000000000b
FRAME_FROM=02000000000a

# be WIDTH NUMBER…: numbers, big endian, in that many hexadecimal digits.
be() {
	local width=$1
	shift
	printf "%0${width}x" "$@"
}

# payload BYTES: a recognisable filler.
payload() {
	local i
	for ((i = 0; i < $1; i++)); do
		be 2 $((i & 255))
	done
}

# eth TYPE REST [TO]: an Ethernet frame; TYPE may be a tag and the type (8100 0007 0800).
eth() {
	echo "${3:-$FRAME_TO}$FRAME_FROM${1// /}$2"
}

# ip4 PROTOCOL REST [SOURCE-LAST-BYTE [FRAGMENT-FIELD]]
ip4() {
	local length=$((20 + ${#2} / 2))
	echo "4500$(be 4 $length)1234${4:-0000}40$(be 2 "$1")0000c6336401c63364$(be 2 "${3:-2}")$2"
}

# ip6 PROTOCOL REST
ip6() {
	local net=20010db8000000000000000000000000
	echo "60000000$(be 4 $((${#2} / 2)))$(be 2 "$1")40${net%0}1${net%0}2$2"
}

# udp_segment SOURCE-PORT DESTINATION-PORT BYTES
udp_segment() {
	echo "$(be 4 "$1" "$2" $((8 + $3)))0000$(payload "$3")"
}

# tcp_segment SOURCE-PORT DESTINATION-PORT FLAGS BYTES
tcp_segment() {
	echo "$(be 4 "$1" "$2")000000010000000250$(be 2 "$3")100000000000$(payload "$4")"
}

# Some of everything that filters tell apart.
mixed_frames() {
	local tag
	for tag in '' '8100 0007 ' '8100 a00c ' '88a8 0064 8100 0007 '; do
		eth "${tag}0800" "$(ip4 17 "$(udp_segment 1024 53 30)")"
		eth "${tag}0800" "$(ip4 17 "$(udp_segment 53 1024 200)" 9)"
		eth "${tag}0800" "$(ip4 6 "$(tcp_segment 4000 80 2 0)")"
		eth "${tag}0800" "$(ip4 6 "$(tcp_segment 80 4000 18 0)")"
		eth "${tag}0800" "$(ip4 6 "$(tcp_segment 4000 443 24 900)")"
		eth "${tag}0800" "$(ip4 1 "08000000$(payload 56)")"
		eth "${tag}0800" "$(ip4 17 "$(payload 400)" 2 2010)"
		eth "${tag}86dd" "$(ip6 17 "$(udp_segment 1024 53 30)")"
		eth "${tag}86dd" "$(ip6 58 "80000000$(payload 16)")"
		eth "${tag}0806" "0001080006040001${FRAME_FROM}c6336401000000000000c6336402" ffffffffffff
		eth "${tag}88b5" "$(payload 60)"
	done
}

# capture_file FILE COMMAND [TEXT2PCAP-OPTION…]: the frames that COMMAND prints; pcap by default.
# In a shell of its own, where bats does not trace each command; and once for all tests of a file: most
# of the second that mixed_frames takes is bash's, which forks for each layer.
capture_file() {
	local file=$1 command=$2 made
	made=$BATS_FILE_TMPDIR/frames-$(cksum <<<"${*:2}" | tr ' ' -)
	shift 2
	[ -s "$made" ] ||
		bash -c '. "$1"; eval "$2"' frames "${BASH_SOURCE[0]}" "$command" |
		sed 's/../ &/g; s/^/000000/' | text2pcap -q -F pcap "$@" - "$made.part" 2>/dev/null
	# A test that was ended while it made them leaves no half of them to the next.
	[ -s "$made" ] || mv "$made.part" "$made"
	cp "$made" "$file"
}
