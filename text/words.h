/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Words, as a shell has split them. */
#ifndef NSRING_WORDS_H
#define NSRING_WORDS_H

/**
 * words_join() - join words with blanks
 * @words: ends with NULL
 *
 * Return: a string to be freed, "" without words; NULL when memory is short.
 */
char *words_join(char *const *words);

#endif
