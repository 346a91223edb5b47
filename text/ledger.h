/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The loss ledger: sums, and words for it.
 */
#ifndef NSRING_LEDGER_H
#define NSRING_LEDGER_H

#include <stdbool.h>

#include <jansson.h>
#include <nsring/nsring.h>

#define LEDGER_TEXT 256

/** ledger_total() - packets lost at all places */
uint64_t ledger_total(const struct nsr_stats *stats);

/**
 * ledger_add() - add the losses of @more, what its filter refused and sampling left out, to @sum
 */
void ledger_add(struct nsr_stats *sum, const struct nsr_stats *more);

/**
 * ledger_subtract() - compute what was lost since earlier
 * @now:   the counters
 * @since: earlier counters
 * @lost:  its lost_... fields, @filtered, @sampled and @unasked are set; its other fields are zero
 */
void ledger_subtract(const struct nsr_stats *now, const struct nsr_stats *since,
		     struct nsr_stats *lost);

/**
 * ledger_text() - "lost 0", or the sum and the places where packets were lost
 * @stats:  the counters
 * @every:  name all places, also those without loss
 * @colour: make a loss stand out on a terminal
 * @text:   LEDGER_TEXT bytes, filled in
 *
 * Return: @text
 */
const char *ledger_text(const struct nsr_stats *stats, bool every, bool colour, char *text);

/**
 * ledger_json() - the ledger as an object: nic, kernel, ring, consumer
 * @stats: the counters
 *
 * Return: a new object, NULL when memory is short.
 */
json_t *ledger_json(const struct nsr_stats *stats);

/** ledger_filtered_json() - a new value: how many packets the filter refused; null: not known */
json_t *ledger_filtered_json(const struct nsr_stats *stats);

/**
 * ledger_filtered_text() - ", filtered N, sampled out N", without a part that is 0; may be ""
 * @stats: the counters
 * @text:  LEDGER_TEXT bytes, filled in
 *
 * Return: @text
 */
const char *ledger_filtered_text(const struct nsr_stats *stats, char *text);

#endif
