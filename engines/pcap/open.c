/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Opening a device by libpcap, and closing it. */
#include <errno.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sys/caps.h"
#include "pcap.h"

/* Netfilter keeps packets for its log this long: NFULNL_TIMEOUT_DEFAULT in net/netfilter/nfnetlink_log.c. */
#define NFLOG_MS 1000

/* Adds what devices libpcap knows of, as its advice. */
static int say_unknown(const char *device, struct nsr_error *err)
{
	char names[256] = "", reason[PCAP_ERRBUF_SIZE];
	pcap_if_t *list = NULL, *at;
	size_t length = 0;

	if (pcap_findalldevs(&list, reason) == 0)
		for (at = list; at && length + strlen(at->name) + 3 < sizeof(names); at = at->next)
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   length ? ", " : "", at->name);
	if (list)
		pcap_freealldevs(list);
	nsr_error_set(err, -ENODEV, "libpcap knows no device \"%s\"", device);
	return names[0] ? nsr_error_advise(err, -ENODEV, "it knows %s", names) : -ENODEV;
}

/* Why pcap_activate() failed with @status. */
static int say_refused(struct lp *lp, int status, struct nsr_error *err)
{
	const char *reason = pcap_geterr(lp->pcap);

	reason = *reason ? reason : pcap_statustostr(status);
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return say_unknown(lp->device, err);
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return nsr_caps_advise(err,
				       nsr_error_set(err, -EPERM, "libpcap may not open \"%s\": %s",
						     lp->device, reason),
				       NULL, NSR_CAP_BIT(NET_RAW) | NSR_CAP_BIT(NET_ADMIN), NULL);
	case PCAP_ERROR_IFACE_NOT_UP:
		return nsr_error_advise(
			err, nsr_error_set(err, -ENETDOWN, "device \"%s\" is down", lp->device),
			"ip link set %s up", lp->device);
	}
	return nsr_error_set(err, -EIO, "libpcap can't open \"%s\": %s", lp->device, reason);
}

/* What libpcap calls when it reads nothing but a savefile's header: LINKTYPE_ of its DLT_. */
static int find_linktype(struct lp *lp, struct nsr_error *err)
{
	struct pcap_file_header header = { 0 };
	FILE *file = fmemopen(&header, sizeof(header), "wb");
	pcap_dumper_t *dumper = file ? pcap_dump_fopen(lp->pcap, file) : NULL;

	if (!dumper) {
		if (file)
			fclose(file);
		return nsr_error_set(
			err, -EOPNOTSUPP,
			"packets of \"%s\" have a link type that files have no number for",
			lp->device);
	}
	pcap_dump_close(dumper);
	lp->linktype = header.linktype;
	return 0;
}

