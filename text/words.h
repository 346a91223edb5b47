/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Joining words that a shell has split. */
#ifndef NSRING_WORDS_H
#define NSRING_WORDS_H

/**
 * words_join() - join words with blanks
 * @words: ends with NULL
 *
 * Return: a string that the caller frees, "" without words; NULL when memory is short.
 */
char *words_join(char *const *words);

#endif
