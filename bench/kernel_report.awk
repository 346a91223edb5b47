# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#
# Turns the measurements of bench/kernel into a Markdown table, or JSON: for each row the median,
# less that of the row that it builds on, and its ratio to the row beside it.
#
# Input: first kernel_rows, then, separated by tabs,	kernel NAME VERSION
#							value NAME ROW NUMBER
#							skipped NAME ROW REASON
#							both NAME ROW NS SENT CAPTURED LOST
# Variables: json (0 or 1), packets, repeats

FNR == 1 { file++ }

file == 1 && /^[a-z]/ {
	split($0, cells, / *[|] */)
	row = cells[1]
	rows[++row_count] = row
	method[row] = cells[2]
	base[row] = cells[4]
	per[row] = cells[5]
	beside[row] = cells[6]
	label[row] = cells[8]
}

file == 1 { next }

{ split($0, field, "\t") }

field[1] == "kernel" && !(field[2] in version) {
	kernels[++kernel_count] = field[2]
	version[field[2]] = field[3]
}

field[1] == "value" {
	value[field[2], field[3], ++count[field[2], field[3]]] = field[4]
	one_cpu = 1
}

field[1] == "both" {
	value[field[2], field[3], ++count[field[2], field[3]]] = field[4]
	sent[field[2], field[3]] += field[5]
	captured[field[2], field[3]] += field[6]
	lost[field[2], field[3]] += field[7]
	two_cpus = 1
}

field[1] == "skipped" { why[field[2], field[3]] = field[4] }

