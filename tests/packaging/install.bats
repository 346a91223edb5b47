#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# All that make install puts down works from there, and make uninstall takes it away.
#
#	build/ -> make install PREFIX=$tmp/usr -> cc, c++, man, nm -> make uninstall

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	export TREE=$BATS_FILE_TMPDIR/tree PREFIX=$BATS_FILE_TMPDIR/usr
	# A copy, for the tree's own build keeps its prefix.
	mkdir "$TREE"
	tar --exclude='./build*' --exclude=./.git -c . | tar -x -C "$TREE"
	# The tree's own build is the optimised one.
	CFLAGS="-O0 -g0" make -s -C "$TREE" install "PREFIX=$PREFIX"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	PKG_CONFIG_PATH=$(dirname "$(find "$PREFIX" -name nsring.pc)")
	export PKG_CONFIG_PATH
	LD_LIBRARY_PATH=$(pkg-config --variable=libdir nsring)
}

# The same source is good C and C++.
write_program() {
	cat >"$1" <<-'END'
		#include <nsring/engine.h>
		#include <nsring/nsring.h>
		#include <nsring/target.h>
		#include <nsring/writer.h>
		#include <stdio.h>

		int main(void)
		{
			struct nsr_options opts = NSR_OPTIONS_INIT;
			struct nsr_stats stats = NSR_STATS_INIT;
			struct nsr_info info = NSR_INFO_INIT;
			struct nsr_interface iface = NSR_INTERFACE_INIT;
			struct nsr_target target = NSR_TARGET_INIT;
			struct nsr_writer_options how = NSR_WRITER_OPTIONS_INIT;
			struct nsr_writer_interface block = NSR_WRITER_INTERFACE_INIT;
			struct nsr_writer_counts counts = NSR_WRITER_COUNTS_INIT;
			struct nsr_capture *cap;
			struct nsr_error err;
			int rc;

			if (opts.size != sizeof(opts) || stats.size != sizeof(stats) ||
			    info.size != sizeof(info) || iface.size != sizeof(iface) ||
			    target.size != sizeof(target) || how.size != sizeof(how) ||
			    block.size != sizeof(block) || counts.size != sizeof(counts))
				return 2;
			rc = nsr_open("nowhere:x", &opts, &cap, &err);

			printf("%s %d %s\n", nsr_version(), rc == err.code, err.text);
			return rc < 0 ? 0 : 1;
		}
	END
}

# compiles COMPILER FILE: with no warning, and what it makes runs.
compiles() {
	write_program "$2"
	# shellcheck disable=SC2046 # several flags
	"$1" -Wall -Wextra -Werror -pedantic -o program "$2" $(pkg-config --cflags --libs nsring)
	run env "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" ./program
	[ "$status" = 0 ]
	[[ $output == "$(pkg-config --modversion nsring) 1 "*nowhere* ]]
}

@test "installed_headers_and_library_serve_a_C_program" {
	compiles cc program.c
}

@test "installed_headers_and_library_serve_a_C++_program" {
	compiles c++ program.cc
}

# example PAGE: the first program in it, as scdoc and Markdown write code.
example() {
	awk '/^```/ { inside = !inside; text = ""; next }
		inside { text = text $0 "\n" }
		inside && /^}$/ && text ~ /int main/ { printf "%s", text; exit }' "$1"
}

@test "programs_in_README_and_in_the_manual_compile_and_end_in_words" {
	local page
	for page in README.md man/nsring.3.scd; do
		example "$TREE/$page" | sed 's/\\\\/\\/g' >program.c
		# shellcheck disable=SC2046 # several flags
		cc -Wall -Wextra -Werror -o program program.c $(pkg-config --cflags --libs nsring)
		LD_LIBRARY_PATH=$LD_LIBRARY_PATH run ./program nowhere:x
		[ "$status" = 1 ]
		[[ $output == *nowhere* ]]
	done
}

@test "installed_command_runs_from_its_prefix" {
	run "$PREFIX/bin/nsring" --version
	[ "$status" = 0 ]
	[[ $output == *"$(pkg-config --modversion nsring)"* ]]
}

