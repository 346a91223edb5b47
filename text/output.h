/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Standard output: colours, JSON lines, and noticing that nobody reads it any more.
 */
#ifndef NSRING_OUTPUT_H
#define NSRING_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/** output_colour() - may @out have colours? A terminal, and no NO_COLOR in the environment. */
bool output_colour(FILE *out);

/**
 * output_flush() - flush standard output
 *
 * The first failure is said on stderr, later ones are not.
 *
 * Return: 0 or -errno of write(2), which then repeats.
 */
int output_flush(void);

/**
 * output_write() - write a whole text to standard output, past what stdio keeps
 *
 * Return: as output_flush().
 */
int output_write(const char *text, size_t length);

/**
 * output_text() - a JSON string of foreign text
 * @text: '?' takes the place of each byte beyond ASCII when it is not UTF-8
 *
 * Return: a new string, NULL when memory is short.
 */
json_t *output_text(const char *text);

/**
 * output_json() - print an object as one line
 * @out:    stdout or stderr
 * @object: taken over and freed; NULL: memory was short when it was made. Nothing is printed, and
 *          if it was meant for stdout, that is an error of output_flush().
 *
 * Return: 0; -ENOMEM; -EIO.
 */
int output_json(FILE *out, json_t *object);

#endif
