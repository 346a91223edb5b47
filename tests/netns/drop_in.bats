#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# The drop-in for libpcap, by `nsring run`: programs of Debian, unmodified, on targets. The installed libpcap is
# one witness, the kernel's counters are another.
#
#	A: v0 10.9.0.1 ---- v1 10.9.0.2 :B

# shellcheck disable=SC2154 # lib/ sets what is in small letters
bats_require_minimum_version 1.5.0
load ../lib/netns
load ../lib/pcap_facts
load ../lib/unpacked

# dump NAME [--take] TARGET [ARGUMENT…]: tcpdump -w NAME.pcap with the drop-in, until finish NAME or reap NAME.
# Packets that libpcap has and tcpdump has not read are lost with Ctrl-C: wait until got NAME COUNT.
dump() {
	local name=$1 take=()
	shift
	[ "$1" != --take ] || {
		take=(--take)
		shift
	}
	start "$name" "$NSRING" run "${take[@]}" tcpdump -Z "${USER_OF_DUMP-root}" -U \
		-w "$(file_of "$name.pcap")" -i "$@"
	wait_until is_listening "$name"
}

is_listening() {
	err "$1" | grep -qE "listening on|File:" || ! kill -0 "${PID[$1]}" 2>/dev/null
}

# got NAME COUNT: wait until tcpdump has written so many.
got() {
	wait_until has_frames "$(file_of "$1.pcap")" "$2"
}

# ended NAME: by whatever status.
ended() {
	wait "${PID[$1]}" || :
}

@test "it_has_every_name_that_the_installed_libpcap_has" {
	local installed
	installed=$(ldconfig -p | awk '$1 == "libpcap.so.0.8" { print $NF; exit }')
	nm -D --defined-only "$installed" | awk '{ print $3 }' | sort >"$(file_of theirs)"
	nm -D --defined-only "$tests/../../compat/pcap/libpcap.so.0.8" | awk '{ print $3 }' | sort >"$(file_of ours)"
	[ -s "$(file_of theirs)" ]
	equal "missing names" "$(comm -23 "$(file_of theirs)" "$(file_of ours)")" ""
}

@test "its_own_library_calls_the_installed_libpcap" {
	equal "libpcap's names that it leaves to the linker" \
		"$(nm -D --undefined-only "$tests/../../compat/pcap/libpcap.so.0.8" | grep -E ' (pcap_|bpf_(filter|validate|image|dump))' || :)" ""
}

@test "every_call_does_what_libpcap_does" {
	loop_pair
	same w2 packet:w2 w1
	[ "$(wc -l <"$(file_of ours)")" -gt 150 ]
}

@test "it_can_be_called_before_its_constructor" {
	equal said "$("$NSRING" run "$tests/pcap_early")" "the same"
}

@test "a_filter_means_the_same_in_a_cooked_capture" {
	loop_pair
	same any packet:any w1 113
	same any packet:any w1 276
}

@test "a_filter_means_the_same_in_xdp" {
	loop_pair
	facts "$tests/pcap_facts" w2 w1 1 w2 >"$(file_of installed)"
	facts "$NSRING" run "$tests/pcap_facts" zc:w2 w1 1 w2 >"$(file_of ours)"
	diff "$(file_of installed)" "$(file_of ours)"
}

@test "a_filter_that_cant_be_set_leaves_the_one_before" {
	loop_pair
	facts "$NSRING" run --no-keep "$tests/pcap_facts" zc:w2 w1 refused 0 >"$(file_of ours)"
	grep -qx "filter arp: set -1" "$(file_of ours)"
	equal "packets of the filter before" "$(grep -c 'drain(p, [12]) = [12]$' "$(file_of ours)")" 2
}

@test "a_short_snapshot_has_the_same_bytes" {
	loop_pair
	same w2 packet:w2 w1 short 0
	same any packet:any w1 short 0
}

