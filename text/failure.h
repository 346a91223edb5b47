/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The library's errors for people: the one place that joins "SUBJECT: TEXT: ADVICE". */
#ifndef NSRING_FAILURE_H
#define NSRING_FAILURE_H

#include <nsring/nsring.h>

/**
 * failure_words() - an error as one line
 * @subject: what the error is about, such as a target; not repeated when the text begins with it;
 *           NULL or "": none
 * @err:     filled in; without a text, strerror() of its code takes its place
 *
 * Return: a string that the caller frees; NULL when memory is short.
 */
char *failure_words(const char *subject, const struct nsr_error *err);

/**
 * failure_say() - say_error() of failure_words()
 *
 * Return: -1, so that `return failure_say(...)` reads well.
 */
int failure_say(const char *subject, const struct nsr_error *err);

#endif
