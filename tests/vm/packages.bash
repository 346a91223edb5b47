# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The common part of tests/vm/kernel, headers and debug-kernel: Debian's packages, unpacked and not
# installed, from which a folder in build-vm/ is made as a whole or not at all.
#
#	. packages.bash NAME	NAME, and $kernel, its folder, are those of a kernel

name=$1
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # for who sources this
kernel=$tree/build-vm/$name
work=
apt_options=(-o APT::Sandbox::User=root)
PATH=$PATH:/usr/sbin:/sbin

skip() {
	echo "kernel $name: $*" >&2
	exit 77
}

# begin DIR [RESULT]: a folder $work beside DIR, for what becomes DIR, and $work/files in it. Only one
# process makes DIR; others wait, and then print RESULT and end.
begin() {
	command -v apt-get >/dev/null && [ "$(dpkg --print-architecture)" = amd64 ] ||
		skip "it is made of Debian's packages for amd64"
	mkdir -p "$(dirname "$1")"
	exec 9>"$1.lock"
	flock 9
	[ $# = 1 ] || [ ! -e "$2" ] || {
		echo "$2"
		exit
	}
	work=$(mktemp -d "$1.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP
	mkdir "$work/files"
}

# use_suite SUITE…: look into these releases of Debian from now on, at the mirror that apt uses.
use_suite() {
	local mirror
	mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk '$1 == "bookworm" || $1 == "trixie" { print $2; exit }')
	[ -n "$mirror" ] || skip "apt has no mirror of Debian 12 or 13"
	mkdir -p "$work"/apt/{lists,cache}/partial "$work/apt/cache/archives/partial"
	cat >"$work/apt/debian.sources" <<-END
		Types: deb
		URIs: $mirror
		Suites: $*
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	END
	apt_options+=(-o "Dir::Etc::sourcelist=$work/apt/debian.sources"
		-o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/apt/lists"
		-o "Dir::Cache=$work/apt/cache")
	apt-get -qq "${apt_options[@]}" update >"$work/log" 2>&1 || skip "apt-get update failed"
}

# depends PACKAGE PATTERN: those that it depends on whose whole name the pattern matches.
depends() {
	apt-cache "${apt_options[@]}" depends "$1" 2>/dev/null |
		awk '$1 == "Depends:" { print $2 }' | grep -xE "$2"
}

# newest PREFIX PATTERN: the latest package whose name has the one and is the other.
newest() {
	apt-cache "${apt_options[@]}" pkgnames "$1" | grep -xE "$2" | sort -V | tail -n 1
}

# unpack PACKAGE…: into $work/files, where links to folders stay links.
unpack() {
	local package
	(cd "$work" && apt-get -qq "${apt_options[@]}" download "$@") >"$work/log" 2>&1 ||
		skip "apt-get can't download $*"
	for package in "$work"/*.deb; do
		dpkg --fsys-tarfile "$package" | tar -x -C "$work/files" --keep-directory-symlink
		rm "$package"
	done
}

# keep DIR: $work/files takes its place. As packaging/build does: what root makes in a user's tree
# does not stand in that user's way.
keep() {
	[ "$(id -u)" != 0 ] ||
		chown -R --reference="${BASH_SOURCE[0]}" "$work/files" "$(dirname "$1")"
	rm -rf "$1"
	mv "$work/files" "$1"
}
