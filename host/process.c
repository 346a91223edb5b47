/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How much of a command line to keep; the kernel allows any length. */
#define COMMAND_MOST 1024

/* Reads up to @room bytes of a file of process @pid; 0 when it can't be read. */
static size_t read_file(pid_t pid, const char *name, char *text, size_t room)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, room);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

void process_comm(pid_t pid, char comm[HOST_NAME_BYTES])
{
	size_t length = read_file(pid, "comm", comm, HOST_NAME_BYTES - 1);

	if (length && comm[length - 1] == '\n')
		length--;
	comm[length] = '\0';
}

char *process_command(pid_t pid)
{
	char text[COMMAND_MOST + 1];
	size_t length = read_file(pid, "cmdline", text, COMMAND_MOST), i;

	while (length && !text[length - 1])
		length--;
	if (!length)
		return NULL;
	for (i = 0; i < length; i++) {
		if (!text[i])
			text[i] = ' ';
	}
	text[length] = '\0';
	return strdup(text);
}
