# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The common part of the tests of nsring-extcap: tshark that finds it, and captures without tshark.

EXTCAP=${NSRING%/cli/nsring}/integrations/wireshark/nsring-extcap

# What tshark or the program is put behind, to run elsewhere.
IN_PLACE=()

# tshark without the user's settings, and where it looks first: before release 4.2 in the one, now in the other.
setup() {
	local dir
	export HOME=$BATS_TEST_TMPDIR/home TMPDIR=$BATS_TEST_TMPDIR
	unset XDG_CONFIG_HOME XDG_DATA_HOME
	for dir in .config/wireshark/extcap .local/lib/wireshark/extcap; do
		mkdir -p "$HOME/$dir"
		ln -s "$EXTCAP" "$HOME/$dir/"
	done
}

# go_to NS: there.
go_to() {
	IN_PLACE=(nsenter --net="/run/netns/$1")
}

# among NS NAME…: IN_PLACE becomes a place where /run/netns has these names of NS and nothing else, whatever other tests
# make. A name that begins with "no-" is a plain file.
among() {
	mkdir "$BATS_TEST_TMPDIR/netns"
	# shellcheck disable=SC2016 # for the shell inside
	IN_PLACE=(unshare --mount bash -c '
		ns=/run/netns/$1 dir=$2 names=$3
		shift 3
		mount -t tmpfs netns "$dir" || exit
		while IFS= read -r name; do
			: >"$dir/$name"
			[[ $name == no-* ]] || mount --bind "$ns" "$dir/$name" || exit
		done <<<"$names"
		mount --rbind "$dir" /run/netns || exit
		exec "$@"' among "$1" "$BATS_TEST_TMPDIR/netns" "$(printf '%s\n' "${@:2}")")
}

# shark NS INTERFACE [FIELD:VALUE…] [-- OPTION…]: tshark, as process "shark", on an interface with these fields of its
# form, until a packet socket takes packets in NS. A line a packet.
shark() {
	local ns=$1 interface=$2 options=()
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=(-o "extcap.${interface//[^a-zA-Z0-9]/_}.$1")
		shift
	done
	[ $# = 0 ] || shift
	start_in "$ns" shark "${IN_PLACE[@]}" tshark -l -n -i "$interface" "${options[@]}" -T fields \
		-e frame.interface_name -e frame.len -e frame.cap_len -e _ws.col.Protocol -e tcp.stream "$@"
}

# shows COUNT PATTERN: so many of tshark's lines have it.
shows() {
	[ "$(out shark | grep -c -- "$2")" -ge "$1" ]
}

# ping_from NS COUNT [ADDRESS]
ping_from() {
	in_ns "$1" ping -n -q -c "$2" -i 0.01 "${3:-10.9.0.2}" >/dev/null
}

# runs PATTERN: how many processes have it in their command line.
runs() {
	pgrep -fc -- "$1" || :
}

runs_once() {
	[ "$(runs "$1")" -ge 1 ]
}

runs_no_more() {
	[ "$(runs "$1")" = 0 ]
}

new_fifo() {
	FIFO=$BATS_TEST_TMPDIR/fifo CAPTURED=$BATS_TEST_TMPDIR/captured
	rm -f "$FIFO"
	mkfifo "$FIFO"
}

# start_extcap NS ARGUMENT…: its capture as process "extcap", and "reader", which puts it in $CAPTURED; until a packet
# socket takes packets in NS.
start_extcap() {
	local ns=$1
	shift
	new_fifo
	start reader dd bs=64k if="$FIFO" of="$CAPTURED" status=none
	start_in "$ns" extcap "${IN_PLACE[@]}" "$EXTCAP" --capture --fifo "$FIFO" "$@"
}

# capture ARGUMENT…: its capture, which ends by itself.
capture() {
	local status=0
	new_fifo
	timeout 100 cat "$FIFO" >"$CAPTURED" 3>&- &
	timeout 90 "${IN_PLACE[@]}" "$EXTCAP" --capture --fifo "$FIFO" "$@" || status=$?
	wait $!
	return "$status"
}
