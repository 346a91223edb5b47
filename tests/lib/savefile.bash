# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Capture files made byte by byte, little-endian, for what text2pcap can't make. Everything is a
# string of hexadecimal digits until bytes_of writes it.

# le BYTES NUMBER…: numbers, little-endian.
le() {
	local bytes=$1 number i
	shift
	for number; do
		for ((i = 0; i < bytes; i++)); do
			printf %02x $(((number >> (8 * i)) & 255))
		done
	done
}

# text STRING: its characters.
text() {
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

# pad HEX: with zeros to a multiple of four bytes.
pad() {
	local zeros=000000
	printf %s "$1${zeros:0:$(((8 - ${#1} % 8) % 8))}"
}

# bytes_of FILE HEX…
bytes_of() {
	local file=$1
	shift
	printf %b "$(printf %s "$@" | sed 's/../\\x&/g')" >"$file"
}

# pcap_header LINKTYPE-WORD [SNAPLEN [MAGIC]]
pcap_header() {
	le 4 "${3:-0xa1b2c3d4}"
	le 2 2 4
	le 4 0 0 "${2:-262144}" "$1"
}

# pcap_packet SECONDS HEX [LENGTH]
pcap_packet() {
	le 4 "$1" 0 $((${#2} / 2)) "${3:-$((${#2} / 2))}"
	printf %s "$2"
}

# block TYPE BODY: a block of pcapng.
block() {
	local body length
	body=$(pad "$2")
	length=$((12 + ${#body} / 2))
	le 4 "$1" $length
	printf %s "$body"
	le 4 $length
}

# option CODE HEX: an option of a block; END_OF_OPTIONS follows the last one.
option() {
	le 2 "$1" $((${#2} / 2))
	pad "$2"
}
# shellcheck disable=SC2034 # for the tests that load this
END_OF_OPTIONS=00000000

# section [OPTIONS]
section() {
	block 0x0a0d0d0a "$(le 4 0x1a2b3c4d)$(le 2 1 0)$(le 8 -1)${1-}"
}

# interface LINKTYPE [SNAPLEN [OPTIONS]]
interface() {
	block 1 "$(le 2 "$1" 0)$(le 4 "${2:-0}")${3-}"
}

# packet INTERFACE UNITS HEX [OPTIONS]
packet() {
	block 6 "$(le 4 "$1" $(($2 >> 32 & 0xffffffff)) $(($2 & 0xffffffff)) $((${#3} / 2)) $((${#3} / 2)))$(pad "$3")${4-}"
}

# simple_packet HEX
simple_packet() {
	block 3 "$(le 4 $((${#1} / 2)))$1"
}
