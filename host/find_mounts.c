/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Bind mounts of namespaces, which keep a namespace alive without any process: in /run/netns, in
 * the directories of container engines, or anywhere. A mount namespace shows its own mounts only,
 * so find_processes.c reads /proc/PID/mountinfo of one process in each; proc(5) has the format.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "find.h"

/* Decodes "\040" (a blank): the kernel writes characters that would end a field in octal. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
		    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/*
 * The fourth field of a line says what is mounted ("net:[4026531840]"; directories of other file
 * systems begin with '/'), the fifth where.
 *
 * Return: where, inside @line; NULL when the line is no mount of a network namespace.
 */
static char *parse(char *line, uint64_t *inode)
{
	char *save = NULL, *word = strtok_r(line, " ", &save), *end;
	int field;

	for (field = 1; word && field < 4; field++)
		word = strtok_r(NULL, " ", &save);
	if (!word || strncmp(word, "net:[", 5))
		return NULL;
	*inode = strtoull(word + 5, &end, 10);
	word = strtok_r(NULL, " ", &save);
	if (!word || !*inode || strcmp(end, "]"))
		return NULL;
	unescape(word);
	return word;
}

static int find_mount(struct find *find, pid_t pid, int root, char *line)
{
	struct find_path at = { .dir = root, .root = pid };
	struct host_holder holder = { .kind = HOST_HOLDER_MOUNT, .pid = pid };
	uint64_t inode;

	holder.path = parse(line, &inode);
	if (!holder.path)
		return 0;
	at.path = holder.path;
	return find_holder(find, (ino_t)inode, &at, &holder);
}

static int read_mounts(struct find *find, pid_t pid, int root, FILE *mounts)
{
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &room, mounts) > 0) {
		if (strstr(line, " net:["))
			rc = find_mount(find, pid, root, line);
	}
	free(line);
	return rc;
}

int find_mounts(struct find *find, pid_t pid)
{
	char path[32] = "self/mountinfo";
	int fd, root = AT_FDCWD, rc = 0;
	FILE *mounts;

	if (pid)
		snprintf(path, sizeof(path), "%d/mountinfo", pid);
	fd = openat(find->proc, path, O_RDONLY | O_CLOEXEC);
	mounts = fd < 0 ? NULL : fdopen(fd, "r");
	if (!mounts) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (pid) {
		snprintf(path, sizeof(path), "%d/root", pid);
		root = openat(find->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (!pid || root >= 0)
		rc = read_mounts(find, pid, root, mounts);
	if (root >= 0)
		close(root);
	fclose(mounts);
	return rc;
}