# The median of a row's measurements; sets spread, how far apart the closest of them are that are more
# than half, in percent of it.
function median(kernel, row,   list, n, i, j, x, middle, most) {
	n = count[kernel, row]
	for (i = 1; i <= n; i++) {
		x = value[kernel, row, i]
		for (j = i - 1; j >= 1 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	middle = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	most = int(n / 2) + 1
	spread = 100
	for (i = 1; i + most - 1 <= n; i++) {
		x = (list[i + most - 1] - list[i]) * 100 / middle
		spread = x < spread ? x : spread
	}
	return middle
}

function has(kernel, row) {
	return count[kernel, row] && (base[row] == "-" || count[kernel, base[row]])
}

# What a row adds to the one that it builds on.
function added(kernel, row) {
	if (base[row] == "-")
		return median(kernel, row)
	return (median(kernel, row) - median(kernel, base[row])) / per[row]
}

function ratio(kernel, row,   text) {
	if (beside[row] == "-" || !has(kernel, row) || !has(kernel, beside[row]))
		return "-"
	# what adds next to nothing is nothing to compare with
	if (added(kernel, beside[row]) < 20)
		return "-"
	text = sprintf("%.2f", added(kernel, row) / added(kernel, beside[row]))
	return text == "-0.00" ? "0.00" : text
}

function number(x,   text, out) {
	text = sprintf("%.0f", x)
	if (text == "-0")
		text = "0"
	while (length(text) > 3 && substr(text, 1, length(text) - 3) != "-") {
		out = "," substr(text, length(text) - 2) out
		text = substr(text, 1, length(text) - 3)
	}
	return text out
}

function cell(kernel, row,   x, text) {
	if (!has(kernel, row))
		return "-"
	x = added(kernel, row)
	text = number(x)
	return (base[row] != "-" && text !~ /^-/ ? "+" : "") text
}

function measured(row,   k) {
	for (k = 1; k <= kernel_count; k++)
		if (has(kernels[k], row))
			return 1
	return 0
}

function table(   i, k, row) {
	printf "| case | compared with |"
	for (k = 1; k <= kernel_count; k++)
		printf " Linux %s | ratio |", kernels[k]
	printf "\n| --- | --- |"
	for (k = 1; k <= kernel_count; k++)
		printf " --: | --: |"
	print ""
	for (i = 1; i <= row_count; i++) {
		row = rows[i]
		if (!measured(row) || method[row] == "both")
			continue
		printf "| %s | %s |", label[row], \
			beside[row] == "-" || beside[row] == row ? "" : label[beside[row]]
		for (k = 1; k <= kernel_count; k++)
			printf " %s | %s |", cell(kernels[k], row), ratio(kernels[k], row)
		print ""
	}
}

# How many packets a second, to those of the row beside it: of what was captured.
function pace(kernel, row) { return captured[kernel, row] / sent[kernel, row] / median(kernel, row) }

function pace_ratio(kernel, row) {
	if (beside[row] == "-" || !has(kernel, row) || !captured[kernel, beside[row]])
		return "-"
	return sprintf("%.2f", pace(kernel, row) / pace(kernel, beside[row]))
}

# Packets of a row that were neither captured nor counted as lost.
function unaccounted(kernel, row) {
	return sent[kernel, row] - captured[kernel, row] - lost[kernel, row]
}

function percent_lost(kernel, row) {
	return 100 - captured[kernel, row] * 100 / sent[kernel, row]
}

function both_table(   i, k, kernel, row) {
	if (one_cpu)
		print ""
	printf "**Two CPUs that send into one device**\n\n| case |"
	for (k = 1; k <= kernel_count; k++)
		printf " Linux %s: ns/packet | captured a second, ratio | lost, %% | unaccounted |", \
			kernels[k]
	printf "\n| --- |"
	for (k = 1; k <= kernel_count; k++)
		printf " --: | --: | --: | --: |"
	print ""
	for (i = 1; i <= row_count; i++) {
		row = rows[i]
		if (!measured(row) || method[row] != "both")
			continue
		printf "| %s |", label[row]
		for (k = 1; k <= kernel_count; k++) {
			kernel = kernels[k]
			if (!has(kernel, row))
				printf " - | - | - | - |"
			else if (!captured[kernel, row])
				printf " %s | - | - | - |", number(median(kernel, row))
			else
				printf " %s | %s | %.2f | %s |", number(median(kernel, row)), \
					pace_ratio(kernel, row), percent_lost(kernel, row), \
					number(unaccounted(kernel, row))
		}
		print ""
	}
	print "\n- In a guest of two CPUs that take turns, and whose clock does not count instructions:" \
		"\n  compare ratios, and see that nothing is unaccounted. Medians of " repeats \
		"; rows take turns." \
		"\n- Ratio: to TPACKET_V3 with such a reader."
}

# The largest spread of a row; a lone packet may have to wait for a timer.
function worst_spread(kernel,   i, worst) {
	worst_row = "-"
	for (i = 1; i <= row_count; i++) {
		if (!count[kernel, rows[i]] || method[rows[i]] == "both" ||
		    rows[i] ~ /lone/)
			continue
		median(kernel, rows[i])
		if (spread >= worst) {
			worst = spread
			worst_row = rows[i]
		}
	}
	return worst
}

function legend(   k) {
	print ""
	print "- Instructions a packet; \"+\": beyond no capture, or, for further sockets and what a loaded" \
		"\n  module adds, beyond the same without them. Of lone packets: instructions and waiting," \
		"\n  in ns, from send() to the reader."
	print "- Ratio: to the case it is compared with, of the same run; \"-\" if that adds next to nothing."
	printf "- Medians of %d times %s packets.", repeats, number(packets)
	for (k = 1; k <= kernel_count; k++)
		printf "\n  %s: %d of %d are within %.2f %% (the worst: %s).", version[kernels[k]], \
			int(repeats / 2) + 1, repeats, worst_spread(kernels[k]), worst_row
	print ""
}

function skipped(   k, i, key, reasons, n, list, key_parts) {
	for (k = 1; k <= kernel_count; k++)
		for (i = 1; i <= row_count; i++) {
			key = kernels[k] SUBSEP rows[i]
			if (!(key in why))
				continue
			if (!((kernels[k], why[key]) in reasons))
				list[++n] = kernels[k] SUBSEP why[key]
			reasons[kernels[k], why[key]] = reasons[kernels[k], why[key]] " " rows[i]
		}
	for (i = 1; i <= n; i++) {
		split(list[i], key_parts, SUBSEP)
		print "- Skipped on " key_parts[1] ", " key_parts[2] ":" reasons[list[i]] "."
	}
}

function as_json(   i, k, row, comma, text) {
	printf "{\"packets\": %d, \"repeats\": %d, \"kernels\": [", packets, repeats
	for (k = 1; k <= kernel_count; k++) {
		printf "%s\n  {\"kernel\": \"%s\", \"version\": \"%s\", \"rows\": [", (k > 1 ? "," : ""), \
			kernels[k], version[kernels[k]]
		comma = ""
		for (i = 1; i <= row_count; i++) {
			row = rows[i]
			if (!((kernels[k], row) in why) && !has(kernels[k], row))
				continue
			printf "%s\n    {\"row\": \"%s\", \"case\": \"%s\"", comma, row, label[row]
			comma = ","
			if (has(kernels[k], row)) {
				printf ", \"in_all\": %.2f, \"spread_percent\": %.3f", \
					median(kernels[k], row), spread
				if (base[row] != "-")
					printf ", \"base\": \"%s\", \"added\": %.2f", base[row], \
						added(kernels[k], row)
				if (captured[kernels[k], row])
					printf ", \"lost_percent\": %.3f, \"unaccounted\": %d", \
						percent_lost(kernels[k], row), \
						unaccounted(kernels[k], row)
				text = method[row] == "both" ? pace_ratio(kernels[k], row) : \
					ratio(kernels[k], row)
				if (text != "-")
					printf ", \"beside\": \"%s\", \"ratio\": %s", beside[row], text
			}
			if ((kernels[k], row) in why) {
				text = why[kernels[k], row]
				gsub(/["\\]/, "\\\\&", text)
				printf ", \"skipped\": \"%s\"", text
			}
			printf "}"
		}
		printf "\n  ]}"
	}
	print "\n]}"
}

END {
	if (json) {
		as_json()
	} else {
		if (one_cpu) {
			table()
			legend()
		}
		if (two_cpus)
			both_table()
		skipped()
	}
}
