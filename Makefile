# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The front door. Building is meson's work, testing that of tests/run; see `make help`.

PREFIX ?= /usr/local
DESTDIR ?=
KDIR ?=
FUZZ_SECONDS ?= 20
export FUZZ_SECONDS

build := packaging/build build --prefix=$(PREFIX)
test := tests/run
need_root = [ "$$(id -u)" = 0 ] || { \
	echo "nsring: network namespaces need root: run 'sudo make $@'" >&2; exit 1; }
need_packages = packaging/install-packages

.PHONY: all build kmod demo test check test-unit test-netns test-asan test-tsan fuzz bench bench-kmod \
	install uninstall install-dkms uninstall-dkms test-vm test-fresh test-debug-kernel test-pcap check-format clean help
.NOTPARALLEL:

all: build ## build the library, the command and the manual in build/

build: ## the same
	@$(build)

kmod: ## the kernel module for the running kernel, or for the headers in KDIR
	@packaging/build-kmod $(KDIR)

demo: ## install what is missing, build, and count real traffic between two namespaces
	@$(need_root)
	@$(need_packages) build
	@$(build)
	@demo/demo.sh

test: ## install what is missing, build, and run every suite
	@$(need_root)
	@$(need_packages) build test vm
	@$(test)

check: ## what a change should pass before it is shown: format, scripts, house, unit and netns
	@$(need_root)
	@export TEST_TURNS=$$(($$(nproc) * 2)); $(test) format scripts house unit netns

test-unit: ## the unit tests; needs no root
	@$(test) unit

test-netns: ## captures in real namespaces
	@$(need_root)
	@$(test) netns

test-asan: ## unit and netns under the address and undefined-behaviour sanitizers
	@$(need_root)
	@$(test) asan

test-tsan: ## the unit tests under the thread sanitizer; needs no root
	@$(test) tsan

test-vm: ## the engines and the kernel module on other kernels, in QEMU; needs no root
	@$(test) vm

test-fresh: ## demo, format, unit, netns and install on fresh Debian 12 and 13, before a release
	@$(need_root)
	@$(need_packages) fresh
	@tests/fresh

test-debug-kernel: ## engines and module on a kernel that looks for mistakes: it is built first, in 15 minutes
	@$(need_packages) build test vm debug-kernel
	@tests/vm/debug-kernel >/dev/null
	@$(test) debug-kernel

test-pcap: ## tcpdump's own tests and libpcap's programs, with the drop-in and without it
	@$(need_root)
	@$(need_packages) build test pcap-suites
	@$(build)
	@tests/pcap-suites

fuzz: ## each fuzz target for FUZZ_SECONDS (20)
	@$(test) fuzz

bench: ## nsring beside tcpdump, dumpcap, netsniff-ng and DPDK
	@$(need_root)
	@$(need_packages) build bench dpdk
	@bench/capture

bench-kmod: ## what captures cost in the kernel, in instructions a packet, in QEMU; needs no root
	@$(need_packages) build vm bench
	@bench/kernel

install: build ## install to PREFIX (/usr/local), under DESTDIR if given
	@packaging/install $(PREFIX) $(DESTDIR)

uninstall: ## remove what install put there
	@packaging/uninstall $(PREFIX) $(DESTDIR)

install-dkms: ## the kernel module's sources to /usr/src, under DESTDIR if given; dkms builds it
	@packaging/install-dkms $(DESTDIR)

uninstall-dkms: ## remove them, and what dkms has built
	@packaging/uninstall-dkms $(DESTDIR)

check-format: ## compare every C file with .clang-format
	@$(test) format

clean: ## remove the build directories
	rm -rf build build-asan build-tsan build-fuzz build-bench build-kmod build-vm build-fresh

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
