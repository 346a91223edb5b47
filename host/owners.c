/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Which process has a socket or a bpf link open. */
#include "owners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "process.h"

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

static void name_capture(const struct owners *owners, struct host_capture *capture)
{
	capture->pid = find(owners->sockets, owners->socket_count, capture->inode);
	if (!capture->pid)
		return;
	process_comm(capture->pid, capture->comm);
	capture->command = process_command(capture->pid);
}

static void name_program(const struct owners *owners, struct host_program *program)
{
	program->pid = find(owners->programs, owners->program_count, program->id);
	if (program->pid)
		process_comm(program->pid, program->comm);
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
