/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Errors of the library for people: "SUBJECT: TEXT: ADVICE", the one place that joins them. */
#ifndef NSRING_FAILURE_H
#define NSRING_FAILURE_H

#include <nsring/nsring.h>

/**
 * failure_words() - an error as one line
 * @subject: what it is about, such as a target; left out where the text begins with it; NULL or
 *           "": nothing
 * @err:     filled in; without a text the code's is taken
 *
 * Return: to be freed; NULL: memory is short.
 */
char *failure_words(const char *subject, const struct nsr_error *err);

/**
 * failure_say() - say_error() of failure_words()
 *
 * Return: -1, so that `return failure_say(...)` reads well.
 */
int failure_say(const char *subject, const struct nsr_error *err);

#endif