# A wait that packets prolong which are left out would last until they stop.
@test "a_timeout_passes_while_packets_come_that_are_not_asked_for" {
	netns_pair
	start wait "$NSRING" run "$tests/pcap_timeout" "netns:$B/v1"
	wait_until grep -q ready "$(file_of wait.out)"
	start other nsenter --net="/run/netns/$A" ping -q -w 100 -i 0.01 "$NOBODY"
	reap wait
	kill -KILL "${PID[other]}"
	equal said "$(tail -n 1 "$(file_of wait.out)")" "no packet in time"
}

# Debugging a thread without capabilities is having those of the others.
@test "who_has_no_capabilities_does_not_debug_a_program_that_keeps_some" {
	local user=(setpriv --reuid 12345 --regid 12345 --clear-groups)
	start keep "${user[@]}" --inh-caps +net_raw,+sys_admin --ambient-caps +net_raw,+sys_admin \
		"$NSRING" run --keep "$tests/pcap_timeout" lo drop
	wait_until grep -q ready "$(file_of keep.out)"
	start none "${user[@]}" --inh-caps +net_raw,+sys_admin --ambient-caps +net_raw,+sys_admin \
		"$NSRING" run --no-keep "$tests/pcap_timeout" lo drop
	wait_until grep -q ready "$(file_of none.out)"
	# What ptrace(2) asks for.
	"${user[@]}" --inh-caps=-all cat "/proc/${PID[none]}/environ" >/dev/null
	run -1 "${user[@]}" --inh-caps=-all cat "/proc/${PID[keep]}/environ"
	kill -KILL "${PID[keep]}" "${PID[none]}"
}

# shellcheck disable=SC2016 # for the shell inside
@test "a_name_that_is_another_devices_by_now_is_not_sent_to" {
	netns_pair
	start send "$NSRING" run "$tests/pcap_timeout" "netns:$B/zc:v1" send
	wait_until grep -q ready "$(file_of send.out)"
	ip -n "$B" -batch - <<-END
		link set v1 down
		link set v1 name old
		link add v1 type veth peer name v2
		link set v1 up
		link set old up
	END
	kill -USR1 "${PID[send]}"
	reap send
	equal said "$(tail -n 1 "$(file_of send.out)")" "-1"
	equal "frames sent elsewhere" "$(ip -n "$B" -s -j link show v1 | jq '.[0].stats64.tx.packets')" 0
}

@test "opening_and_closing_loses_nothing" {
	loop_pair
	facts "$NSRING" run "$tests/pcap_facts" packet:w2 w1 often 200 >"$(file_of ours)"
	equal "losses" "$(grep -c ': no$' "$(file_of ours)")" 2
}

# pages NAME: in which captures of nsring tell what they count.
pages() {
	find "/proc/${PID[$1]}/fd" -lname '*nsring*' | wc -l
}

@test "a_device_that_is_no_target_is_the_installed_libpcaps" {
	netns_pair
	start plain nsenter --net="/run/netns/$B" "$NSRING" run tcpdump -Z root -w /dev/null -i v1
	start target nsenter --net="/run/netns/$B" "$NSRING" run tcpdump -Z root -w /dev/null -i packet:v1
	wait_until is_listening plain
	wait_until is_listening target
	equal "captures of nsring for a plain device" "$(pages plain)" 0
	[ "$(pages target)" -gt 0 ]
	finish plain
	finish target
}

