#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The sources that make install-dkms puts down build, also by dkms, and make uninstall-dkms takes them
# away.
#
#	make install-dkms DESTDIR=$tmp -> /usr/src/nsring-VERSION -> make -C KDIR M=…/kmod
#	make install-dkms -> dkms -> nsring.ko of a kernel that isn't this machine's
#
# The second one has folders of its own where the machine keeps its modules, which only it sees; on a
# machine without /lib/modules that is in an overlay of /lib.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	export DEST=$BATS_FILE_TMPDIR/dest
	make -s install-dkms "DESTDIR=$DEST" || return
	VERSION=$(basename "$DEST"/usr/src/nsring-*)
	export VERSION=${VERSION#nsring-}
}

setup() {
	PATH=$PATH:/usr/sbin:/sbin
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# find_headers NAME: sets KDIR and RELEASE, or skips.
find_headers() {
	KDIR=$(tests/vm/headers "$1" 2>"$BATS_TEST_TMPDIR/why") ||
		skip "$(tail -n 1 "$BATS_TEST_TMPDIR/why")"
	RELEASE=${KDIR##*/linux-headers-}
}

# says_no_warning LOG: of a build, except that kernel and module have different compilers.
says_no_warning() {
	[ -s "$1" ] && [ -z "$(grep warning: "$1" | grep -v 'the compiler differs')" ]
}

# builds_for NAME: by make alone, and with no warning.
builds_for() {
	find_headers "$1"
	cp -r "$DEST/usr/src/nsring-$VERSION" "$BATS_TEST_TMPDIR/src"
	make -C "$KDIR" "M=$BATS_TEST_TMPDIR/src/kmod" -j2 >"$BATS_TEST_TMPDIR/log" 2>&1 || {
		cat "$BATS_TEST_TMPDIR/log" >&2
		return 1
	}
	says_no_warning "$BATS_TEST_TMPDIR/log"
	[ "$(modinfo -F version "$BATS_TEST_TMPDIR/src/kmod/nsring.ko")" = "$VERSION" ]
	[[ $(modinfo -F vermagic "$BATS_TEST_TMPDIR/src/kmod/nsring.ko") == "$RELEASE "* ]]
}

# elsewhere COMMAND…: in a mount namespace where no module is installed and the kernel that runs
# seems to be RELEASE, whose headers are in KDIR.
elsewhere() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/uname" <<-END
		#!/bin/sh
		[ "\$*" = -r ] && echo $RELEASE || exec /bin/uname "\$@"
	END
	cat >"$BATS_TEST_TMPDIR/elsewhere" <<-'END'
		set -e
		[ -d /lib/modules ] || {
			mount -t tmpfs none "$UPPER"
			mkdir "$UPPER/upper" "$UPPER/work"
			mount -t overlay -o "lowerdir=/lib,upperdir=$UPPER/upper,workdir=$UPPER/work" \
				none "$(realpath /lib)"
			mkdir /lib/modules
		}
		for dir in /usr/src /var/lib/dkms /lib/modules; do
			mount -t tmpfs none "$dir"
		done
		mkdir -p "/lib/modules/$RELEASE"
		ln -s "$KDIR" "/lib/modules/$RELEASE/build"
		# A kernel without a single module is none to dkms, which then runs no depmod; and where modules are
		# compressed, it compresses, too.
		other=$(echo "${KDIR%/headers/*}/lib/modules/$RELEASE"/kernel/drivers/net/dummy.ko*)
		[ ! -e "$other" ] || {
			xz -dcf "$other" >"/lib/modules/$RELEASE/dummy.ko"
			depmod "$RELEASE" 2>/dev/null
		}
		"$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/uname"
	mkdir -p "$BATS_TEST_TMPDIR/upper"
	UPPER=$BATS_TEST_TMPDIR/upper KDIR=$KDIR RELEASE=$RELEASE PATH=$BATS_TEST_TMPDIR/bin:$PATH \
		unshare --mount bash "$BATS_TEST_TMPDIR/elsewhere" "$@"
}

# installs_another: by dkms, a module of this version with nothing in it.
installs_another() {
	local sources=/usr/src/nsring-$VERSION
	cp -r "$DEST/usr/src/nsring-$VERSION" /usr/src
	find "$sources/kmod" -name '*.[ch]' ! -name main.c -delete
	cat >"$sources/kmod/main.c" <<-END
		#include <linux/module.h>
		MODULE_LICENSE("GPL");
		MODULE_VERSION("another");
	END
	echo 'obj-m := nsring.o
		nsring-y := main.o' >"$sources/kmod/Kbuild"
	dkms install "nsring/$VERSION" >"$LOG" 2>&1 || {
		cat "$LOG" >&2
		return 1
	}
}

# In such a namespace: installs in place of another one, and uninstalls. What dkms's build said stays in
# $LOG.
installs_and_uninstalls() {
	local module=/lib/modules/$RELEASE/updates/dkms/nsring.ko
	installs_another
	[ "$(modinfo -F version "$module")" = another ]
	make -s install-dkms
	cp "/var/lib/dkms/nsring/$VERSION/$RELEASE"/*/log/make.log "$LOG"
	[ "$(modinfo -F version "$module")" = "$VERSION" ]
	[[ $(modinfo -F vermagic "$module") == "$RELEASE "* ]]
	[[ $(dkms status "nsring/$VERSION") == *"$RELEASE"*installed* ]]
	[[ $(modprobe -S "$RELEASE" --show-depends nsring) == *"$module"* ]]
	# Nobody's request loads it: the module has no alias.
	[ -z "$(modinfo -F alias "$module")" ]
	make -s uninstall-dkms
	[ -z "$(find /usr/src /var/lib/dkms /lib/modules -name '*nsring*' -print -quit)" ]
	[ -z "$(dkms status)" ]
}

@test "installed_module_sources_build_for_6.1" {
	! command -v dkms >/dev/null || ! tests/vm/headers 6.12 >/dev/null 2>&1 ||
		skip "dkms builds them for 6.12, and suite vm builds the module for 6.1"
	builds_for 6.1
}

# A build takes half a minute, so this is the only one where it can be had. It replaces a module that is quick
# to build.
@test "dkms_builds_installs_replaces_and_removes_the_module_for_6.12" {
	command -v dkms >/dev/null || skip "dkms is missing"
	find_headers 6.12
	export -f installs_another installs_and_uninstalls
	export LOG=$BATS_FILE_TMPDIR/make.log
	elsewhere bash -ec installs_and_uninstalls
}

@test "dkms_builds_the_module_for_6.12_without_a_warning" {
	command -v dkms >/dev/null || skip "dkms is missing"
	find_headers 6.12
	says_no_warning "$BATS_FILE_TMPDIR/make.log"
}

@test "without_headers_the_sources_are_there_and_one_sentence_says_what_is_missing" {
	command -v dkms >/dev/null || skip "dkms is missing"
	KDIR=/nowhere RELEASE=6.1.0-nowhere
	run elsewhere make -s install-dkms
	[ "$status" != 0 ]
	[[ $output == *"Installed to /usr/src/nsring-$VERSION"* ]]
	[[ $output == *"nsring: "*linux-headers-6.1.0-nowhere* ]]
}

@test "uninstall_of_the_module_sources_leaves_what_others_put_there" {
	cp -r "$DEST" "$BATS_TEST_TMPDIR/dest"
	mkdir -p "$BATS_TEST_TMPDIR/dest/usr/src/nsring-tools-1"
	echo 'PACKAGE_NAME="nsring-tools"' >"$BATS_TEST_TMPDIR/dest/usr/src/nsring-tools-1/dkms.conf"
	make -s uninstall-dkms "DESTDIR=$BATS_TEST_TMPDIR/dest"
	[ "$(ls "$BATS_TEST_TMPDIR/dest/usr/src")" = nsring-tools-1 ]
}

@test "uninstall_of_the_module_sources_leaves_nothing_else" {
	cp -r "$DEST" "$BATS_TEST_TMPDIR/dest"
	make -s uninstall-dkms "DESTDIR=$BATS_TEST_TMPDIR/dest"
	[ ! -e "$BATS_TEST_TMPDIR/dest" ]
	run make -s uninstall-dkms "DESTDIR=$BATS_TEST_TMPDIR/dest"
	[ "$status" != 0 ]
	[[ ${lines[0]} == "nsring: no "* ]]
}
