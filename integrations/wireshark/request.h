/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The arguments of nsring-extcap. */
#ifndef NSRING_EXTCAP_REQUEST_H
#define NSRING_EXTCAP_REQUEST_H

#include "extcap.h"

/**
 * request_parse() - take the program's arguments apart
 * @request: filled in; its strings are those of @argv
 *
 * Return: EXTCAP_DONE; EXTCAP_USAGE after a sentence.
 */
int request_parse(int argc, char **argv, struct request *request);

/** request_help() - print what a person can do with the program */
void request_help(void);

#endif
