/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Devices: those of the installed libpcap, then hardware by other engines, and named network namespaces. */
#include "handle.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/registry.h"
#include "sys/address.h"
#include "sys/link.h"
#include "sys/place.h"
#include "keeper.h"

#define NETNS_DIR "/run/netns"

/* A host of many containers shall not flood the list of a program that shows it to people. */
#define PLACES_MOST  32
#define DEVICES_MOST 32

/* Takes both strings. Memory of libpcap's list is malloc()'s, too: pcap_freealldevs() frees ours. */
static pcap_if_t *make_device(char *name, char *description)
{
	pcap_if_t *device = calloc(1, sizeof(*device));

	if (!device || !name || !description) {
		free(name);
		free(description);
		free(device);
		return NULL;
	}
	device->name = name;
	device->description = description;
	device->flags = PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE;
	return device;
}

static char *join(const char *before, const char *text, const char *behind)
{
	char *joined;

	return asprintf(&joined, "%s%s%s", before, text, behind) < 0 ? NULL : joined;
}

static pcap_if_t *make_place(const char *netns)
{
	return make_device(join("netns:", netns, "/any"),
			   join("All interfaces of network namespace ", netns, " (nsring)"));
}

static int is_name(const struct dirent *entry)
{
	const char *c;

	/* A name that a list could not show, or a target could not have, is left out. */
	for (c = entry->d_name; *c > ' ' && *c < 0x7f; c++)
		;
	return entry->d_name[0] != '.' && !*c;
}

/* What engines there are for devices. */
struct offers {
	pcap_if_t **end;
	int count;
	bool ring;
};

static void offer(struct offers *offers, const char *engine, const char *device)
{
	*offers->end = make_device(join(engine, ":", device),
				   join(device, " by nsring's engine ", engine));
	if (*offers->end)
		offers->end = &(*offers->end)->next;
}

/* Hardware: a host of containers has hundreds of other devices. */
static int offer_engines(const struct nsr_link_info *link, void *arg)
{
	struct offers *offers = arg;

	if (link->kind[0] || link->flags & IFF_LOOPBACK || !(link->flags & IFF_UP))
		return 0;
	offer(offers, "zc", link->name);
	if (offers->ring)
		offer(offers, "ring", link->name);
	return ++offers->count == DEVICES_MOST;
}

static bool is_usable(const char *engine)
{
	const struct nsr_engine_ops *ops = nsr_registry_find(engine, NULL);
	struct nsr_options opts = NSR_OPTIONS_INIT;

	opts.mode = NSR_RECV;
	return ops && (!ops->usable || ops->usable(&opts));
}

static pcap_if_t **append_engines(pcap_if_t **end)
{
	struct offers offers = { .end = end, .ring = is_usable("ring") };
	int fd = nsr_link_open();

	if (fd < 0)
		return end;
	nsr_link_list(fd, offer_engines, &offers);
	close(fd);
	return offers.end;
}

/* The list is an offer: a namespace that can't be listed is still a target. */
static void append_places(pcap_if_t **end)
{
	struct dirent **names;
	int count, i;

	count = scandir(NETNS_DIR, &names, is_name, alphasort);
	if (count < 0)
		return;
	for (i = 0; i < count; i++) {
		if (i < PLACES_MOST && (*end = make_place(names[i]->d_name)))
			end = &(*end)->next;
		free(names[i]);
	}
	free(names);
}

/* Appends the targets that the user has named: some programs take no others. False: no memory. */
static bool append_named(pcap_if_t **end, const char *list, bool *places)
{
	char *copy = strdup(list), *rest = copy, *word;
	bool enough = copy;

	while (enough && (word = strsep(&rest, " \n"))) {
		if (strcmp(word, "0") == 0)
			*places = false;
		else if (*word) {
			*end = make_device(join("", word, ""), join("nsring target ", word, ""));
			enough = *end;
			end = enough ? &(*end)->next : end;
		}
	}
	free(copy);
	return enough;
}

EXPORTED int pcap_findalldevs(pcap_if_t **devices, char *errbuf)
{
	const char *list = secure_getenv("NSRING_LIST");
	int rc = real_pcap_findalldevs(devices, errbuf);
	pcap_if_t **end = devices;
	bool places = true;

	if (rc < 0)
		return rc;
	while (*end)
		end = &(*end)->next;
	if (list && !append_named(end, list, &places))
		return rc;
	while (*end)
		end = &(*end)->next;
	if (places)
		append_places(append_engines(end));
	return rc;
}

/* The network of a device: its first IPv4 address and that one's netmask, in network byte order. */
struct network {
	const struct nsr_target *target;
	uint32_t ifindex;
	bpf_u_int32 net, mask;
};

static int take_first(const struct nsr_address *address, void *arg)
{
	struct network *network = arg;
	uint32_t bytes;

	if (address->family != AF_INET || address->ifindex != network->ifindex)
		return 0;
	memcpy(&bytes, address->bytes, sizeof(bytes));
	network->mask = htonl(address->prefix ? UINT32_MAX << (32 - address->prefix) : 0);
	network->net = bytes & network->mask;
	return 1;
}

static int look_up(void *arg)
{
	struct network *network = arg;
	int fd = nsr_link_open();
	struct nsr_link link;
	int rc;

	if (fd < 0)
		return fd;
	rc = nsr_link_get(fd, network->target->device, 0, &link);
	if (rc == 0) {
		network->ifindex = link.ifindex;
		rc = nsr_address_list(fd, take_first, network);
		rc = rc == 1 ? 0 : rc < 0 ? rc : -EADDRNOTAVAIL;
	}
	close(fd);
	return rc;
}

/* Where to ask. */
struct visit {
	const char *place;
	struct network *network;
	struct nsr_error *err;
};

static int visit(void *arg)
{
	struct visit *visit = arg;

	return nsr_place_visit(visit->place, look_up, visit->network, visit->err);
}

EXPORTED int pcap_lookupnet(const char *device, bpf_u_int32 *net, bpf_u_int32 *mask, char *errbuf)
{
	struct nsr_target target;
	struct network network = { .target = &target };
	struct nsr_error err = { 0 };
	struct visit there = { target.place, &network, &err };
	int rc = 0;

	if (!handle_claims(device, &target))
		return real_pcap_lookupnet(device, net, mask, errbuf);
	if (!target.any && !target.offline)
		rc = keeper_run(visit, &there);
	*net = network.net;
	*mask = network.mask;
	if (rc == 0)
		return 0;
	if (rc == -EADDRNOTAVAIL)
		snprintf(errbuf, PCAP_ERRBUF_SIZE, "%s: no IPv4 address assigned", device);
	else
		snprintf(errbuf, PCAP_ERRBUF_SIZE, "%s: %.150s", device,
			 err.text[0] ? err.text : strerror(-rc));
	return PCAP_ERROR;
}
