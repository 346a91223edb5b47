# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The programs under test, one row of the table each: how they are run, and how their closing
# lines are read. Needs lab.sh, $nsring, $packet_floor and $xdp_drop (paths) and $dir (where output files and the
# log go).

# Sets of rows, by their names in --rows. In each, no capture comes before what is compared with it.
declare -grA row_sets=(
	[standard]="none xdp-drop nsring-count nsring-outside nsring-dump nsring-file nsring-zc
		tcpdump tcpdump-file dumpcap netsniff netsniff-file testpmd-xdp"
	[zc]="none xdp-drop nsring-count nsring-zc nsring-zc-dump nsring-zc-tap nsring-zc-tap-dump
		tcpdump netsniff
		testpmd-xdp testpmd-packet"
	[run]="none tcpdump tcpdump-run tcpdump-run-packet tcpdump-run-zc"
	[filter]="none-filter nsring-filter nsring-zc-filter tcpdump-filter"
)
readonly other_rows="packet-floor tcpdump-tuned dumpcap-pcap nsring-zc-busy"
readonly reference=tcpdump # the row that ratios refer to
readonly log_name=log

# Rows *-filter: the generator sends so many flows, and the filter matches its first.
readonly filter_flows=100
readonly filter=(src port 10000) # the first that nsring send takes

# DPDK without hugepages, devices of its own or files; both of its threads on the capture's CPU.
readonly eal=(--lcores "(0-1)@$cap_cpu" --no-huge -m 128 --no-pci --no-shconf --no-telemetry)
# Receive only. A period of statistics keeps it from waiting for a key. Its own number of buffers
# wants a gibibyte.
readonly rxonly=(--forward-mode=rxonly --total-num-mbufs=16384 --stats-period=86400)

# Print the rows that the words of $1, rows or sets of them, stand for: each once.
rows_of()
{
	local word row seen=' '

	for word in $1; do
		for row in ${row_sets[$word]-$word}; do
			[[ $seen == *" $row "* ]] || seen+="$row "
		done
	done
	seen=${seen# }
	echo "${seen% }"
}

# Describe row $1: sets command, label (the command as a reader would type it), snaplen.
# shellcheck disable=SC2034
tool_describe()
{
	local inside=(ip netns exec "$cap_ns" taskset -c "$cap_cpu")

	snaplen=262144
	case $1 in
	none | none-filter) snaplen=- label="no capture" command=() ;;
	xdp-drop) snaplen=- command=("$xdp_drop" cap0) ;;
	packet-floor) snaplen=1 command=("$packet_floor" cap0) ;;
	nsring-count) snaplen=1 command=("$nsring" count --json -i cap0) ;;
	nsring-outside)
		inside=(taskset -c "$cap_cpu")
		snaplen=1
		command=("$nsring" count --json -i "netns:$cap_ns/cap0")
		;;
	nsring-dump) command=("$nsring" dump --json -i cap0 -w /dev/null) ;;
	nsring-file) command=("$nsring" dump --json -i cap0 -w "$dir/out.pcapng") ;;
	nsring-filter) snaplen=1 command=("$nsring" count --json -i cap0 "${filter[@]}") ;;
	nsring-zc) snaplen=1 command=("$nsring" count --json --take -i zc:cap0) ;;
	nsring-zc-dump) command=("$nsring" dump --json --take -i zc:cap0 -w /dev/null) ;;
	nsring-zc-busy)
		snaplen=1
		command=("$nsring" count --json --take --busy-poll 20 -i zc:cap0)
		;;
	nsring-zc-tap) snaplen=1 command=("$nsring" count --json -i zc:cap0) ;;
	nsring-zc-tap-dump) command=("$nsring" dump --json -i zc:cap0 -w /dev/null) ;;
	nsring-zc-filter)
		snaplen=1
		command=("$nsring" count --json --take -i zc:cap0 "${filter[@]}")
		;;
	tcpdump) command=(tcpdump -Z root -n -i cap0 -w /dev/null) ;;
	tcpdump-run) command=("$nsring" run tcpdump -Z root -n -i cap0 -w /dev/null) ;;
	tcpdump-run-packet) command=("$nsring" run tcpdump -Z root -n -i packet:cap0 -w /dev/null) ;;
	tcpdump-run-zc) command=("$nsring" run --take tcpdump -Z root -n -i zc:cap0 -w /dev/null) ;;
	tcpdump-file) command=(tcpdump -n -i cap0 -w "$dir/out.pcap") ;;
	tcpdump-tuned) snaplen=96 command=(tcpdump -Z root -n -i cap0 -s 96 -B 8192 -w /dev/null) ;;
	tcpdump-filter) command=(tcpdump -Z root -n -i cap0 -w /dev/null "${filter[@]}") ;;
	dumpcap) command=(dumpcap -q -i cap0 -w "$dir/out.pcapng") ;;
	dumpcap-pcap) command=(dumpcap -q -P -i cap0 -w "$dir/out.pcap") ;;
	# it takes "--out /dev/null" for a device; without --no-sock-mem it writes to sysctls
	netsniff) command=(netsniff-ng --in cap0 --silent --no-sock-mem) ;;
	netsniff-file)
		command=(netsniff-ng --in cap0 --out "$dir/out.pcap" --silent --no-sock-mem)
		;;
	# rings of 2048 frames for both, AF_XDP's default
	testpmd-xdp)
		inside+=(env LIBXDP_SKIP_DISPATCHER=1) # which would pin files outside of the lab
		command=(dpdk-testpmd "${eal[@]}" --vdev "net_af_xdp0,iface=cap0" -- "${rxonly[@]}"
			--rxd=2048)
		;;
	testpmd-packet)
		command=(dpdk-testpmd "${eal[@]}" --vdev "net_af_packet0,iface=cap0,framecnt=2048"
			-- "${rxonly[@]}")
		;;
	*) return 1 ;;
	esac
	[[ $1 == netsniff* || $1 == testpmd* ]] && snaplen=all
	[[ $1 == none* ]] && return 0
	run=("${inside[@]}" "${command[@]}")
	label="${command[*]}"
	label=${label/"$nsring"/nsring}
	label=${label/"$xdp_drop"/xdp_drop}
	label=${label/"$packet_floor"/packet_floor}
	label=${label/"${eal[*]}"/…}
	label=${label/"$cap_ns"/NS}
	label=${label/"$dir/out"/FILE}
}

