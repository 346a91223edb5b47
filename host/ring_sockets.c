/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The captures of nsring.ko in a namespace: a file with a paragraph for each, of lines "KEY: VALUE", see
 * nsring(4).
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "list.h"
#include "sockets.h"

/* thread-self: the namespace that the calling thread has entered, not the process's. */
#define CAPTURES "/proc/thread-self/net/nsring/captures"

/* More than a line has. */
#define LINE_ROOM 512

/* The value of @key, which runs on to the end of @text; "" when there is none. */
static const char *value(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *line = text;

	while (line) {
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " ");
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return "";
}

static bool is(const char *text, const char *key, const char *wanted)
{
	const char *found = value(text, key);
	size_t len = strlen(wanted);

	return strncmp(found, wanted, len) == 0 && (found[len] == '\n' || found[len] == '\0');
}

static uint64_t number(const char *text, const char *key)
{
	return strtoull(value(text, key), NULL, 10);
}

static void read_text(const char *text, struct host_capture *capture)
{
	capture->family = AF_UNSPEC;
	capture->type = SOCK_RAW;
	capture->protocol = ETH_P_ALL;
	capture->receives = is(text, "state", "captures");
	capture->ifindex = (uint32_t)number(text, "ifindex");
	capture->all_namespaces = is(text, "device", "any, in all namespaces");
	capture->inode = number(text, "inode");
	capture->uid = (uint32_t)number(text, "uid");
	capture->ring_bytes = number(text, "ring");
	capture->share = (uint32_t)number(text, "share");
	capture->filter = is(text, "filter", "yes") ? HOST_FILTER_PRESENT : HOST_FILTER_NONE;
	capture->drops = number(text, "full");
	capture->has_drops = capture->ring_bytes;
}

static int add(struct host_ns *ns, const char *text)
{
	struct host_capture *capture =
		host_list_add(&ns->captures, &ns->capture_count, sizeof(*capture));

	if (!capture)
		return -ENOMEM;
	read_text(text, capture);
	return 0;
}

/* Reads up to the empty line behind a paragraph. Return: its bytes, 0 at the end; -errno. */
static ssize_t read_paragraph(FILE *file, char **text, size_t *room)
{
	size_t used = 0;
	char *line;

	for (;;) {
		if (*room - used < LINE_ROOM) {
			line = realloc(*text, *room + LINE_ROOM);
			if (!line)
				return -ENOMEM;
			*text = line;
			*room += LINE_ROOM;
		}
		line = *text + used;
		if (!fgets(line, LINE_ROOM, file))
			return ferror(file) ? -EIO : (ssize_t)used;
		if (*line == '\n' && used)
			return (ssize_t)used;
		if (*line != '\n')
			used += strlen(line);
	}
}

int host_ring_sockets_read(struct host_ns *ns)
{
	FILE *file = fopen(CAPTURES, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t got;
	int rc = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (rc == 0 && (got = read_paragraph(file, &text, &room)))
		rc = got < 0 ? (int)got : add(ns, text);
	free(text);
	fclose(file);
	return rc;
}
