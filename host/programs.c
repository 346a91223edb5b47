/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What BPF programs are called. */
#include "programs.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

_Static_assert(HOST_NAME_BYTES == BPF_OBJ_NAME_LEN, "a program's name fits");

/* Return: 0; -errno; -EPERM would be the same for every program. */
static int name(struct host_program *program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(program->id);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) {
		memcpy(program->name, info.name, sizeof(program->name));
		program->name[sizeof(program->name) - 1] = '\0';
	}
	close(fd);
	return 0;
}

void programs_name(struct host_view *view)
{
	uint32_t i, j, k;

	for (i = 0; i < view->count; i++) {
		for (j = 0; j < view->list[i].link_count; j++) {
			struct host_link *link = &view->list[i].links[j];

			for (k = 0; k < link->program_count; k++) {
				if (name(&link->programs[k]) == -EPERM)
					return;
			}
		}
	}
}
