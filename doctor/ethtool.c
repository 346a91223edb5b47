/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Asks the driver about its queues, stamps and offloads. */
#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/ethtool.h"
#include "device.h"

/* More features than any kernel has; a larger count is not believed. */
#define FEATURES_MOST 1024

/* As the kernel calls them (netdev_features_strings of net/ethtool/common.c). */
struct feature_name {
	const char *name;
	uint32_t offload;
};

static const struct feature_name feature_names[] = {
	{ "rx-gro", OFFLOAD_GRO },
	{ "rx-gro-hw", OFFLOAD_GRO_HW },
	{ "rx-lro", OFFLOAD_LRO },
	{ "tx-tcp-segmentation", OFFLOAD_TSO },
	{ "tx-tcp6-segmentation", OFFLOAD_TSO },
	{ "tx-udp-segmentation", OFFLOAD_USO },
	{ "tx-generic-segmentation", OFFLOAD_GSO },
	{ "rx-vlan-hw-parse", OFFLOAD_RX_VLAN },
	{ "rx-fcs", OFFLOAD_RX_FCS },
	{ "rx-all", OFFLOAD_RX_ALL },
	{ "hw-tc-offload", OFFLOAD_TC },
};

#define FEATURE_NAMES (sizeof(feature_names) / sizeof(feature_names[0]))

/** struct asking - @fd: a socket, @name: the device */
struct asking {
	int fd;
	const char *name;
};

static bool ask(const struct asking *asking, void *command)
{
	return nsr_ethtool_ask(asking->fd, asking->name, command) == 0;
}

static uint32_t count_features(const struct asking *asking)
{
	struct ethtool_sset_info *sets = calloc(1, sizeof(*sets) + sizeof(sets->data[0]));
	uint32_t count = 0;

	if (!sets)
		return 0;
	sets->cmd = ETHTOOL_GSSET_INFO;
	sets->sset_mask = 1u << ETH_SS_FEATURES;
	if (ask(asking, sets) && sets->sset_mask && sets->data[0] <= FEATURES_MOST)
		count = sets->data[0];
	free(sets);
	return count;
}

/* The names of all features, ETH_GSTRING_LEN bytes each, to be freed; NULL: not told. */
static struct ethtool_gstrings *get_names(const struct asking *asking, uint32_t count)
{
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + count * ETH_GSTRING_LEN);

	if (!names)
		return NULL;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = count;
	if (ask(asking, names) && names->len == count)
		return names;
	free(names);
	return NULL;
}

static struct ethtool_gfeatures *get_states(const struct asking *asking, uint32_t count)
{
	uint32_t blocks = (count + 31) / 32;
	struct ethtool_gfeatures *states =
		calloc(1, sizeof(*states) + blocks * sizeof(states->features[0]));

	if (!states)
		return NULL;
	states->cmd = ETHTOOL_GFEATURES;
	states->size = blocks;
	if (ask(asking, states) && states->size == blocks)
		return states;
	free(states);
	return NULL;
}

static const struct feature_name *find_feature(const char *name)
{
	size_t i;

	for (i = 0; i < FEATURE_NAMES; i++) {
		if (strncmp(feature_names[i].name, name, ETH_GSTRING_LEN) == 0)
			return &feature_names[i];
	}
	return NULL;
}

/* An offload of several features (TSO) is on when any of them is. */
static void add_state(struct offload_state *offload, const struct ethtool_get_features_block *block,
		      uint32_t bit)
{
	bool on = block->active & bit;
	bool fixed = !(block->available & bit) || block->never_changed & bit;

	offload->fixed = offload->known ? offload->fixed && fixed : fixed;
	offload->on |= on;
	offload->known = true;
}

static void look_at_offloads(const struct asking *asking, struct ethtool *ethtool)
{
	uint32_t count = count_features(asking), i;
	struct ethtool_gstrings *names = count ? get_names(asking, count) : NULL;
	struct ethtool_gfeatures *states = names ? get_states(asking, count) : NULL;

	for (i = 0; i < count && states; i++) {
		const struct feature_name *feature =
			find_feature((const char *)names->data + i * ETH_GSTRING_LEN);

		if (feature)
			add_state(&ethtool->offloads[feature->offload], &states->features[i / 32],
				  1u << i % 32);
	}
	free(states);
	free(names);
}

static void look_at_stamps(const struct asking *asking, struct ethtool *ethtool)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	int filter = nsr_ethtool_rx_stamps(asking->fd, asking->name);

	if (ask(asking, &info))
		ethtool->clock = info.so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE &&
				 info.so_timestamping & SOF_TIMESTAMPING_RAW_HARDWARE;
	ethtool->stamps = filter >= 0 && filter != HWTSTAMP_FILTER_NONE;
}

static void look_at_queues(const struct asking *asking, struct ethtool *ethtool)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ethtool_ringparam rings = { .cmd = ETHTOOL_GRINGPARAM };

	if (ask(asking, &channels)) {
		ethtool->queues = channels.rx_count + channels.combined_count;
		ethtool->queues_most = channels.max_rx + channels.max_combined;
		ethtool->combined = channels.max_combined;
	}
	if (ask(asking, &rings)) {
		ethtool->ring = rings.rx_pending;
		ethtool->ring_most = rings.rx_max_pending;
	}
}

void ethtool_look(const char *name, struct ethtool *ethtool)
{
	struct asking asking = { nsr_ethtool_open(), name };

	if (asking.fd < 0)
		return;
	nsr_ethtool_driver(asking.fd, name, ethtool->driver);
	look_at_queues(&asking, ethtool);
	look_at_stamps(&asking, ethtool);
	look_at_offloads(&asking, ethtool);
	close(asking.fd);
}
