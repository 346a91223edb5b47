# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Turns the measurements of bench/capture into Markdown tables, one a frame size: medians over the
# rounds, and in brackets the median of the ratios to the reference row of the same round.
#
# Input, separated by tabs:	row NAME LABEL SNAPLEN
#				value SIZE ROUND ROW METRIC NUMBER
# Variables: reference (row), rate (packets/s of the CPU figures), receive_cpu

BEGIN { FS = "\t" }

$1 == "row" { rows[++row_count] = $2; label[$2] = $3; snaplen[$2] = $4 }

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

# Fills list with the values, or with by_ratio the ratios; returns how many.
function collect(list, size, row, metric, by_ratio,   round, count, base) {
	count = 0
	for (round = 1; round <= rounds; round++) {
		if (!has(size, round, row, metric))
			continue
		if (!by_ratio) {
			list[++count] = value[size, round, row, metric]
			continue
		}
		base = value_or_0(size, round, reference, metric)
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

# A cell: the median in units of scale, and its ratio to the reference.
function cell(size, row, metric, scale,   list, ratios, count, out) {
	count = collect(list, size, row, metric, 0)
	if (!count)
		return "-"
	out = number(median(list, count) / scale)
	count = collect(ratios, size, row, metric, 1)
	return count ? sprintf("%s (%.2f)", out, median(ratios, count)) : out
}

function plain(size, row, metric, scale, format,   list, count) {
	count = collect(list, size, row, metric, 0)
	return count ? sprintf(format, median(list, count) / scale) : "-"
}

function largest(size, row, metric,   list, count, i, max) {
	count = collect(list, size, row, metric, 0)
	for (i = 1; i <= count; i++)
		max = list[i] > max ? list[i] : max
	return count ? number(max) : "-"
}

# ">": the generator could do no more in most rounds.
function limit_mark(size, row) {
	return plain(size, row, "generator_bound", 1, "%.1f") >= 0.5 ? "≥ " : ""
}

function table(size,   i, row, kernel) {
	printf "**Frames of %d bytes**\n\n", size
	print "| command | snaplen | no loss up to, kpps | program, ns/packet | kernel, ns/packet" \
		" | system, ns/packet | flat out, kpps | peak RSS, MiB | of it ring, MiB" \
		" | unaccounted |"
	print "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
	for (i = 1; i <= row_count; i++) {
		row = rows[i]
		kernel = receive_cpu == 0 ? cell(size, row, "kernel_ns", 1) : "-"
		printf "| %s | %s | %s%s | %s | %s | %s | %s | %s | %s | %s |\n",
			row == "none" ? label[row] : "`" label[row] "`", snaplen[row],
			limit_mark(size, row), cell(size, row, "best_pps", 1000),
			cell(size, row, "tool_ns", 1), kernel,
			cell(size, row, "system_ns", 1),
			cell(size, row, "overload_pps", 1000),
			plain(size, row, "rss_kib", 1024, "%.1f"),
			plain(size, row, "ring_kib", 1024, "%.1f"), largest(size, row, "silent")
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

function legend() {
	if (reference in label)
		print "- Medians of " rounds " round(s); in brackets the median of the ratios to `" \
			label[reference] "`\n  of the same round."
	else
		print "- Medians of " rounds " round(s)."
	print "- No loss up to: found by bisection; \"≥\": none even at the generator's" \
		" highest rate."
	print "- Program: CPU time of the capturing process per packet captured at " \
		number(rate / 1000) " kpps."
	if (receive_cpu == 0)
		print "- Kernel: CPU time of the generator, in whose context the kernel receives," \
			"\n  at that rate, beyond \"no capture\"."
	print "- System: time that all CPUs were busy at that rate, beyond \"no capture\"."
	print "- Flat out: packets captured a second while the generator sends as fast as it can."
	print "- Peak RSS includes the ring, which is mapped."
	print "- Unaccounted: reached the capture, but neither captured nor reported lost;" \
		" the worst\n  trial flat out."
	print "- Other work took " other_work() "% of the CPUs' time" \
		(other_work() > 10 ? ": too much to believe these figures." : ".")
}

END {
	for (s = 1; s <= size_count; s++)
		table(sizes[s])
	legend()
}