has_one_thread() {
	[ "$(find "/proc/${PID[$1]}/task" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
}

# threads ARGUMENT…: how many a program has that reads nothing, so that one which keeps capabilities stays.
threads() {
	start quiet "$NSRING" run "$tests/pcap_timeout" lo drop "$@"
	wait_until grep -q ready "$(file_of quiet.out)"
	find "/proc/${PID[quiet]}/task" -mindepth 1 -maxdepth 1 | wc -l
	kill -KILL "${PID[quiet]}"
}

# Once there has been a second one, glibc locks files for each packet that is written.
@test "a_program_has_a_second_thread_only_if_a_word_names_a_target" {
	equal "threads with a device" "$(threads -i eth0)" 1
	equal "threads with addresses" "$(threads -i eth0 ether host 0a:be:c0:6e:ea:ac or host fe80::1)" 1
	equal "threads with a path" "$(threads -w /tmp/all.pcap)" 1
	equal "threads with a place" "$(threads -inetns:web/eth0)" 2
	equal "threads with an engine" "$(threads --pcap=zc:eth0)" 2
}

@test "no_thread_keeps_capabilities_once_packets_are_read" {
	netns_pair
	start_in "$B" plain nsenter --net="/run/netns/$B" "$NSRING" run --keep tcpdump -Z root -w "$(file_of none)" -i v1
	dump target "netns:$B/v1"
	wait_until has_one_thread plain
	wait_until has_one_thread target
	finish plain
	finish target
}

@test "it_is_told_to_keep_capabilities_or_not_to" {
	run -2 --separate-stderr "$NSRING" run --keep --no-keep tcpdump -D
	[[ $stderr == *"either --keep or --no-keep"* ]]
}

# Hardware: devices that are of no kind. Other devices would flood a list.
@test "hardware_is_listed_with_other_engines" {
	ip -j -d link show up | jq -r '.[] | select(.ifname and .linkinfo.info_kind == null and .link_type != "loopback") |
		"zc:" + .ifname' | sort >"$(file_of expected)"
	"$NSRING" run tcpdump -D | grep -o 'zc:[^ ]*' | sort >"$(file_of listed)" || :
	diff "$(file_of expected)" "$(file_of listed)"
}

@test "tcpdump_gets_all_that_the_kernel_counts_in_another_namespace" {
	netns_pair
	dump dump "netns:$B/v1"
	udp "$A" 1000
	arrived "$B" v1 1000
	got dump 1000
	finish dump
	equal frames "$(frames "$(file_of dump.pcap)")" "$(kernel "$B" v1 rx.packets)"
	says dump "1000 packets captured"
	says dump "0 packets dropped by kernel"
}

@test "tcpdump_ends_after_as_many_packets_as_it_was_asked_for" {
	netns_pair
	dump dump "netns:$B/v1" -c 7
	udp "$A" 100
	reap dump
	equal frames "$(frames "$(file_of dump.pcap)")" 7
}

@test "a_filter_that_nothing_matches_lets_nothing_in" {
	netns_pair
	dump witness "netns:$B/v1"
	dump dump "netns:$B/v1" udp port 10
	udp "$A" 100
	got witness 100
	finish dump
	finish witness
	equal frames "$(frames "$(file_of dump.pcap)")" 0
	says dump "0 packets received by filter"
}

@test "inbound_and_outbound_are_told_apart" {
	netns_pair
	dump in "netns:$B/v1" inbound
	dump out "netns:$B/v1" outbound
	dump all "netns:$B/v1"
	in_ns "$A" ping -qc 5 -i 0.01 10.9.0.2 >/dev/null
	got all 10
	got in 5
	got out 5
	finish in
	finish out
	finish all
	equal "came in" "$(frames "$(file_of in.pcap)")" 5
	equal "went out" "$(frames "$(file_of out.pcap)")" 5
}

@test "a_program_that_has_given_up_its_rights_filters_all_the_same" {
	netns_pair
	touch "$(file_of dump.pcap)"
	chown nobody "$(file_of dump.pcap)"
	chmod a+x "$BATS_TEST_TMPDIR"
	USER_OF_DUMP=nobody dump dump "netns:$B/zc:v1" udp port 9
	udp "$A" 20 "$NOBODY" 10
	udp "$A" 20
	got dump 20
	finish dump
	says dump "20 packets captured"
}

@test "zc_lets_packets_pass_unless_it_is_told_to_take_them" {
	netns_pair
	sink "$B" 9
	dump tap "netns:$B/zc:v1"
	udp "$A" 100 10.9.0.2
	wait_until has_datagrams "$B" 100
	got tap 100
	finish tap
	dump take --take "netns:$B/zc:v1"
	udp "$A" 100 10.9.0.2
	got take 100
	finish take
	equal "datagrams of the stack" "$(in_datagrams "$B")" 100
}

@test "whatever_ends_tcpdump_nothing_is_left" {
	local signal
	netns_pair
	for signal in INT TERM HUP QUIT PIPE ABRT KILL; do
		dump dump "netns:$B/zc:v1"
		kill -"$signal" "${PID[dump]}"
		ended dump
		wait_until has_no_xdp "$B" v1
		equal "sockets after $signal" "$(sockets "$B")" 0
	done
}

@test "a_program_of_both_libraries_gets_the_same_from_each" {
	netns_pair
	start both "$NSRING" run "$tests/pcap_and_nsring" "netns:$B/v1" 200
	wait_until grep -q ready "$(file_of both.out)"
	udp "$A" 200
	reap both
	equal counted "$(tail -n 1 "$(file_of both.out)")" "pcap 200 nsring 200"
}

@test "dumpcap_captures_and_lists_namespaces" {
	netns_pair
	"$NSRING" run dumpcap -D >"$(file_of list)"
	grep -qF "netns:$B/any" "$(file_of list)"
	start dump "$NSRING" run dumpcap -q -P -w "$(file_of dump.pcap)" -i "netns:$B/v1"
	wait_until is_listening dump
	udp "$A" 300
	got dump 300
	finish dump
	equal frames "$(frames "$(file_of dump.pcap)")" 300
	says dump "Packets captured: 300"
}

@test "dumpcap_may_not_enter_a_namespace_with_what_it_leaves_itself" {
	netns_pair
	run -1 --separate-stderr "$NSRING" run --no-keep dumpcap -q -P -c 1 -w "$(file_of none.pcap)" -i "netns:$B/v1"
	[[ $stderr == *"needs CAP_SYS_ADMIN"* ]]
}

@test "a_target_can_be_put_on_the_list" {
	"$NSRING" run --list zc:lo --list packet:lo dumpcap -D >"$(file_of list)"
	grep -qF "zc:lo" "$(file_of list)"
	grep -qF "packet:lo" "$(file_of list)"
}

@test "a_namespace_that_is_listed_can_be_hidden" {
	netns_pair
	"$NSRING" run --list 0 dumpcap -D >"$(file_of list)"
	! grep -qF "netns:" "$(file_of list)"
}

@test "tshark_reads_a_target_with_a_filter" {
	netns_pair
	start_in "$B" shark "$NSRING" run tshark -l -i "netns:$B/v1" -f "udp port 9" -T fields -e udp.dstport -c 5
	udp "$A" 20 "$NOBODY" 10
	udp "$A" 5
	reap shark
	equal ports "$(sort -u "$(file_of shark.out)")" 9
	equal packets "$(wc -l <"$(file_of shark.out)")" 5
}

@test "what_is_wrong_with_a_target_is_said_in_one_sentence" {
	netns_pair
	run -1 --separate-stderr "$NSRING" run tcpdump -i "netns:nowhere/eth0"
	[[ $stderr == *"/run/netns/nowhere does not exist"* ]]
	run -1 --separate-stderr "$NSRING" run tcpdump -i "netns:$B/v9"
	[[ $stderr == *'there is no device "v9" in this namespace'* ]]
	run -1 --separate-stderr "$NSRING" run tcpdump -i "netns:$B"
	[[ $stderr == *"a place ends in '/'"* ]]
	run -1 --separate-stderr setpriv --reuid 65534 --clear-groups --bounding-set -all \
		"$NSRING" run tcpdump -i "netns:$B/v1"
	[[ $stderr == *"You don't have permission"*"CAP_SYS_ADMIN"* ]]
}

@test "a_device_that_goes_away_ends_tcpdump_in_libpcaps_words" {
	netns_pair
	dump dump "netns:$B/v1"
	ip -n "$B" link delete v1
	reap dump 1
	says dump "The interface disappeared"
}

# Debian's sends by a packet socket of its own; libpcap reads the file.
@test "tcpreplay_sends_as_ever" {
	netns_pair
	dump sent "netns:$A/v0" -c 50
	udp "$A" 50
	reap sent
	in_ns "$A" "$NSRING" run tcpreplay -q --topspeed -i v0 "$(file_of sent.pcap)" >/dev/null
	arrived "$B" v1 100
}

@test "ngrep_finds_a_word_in_another_namespace" {
	unpacked programs ngrep nmap softflowd nfdump p0f arpwatch
	netns_pair
	start_in "$B" grep "$NSRING" run ngrep -q -W byline -n 1 -d "netns:$B/v1" needle udp
	in_ns "$A" bash -c "echo hay >/dev/udp/$NOBODY/9; echo a needle >/dev/udp/$NOBODY/9"
	reap grep
	grep -qF "a needle" "$(file_of grep.out)"
	! grep -qF "hay" "$(file_of grep.out)"
}

@test "nmap_finds_its_neighbour" {
	unpacked programs ngrep nmap softflowd nfdump p0f arpwatch
	netns_pair
	in_ns "$A" env NMAPDIR="$unpacked/usr/share/nmap" "$NSRING" run nmap -n -sn 10.9.0.2 >"$(file_of nmap)"
	grep -qF "Host is up" "$(file_of nmap)"
}

# has_counted COUNT: what softflowd has not read when it is shut down it does not export.
has_counted() {
	softflowctl -c "$(file_of control)" statistics | grep -qx "Packets processed: $1"
}

# has_collected: nfcapd has nothing left to read, and waits.
has_collected() {
	in_ns "$A" grep -q ':270B .* 00000000:00000000 ' /proc/net/udp && waits_for_ctrl_c collect
}

@test "softflowd_exports_what_the_kernel_counts" {
	unpacked programs ngrep nmap softflowd nfdump p0f arpwatch
	netns_pair
	mkdir "$(file_of flows)"
	start collect nsenter --net="/run/netns/$A" nfcapd -l "$(file_of flows)" -p 9995 -b 127.0.0.1
	wait_until in_ns "$A" grep -q ':270B ' /proc/net/udp
	# It enters B by its target, and exports from A. What stands before a ':' is an index to it.
	start_in "$B" flow nsenter --net="/run/netns/$A" "$NSRING" run softflowd -d -i "0:netns:$B/v1" \
		-n 127.0.0.1:9995 -p "$(file_of pid)" -c "$(file_of control)"
	udp "$A" 321
	wait_until has_counted 321
	in_ns "$A" softflowctl -c "$(file_of control)" shutdown
	ended flow
	wait_until has_collected
	finish collect
	equal packets "$(nfdump -q -R "$(file_of flows)" -o 'fmt:%pkt' 'dst port 9' | awk '{ n += $1 } END { print n }')" 321
}

@test "p0f_recognises_a_connection" {
	unpacked programs ngrep nmap softflowd nfdump p0f arpwatch
	netns_pair
	start_in "$B" p0f "$NSRING" run p0f -f "$unpacked/etc/p0f/p0f.fp" -i "netns:$B/v1" -o "$(file_of log)"
	start listen nsenter --net="/run/netns/$B" socat -u TCP-LISTEN:80 OPEN:/dev/null
	wait_until in_ns "$B" grep -q ':0050 ' /proc/net/tcp
	in_ns "$A" bash -c 'echo hello >/dev/tcp/10.9.0.2/80'
	wait_until grep -q "mod=syn.*cli=10.9.0.1" "$(file_of log)"
	finish p0f
}

@test "arpwatch_notes_a_station" {
	unpacked programs ngrep nmap softflowd nfdump p0f arpwatch
	netns_pair
	: >"$(file_of arp.dat)"
	start_in "$B" watch "$NSRING" run arpwatch -d -n 10.9.0.0/24 -f "$(file_of arp.dat)" -i "netns:$B/v1"
	ip -n "$A" neighbour flush dev v0
	ip -n "$A" neighbour del 10.9.0.2 dev v0 2>/dev/null || :
	in_ns "$A" ping -qc 1 10.9.0.2 >/dev/null
	wait_until grep -qF "10.9.0.1" "$(file_of watch.err)" "$(file_of watch.out)"
	finish watch
}

@test "suricata_alerts" {
	unpacked suricata
	netns_pair
	suricata_alerts "netns:$B/v1"
	suricata_alerts "netns:$B/zc:v1"
	suricata_alerts v1
}
