/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Engine `pcap`: devices that the installed libpcap opens, such as nflog, usbmon1, bluetooth0 or
 * dbus-system, and the cards that it was built for. A device that is an ordinary interface works, too, but
 * the engine packet is the better way: this one copies each packet, and filters in user space.
 *
 * libpcap begins to capture when it learns the link type, which the core asks for before it starts
 * the capture. So start throws away what has come until then.
 *
 * libpcap's functions must not run in two threads at once on one handle: @lock.
 *
 * turns.c reads devices that have no non-blocking mode.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/clock.h"
#include "pcap.h"

#define NS_PER_S UINT64_C(1000000000)

/* Most time in which start throws packets away, though more keep coming. */
#define DISCARD_NS (NS_PER_S / 5)

int lp_area_make(struct lp_area *area, uint32_t snaplen, struct nsr_error *err)
{
	area->room = (size_t)LP_BATCH * snaplen;
	area->bytes = mmap(NULL, area->room, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area->bytes != MAP_FAILED)
		return 0;
	area->bytes = NULL;
	return nsr_error_set(err, -ENOMEM, "out of memory");
}

void lp_area_free(struct lp_area *area)
{
	if (area->bytes)
		munmap(area->bytes, area->room);
}

static uint64_t stamp_of(const struct lp *lp, const struct pcap_pkthdr *header)
{
	uint64_t part = (uint64_t)header->ts.tv_usec;

	return (uint64_t)header->ts.tv_sec * NS_PER_S + (lp->nanoseconds ? part : part * 1000);
}

/*
 * libpcap can't be told to take no more packets and still hand out those that wait. The host's stamps on
 * interfaces tell when they came, however late they are read. libpcap stamps others when it reads them, and a
 * device's clock may tell another time: those go by when they are read. After the first that is too late
 * all are: the host's clock may be set back.
 */
static bool is_too_late(struct lp *lp, uint64_t stamp_ns)
{
	if (!lp->stopped_ns || lp->over)
		return lp->over;
	if (lp->dated)
		lp->over = stamp_ns > lp->stopped_ns;
	else
		lp->over = nsr_clock_wall_ns() > lp->stopped_ns + lp->drain_ms * UINT64_C(1000000);
	return lp->over;
}

void lp_area_add(struct lp *lp, struct lp_area *area, const struct pcap_pkthdr *header,
		 const u_char *bytes)
{
	uint32_t caplen = header->caplen < lp->snaplen ? header->caplen : lp->snaplen;
	uint64_t stamp_ns = stamp_of(lp, header);

	if (is_too_late(lp, stamp_ns))
		return;
	memcpy(area->bytes + area->used, bytes, caplen);
	area->packets[area->count++] = (struct nsr_packet){
		.data = area->bytes + area->used,
		.stamp_ns = stamp_ns,
		.caplen = caplen,
		.len = header->len < caplen ? caplen : header->len,
		.flags = lp->flags,
	};
	area->used += caplen;
}

/* libpcap's packets are valid only while it calls this. */
static void keep(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct lp *lp = (void *)user;

	if (lp->area.count < LP_BATCH)
		lp_area_add(lp, &lp->area, header, bytes);
}

static void discard(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
}

static int lp_start(void *priv, struct nsr_error *err)
{
	uint64_t end = nsr_clock_ns() + DISCARD_NS;
	struct lp *lp = priv;
	int rc = 1;

	if (lp->turns)
		return lp_turns_start(lp, err);
	pthread_mutex_lock(&lp->lock);
	errno = 0;
	while (!lp->sends && rc > 0 && nsr_clock_ns() < end)
		rc = pcap_dispatch(lp->pcap, LP_BATCH, discard, NULL);
	pthread_mutex_unlock(&lp->lock);
	return rc < 0 && errno != EAGAIN
		       ? nsr_error_set(err, -EIO, "libpcap: %s", pcap_geterr(lp->pcap))
		       : 0;
}

static bool is_gone(const struct lp *lp)
{
	struct nsr_link link;

	return lp->ifindex && lp->links >= 0 &&
	       nsr_link_get(lp->links, NULL, lp->ifindex, &link) == -ENODEV;
}

static int say_gone(const struct lp *lp, struct nsr_error *err)
{
	return nsr_error_set(err, -ENODEV,
			     "device \"%s\" is gone (deleted, or moved to another namespace)",
			     lp->device);
}

