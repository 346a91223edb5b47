/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Reading: batches of the capture, handed out packet by packet.
 *
 * A program may wait for the descriptor of pcap_get_selectable_fd(), then read one packet of many. So that
 * descriptor is readable as long as packets wait here, or the capture was not asked until it had none.
 */
#include "handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sys/clock.h"
#include "cooked.h"
#include "keeper.h"

#define NS_PER_S UINT64_C(1000000000)

/* Only while the program has asked for the descriptor: this costs a system call at each change. */
static void show_more(struct handle *h)
{
	bool more = h->next < h->batch.count || !h->drained;
	eventfd_t unused;

	if (h->poll < 0 || more == h->more_set)
		return;
	h->more_set = more;
	if (more)
		eventfd_write(h->more, 1);
	else
		eventfd_read(h->more, &unused);
}

static bool take_break(struct handle *h)
{
	return atomic_load_explicit(&h->breaking, memory_order_relaxed) &&
	       atomic_exchange(&h->breaking, false);
}

static int say_end(struct handle *h, int rc)
{
	if (rc == -ENODEV)
		return handle_say(h, PCAP_ERROR, "The interface disappeared");
	return handle_say_why(h, PCAP_ERROR, nsr_last_error(h->capture));
}

/* What fill() and next_packet() return at the end of a file. */
#define END_OF_FILE (PCAP_ERROR_BREAK - 1000)

/* Gets packets if none wait. 1: there are some; 0: none in time; END_OF_FILE; a PCAP_ERROR. */
static int fill(struct handle *h, int wait_ms)
{
	int rc;

	keeper_end();
	while (h->next >= h->batch.count) {
		if (h->kept)
			handle_forget_kept(h, true);
		if (take_break(h))
			return PCAP_ERROR_BREAK;
		rc = nsr_recv(h->capture, &h->batch, wait_ms);
		h->next = 0;
		h->drained = rc <= 0;
		if (rc == -EINTR)
			continue;
		if (rc == 0)
			return take_break(h) ? PCAP_ERROR_BREAK : 0;
		if (rc < 0) {
			h->batch.count = 0;
			return rc == -ENODATA ? END_OF_FILE : say_end(h, rc);
		}
	}
	return 1;
}

void handle_forget_kept(struct handle *h, bool all)
{
	struct kept **end = all ? &h->kept : &h->kept->older, *kept = *end, *older;

	*end = NULL;
	for (; kept; kept = older) {
		older = kept->older;
		free(kept);
	}
}

int handle_keep_waiting(struct handle *h)
{
	uint32_t count = h->batch.count - h->next, i;
	const struct nsr_packet *packets = h->batch.packets + h->next;
	struct kept *kept;
	size_t bytes = 0;
	uint8_t *at;

	if (h->next >= h->batch.count)
		return 0;
	for (i = 0; i < count; i++)
		bytes += packets[i].caplen;
	kept = malloc(sizeof(*kept) + count * sizeof(*packets) + bytes);
	if (!kept)
		return -ENOMEM;
	at = (uint8_t *)&kept->packets[count];
	for (i = 0; i < count; i++) {
		kept->packets[i] = packets[i];
		kept->packets[i].data = memcpy(at, packets[i].data, packets[i].caplen);
		at += packets[i].caplen;
	}
	kept->older = h->kept;
	h->kept = kept;
	h->batch = (struct nsr_batch){ .packets = kept->packets, .count = count };
	h->next = 0;
	return 0;
}

/*
 * Who waits for the descriptor may read in blocking mode, and trusts that there is a packet then. It also polls
 * readable where the capture wants to look after something, and there is none.
 */
#define POLLED_MS 10

static int patience(const struct handle *h)
{
	if (h->nonblock)
		return 0;
	if (h->poll >= 0 && (h->timeout_ms <= 0 || h->timeout_ms > POLLED_MS))
		return POLLED_MS;
	return h->timeout_ms > 0 ? h->timeout_ms : -1;
}

