# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Turns the measurements of bench/capture into Markdown tables, one of captures and one of filters
# for each frame size: medians over the rounds, and in brackets the median of the ratios to a
# reference row of the same round.
#
# Input, separated by tabs:	row TABLE NAME LABEL SNAPLEN	(TABLE: capture or filter)
#				value SIZE ROUND ROW METRIC NUMBER
# Variables: reference (row of captures), rate (packets/s of the CPU figures), receive_cpu

BEGIN {
	FS = "\t"
	quiet = "none-filter" # the reference row of filters
	# what else "flat out" is compared with, if it was measured
	split("xdp-drop testpmd-xdp", bypass, " ")
	ceiling = ",\n  which drops every frame in the driver: the ceiling, nobody gets the packets"
}

$1 == "row" {
	rows[++row_count] = $3
	table_of[$3] = $2
	label[$3] = $4
	snaplen[$3] = $5
	measured[$2] = 1
}

$1 == "value" {
	if (!($2 in seen))
		sizes[++size_count] = $2
	seen[$2] = 1
	value[$2, $3, $4, $5] = $6
	if ($3 > rounds)
		rounds = $3
}

# The median of list[1..count], which it sorts.
function median(list, count,   i, j, x) {
	for (i = 2; i <= count; i++) {
		x = list[i]
		for (j = i - 1; j >= 1 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
}

function has(size, round, row, metric) { return (size, round, row, metric) in value }

function value_or_0(size, round, row, metric) {
	return has(size, round, row, metric) ? value[size, round, row, metric] : 0
}

# Fills list with the values, or with their ratios to row other if it is given; returns how many.
function collect(list, size, row, metric, other,   round, count, base) {
	count = 0
	for (round = 1; round <= rounds; round++) {
		if (!has(size, round, row, metric))
			continue
		if (!other) {
			list[++count] = value[size, round, row, metric]
			continue
		}
		base = value_or_0(size, round, other, metric)
		if (base > 0)
			list[++count] = value[size, round, row, metric] / base
	}
	return count
}

function number(x,   text, out) {
	text = sprintf("%.0f", x)
	while (length(text) > 3 && substr(text, 1, length(text) - 3) != "-") {
		out = "," substr(text, length(text) - 2) out
		text = substr(text, 1, length(text) - 3)
	}
	return text out
}

# A cell: the median in units of scale, and its ratio to row other. What saves time where other
# takes some has no ratio.
function cell(size, row, metric, scale, other,   list, middle, times) {
	if (!collect(list, size, row, metric))
		return "-"
	middle = median(list, collect(list, size, row, metric))
	times = middle < 0 ? "-" : ratio(size, row, metric, other)
	return number(middle / scale) (times == "-" ? "" : " (" times ")")
}

function ratio(size, row, metric, other,   list, count) {
	count = collect(list, size, row, metric, other)
	return count ? sprintf("%.2f", median(list, count)) : "-"
}

function plain(size, row, metric, scale, format,   list, count) {
	count = collect(list, size, row, metric)
	return count ? sprintf(format, median(list, count) / scale) : "-"
}

function largest(size, row, metric,   list, count, i, max) {
	count = collect(list, size, row, metric)
	for (i = 1; i <= count; i++)
		max = list[i] > max ? list[i] : max
	return count ? number(max) : "-"
}

# ">": the generator could do no more in most rounds.
function limit_mark(size, row) {
	return plain(size, row, "generator_bound", 1, "%.1f") >= 0.5 ? "≥ " : ""
}

function title(row) { return row ~ /^none/ ? label[row] : "`" label[row] "`" }

# The generator's CPU time says something of the kernel's half only if that runs in its context.
function in_sender(text) { return receive_cpu == 0 ? text : "-" }

# A line of a Markdown table; the first is its head.
function line(cells, count, is_head,   i, rule) {
	for (i = 1; i <= count; i++) {
		printf "| %s ", cells[i]
		rule = rule (i == 1 ? "| --- " : "| --: ")
	}
	print "|" (is_head ? "\n" rule "|" : "")
}

function capture_head(   cells, n, i) {
	n = split("command|snaplen|no loss up to, kpps|program, ns/packet|kernel, ns/packet|" \
		"system, ns/packet|flat out, kpps", cells, "|")
	for (i = 1; i in bypass; i++)
		if (bypass[i] in label)
			cells[++n] = "of " bypass[i]
	cells[++n] = "peak RSS, MiB"
	cells[++n] = "of it ring, MiB"
	cells[++n] = "unaccounted"
	line(cells, n, 1)
}

function capture_line(size, row,   cells, n, i) {
	cells[++n] = title(row)
	cells[++n] = snaplen[row]
	cells[++n] = limit_mark(size, row) cell(size, row, "best_pps", 1000, reference)
	cells[++n] = cell(size, row, "tool_ns", 1, reference)
	cells[++n] = in_sender(cell(size, row, "kernel_ns", 1, reference))
	cells[++n] = cell(size, row, "system_ns", 1, reference)
	cells[++n] = cell(size, row, "overload_pps", 1000, reference)
	for (i = 1; i in bypass; i++)
		if (bypass[i] in label)
			cells[++n] = ratio(size, row, "overload_pps", bypass[i])
	cells[++n] = plain(size, row, "rss_kib", 1024, "%.1f")
	cells[++n] = plain(size, row, "ring_kib", 1024, "%.1f")
	cells[++n] = largest(size, row, "silent")
	line(cells, n)
}

function filter_head(   cells, n) {
	n = split("command|sender and kernel, ns/packet|program, ns/packet|" \
		"reach the stack flat out, kpps|matched, %", cells, "|")
	line(cells, n, 1)
}

function filter_line(size, row,   cells, n) {
	cells[++n] = title(row)
	cells[++n] = in_sender(cell(size, row, "sender_ns", 1, quiet))
	cells[++n] = plain(size, row, "tool_ns", 1, "%.0f")
	cells[++n] = cell(size, row, "reached_pps", 1000, quiet)
	cells[++n] = plain(size, row, "matched", 100, "%.2f")
	line(cells, n)
}

function table(size, name,   i) {
	if (!(name in measured))
		return
	printf "**Frames of %d bytes%s**\n\n", size, \
		name == "filter" ? ", and a filter that refuses 99 % of them" : ""
	name == "filter" ? filter_head() : capture_head()
	for (i = 1; i <= row_count; i++) {
		if (table_of[rows[i]] != name)
			continue
		if (name == "filter")
			filter_line(size, rows[i])
		else
			capture_line(size, rows[i])
	}
	print ""
}

# Percent of CPU time that went to other work, the median over all rows.
function other_work(   s, i, round, list, count) {
	for (s = 1; s <= size_count; s++)
		for (i = 1; i <= row_count; i++)
			for (round = 1; round <= rounds; round++)
				if (has(sizes[s], round, rows[i], "other_pct"))
					list[++count] = value[sizes[s], round, rows[i], "other_pct"]
	return count ? median(list, count) : 0
}

function legend(   i) {
	print "- Medians of " rounds " round(s)" (reference in label ? "; in brackets the median of" \
		" the ratios to `" label[reference] "`\n  of the same round." : ".")
	print "- No loss up to: found by bisection; \"≥\": none even at the generator's" \
		" highest rate."
	print "- Program: CPU time of the capturing process per packet captured at " \
		number(rate / 1000) " kpps."
	if (receive_cpu == 0)
		print "- Kernel: CPU time of the generator, in whose context the kernel receives,\n" \
			"  at that rate, beyond \"no capture\"; below 0 for what spares the stack work."
	print "- System: time that all CPUs were busy at that rate, beyond \"no capture\"."
	print "- Flat out: packets captured a second while the generator sends as fast as it can."
	for (i = 1; i in bypass; i++)
		if (bypass[i] in label)
			print "- Of " bypass[i] ": flat out as a ratio to `" label[bypass[i]] \
				"`" (bypass[i] == "xdp-drop" ? ceiling : "") "."
	print "- Peak RSS includes the ring, which is mapped."
	print "- Unaccounted: reached the capture, but neither captured nor reported lost;" \
		" the worst\n  trial flat out."
}

function filter_legend() {
	print "- With a filter: it matches one of 100 flows; in brackets the median of the ratios to" \
		"\n  \"no capture\" of the same round."
	print "- Sender and kernel: CPU time of the generator per packet sent at " \
		number(rate / 1000) " kpps: making it, and in its\n  context what the kernel's" \
		" receiving half does with it."
	print "- Program: CPU time of the capturing process per packet sent at that rate."
	print "- Reach the stack: packets a second that come to the network stack while the" \
		" generator\n  sends as fast as it can."
}

END {
	for (s = 1; s <= size_count; s++) {
		table(sizes[s], "capture")
		table(sizes[s], "filter")
	}
	if ("capture" in measured)
		legend()
	if ("filter" in measured)
		filter_legend()
	print "- Other work took " other_work() "% of the CPUs' time" \
		(other_work() > 10 ? ": too much to believe these figures." : ".")
}