int lp_say_failed(struct lp *lp, struct nsr_error *err)
{
	if (is_gone(lp))
		return say_gone(lp, err);
	return nsr_error_set(err, -EIO, "device \"%s\": %s", lp->device, pcap_geterr(lp->pcap));
}

static int lp_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	struct lp *lp = priv;
	struct lp_area *area = &lp->area;
	uint64_t ticks;
	int rc;

	if (lp->turns)
		return lp_turns_take(lp, packets, max, err);
	if (lp->timer >= 0 && read(lp->timer, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return nsr_error_set(err, -errno, "timer: %s", strerror(errno));
	area->used = area->count = 0;
	pthread_mutex_lock(&lp->lock);
	errno = 0;
	rc = pcap_dispatch(lp->pcap, (int)(max < LP_BATCH ? max : LP_BATCH), keep, (void *)lp);
	pthread_mutex_unlock(&lp->lock);
	memcpy(packets, area->packets, area->count * sizeof(*packets));
	/* Without packets libpcap 1.10 fails on netfilter's sockets, see netfilter_read_linux(). */
	if (rc >= 0 || rc == PCAP_ERROR_BREAK || area->count || errno == EAGAIN)
		return (int)area->count;
	return lp_say_failed(lp, err);
}

static int lp_send(void *priv, const struct nsr_frame *frames, uint32_t count,
		   struct nsr_error *err)
{
	struct lp *lp = priv;
	uint32_t sent = 0;
	int code = 0;

	pthread_mutex_lock(&lp->lock);
	errno = 0;
	while (sent < count && pcap_inject(lp->pcap, frames[sent].data, frames[sent].len) >= 0)
		sent++;
	if (sent == 0 && count)
		code = errno ? -errno : -EIO;
	pthread_mutex_unlock(&lp->lock);
	if (code < 0 && is_gone(lp))
		return say_gone(lp, err);
	return code < 0 ? nsr_error_set(err, code, "%s: a frame of %u bytes: %s", lp->device,
					frames[0].len, pcap_geterr(lp->pcap))
			: (int)sent;
}

static int lp_fd(void *priv)
{
	struct lp *lp = priv;

	if (lp->turns)
		return lp_turns_fd(lp);
	return lp->timer >= 0 ? lp->timer : pcap_get_selectable_fd(lp->pcap);
}

static int lp_stop(void *priv, struct nsr_error *err)
{
	((struct lp *)priv)->stopped_ns = nsr_clock_wall_ns();
	return 0;
}

static void lp_stats(void *priv, struct nsr_stats *stats)
{
	struct pcap_stat now = { 0 };
	struct lp *lp = priv;

	pthread_mutex_lock(&lp->lock);
	/* What a thread reads has no ring that could lose something. */
	if (!lp->sends && !lp->turns && pcap_stats(lp->pcap, &now) == 0) {
		lp->dropped += now.ps_drop - lp->before.ps_drop;
		lp->missed += now.ps_ifdrop - lp->before.ps_ifdrop;
		lp->before = now;
	}
	stats->lost_ring = lp->dropped;
	stats->lost_nic = lp->missed;
	pthread_mutex_unlock(&lp->lock);
}

static void lp_info(void *priv, struct nsr_info *info)
{
	const struct lp *lp = priv;
	const char *version = pcap_lib_version() + strcspn(pcap_lib_version(), "0123456789");

	snprintf(info->mode, sizeof(info->mode), "libpcap %.*s", (int)strcspn(version, " "),
		 version);
	info->linktype = lp->linktype;
	info->snaplen = lp->snaplen;
}

static int lp_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	const struct lp *lp = priv;

	if (id > 0)
		return -ENOENT;
	snprintf(iface->name, sizeof(iface->name), "%s", lp->device);
	iface->ifindex = lp->ifindex;
	iface->linktype = lp->linktype;
	iface->snaplen = lp->snaplen;
	return 0;
}

static uint32_t lp_drain_ms(void *priv)
{
	return ((struct lp *)priv)->drain_ms;
}

const struct nsr_engine_ops nsr_engine_pcap = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(struct nsr_engine_ops),
	.name = "pcap",
	.flags = NSR_ENGINE_FREE_DEVICE,
	.open = lp_open,
	.start = lp_start,
	.recv = lp_recv,
	.send = lp_send,
	.fd = lp_fd,
	.stop = lp_stop,
	.stats = lp_stats,
	.info = lp_info,
	.interface = lp_interface,
	.close = lp_close,
	.drain_ms = lp_drain_ms,
};
