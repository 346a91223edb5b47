/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The command that captures: run until it ends, or until Wireshark does not want it any more. */
#ifndef NSRING_EXTCAP_CHILD_H
#define NSRING_EXTCAP_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct child - a command, and how it ended
 * @path:    the program's file
 * @argv:    its arguments; ends with NULL
 * @input:   its standard input; -1: none
 * @status:  its exit status, 128 and the signal's number when a signal ended it
 * @stopped: Wireshark has ended the capture
 * @said:    the beginning of what it said on stderr; ends with NUL
 */
struct child {
	const char *path;
	const char *argv[24];
	int input;
	int status;
	bool stopped;
	char said[4096];
};

/**
 * child_run() - run a command whose standard output is Wireshark's FIFO
 * @child: @path, @argv and @input; the rest is filled in
 * @fifo:  open for writing
 *
 * It is stopped by SIGTERM when this process gets one, SIGINT or SIGHUP, when nobody reads the FIFO any
 * more, and when this process is killed, unless the command has file capabilities, of which the kernel asks no
 * parent: such a one ends when nobody reads the FIFO. One that goes on for three seconds is killed.
 *
 * Return: EXTCAP_DONE once it has ended, however; EXTCAP_FAILED after a sentence.
 */
int child_run(struct child *child, int fifo);

/** child_add() - append to the arguments; there is room for all that local.c and ssh.c have */
void child_add(struct child *child, const char *argument);

#endif