# Print why row $1 can't run, or nothing.
tool_missing()
{
	if ! tool_describe "$1"; then
		echo "no such row"
	elif [[ $1 != none* ]] && ! command -v "${command[0]}" >/dev/null; then
		echo "${command[0]} is not installed"
	elif [[ $1 == nsring-zc* ]]; then
		ip netns exec "$cap_ns" "$nsring" count --duration 0.01 -i zc:lo 2>&1 >/dev/null |
			grep -o 'engine "zc" is unknown'
	fi
}

# Print the version of row $1's program in one line.
tool_version()
{
	tool_describe "$1"
	case $1 in
	none* | xdp-drop | packet-floor) ;;
	tcpdump*) tcpdump --version 2>&1 | head -n 2 | paste -sd, ;;
	dumpcap*) dumpcap --version 2>/dev/null | sed -n '1s/ (Git.*//p' ;;
	testpmd*)
		dpdk-testpmd -v "${eal[@]}" -- --help 2>&1 |
			sed -n "s/.*RTE Version: '\(.*\)'.*/\1/p"
		;;
	*) "${command[0]}" --version 2>&1 | sed -n 1p ;;
	esac
}

# Does row $1's program poll without ever sleeping?
tool_polls() { [[ $1 == testpmd* || $1 == *-busy ]]; }

# Start row $1 and wait until it captures; sets tool_pid ("" for no capture).
tool_start()
{
	local i

	tool_describe "$1"
	tool_pid=
	[[ $1 == none* ]] && return 0
	# every word execs the next, so that $! is the program itself
	"${run[@]}" >"$dir/$log_name" 2>&1 </dev/null &
	tool_pid=$!
	# netsniff-ng's ring of 2 GiB takes its time
	for ((i = 0; i < 400; i++)); do
		[[ -d /proc/$tool_pid ]] || break
		lab_is_captured && sleep 0.2 && return 0
		sleep 0.05
	done
	echo "$label: does not capture: $(tail -n 1 "$dir/$log_name")" >&2
	tool_kill
	return 1
}

tool_kill()
{
	[[ ${tool_pid-} ]] && kill -KILL "$tool_pid" 2>/dev/null && wait "$tool_pid" 2>/dev/null
	tool_pid=
	lab_release
	return 0
}

# Ctrl-C the program and wait for it, 10 s at most.
tool_stop()
{
	local i

	[[ $tool_pid ]] || return 0
	kill -INT "$tool_pid" 2>/dev/null
	for ((i = 0; i < 200; i++)); do
		[[ -d /proc/$tool_pid ]] || break
		sleep 0.05
	done
	if ((i == 200)); then
		echo "$label: ignores Ctrl-C" >&2
		tool_kill
		return 1
	fi
	wait "$tool_pid" 2>/dev/null
	tool_pid=
	lab_release
}

# What row $1's program, now stopped, says: sets got (packets captured) and said_lost.
# shellcheck disable=SC2034
tool_counts()
{
	local script

	case $1 in
	nsring*) # the last JSON line: "packets":N and "lost":{"nic":N,…}
		script='/"final": *true/ { got = field($0, "packets"); lost = ledger($0) }'
		;;
	tcpdump*) script='/packets captured/ { got = $1 } /dropped by kernel/ { lost = $1 }' ;;
	dumpcap*)
		script='/Packets captured:/ { got = $3 }
			/received\/dropped/ { split($6, pair, "/"); lost = pair[2] }'
		;;
	netsniff*)
		script='/packets incoming/ { got = $1; sub(/\(/, "", $4); lost += $4 }
			/failed filter/ { lost += $1 }'
		;;
	testpmd*) # for its port, and for all ports together
		script='/RX-packets:.*RX-total:/ { got = $2; lost = $4 }'
		;;
	packet-floor) script='/^captured=/ { got = substr($1, 10); lost = substr($2, 6) }' ;;
	xdp-drop) script='sub(/^dropped=/, "") { got = $1; lost = 0 }' ;;
	esac
	read -r got said_lost < <(tr '\r' '\n' <"$dir/$log_name" | awk '
		function field(text, name) {
			if (!match(text, "\"" name "\": *[0-9]+"))
				return 0
			text = substr(text, RSTART, RLENGTH)
			sub(/.*: */, "", text)
			return text
		}
		function ledger(text,   sum) {
			if (!match(text, /"lost": *\{[^}]*\}/))
				return "none"
			text = substr(text, RSTART, RLENGTH)
			sum = field(text, "nic") + field(text, "kernel") + field(text, "ring")
			return sum + field(text, "consumer") + field(text, "disk")
		}'"$script"' END { print got, lost }')
	[[ $got =~ ^[0-9]+$ && $said_lost =~ ^[0-9]+$ ]] && return 0
	echo "$label: no totals at its end: $(tail -n 1 "$dir/$log_name")" >&2
	return 1
}
