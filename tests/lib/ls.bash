# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The common part of the tests of nsring ls: its view of one namespace, by inode number.

# inode FILE: of the namespace that a file is.
inode() {
	stat -L -c %i "$1"
}

# seen INODE [FILTER…]: the object of the namespace, and what jq makes of it.
seen() {
	local inode=$1
	shift
	"$NSRING" ls --json | jq -c --argjson inode "$inode" 'select(.inode == $inode)' |
		jq -r "${@:-.}"
}

# seen_ns NAME [FILTER…]: likewise, of a namespace with a name.
seen_ns() {
	local name=$1
	shift
	seen "$(inode "/run/netns/$name")" "$@"
}

# link NS DEV FILTER: of an interface.
link() {
	seen_ns "$1" --arg name "$2" ".interfaces[] | select(.name == \$name) | $3"
}

# unnamed VARIABLE: a namespace that only the process "holder" keeps; its pid in ${PID[holder]}.
unnamed() {
	start holder unshare -n sleep 120
	wait_until is_elsewhere "${PID[holder]}"
	printf -v "$1" %s "$(inode "/proc/${PID[holder]}/ns/net")"
}

is_elsewhere() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
		grep -q sleep "/proc/$1/comm"
}
