# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
# shellcheck shell=bash
#
# One trial: start a program, send it frames, see what it took and what it cost. And the search for
# the highest rate without loss. Needs lab.sh, tools.sh and $nsring (path).

readonly settle_s=1.3 # the longest that a program leaves packets in its ring, tcpdump: 1 s
readonly warm_pps=100000 warm_s=0.2 # before each trial: buffers get their memory when first used
cpus=$(getconf _NPROCESSORS_ONLN) tick_us=$((1000000 / $(getconf CLK_TCK)))
readonly cpus tick_us

# Microseconds that the machine's CPUs have been idle or stolen by a hypervisor: sets unused_us.
# On kernels with NO_HZ these are times, not samples.
read_unused()
{
	local cpu user nice system idle iowait irq softirq steal rest

	# shellcheck disable=SC2034
	read -r cpu user nice system idle iowait irq softirq steal rest </proc/stat
	unused_us=$(((idle + iowait + steal) * tick_us))
}

# Nanoseconds that all threads of the program have run: sets ran_ns.
read_ran()
{
	local path ns

	ran_ns=0
	[[ $tool_pid ]] || return 0
	for path in "/proc/$tool_pid/task/"*/schedstat; do
		read -r ns _ <"$path" && ran_ns=$((ran_ns + ns))
	done 2>/dev/null
	return 0
}

# Packets that the kernel dropped for lack of room in the queues that RPS fills: sets backlog.
read_backlog()
{
	local processed dropped rest

	backlog=0
	# shellcheck disable=SC2034
	while read -r processed dropped rest; do
		backlog=$((backlog + 16#$dropped))
	done </proc/net/softnet_stat
}

# Peak resident memory of the program and its packet rings, which are part of that: sets rss_kib
# and ring_kib.
read_memory()
{
	rss_kib=0 ring_kib=0
	[[ $tool_pid ]] || return 0
	rss_kib=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$tool_pid/status")
	ring_kib=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { ring = /socket:|bpf-map/ }
		$1 == "Size:" && ring { sum += $2 } END { print sum + 0 }' "/proc/$tool_pid/smaps")
}

# Send frames of $1 bytes at $2 packets/s (0: flat out) for $3 seconds: sets sent, took_us, pps
# and sender_ns (its CPU time).
# shellcheck disable=SC2034
generate()
{
	local totals rate=max

	(($2)) && rate=${2}pps
	totals=$("${in_gen[@]}" taskset -c "$gen_cpu" "$nsring" send --engine "$gen_engine" -i gen0 --json \
		--size "$1" --rate "$rate" --duration "$3" --flows "$flows") || return
	read -r sent took_us pps sender_ns < <(jq -r '[.packets, .seconds * 1e6, .packets_per_second,
		.cpu_seconds * 1e9] | map(floor) | join(" ")' <<<"$totals") && ((sent))
}

# Row $1 against frames of $2 bytes at $3 packets/s (0: flat out) for $4 seconds. Sets what
# generate() sets, and
#   got, said_lost   what the program says that it captured and lost, with the warm-up
#   warm, lost       packets of the warm-up; sent, but not captured, then or later
#   taken            captured, without the warm-up
#   silent           reached the capture in the kernel, but neither captured nor said to be lost
#   reached          reached the stack, with the warm-up
#   busy_us, tool_ns time that all CPUs, and the program, were busy
#   other_pct        CPU time that went neither to the program nor to the generator
#   rss_kib, ring_kib
trial()
{
	local row=$1 size=$2 arrived0 reached0 backlog0 ran0 unused0 start_us end_us

	tool_start "$row" || return
	arrived0=$(lab_arrived)
	reached0=$(lab_reached)
	read_backlog
	backlog0=$backlog
	generate "$size" "$warm_pps" "$warm_s" || return
	warm=$sent
	read_ran
	ran0=$ran_ns
	read_unused
	unused0=$unused_us start_us=${EPOCHREALTIME/[.,]/}
	generate "$size" "$3" "$4" || return
	# what polls has the packets at once, and takes CPU time also when there are none
	tool_polls "$row" || sleep "$settle_s"
	read_unused
	end_us=${EPOCHREALTIME/[.,]/}
	read_ran
	busy_us=$(((end_us - start_us) * cpus - (unused_us - unused0)))
	tool_ns=$((ran_ns - ran0))
	other_pct=$(((busy_us - (tool_ns + sender_ns) / 1000) * 100 / ((end_us - start_us) * cpus)))
	read_memory
	tool_polls "$row" && sleep 0.2
	tool_stop || return
	read_backlog
	reached=$(($(lab_reached) - reached0))
	tally "$row" $(($(lab_arrived) - arrived0 - (backlog - backlog0)))
}

# The packets of a trial: row $1, $2 of them reached the protocol layer of the kernel.
tally()
{
	if [[ $1 == none* ]]; then
		got=$2 said_lost=0
	else
		tool_counts "$1" || return
		rm -f "$dir"/out*
	fi
	lost=$((warm + sent - got))
	taken=$((got > warm ? got - warm : 0))
	silent=$(($2 - got - said_lost))
}

# The highest rate at which row $1 loses none of the frames of $2 bytes in $3 seconds, from a
# trial flat out that has just been made: sets best_pps, and generator_bound to 1 if that trial lost
# nothing, so that a faster generator might find a higher rate.
search()
{
	local row=$1 size=$2 seconds=$3 low=0 high=$pps try step

	try=$((taken * 900000 / took_us))
	((try)) || try=$((high / 2))
	best_pps=$pps generator_bound=1
	((lost == 0)) && return 0
	generator_bound=0
	for ((step = 0; step < 7 && high - low > high / 40; step++)); do
		trial "$row" "$size" "$try" "$seconds" || return
		if ((lost)); then
			high=$try
		else
			low=$((pps < try ? pps : try))
			# the generator can't do it at this rate: no use in asking for more
			((pps < try * 95 / 100)) && break
		fi
		try=$(((low + high) / 2))
	done
	best_pps=$low
}