@test "wireshark_finds_the_installed_program_and_that_finds_the_command" {
	local dir
	for dir in lib/*/wireshark libexec/wireshark; do
		run "$PREFIX"/$dir/extcap/nsring-extcap --version
		[ "$status" = 0 ]
	done
	mkfifo fifo
	timeout 60 cat fifo >captured &
	run "$PREFIX"/libexec/wireshark/extcap/nsring-extcap --capture --fifo fifo \
		--extcap-interface nsring --target nowhere:x
	[ "$status" = 1 ]
	[[ $output == "nsring: "*nowhere* ]]
}

@test "shared_library_exports_only_nsr_names" {
	run nm -D --defined-only "$LD_LIBRARY_PATH/libnsring.so"
	[ "$status" = 0 ]
	[[ $output == *nsr_open* ]]
	[ -z "$(grep -v ' nsr_\| A NSRING_' <<<"$output")" ]
}

@test "every_function_of_the_headers_is_exported" {
	local name
	# Those that are inline are in no library.
	sed -nE 's/^static inline .*\b(nsr_[a-z_]+)\(.*/\1/p; s/^template .*\b(nsr_[a-z_]+)\(.*/\1/p' \
		"$PREFIX"/include/nsring/*.h >inline
	[ "$(grep -c . inline)" -ge 2 ]
	for name in $(sed -nE 's/.*\b(nsr_[a-z_]+)\(.*/\1/p' "$PREFIX"/include/nsring/*.h |
		grep -vxFf inline | sort -u); do
		grep -qE "^(\w[^*]*|[^ ].*[ *])$name\(" "$PREFIX"/include/nsring/*.h || continue
		nm -D --defined-only "$LD_LIBRARY_PATH/libnsring.so" | grep -q " $name\b" || {
			echo "not exported: $name" >&2
			return 1
		}
	done
}

# formats PAGE: into page.txt, without a warning, except where pages of paper would end, and of lines in
# which one word leaves nothing to adjust (groff 1.23).
formats() {
	LC_ALL=C.UTF-8 man --warnings -l "$1" >page.txt 2>page.err
	! grep -vE 'table text block will not fit on one page|cannot adjust line' page.err
}

@test "every_command_has_an_installed_man_page_that_formats" {
	local name page
	for name in nsring nsring-count nsring-dump nsring-extcap nsring-ls nsring-run nsring-send; do
		page=$PREFIX/share/man/man1/$name.1
		[ -e "$page" ] || page=$page.gz
		formats "$page"
		grep -q '^NAME' page.txt
	done
}

@test "library_and_kernel_module_have_installed_man_pages" {
	find "$PREFIX/share/man/man3" -name 'nsring.3*' | grep -q .
	find "$PREFIX/share/man/man4" -name 'nsring.4*' | grep -q .
}

@test "every_installed_man_page_formats_without_a_warning" {
	local page
	find "$PREFIX/share/man" -type f >pages
	[ -s pages ]
	while read -r page; do
		formats "$page"
	done <pages
}

@test "pkg_config_knows_the_engine_directory" {
	[[ $(pkg-config --variable=enginedir nsring) == "$PREFIX"/*/nsring/engines ]]
}

@test "the_kernel_module_is_not_installed_along" {
	[ -z "$(find "$PREFIX" -name '*.ko*' -o -name dkms.conf)" ]
}

@test "uninstall_leaves_nothing_also_after_two_installs" {
	make -s -C "$TREE" install "PREFIX=$PREFIX" "DESTDIR=$BATS_TEST_TMPDIR/dest"
	make -s -C "$TREE" install "PREFIX=$PREFIX" "DESTDIR=$BATS_TEST_TMPDIR/dest"
	[ -x "$BATS_TEST_TMPDIR/dest/$PREFIX/bin/nsring" ]
	make -s -C "$TREE" uninstall "PREFIX=$PREFIX" "DESTDIR=$BATS_TEST_TMPDIR/dest"
	[ ! -e "$BATS_TEST_TMPDIR/dest" ]
}

@test "uninstall_leaves_what_others_put_there" {
	mkdir -p dest/"$PREFIX"/bin
	touch dest/"$PREFIX"/bin/other
	make -s -C "$TREE" install "PREFIX=$PREFIX" "DESTDIR=$PWD/dest"
	make -s -C "$TREE" uninstall "PREFIX=$PREFIX" "DESTDIR=$PWD/dest"
	[ "$(find dest -type f)" = "dest/$PREFIX/bin/other" ] ||
		[ "$(find dest -type f)" = "dest$PREFIX/bin/other" ]
}