/* Whether a packet is of the one link type that the program was told. */
static bool is_of_type(struct handle *h, const struct nsr_packet *packet)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;

	return !h->mixed || nsr_interface_get(h->capture, packet->iface, &iface) < 0 ||
	       iface.linktype == h->linktype;
}

static bool goes_wrong_way(const struct handle *h, const struct nsr_packet *packet)
{
	bool out = packet->flags & NSR_PKT_OUT;

	return !(packet->flags & NSR_PKT_UNDIRECTED) && h->direction != PCAP_D_INOUT &&
	       out != (h->direction == PCAP_D_OUT);
}

/* 1: the program gets this packet; 0: it does not; PCAP_ERROR. */
static inline int present(struct handle *h, const struct nsr_packet *packet,
			  struct pcap_pkthdr *header, const u_char **bytes)
{
	struct nsr_packet changed;
	uint64_t part;

	if (h->direction != PCAP_D_INOUT && goes_wrong_way(h, packet))
		return 0;
	if (h->mixed && !is_of_type(h, packet))
		return handle_say(h, PCAP_ERROR,
				  "%s: has packets of several link types, and libpcap only one",
				  h->target);
	if ((h->judge || h->kept || h->protocol) && !handle_judge(h, packet))
		return 0;
	if (h->cooked && h->dlt == DLT_LINUX_SLL) {
		changed = *packet;
		cooked_replace(&changed, h->room);
		packet = &changed;
	}
	part = packet->stamp_ns % NS_PER_S;
	header->ts.tv_sec = (time_t)(packet->stamp_ns / NS_PER_S);
	header->ts.tv_usec =
		(suseconds_t)(h->precision == PCAP_TSTAMP_PRECISION_NANO ? part : part / 1000);
	header->caplen = packet->caplen < h->snaplen ? packet->caplen : h->snaplen;
	header->len = packet->len;
	*bytes = packet->data;
	return 1;
}

/* What is left of @wait_ms until @until_ms, by the clock. */
static int patience_left(int wait_ms, int64_t until_ms)
{
	int64_t now;

	if (wait_ms <= 0)
		return wait_ms;
	now = nsr_clock_coarse_ms();
	return now < until_ms ? (int)(until_ms - now) : 0;
}

static int next_packet(struct handle *h, struct pcap_pkthdr *header, const u_char **bytes)
{
	int wait_ms = patience(h), rc;
	int64_t until_ms = wait_ms > 0 ? nsr_clock_coarse_ms() + wait_ms : 0;

	if (h->kept)
		handle_forget_kept(h, false);
	for (;;) {
		rc = fill(h, wait_ms);
		if (rc > 0)
			rc = present(h, &h->batch.packets[h->next++], header, bytes);
		else
			break;
		if (rc != 0)
			break;
		/* Packets that are left out prolong no wait. */
		if (h->next >= h->batch.count)
			wait_ms = patience_left(wait_ms, until_ms);
	}
	show_more(h);
	return rc;
}

/* At most @count packets of those that wait, all for 0 and less. How many; END_OF_FILE; a PCAP_ERROR. */
static int hand_out(struct handle *h, int count, int wait_ms, pcap_handler callback, u_char *user)
{
	struct pcap_pkthdr header;
	const u_char *bytes = NULL;
	int rc, given = 0;

	if (take_break(h))
		return PCAP_ERROR_BREAK;
	rc = fill(h, wait_ms);
	if (rc <= 0)
		return rc;
	while (h->next < h->batch.count && (count <= 0 || given < count)) {
		rc = present(h, &h->batch.packets[h->next++], &header, &bytes);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		callback(user, &header, bytes);
		given++;
		if (h->kept && h->kept->older)
			handle_forget_kept(h, false);
		if (take_break(h))
			return PCAP_ERROR_BREAK;
	}
	return given;
}

EXPORTED int pcap_dispatch(pcap_t *p, int count, pcap_handler callback, u_char *user)
{
	struct handle *h = handle_of(p);
	int rc;

	if (!h) {
		keeper_end();
		return real_pcap_dispatch(p, count, callback, user);
	}
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	rc = hand_out(h, count, patience(h), callback, user);
	show_more(h);
	return rc == END_OF_FILE ? 0 : rc;
}

