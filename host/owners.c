/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which process has a socket or a bpf link open. */
#include "owners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "list.h"

/* How much of a command line to keep; the kernel allows any length. */
#define COMMAND_MOST 1024

struct owner {
	uint64_t key;
	pid_t pid;
};

static int add(struct owner **list, uint32_t *count, uint64_t key, pid_t pid)
{
	struct owner *owner = host_list_add(list, count, sizeof(*owner));

	if (!owner)
		return -ENOMEM;
	*owner = (struct owner){ .key = key, .pid = pid };
	return 0;
}

int owners_add_socket(struct owners *owners, uint64_t inode, pid_t pid)
{
	return add(&owners->sockets, &owners->socket_count, inode, pid);
}

int owners_add_program(struct owners *owners, uint32_t id, pid_t pid)
{
	return add(&owners->programs, &owners->program_count, id, pid);
}

static int by_key(const void *a, const void *b)
{
	const struct owner *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

void owners_sort(struct owners *owners)
{
	if (owners->socket_count)
		qsort(owners->sockets, owners->socket_count, sizeof(struct owner), by_key);
	if (owners->program_count)
		qsort(owners->programs, owners->program_count, sizeof(struct owner), by_key);
}

/* The process with the lowest number that owns @key; 0 for none. */
static pid_t find(const struct owner *list, uint32_t count, uint64_t key)
{
	uint32_t from = 0, to = count;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (list[middle].key < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from < count && list[from].key == key ? list[from].pid : 0;
}

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

static void read_comm(pid_t pid, char *comm)
{
	size_t length = read_file(pid, "comm", comm, HOST_NAME_BYTES - 1);

	if (length && comm[length - 1] == '\n')
		length--;
	comm[length] = '\0';
}

/* The process's command line with blanks for the NULs between its words; NULL when it has none. */
static char *read_command(pid_t pid)
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

static void name_capture(const struct owners *owners, struct host_capture *capture)
{
	capture->pid = find(owners->sockets, owners->socket_count, capture->inode);
	if (!capture->pid)
		return;
	read_comm(capture->pid, capture->comm);
	capture->command = read_command(capture->pid);
}

static void name_program(const struct owners *owners, struct host_program *program)
{
	program->pid = find(owners->programs, owners->program_count, program->id);
	if (program->pid)
		read_comm(program->pid, program->comm);
}

void owners_name(const struct owners *owners, struct host_view *view)
{
	uint32_t i, j, k;

	for (i = 0; i < view->count; i++) {
		struct host_ns *ns = &view->list[i];

		for (j = 0; j < ns->capture_count; j++)
			name_capture(owners, &ns->captures[j]);
		for (j = 0; j < ns->link_count; j++) {
			for (k = 0; k < ns->links[j].program_count; k++)
				name_program(owners, &ns->links[j].programs[k]);
		}
	}
}

void owners_free(struct owners *owners)
{
	free(owners->sockets);
	free(owners->programs);
	published_free(&owners->published);
	memset(owners, 0, sizeof(*owners));
}
