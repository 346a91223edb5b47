# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The programs under test, one row of the table each: how they are run, and how their closing
# lines are read. Needs lab.sh, $nsring (path) and $dir (where output files and the log go).

readonly all_rows="none nsring-count nsring-outside nsring-dump nsring-file \
tcpdump tcpdump-file tcpdump-tuned dumpcap dumpcap-pcap netsniff netsniff-file"
readonly reference=tcpdump # the row that ratios refer to
readonly log_name=log

# Describe row $1: sets command, label (the command as a reader would type it), snaplen.
# shellcheck disable=SC2034
tool_describe()
{
	local inside=(ip netns exec "$cap_ns" taskset -c "$cap_cpu")

	snaplen=262144
	case $1 in
	none) snaplen=- label="no capture" command=() ;;
	nsring-count) snaplen=1 command=("$nsring" count --json -i cap0) ;;
	nsring-outside)
		inside=(taskset -c "$cap_cpu")
		snaplen=1
		command=("$nsring" count --json -i "netns:$cap_ns/cap0")
		;;
	nsring-dump) command=("$nsring" dump --json -i cap0 -w /dev/null) ;;
	nsring-file) command=("$nsring" dump --json -i cap0 -w "$dir/out.pcapng") ;;
	tcpdump) command=(tcpdump -n -i cap0 -w /dev/null) ;;
	tcpdump-file) command=(tcpdump -n -i cap0 -w "$dir/out.pcap") ;;
	tcpdump-tuned) snaplen=96 command=(tcpdump -n -i cap0 -s 96 -B 8192 -w /dev/null) ;;
	dumpcap) command=(dumpcap -q -i cap0 -w "$dir/out.pcapng") ;;
	dumpcap-pcap) command=(dumpcap -q -P -i cap0 -w "$dir/out.pcap") ;;
	# it takes "--out /dev/null" for a device; without --no-sock-mem it writes to sysctls
	netsniff) command=(netsniff-ng --in cap0 --silent --no-sock-mem) ;;
	netsniff-file)
		command=(netsniff-ng --in cap0 --out "$dir/out.pcap" --silent --no-sock-mem)
		;;
	*) return 1 ;;
	esac
	[[ $1 == netsniff* ]] && snaplen=all
	[[ $1 == none ]] && return 0
	run=("${inside[@]}" "${command[@]}")
	label="${command[*]}"
	label=${label/"$nsring"/nsring}
	label=${label/"$cap_ns"/NS}
	label=${label/"$dir/out"/FILE}
}

# Print why row $1 can't run, or nothing.
tool_missing()
{
	if ! tool_describe "$1"; then
		echo "no such row"
	elif [[ $1 != none ]] && ! command -v "${command[0]}" >/dev/null; then
		echo "${command[0]} is not installed"
	fi
}

# Print the version of row $1's program in one line.
tool_version()
{
	tool_describe "$1"
	case $1 in
	none) ;;
	tcpdump*) tcpdump --version 2>&1 | head -n 2 | paste -sd, ;;
	dumpcap*) dumpcap --version 2>/dev/null | sed -n '1s/ (Git.*//p' ;;
	*) "${command[0]}" --version 2>&1 | sed -n 1p ;;
	esac
}

# Start row $1 and wait until it captures; sets tool_pid ("" for no capture).
tool_start()
{
	local i

	tool_describe "$1"
	tool_pid=
	[[ $1 == none ]] && return 0
	# every word execs the next, so that $! is the program itself
	"${run[@]}" >"$dir/$log_name" 2>&1 </dev/null &
	tool_pid=$!
	for ((i = 0; i < 100; i++)); do
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
	return 0
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
