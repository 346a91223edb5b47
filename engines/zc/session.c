/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The ssh connection by which the caller works, and whether a device carries it.
 *
 * sshd leaves "CLIENT PORT SERVER PORT" in SSH_CONNECTION. The interface that has the server's
 * address carries the connection, and so do those by which it gets packets: the interface that it
 * lies on, and the ports of a bridge or bond.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/address.h"
#include "sys/link.h"
#include "zc.h"

#define VARIABLE       "SSH_CONNECTION"
#define VARIABLE_BYTES 256
#define ANCESTORS_MAX  64

/** struct interface - of the namespace; @below: that it lies on, except a veth's other end */
struct interface {
	uint32_t ifindex;
	uint32_t below;
	uint32_t master;
	char name[IF_NAMESIZE];
	bool carries;
};

/**
 * struct session - the connection, and the namespace's interfaces
 * @server:     its address there; of IPv4 the mapped one
 * @zone:       the interface of a link-local one, "" without
 * @interfaces: @count of them
 */
struct session {
	struct in6_addr server;
	char zone[IF_NAMESIZE];
	struct interface *interfaces;
	uint32_t count;
};

static void map_ipv4(const void *from, struct in6_addr *to)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(to->s6_addr, prefix, sizeof(prefix));
	memcpy(to->s6_addr + sizeof(prefix), from, sizeof(struct in_addr));
}

/* False for what is not as sshd writes it. */
static bool parse(const char *text, struct session *session)
{
	char server[INET6_ADDRSTRLEN + IF_NAMESIZE], *zone;
	struct in_addr ipv4;

	if (sscanf(text, "%*s %*u %61s %*u", server) != 1)
		return false;
	if (inet_pton(AF_INET, server, &ipv4) == 1) {
		map_ipv4(&ipv4, &session->server);
		return true;
	}
	zone = strchr(server, '%');
	if (zone) {
		*zone++ = '\0';
		snprintf(session->zone, sizeof(session->zone), "%s", zone);
	}
	return inet_pton(AF_INET6, server, &session->server) == 1;
}

static bool read_environ(pid_t pid, char *text)
{
	static const char start[] = VARIABLE "=";
	char path[32], *entry = NULL;
	bool found = false;
	size_t room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	file = fopen(path, "re");
	while (file && !found && getdelim(&entry, &room, '\0', file) > 0) {
		found = strncmp(entry, start, strlen(start)) == 0;
		if (found)
			snprintf(text, VARIABLE_BYTES, "%s", entry + strlen(start));
	}
	free(entry);
	if (file)
		fclose(file);
	return found;
}

/* 0: it has none, or it is an sshd, above which is no session. */
static pid_t parent_of(pid_t pid)
{
	char path[32], line[256], *name_end;
	pid_t parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	/* "PID (NAME) STATE PARENT …", with any characters in NAME */
	if (fgets(line, sizeof(line), file) && !strstr(line, "(sshd")) {
		name_end = strrchr(line, ')');
		if (!name_end || sscanf(name_end, ") %*c %d", &parent) != 1)
			parent = 0;
	}
	fclose(file);
	return parent;
}

/* False: there is no session. */
static bool find_variable(char *text)
{
	const char *own = secure_getenv(VARIABLE);
	pid_t pid = getppid();
	uint32_t i;

	if (own) {
		snprintf(text, VARIABLE_BYTES, "%s", own);
		return true;
	}
	for (i = 0; pid > 1 && i < ANCESTORS_MAX; i++) {
		if (read_environ(pid, text))
			return true;
		pid = parent_of(pid);
	}
	return false;
}

static int add_interface(const struct nsr_link_info *info, void *arg)
{
	struct session *session = arg;
	struct interface *more;

	more = realloc(session->interfaces, (session->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	session->interfaces = more;
	more += session->count++;
	*more = (struct interface){ .ifindex = info->ifindex, .master = info->master };
	if (!info->abroad && strcmp(info->kind, "veth") != 0)
		more->below = info->below;
	memcpy(more->name, info->name, sizeof(more->name));
	return 0;
}

/* Marks the interface that has the server's address. */
static int mark(const struct nsr_address *address, void *arg)
{
	struct session *session = arg;
	struct interface *interface;
	struct in6_addr own;
	uint32_t i;

	if (address->family == AF_INET)
		map_ipv4(address->bytes, &own);
	else
		memcpy(&own, address->bytes, sizeof(own));
	if (memcmp(&own, &session->server, sizeof(own)) != 0)
		return 0;
	for (i = 0; i < session->count; i++) {
		interface = &session->interfaces[i];
		if (interface->ifindex == address->ifindex &&
		    (!session->zone[0] || strcmp(session->zone, interface->name) == 0))
			interface->carries = true;
	}
	return 0;
}

/* Marks what carries an interface that carries; false once there is nothing more. */
static bool descend(struct session *session)
{
	struct interface *upper, *lower, *end = session->interfaces + session->count;
	bool more = false;

	for (upper = session->interfaces; upper < end; upper++) {
		if (!upper->carries)
			continue;
		for (lower = session->interfaces; lower < end; lower++) {
			if (lower->carries ||
			    (lower->ifindex != upper->below && lower->master != upper->ifindex))
				continue;
			lower->carries = more = true;
		}
	}
	return more;
}

/* It may miss addresses that come or go meanwhile (-EINTR). Returns 0 or -errno. */
static int look(struct session *session)
{
	int fd = nsr_link_open(), rc;

	if (fd < 0)
		return fd;
	rc = nsr_link_list(fd, add_interface, session);
	if (rc == 0 || rc == -EINTR)
		rc = nsr_address_list(fd, mark, session);
	close(fd);
	while (descend(session))
		;
	return rc == -EINTR ? 0 : rc;
}

int zc_session_check(const struct zc_device *device, struct nsr_error *err)
{
	struct session session = { 0 };
	char text[VARIABLE_BYTES];
	bool carries = false;
	uint32_t i;
	int rc;

	if (!find_variable(text) || !parse(text, &session))
		return 0;
	rc = look(&session);
	for (i = 0; i < session.count; i++)
		if (session.interfaces[i].ifindex == device->ifindex)
			carries = session.interfaces[i].carries;
	free(session.interfaces);
	if (carries)
		return nsr_error_advise(
			err,
			nsr_error_set(err, -EBUSY,
				      "%s carries your ssh connection (" VARIABLE
				      "), which taking packets can cut off",
				      device->name),
			"leave --take out, or insist with --take=really (option take)");
	return rc < 0 ? nsr_error_set(err, rc, "looking for the interface of " VARIABLE ": %s",
				      strerror(-rc))
		      : 0;
}
