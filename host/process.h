/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What /proc tells of a process: its name and its command line. */
#ifndef NSRING_HOST_PROCESS_H
#define NSRING_HOST_PROCESS_H

#include "host.h"

/** process_comm() - the name of a process or thread; "" where it can't be read */
void process_comm(pid_t pid, char comm[HOST_NAME_BYTES]);

/**
 * process_command() - its command line, with blanks between the words
 *
 * Return: to be freed; NULL when it has none, can't be read, or memory is short.
 */
char *process_command(pid_t pid);

#endif
