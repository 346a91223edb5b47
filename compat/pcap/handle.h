/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Handles of the drop-in.
 *
 * A pcap_t is one of the installed libpcap's, or a struct handle here, which begins with a mark that
 * theirs can't begin with. So a device that isn't a target costs a comparison.
 */
#ifndef NSR_COMPAT_HANDLE_H
#define NSR_COMPAT_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <nsring/target.h>

#include "real.h"

/** Whoever loads this library may call it. */
#define EXPORTED __attribute__((visibility("default")))

/** The longest packet, as libpcap has it. */
#define SNAPLEN_MOST 262144

/** struct kept - a copy of packets; their bytes follow */
struct kept {
	struct kept *older;
	struct nsr_packet packets[];
};

/**
 * struct handle - a capture of a target
 * @mark:     handle_mark
 * @target:   as the program named it
 * @parsed:   the same, taken apart
 * @snaplen:  bytes kept of a packet
 * @timeout_ms, @buffer_bytes, @stamp_type, @precision, @protocol, @promisc, @immediate, @rfmon: as set
 *            before activation; 0: libpcap's default
 * @capture:  NULL: not activated
 * @sends:    it also sends
 * @out:      for sending, if not; opened when it is needed
 * @sending:  held while a frame is sent: any thread may
 * @dead:     libpcap's handle for compiling and writing; of @dlt
 * @dlt:      DLT_ value that packets are handed out with
 * @cooked:   packets come with LINKTYPE_LINUX_SLL2; with @dlt DLT_LINUX_SLL their headers are replaced
 * @linktype: LINKTYPE_ value that packets come with
 * @offline:  they come from a file, which may hold those of other link types, too: @mixed
 * @batch:    of @capture, or copied to @kept
 * @next:     of @batch: not handed out yet
 * @kept:     packets that waited in the program when the filter changed, and were copied; older copies have
 *            the packet in hand, and are there until the program is done with that
 * @drained:  the capture had nothing more
 * @nonblock: reading never waits
 * @breaking: pcap_breakloop() was called
 * @poll:     -1, or an epoll set of the capture's descriptor and @more
 * @more:     readable while packets wait here, or may wait in the capture
 * @more_set: it is readable
 * @given:    @capture has a filter
 * @judge:    packets are judged here, by @program
 * @program:  the filter in force
 * @program_dlt: what @dlt was when it was set
 * @others:   packets that were left out, being of another protocol than @protocol
 * @direction: packets of the other are left out
 * @room:     for one packet whose header is replaced or tag taken off
 * @header:   of the packet that pcap_next_ex() gave
 * @errbuf:   for pcap_geterr()
 */
struct handle {
	const void *mark;
	char *target;
	struct nsr_target parsed;
	uint32_t snaplen;
	int timeout_ms, buffer_bytes, stamp_type, precision, protocol;
	bool promisc, immediate, rfmon;
	struct nsr_capture *capture, *out;
	bool sends;
	pthread_mutex_t sending;
	pcap_t *dead;
	int dlt;
	bool cooked, offline, mixed;
	uint32_t linktype;
	struct nsr_batch batch;
	uint32_t next;
	struct kept *kept;
	bool drained, nonblock;
	atomic_bool breaking;
	int poll, more;
	bool more_set;
	bool given, judge;
	struct bpf_program program;
	int program_dlt;
	uint64_t others;
	pcap_direction_t direction;
	uint8_t *room;
	struct pcap_pkthdr header;
	char errbuf[PCAP_ERRBUF_SIZE];
};

/** handle_mark - an address that no other handle begins with */
extern const char handle_mark;

/** handle_of() - the drop-in's handle, NULL for one of the installed libpcap */
static inline struct handle *handle_of(pcap_t *p)
{
	return p && *(const void *const *)p == &handle_mark ? (struct handle *)p : NULL;
}

/** handle_say() - set what pcap_geterr() tells, and return @code, a PCAP_ERROR */
__attribute__((format(printf, 3, 4))) int handle_say(struct handle *h, int code, const char *fmt,
						     ...);

/** handle_say_why() - the same, from an error of the library, with its advice */
int handle_say_why(struct handle *h, int code, const struct nsr_error *err);

/** handle_check_active() - 0, or PCAP_ERROR_NOT_ACTIVATED, said */
int handle_check_active(struct handle *h);

/**
 * handle_claims() - whether a device's name is a target: it names a place or an engine
 * @name:   as given to pcap_create(); NULL: every device
 * @target: filled in if so
 *
 * A target that is wrong in what follows its place or engine is still one; opening it tells why.
 */
bool handle_claims(const char *name, struct nsr_target *target);

/** handle_judge() - whether @h->program and @h->protocol accept a packet as @h->capture hands it out */
bool handle_judge(struct handle *h, const struct nsr_packet *packet);

/** handle_keep_waiting() - copy what waits in the program, as the capture's batch ends now; 0 or -ENOMEM */
int handle_keep_waiting(struct handle *h);

/** handle_forget_kept() - free the copies before @kept, and with @all that one, too */
void handle_forget_kept(struct handle *h, bool all);

/** handle_open_dead() - make @h->dead anew, for @h->dlt; 0 or -ENOMEM */
int handle_open_dead(struct handle *h);

#endif