/* Before pcap_activate(). */
static int set_up(struct lp *lp, const struct nsr_engine_args *args, struct nsr_error *err)
{
	const struct nsr_options *opts = args->opts;

	pcap_set_snaplen(lp->pcap, (int)opts->snaplen);
	pcap_set_promisc(lp->pcap, opts->promiscuous && strcmp(lp->device, "any") != 0);
	pcap_set_timeout(lp->pcap, (int)opts->batch_ms);
	if (opts->immediate)
		pcap_set_immediate_mode(lp->pcap, 1);
	if (opts->ring_bytes)
		pcap_set_buffer_size(lp->pcap, opts->ring_bytes < INT32_MAX ? (int)opts->ring_bytes
									    : INT32_MAX);
	lp->nanoseconds = pcap_set_tstamp_precision(lp->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
	if (opts->stamp == NSR_STAMP_DEVICE &&
	    pcap_set_tstamp_type(lp->pcap, PCAP_TSTAMP_ADAPTER) != 0)
		return nsr_error_set(err, -EOPNOTSUPP,
				     "libpcap has no stamps of \"%s\"'s own clock", lp->device);
	return 0;
}

/* After pcap_activate(). @blocks: the device has no non-blocking mode. */
static int look(struct lp *lp, bool *blocks, struct nsr_error *err)
{
	char reason[PCAP_ERRBUF_SIZE];

	*blocks = !lp->sends && pcap_setnonblock(lp->pcap, 1, reason) < 0;
	lp->nanoseconds = pcap_get_tstamp_precision(lp->pcap) == PCAP_TSTAMP_PRECISION_NANO;
	lp->snaplen = (uint32_t)pcap_snapshot(lp->pcap);
	if (lp->snaplen == 0 || lp->snaplen > NSR_SNAPLEN_MAX)
		lp->snaplen = NSR_SNAPLEN_MAX;
	return find_linktype(lp, err);
}

static int choose_direction(struct lp *lp, enum nsr_direction direction, struct nsr_error *err)
{
	static const uint32_t flags[] = {
		[NSR_BOTH] = NSR_PKT_UNDIRECTED,
		[NSR_OUT] = NSR_PKT_OUT,
	};

	lp->flags = flags[direction];
	if (direction == NSR_BOTH)
		return 0;
	if (pcap_setdirection(lp->pcap, direction == NSR_IN ? PCAP_D_IN : PCAP_D_OUT) == 0)
		return 0;
	return nsr_error_set(err, -EOPNOTSUPP, "direction of packets on \"%s\": %s", lp->device,
			     pcap_geterr(lp->pcap));
}

/* Some devices have to be looked at again and again: see pcap_get_required_select_timeout(3). */
static int make_timer(struct lp *lp, struct nsr_error *err)
{
	const struct timeval *least = pcap_get_required_select_timeout(lp->pcap);
	struct itimerspec every = { .it_interval.tv_nsec = 10000000 };

	if (pcap_get_selectable_fd(lp->pcap) >= 0 && !least)
		return 0;
	if (least && (least->tv_sec || least->tv_usec))
		every.it_interval = (struct timespec){ least->tv_sec, least->tv_usec * 1000 };
	every.it_value = every.it_interval;
	lp->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (lp->timer >= 0 && timerfd_settime(lp->timer, 0, &every, NULL) == 0)
		return 0;
	return nsr_error_set(err, -errno, "timer: %s", strerror(errno));
}

void lp_close(void *priv)
{
	struct lp *lp = priv;

	if (lp->turns)
		lp_turns_end(lp);
	if (lp->pcap)
		pcap_close(lp->pcap);
	if (lp->timer >= 0)
		close(lp->timer);
	if (lp->links >= 0)
		close(lp->links);
	lp_area_free(&lp->area);
	pthread_mutex_destroy(&lp->lock);
	free(lp->device);
	free(lp);
}

static int activate(struct lp *lp, const struct nsr_engine_args *args, struct nsr_error *err)
{
	char reason[PCAP_ERRBUF_SIZE];
	int rc;

	lp->pcap = pcap_create(lp->device, reason);
	if (!lp->pcap)
		return nsr_error_set(err, -EINVAL, "libpcap: \"%s\": %s", lp->device, reason);
	rc = set_up(lp, args, err);
	if (rc < 0)
		return rc;
	rc = pcap_activate(lp->pcap);
	return rc < 0 ? say_refused(lp, rc, err) : 0;
}

int lp_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	struct lp *lp = calloc(1, sizeof(*lp));
	struct nsr_link link;
	bool blocks = false;
	int rc;

	if (!lp)
		return nsr_error_set(err, -ENOMEM, "out of memory");
	lp->timer = lp->links = -1;
	lp->sends = !(args->opts->mode & NSR_RECV);
	lp->drain_ms = 2 * args->opts->batch_ms + 20;
	if (strncmp(args->device, "nflog", 5) == 0)
		lp->drain_ms += NFLOG_MS;
	pthread_mutex_init(&lp->lock, NULL);
	lp->device = strdup(args->device);
	rc = lp->device ? activate(lp, args, err) : nsr_error_set(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = look(lp, &blocks, err);
	if (rc == 0)
		rc = choose_direction(lp, args->opts->direction, err);
	if (rc == 0)
		rc = blocks ? lp_turns_make(lp, err) : make_timer(lp, err);
	if (rc == 0 && !blocks)
		rc = lp_area_make(&lp->area, lp->snaplen, err);
	if (rc < 0) {
		lp_close(lp);
		return rc;
	}
	lp->links = nsr_link_open();
	if (lp->links >= 0 && strlen(lp->device) < IFNAMSIZ &&
	    nsr_link_get(lp->links, lp->device, 0, &link) == 0)
		lp->ifindex = link.ifindex;
	lp->dated = args->opts->stamp != NSR_STAMP_DEVICE &&
		    (lp->ifindex || strcmp(lp->device, "any") == 0);
	*priv = lp;
	return 0;
}
