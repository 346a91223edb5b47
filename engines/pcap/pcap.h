/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What the parts of engine `pcap` share. */
#ifndef NSR_ENGINES_PCAP_H
#define NSR_ENGINES_PCAP_H

#include <pcap/pcap.h>
#include <pthread.h>

#include <nsring/engine.h>

/* So many of the longest packets fit into the memory for a batch, of which only what is used costs. */
#define LP_BATCH 128

/** struct lp_area - packets that were copied, and their bytes */
struct lp_area {
	struct nsr_packet packets[LP_BATCH];
	uint32_t count;
	uint8_t *bytes; /* mapped */
	size_t room, used;
};

struct lp_turns;

/**
 * struct lp - a capture
 * @pcap:     libpcap's handle
 * @lock:     held while libpcap runs
 * @timer:    ticks where libpcap has no descriptor that tells when there is a packet; else -1
 * @device:   its name
 * @linktype: LINKTYPE_ value
 * @snaplen:  most bytes of a packet
 * @ifindex:  of the interface with that name, 0: none
 * @links:    netlink socket to ask about it, or negative
 * @nanoseconds: stamps are in these, else in microseconds
 * @sends:    opened to send only
 * @flags:    of every packet: libpcap tells of none which way it goes
 * @drain_ms: how long packets wait at most before libpcap hands them out
 * @dated:    the host stamps packets when they come
 * @stopped_ns: packets that came later are left out, see is_too_late(); 0: not stopped
 * @over:     one has been
 * @area:     what was handed out, unless it has @turns
 * @turns:    of a device that a thread reads; else NULL
 * @before, @dropped, @missed: libpcap's numbers as last seen, of 32 bits, and their sums
 */
struct lp {
	pcap_t *pcap;
	pthread_mutex_t lock;
	int timer;
	char *device;
	uint32_t linktype;
	uint32_t snaplen;
	uint32_t ifindex;
	int links;
	uint32_t flags;
	uint32_t drain_ms;
	bool dated;
	uint64_t stopped_ns;
	bool over;
	bool nanoseconds;
	bool sends;
	struct lp_area area;
	struct lp_turns *turns;
	struct pcap_stat before;
	uint64_t dropped, missed;
};

/**
 * lp_area_make() - memory for a batch
 * @area:    filled in; zeroed before
 * @snaplen: most bytes of a packet
 *
 * Return: 0 or -errno, and @err is set.
 */
int lp_area_make(struct lp_area *area, uint32_t snaplen, struct nsr_error *err);

/** lp_area_add() - copy a packet, unless it is too late; @area has room for it */
void lp_area_add(struct lp *lp, struct lp_area *area, const struct pcap_pkthdr *header,
		 const u_char *bytes);

/** lp_area_free() - nothing happens if it was never made */
void lp_area_free(struct lp_area *area);

/** lp_open(), lp_close() - see struct nsr_engine_ops */
int lp_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err);
void lp_close(void *priv);

/** lp_say_failed() - why libpcap's device gives nothing any more; a negative errno value */
int lp_say_failed(struct lp *lp, struct nsr_error *err);

/** lp_turns_make() - @lp->turns, for packets of @lp->snaplen bytes; 0 or -errno */
int lp_turns_make(struct lp *lp, struct nsr_error *err);

/** lp_turns_start() - begin to read; 0 or -errno */
int lp_turns_start(struct lp *lp, struct nsr_error *err);

/** lp_turns_fd() - readable while lp_turns_take() has something to give, or to tell */
int lp_turns_fd(const struct lp *lp);

/**
 * lp_turns_take() - hand out what the thread has read; what was handed out before is gone
 *
 * As recv of struct nsr_engine_ops.
 */
int lp_turns_take(struct lp *lp, struct nsr_packet *packets, uint32_t max, struct nsr_error *err);

/** lp_turns_end() - stop the thread, wait for it, free @lp->turns */
void lp_turns_end(struct lp *lp);

#endif
