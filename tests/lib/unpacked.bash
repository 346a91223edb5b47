# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For bats files that need programs of Debian that aren't installed. After lib/netns.bash and lib/pcap_facts.bash.

# unpacked NAME [PACKAGE…]: unpacks them once; $unpacked is where they are. To libblas.so.3 it is an
# installation that makes the link.
unpacked() {
	local status=0
	unpacked=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build-vm/$1
	[ -d "$unpacked" ] || unpacked=$("$BATS_TEST_DIRNAME/../lib/programs" "$@") || status=$?
	[ "$status" != 77 ] || skip "Debian's program ${*: -1} can't be had here"
	[ "$status" = 0 ]
	LD_LIBRARY_PATH=$(printf '%s:' "$unpacked"/usr/lib/*-linux-gnu{,/blas} "$unpacked"/lib/*-linux-gnu)
	PATH=$PATH:$unpacked/usr/bin:$unpacked/usr/sbin
	export LD_LIBRARY_PATH PATH
}

# suricata_alerts TARGET: Suricata in $B, with a rule for datagrams from $A, alerts once on TARGET.
suricata_alerts() {
	local logs
	logs=$(mktemp -d "$BATS_TEST_TMPDIR/suricata.XXXXXX")
	echo 'alert udp any any -> any 9 (msg:"a needle"; content:"needle"; sid:1;)' >"$logs/rules"
	cat >"$logs/suricata.yaml" <<-END
		%YAML 1.1
		---
		vars:
		  address-groups: { HOME_NET: any, EXTERNAL_NET: any }
		  port-groups: { HTTP_PORTS: "80" }
		default-log-dir: $logs
		outputs:
		  - fast: { enabled: yes, filename: fast.log }
		pcap:
		  - interface: default
		logging:
		  default-log-level: notice
		  outputs: [ { console: { enabled: yes } } ]
		unix-command: { enabled: no }
		classification-file: $unpacked/etc/suricata/classification.config
		reference-config-file: $unpacked/etc/suricata/reference.config
	END
	start suri nsenter --net="/run/netns/$B" "$NSRING" run suricata -c "$logs/suricata.yaml" -S "$logs/rules" \
		--pcap="$1" -k none
	wait_until grep -qF "ngine started" "$(file_of suri.out)" "$(file_of suri.err)"
	in_ns "$A" bash -c "echo hay >/dev/udp/$NOBODY/9; echo a needle >/dev/udp/$NOBODY/9"
	wait_until grep -qF "a needle" "$logs/fast.log"
	finish suri
	equal "alerts on $1" "$(grep -c "a needle" "$logs/fast.log")" 1
}