EXPORTED int pcap_loop(pcap_t *p, int count, pcap_handler callback, u_char *user)
{
	struct handle *h = handle_of(p);
	int rc, left = count;

	if (!h) {
		keeper_end();
		return real_pcap_loop(p, count, callback, user);
	}
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	do {
		rc = hand_out(h, left, -1, callback, user);
		if (rc > 0 && count > 0)
			left -= rc;
	} while (rc >= 0 && (count <= 0 || left > 0));
	show_more(h);
	return rc == END_OF_FILE || rc > 0 ? 0 : rc;
}

EXPORTED int pcap_next_ex(pcap_t *p, struct pcap_pkthdr **header, const u_char **bytes)
{
	struct handle *h = handle_of(p);
	int rc;

	if (!h) {
		keeper_end();
		return real_pcap_next_ex(p, header, bytes);
	}
	if (handle_check_active(h))
		return PCAP_ERROR_NOT_ACTIVATED;
	*header = &h->header;
	rc = next_packet(h, &h->header, bytes);
	return rc == END_OF_FILE ? PCAP_ERROR_BREAK : rc;
}

EXPORTED const u_char *pcap_next(pcap_t *p, struct pcap_pkthdr *header)
{
	struct handle *h = handle_of(p);
	const u_char *bytes = NULL;

	if (!h) {
		keeper_end();
		return real_pcap_next(p, header);
	}
	if (handle_check_active(h))
		return NULL;
	return next_packet(h, header, &bytes) == 1 ? bytes : NULL;
}

/* From a signal handler, too, or another thread. */
EXPORTED void pcap_breakloop(pcap_t *p)
{
	struct handle *h = handle_of(p);

	if (!h) {
		real_pcap_breakloop(p);
		return;
	}
	atomic_store(&h->breaking, true);
	if (h->capture)
		nsr_wake(h->capture);
}

EXPORTED int pcap_setnonblock(pcap_t *p, int nonblock, char *errbuf)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_setnonblock(p, nonblock, errbuf);
	h->nonblock = nonblock;
	return 0;
}

EXPORTED int pcap_getnonblock(pcap_t *p, char *errbuf)
{
	struct handle *h = handle_of(p);

	if (!h)
		return real_pcap_getnonblock(p, errbuf);
	if (handle_check_active(h)) {
		memcpy(errbuf, h->errbuf, PCAP_ERRBUF_SIZE);
		return PCAP_ERROR_NOT_ACTIVATED;
	}
	return h->nonblock;
}

static int add(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Makes the descriptor to wait for, if there is none yet. */
static int open_poll(struct handle *h)
{
	if (!h->capture)
		return PCAP_ERROR;
	if (h->poll >= 0)
		return h->poll;
	if (h->more < 0)
		h->more = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	h->poll = epoll_create1(EPOLL_CLOEXEC);
	if (h->more < 0 || h->poll < 0 || add(h->poll, h->more) < 0 ||
	    add(h->poll, nsr_fd(h->capture)) < 0) {
		if (h->poll >= 0)
			close(h->poll);
		h->poll = -1;
		return PCAP_ERROR;
	}
	h->more_set = false;
	show_more(h);
	return h->poll;
}

EXPORTED int pcap_get_selectable_fd(pcap_t *p)
{
	struct handle *h = handle_of(p);

	return h ? open_poll(h) : real_pcap_get_selectable_fd(p);
}

/* Programs wait for this one, too. */
EXPORTED int pcap_fileno(pcap_t *p)
{
	struct handle *h = handle_of(p);

	return h ? open_poll(h) : real_pcap_fileno(p);
}

EXPORTED const struct timeval *pcap_get_required_select_timeout(pcap_t *p)
{
	return handle_of(p) ? NULL : real_pcap_get_required_select_timeout(p);
}
