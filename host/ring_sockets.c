/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The captures of nsring.ko in a namespace: one file each with lines "KEY: VALUE", see nsring(4).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uapi/nsring_uapi.h"
#include "list.h"
#include "sockets.h"

/* thread-self: the namespace that the calling thread has entered, not the process's. */
#define FOLDER "/proc/thread-self/net/nsring"

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
	capture->family = NSRING_FAMILY;
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

/* Reads a file as a string. Return: bytes; -errno. */
static ssize_t read_file(int dir, const char *name, char *text, size_t room)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, text, room - 1);
	if (got < 0)
		got = -errno;
	else
		text[got] = '\0';
	close(fd);
	return got;
}

static int read_capture(int dir, const char *name, struct host_ns *ns)
{
	struct host_capture *capture;
	char text[2048];
	ssize_t got = read_file(dir, name, text, sizeof(text));

	/* The capture was closed meanwhile. */
	if (got == 0 || got == -ENOENT)
		return 0;
	if (got < 0)
		return (int)got;
	capture = host_list_add(&ns->captures, &ns->capture_count, sizeof(*capture));
	if (!capture)
		return -ENOMEM;
	read_text(text, capture);
	return 0;
}

int host_ring_sockets_read(struct host_ns *ns)
{
	DIR *dir = opendir(FOLDER);
	const struct dirent *entry;
	int rc = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (rc == 0 && (entry = readdir(dir))) {
		if (isdigit((unsigned char)*entry->d_name))
			rc = read_capture(dirfd(dir), entry->d_name, ns);
	}
	closedir(dir);
	return rc;
}
