# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# shellcheck shell=bash
#
# For bats files that hold the drop-in against the installed libpcap, by tests/netns/pcap_facts.c. After lib/netns.bash.

tests=$BATS_TEST_DIRNAME/../../${NSRING_BUILD:-build}/tests/netns

file_of() {
	echo "$BATS_TEST_TMPDIR/$1"
}

# loop_pair: a namespace $C with both ends, w1 and w2, of a quiet veth pair, for pcap_facts.
loop_pair() {
	netns_new C
	ip -n "$C" -batch - <<-END
		link add w1 type veth peer name w2
		link set w1 multicast off up
		link set w2 multicast off up
		address add 10.8.0.1/24 dev w2
	END
	wait_until link_is_up "$C" w2
}

# facts COMMAND… : what pcap_facts says in $C.
facts() {
	timeout -s KILL 110 nsenter --net="/run/netns/$C" "$@" 2>"$(file_of facts.err)"
}

# same NAME TARGET PEER [ARGUMENT…]: pcap_facts says the same of TARGET with the drop-in as of the device NAME
# with the installed libpcap.
same() {
	facts "$tests/pcap_facts" "$1" "${@:3}" >"$(file_of installed)"
	facts "$NSRING" run "$tests/pcap_facts" "${@:2}" >"$(file_of ours)"
	diff "$(file_of installed)" "$(file_of ours)"
}
