/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Standard output: colours, JSON lines, and noticing that nobody reads it any more.
 */
#ifndef NSRING_OUTPUT_H
#define NSRING_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/** output_colour() - whether @out may have colours: a terminal, without NO_COLOR set */
bool output_colour(FILE *out);

/**
 * output_flush() - flush standard output
 *
 * The first failure is said on stderr, later ones are not: see output_failed().
 *
 * Return: 0; -errno of write(2), again at each later call.
 */
int output_flush(void);

/**
 * output_failed() - a write to standard output has just failed
 * @code: errno; 0: not known
 *
 * Says why, as output_flush() does, which can't find out afterwards. A pipe that its reader has closed
 * needs no words.
 *
 * Return: -errno, from now on also of output_flush().
 */
int output_failed(int code);

/**
 * output_write() - write a whole text to standard output, past what stdio keeps
 *
 * Return: as output_flush().
 */
int output_write(const char *text, size_t length);

/**
 * output_text() - make a JSON string of foreign text
 * @text: when it is not UTF-8, '?' takes the place of each byte beyond ASCII
 *
 * Return: a new string, NULL when memory is short.
 */
json_t *output_text(const char *text);

/**
 * output_json() - print an object as one line
 * @out:    stdout or stderr
 * @object: taken over and freed; NULL when memory was short as it was made: then nothing is
 *          printed, and for stdout, output_flush() fails from then on
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int output_json(FILE *out, json_t *object);

#endif
