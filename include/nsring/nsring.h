/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * nsring: packet capture and sending in any network namespace.
 *
 * A target string says where and how:
 *
 *	[place/][engine:]device[@queue]
 *
 * with place one of `host`, `netns:NAME`, `netns:/PATH`, `pid:N` (none: the caller's own
 * namespace), or `all` for all namespaces at once; engine one of those in the registry (none:
 * `ring` where its kernel module is loaded, else `packet`); device an interface of that place or
 * `any`; queue a receive queue of the device for engines that tell them apart (`zc`).
 * `file:PATH` and `file:-` read a capture file. target.h has the whole grammar.
 *
 * Every function that can fail returns a negative errno value. Functions that open or compile
 * also fill in a struct nsr_error: one sentence saying what failed, and on what, and what to do
 * about it.
 *
 * One thread at a time may use a capture, with three exceptions: any thread and any signal handler
 * may call nsr_wake(), one other thread may call nsr_stats_get(), and one nsr_send(). Different captures are
 * independent. The caller's thread never changes its network namespace.
 */
#ifndef NSRING_NSRING_H
#define NSRING_NSRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Of a function whose result misleads when it is ignored. */
#ifdef __GNUC__
#define NSR_CHECKED __attribute__((warn_unused_result))
#else
#define NSR_CHECKED
#endif

/**
 * NSR_SIZED_INIT() - the initialiser of a struct that begins with its size
 * @type: its name
 *
 * Each such struct has one of its own: `struct nsr_stats stats = NSR_STATS_INIT;`
 */
#ifdef __cplusplus
template <typename type> inline type nsr_sized_init()
{
	type made = type();

	made.size = sizeof(made);
	return made;
}
#define NSR_SIZED_INIT(type) nsr_sized_init<type>()

extern "C" {
#else
#define NSR_SIZED_INIT(type)                                                                       \
	{                                                                                          \
		.size = sizeof(struct type)                                                        \
	}
#endif

struct nsr_capture;

/**
 * struct nsr_error - why a call failed, in words
 * @code:   negative errno value, the same as the call returned
 * @text:   one sentence without a newline: what failed, and on what; empty when nothing failed
 * @advice: what to do about it, empty where there is nothing to say. It reads on from @text:
 *          programs print "TEXT: ADVICE".
 */
struct nsr_error {
	int code;
	char text[508];
	char advice[508];
};

/**
 * nsr_error_set() - fill in an error
 * @err:  may be NULL; loses an advice that it had
 * @code: negative errno value
 * @fmt:  printf format of one sentence without a newline: what failed, and on what
 *
 * Return: @code, so that `return nsr_error_set(…)` reads well.
 */
__attribute__((format(printf, 3, 4))) int nsr_error_set(struct nsr_error *err, int code,
							const char *fmt, ...);

/**
 * nsr_error_advise() - add to an error what to do about it
 * @err:  filled in by nsr_error_set(); may be NULL
 * @code: what nsr_error_set() returned
 * @fmt:  printf format of the advice, without a newline or a full stop
 *
 * `return nsr_error_advise(err, nsr_error_set(err, -EPERM, "…"), "run as root");`
 *
 * Return: @code.
 */
__attribute__((format(printf, 3, 4))) int nsr_error_advise(struct nsr_error *err, int code,
							   const char *fmt, ...);

/** The most that fields of struct nsr_options may be. */
#define NSR_SNAPLEN_MAX	      262144
#define NSR_RING_BYTES_MAX    68719476736
#define NSR_BATCH_PACKETS_MAX 65536
#define NSR_BATCH_MS_MAX      10000
#define NSR_FANOUT_GROUP_MAX  65536
#define NSR_BUSY_POLL_US_MAX  1000000

/** What a capture is opened for; may be combined. */
enum nsr_mode {
	NSR_RECV = 1 << 0,
	NSR_SEND = 1 << 1,
};

/** Which packets are taken, as the captured namespace sees them. */
enum nsr_direction {
	NSR_BOTH = 0, /* on a loopback device each packet once */
	NSR_IN,
	NSR_OUT,
};

/** How the captures of one fanout group share the packets of a device. */
enum nsr_fanout {
	NSR_FANOUT_NONE = 0,
	NSR_FANOUT_FLOW, /* both directions of a flow go to the same capture */
	NSR_FANOUT_CPU, /* by the CPU that the packet arrived on */
	NSR_FANOUT_ROUND_ROBIN,
	NSR_FANOUT_QUEUE, /* by the device's receive queue that the packet came from */
	/* Of the engine ring only: */
	NSR_FANOUT_2_TUPLE, /* by the addresses alone */
	NSR_FANOUT_INNER_FLOW, /* as FLOW, by the packet inside VXLAN, GTP-U or GRE */
	NSR_FANOUT_INNER_2_TUPLE,
	NSR_FANOUT_VLAN, /* by VLAN id */
};

/** Which clock stamps the packets. */
enum nsr_stamp {
	NSR_STAMP_AUTO = 0, /* the device's where it stamps already, else the kernel's */
	NSR_STAMP_KERNEL, /* always the kernel's system clock, when the kernel had the packet */
	NSR_STAMP_DEVICE, /* ask the device, or fail to open; a packet's flags tell if it did */
};

/** How engines that use XDP take packets: each is tried in this order, unless one is demanded. */
enum nsr_xdp {
	NSR_XDP_AUTO = 0,
	NSR_XDP_ZEROCOPY, /* the device writes into the ring */
	NSR_XDP_NATIVE, /* the program runs in the driver, which copies */
	NSR_XDP_GENERIC, /* the program runs in the stack: every device, at the stack's price */
};

/** Whether an engine that can take packets away from the network stack does so. */
enum nsr_take {
	NSR_TAKE_NONE = 0, /* packets are copied, and pass */
	NSR_TAKE, /* except on a device that carries the caller's own ssh connection */
	NSR_TAKE_REALLY, /* on that one, too */
};

/**
 * struct nsr_options - how to open a capture
 * @size:          sizeof(struct nsr_options), as NSR_OPTIONS_INIT and nsr_options_init() have it. A
 *                 library that is newer than the program takes the fields that the program lacks
 *                 for zero; one that is older returns -E2BIG when a field that it does not know is
 *                 not zero.
 * @mode:          NSR_RECV, NSR_SEND or both; 0: NSR_RECV
 * @snaplen:       bytes kept of each packet, at most NSR_SNAPLEN_MAX; 0: that many (every packet
 *                 whole)
 * @ring_bytes:    memory for packets that wait for the reader, at most NSR_RING_BYTES_MAX; 0: the
 *                 engine's default. The engine takes less when memory is short: nsr_info_get() tells.
 * @batch_packets: most packets in a batch, at most NSR_BATCH_PACKETS_MAX; 0: 256
 * @batch_ms:      longest time that a packet of a quiet capture waits for its batch to fill, ms,
 *                 at most NSR_BATCH_MS_MAX; 0: the engine's default (20; ring: 0.5, up to 4 while
 *                 they keep coming)
 * @direction:     enum nsr_direction
 * @fanout:        enum nsr_fanout
 * @fanout_group:  the group to join, as nsr_info_get() told for its first member, at most
 *                 NSR_FANOUT_GROUP_MAX; 0: a new group with a number that the kernel chooses.
 *                 Ignored without @fanout.
 * @stamp:         enum nsr_stamp
 * @filter:        filter in tcpdump's syntax, see pcap-filter(7); NULL or "": every packet
 * @promiscuous:   have the device accept packets for other hosts while the capture is open
 * @immediate:     hand out each packet as it arrives; costs throughput
 * @qdisc_bypass:  send past the queueing discipline, and past other captures on the device
 * @take:          enum nsr_take; engines other than `zc` refuse everything except
 *                 NSR_TAKE_NONE. NSR_TAKE fails with -EBUSY on a device that carries the ssh
 *                 connection by which the program was started (SSH_CONNECTION).
 * @xdp:           enum nsr_xdp; engines without XDP refuse everything except NSR_XDP_AUTO
 * @busy_poll_us:  read without waiting, and have the kernel poll the device up to this many µs each
 *                 time, at most NSR_BUSY_POLL_US_MAX: the capture takes a CPU of its own; 0: wait.
 *                 Only for engines that use XDP.
 * @share:         number of a ring to share with all captures of the device that name it, so that
 *                 the kernel copies each packet once; 0: a ring of its own. Only the engine ring
 *                 has this option and the next two.
 * @sample:        keep every nth packet that the filter accepts; 0 and 1: every packet
 * @inject:        nsr_send() has the network stack receive the frames, as if they came from the
 *                 device
 *
 * Zero is every field's default.
 */
struct nsr_options {
	size_t size;
	uint32_t mode;
	uint32_t snaplen;
	uint64_t ring_bytes;
	uint32_t batch_packets;
	uint32_t batch_ms;
	uint32_t direction;
	uint32_t fanout;
	uint32_t fanout_group;
	uint32_t stamp;
	const char *filter;
	bool promiscuous;
	bool immediate;
	bool qdisc_bypass;
	uint32_t take;
	uint32_t xdp;
	uint32_t busy_poll_us;
	uint32_t share;
	uint32_t sample;
	bool inject;
};

#define NSR_OPTIONS_INIT NSR_SIZED_INIT(nsr_options)

/** Flags of struct nsr_packet. */
enum nsr_packet_flag {
	NSR_PKT_OUT = 1 << 0, /* sent by the captured namespace; else received */
	NSR_PKT_STAMP_HW = 1 << 1, /* stamped by the device; else by the kernel (or the file) */
	NSR_PKT_VLAN = 1 << 2, /* the device had taken off a VLAN tag; it is back in @data */
	NSR_PKT_CSUM_PARTIAL = 1 << 3, /* checksum left to the device, so wrong in @data */
	NSR_PKT_BROADCAST = 1 << 4,
	NSR_PKT_MULTICAST = 1 << 5,
	NSR_PKT_OTHERHOST = 1 << 6, /* for another host, seen because promiscuous */
	NSR_PKT_UNDIRECTED =
		1 << 7, /* nobody knows whether it was sent or received (a file, pcap) */
	NSR_PKT_STAMP_READ = 1 << 8, /* stamped when it was read from the ring */
	NSR_PKT_NO_STAMP = 1 << 9, /* a file does not tell when it was captured: @stamp_ns is 0 */
};

/**
 * The uppermost bits of nsr_packet.flags: how many of the bytes on the wire are a frame check sequence
 * at the end, which some files hold.
 */
#define NSR_PKT_FCS_SHIFT 28
#define NSR_PKT_FCS_MOST  15u

/**
 * struct nsr_packet - one packet of a batch
 * @data:     first byte, at the link type of @iface
 * @stamp_ns: when, in ns since 1970-01-01 UTC (a device's own clock may keep another time scale);
 *            what a file has from before 1970 or after 2554 becomes the nearest; see NSR_PKT_NO_STAMP
 * @caplen:   bytes at @data
 * @len:      bytes on the wire
 * @iface:    which interface: the id for nsr_interface_get()
 * @flags:    enum nsr_packet_flag
 * @hash:     flow hash where the engine has one, else 0
 * @vlan_tci: with NSR_PKT_VLAN the tag that was put back (priority, DEI, VLAN id)
 * @vlan_tpid: with NSR_PKT_VLAN its EtherType, usually 0x8100
 * @options_at: how far behind @data the packet's options stand, such as comments, which a pcapng file
 *            holds; for nsr_writer_put_packet()
 * @options_bytes: of the options, a multiple of 4; 0: there are none
 */
struct nsr_packet {
	const uint8_t *data;
	uint64_t stamp_ns;
	uint32_t caplen;
	uint32_t len;
	uint32_t iface;
	uint32_t flags;
	uint32_t hash;
	uint16_t vlan_tci;
	uint16_t vlan_tpid;
	uint32_t options_at;
	uint32_t options_bytes;
};

/**
 * nsr_packet_frame_bytes() - how many bytes at @packet->data are the frame, without its FCS
 * @packet: of a batch
 */
static inline uint32_t nsr_packet_frame_bytes(const struct nsr_packet *packet)
{
	uint32_t fcs = packet->flags >> NSR_PKT_FCS_SHIFT & NSR_PKT_FCS_MOST;
	uint32_t frame = packet->len > fcs ? packet->len - fcs : 0;

	return packet->caplen < frame ? packet->caplen : frame;
}

/**
 * struct nsr_batch - packets handed out together
 * @packets: the first of @count, owned by the capture, valid until the next nsr_recv() on it
 * @count:   how many
 */
struct nsr_batch {
	const struct nsr_packet *packets;
	uint32_t count;
};

/**
 * struct nsr_frame - one frame to send
 * @data: whole frame with its link-layer header; not kept after nsr_send() returns
 * @len:  bytes
 */
struct nsr_frame {
	const void *data;
	uint32_t len;
};

/**
 * struct nsr_stats - totals since the capture was opened, and the loss ledger
 * @size:          sizeof(struct nsr_stats), set by the caller (NSR_STATS_INIT)
 * @packets:       handed out by nsr_recv()
 * @bytes:         their lengths on the wire
 * @lost_nic:      lost in the device (receive queue overrun), all its users together
 * @lost_kernel:   lost in the kernel before they reached the capture
 * @lost_ring:     lost because the ring was full: the reader was too slow
 * @lost_consumer: taken from the ring but not handed out, or lost with a member of the fanout
 *                 group that died
 * @sent:          frames accepted for sending
 * @sent_bytes:    their lengths
 * @filtered:      refused by the filter; NSR_UNKNOWN where nobody can tell. A packet socket does
 *                 not tell: the engine packet takes the packets that the device has counted and the
 *                 socket has not accepted, so that a device that counts differently (GRO joins
 *                 packets) shifts the figure
 * @sampled:       left out by sampling
 * @unasked:       of @filtered, those whose link type can't be asked what the filter asks (the link-layer
 *                 address of a link without one)
 */
struct nsr_stats {
	size_t size;
	uint64_t packets;
	uint64_t bytes;
	uint64_t lost_nic;
	uint64_t lost_kernel;
	uint64_t lost_ring;
	uint64_t lost_consumer;
	uint64_t sent;
	uint64_t sent_bytes;
	uint64_t filtered;
	uint64_t sampled;
	uint64_t unasked;
};

#define NSR_STATS_INIT NSR_SIZED_INIT(nsr_stats)

/** A figure that nobody knows. */
#define NSR_UNKNOWN UINT64_MAX

/**
 * struct nsr_info - what an open capture turned out to be
 * @size:          sizeof(struct nsr_info), set by the caller (NSR_INFO_INIT)
 * @engine:        its name
 * @mode:          how the engine works here, for people ("TPACKET_V3")
 * @place:         the place as the user named it, "" for the caller's own namespace
 * @device:        the device as the kernel calls it, "any", or the file
 * @linktype:      LINKTYPE_ value, see https://www.tcpdump.org/linktypes.html; of a file, that of
 *                 its first interface
 * @snaplen:       bytes kept of each packet
 * @ring_bytes:    memory of the ring, 0 without one
 * @batch_packets: most packets in a batch; opened for sending only: how many frames nsr_send()
 *                 best gets at once
 * @fanout_group:  the group's number, 0 without one
 * @netns_inode:   the namespace's inode number, 0 for a file, and where there is no /proc
 * @netns_cookie:  and its cookie, never reused while the host runs; 0 for a file
 * @diverts:       packets handed out don't reach the network stack: the capture takes them away
 * @offline:       packets come from no device but from a file
 * @mixed:         packets of other link types than @linktype may come: nsr_interface_get() tells
 * @queued:        frames that nsr_send() accepts go into a queue, which may still drop them: the
 *                 device's own counters tell what has left
 * @damaged_options: packets of a file, so far, of whose options some were damaged and ignored
 * @left_out:      blocks of a file, so far, that nsr_saved_get() can't hand out: of an unknown kind,
 *                 damaged, not to be copied, or too many
 */
struct nsr_info {
	size_t size;
	char engine[16];
	char mode[48];
	char place[256];
	char device[256];
	uint32_t linktype;
	uint32_t snaplen;
	uint64_t ring_bytes;
	uint32_t batch_packets;
	uint32_t fanout_group;
	uint64_t netns_inode;
	uint64_t netns_cookie;
	bool diverts;
	bool offline;
	bool mixed;
	bool queued;
	uint64_t damaged_options;
	uint64_t left_out;
};

#define NSR_INFO_INIT NSR_SIZED_INIT(nsr_info)

/**
 * struct nsr_interface - an interface that packets came from
 * @size:     sizeof(struct nsr_interface), set by the caller (NSR_INTERFACE_INIT)
 * @name:     as it was called when its first packet arrived; "" where a file does not tell
 * @ifindex:  in its namespace, 0 for a file
 * @linktype: LINKTYPE_ value of its packets
 * @snaplen:  bytes kept of each packet
 * @netns_cookie: of its namespace, where several are captured at once (place `all`), else 0
 * @fcs_bytes: a file says that its packets end in a frame check sequence of this length
 * @unasked:  its packets are left out, since the filter can't be asked of their link type
 * @section:  the section of a pcapng file that it stands in, for nsr_saved_get(); 0: none
 * @options:  what else the file says of it, for nsr_saved_get(); 0: nothing
 * @counts:   the statistics that the file has of it so far, for nsr_saved_get(); 0: none
 */
struct nsr_interface {
	size_t size;
	char name[64];
	uint32_t ifindex;
	uint32_t linktype;
	uint32_t snaplen;
	uint64_t netns_cookie;
	uint32_t fcs_bytes;
	bool unasked;
	uint32_t section;
	uint32_t options;
	uint32_t counts;
};

#define NSR_INTERFACE_INIT NSR_SIZED_INIT(nsr_interface)

/** Types of struct nsr_saved; any other is the number of a block of pcapng. */
enum nsr_saved_type {
	NSR_SAVED_INTERFACE = 0x00000001, /* options of an interface */
	NSR_SAVED_COUNTS = 0x00000005, /* an interface's statistics */
	NSR_SAVED_SECTION = 0x0a0d0d0a, /* options of a section: comments, and the capturing host */
};

/**
 * struct nsr_saved - what a pcapng file holds beside its packets, for those who write it anew
 * @size:    sizeof(struct nsr_saved), set by the caller (NSR_SAVED_INIT)
 * @type:    enum nsr_saved_type
 * @section: id of the section that it stands in; 0 for a section
 * @bytes:   of @data, a multiple of 4
 * @data:    options, or the body of a block (of statistics behind the interface's number): in this host's
 *           byte order, with times in ns. Owned by the capture, valid until the next nsr_recv() on it.
 */
struct nsr_saved {
	size_t size;
	uint32_t type;
	uint32_t section;
	uint32_t bytes;
	const void *data;
};

#define NSR_SAVED_INIT NSR_SIZED_INIT(nsr_saved)

/**
 * nsr_options_init() - set every option to its default
 * @opts: filled in
 */
static inline void nsr_options_init(struct nsr_options *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->size = sizeof(*opts);
}

/**
 * nsr_open() - open a target and start capturing
 * @target: see the top of this file; NULL is an error as "" is
 * @opts:   NULL for the defaults; not kept
 * @cap:    set to the capture, to be closed with nsr_close(); NULL after an error
 * @err:    the reason in words; may be NULL
 *
 * Needs CAP_NET_RAW in the target's namespace, and CAP_SYS_ADMIN to enter one that is not the
 * caller's. A file needs neither. The engine live needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON
 * instead of CAP_NET_RAW.
 *
 * Return: 0; -EINVAL a malformed target, option or filter; -ENOENT no such place, engine or file;
 * -ENODEV no such device; -EPERM or -EACCES a capability or permission is missing; -EOPNOTSUPP
 * the engine can't do what an option asks; -EBUSY the device is in use (XDP), or see @take of struct
 * nsr_options; -ENOMEM; -E2BIG see struct nsr_options, or a filter longer than the kernel takes in
 * immediate mode; -EBADMSG a file that is no capture file.
 */
NSR_CHECKED int nsr_open(const char *target, const struct nsr_options *opts,
			 struct nsr_capture **cap, struct nsr_error *err);

/**
 * nsr_close() - stop capturing and free everything
 * @cap: may be NULL; no other call on it may be under way
 */
void nsr_close(struct nsr_capture *cap);

/**
 * nsr_recv() - hand out the next batch of packets
 * @cap:     open capture; one reader thread at a time
 * @batch:   filled in; its packets stay valid until the next call on @cap
 * @wait_ms: 0 polls, -1 waits for ever
 *
 * Batches, because a wake-up per packet costs more than the copy.
 *
 * Return: packets in @batch; 0 when @wait_ms passed or nsr_wake() was called; -EINTR a signal came
 * first; -ENODATA the end of a file, or of what was taken before nsr_stop(); -ENODEV the device is
 * gone (deleted, or moved to another namespace); -ENETDOWN its namespace is gone; -EBADMSG the file
 * is damaged. A device set down and up again is no error. Packets taken before an error come
 * first; the error then repeats. nsr_last_error() has it in words.
 */
NSR_CHECKED int nsr_recv(struct nsr_capture *cap, struct nsr_batch *batch, int wait_ms);

/**
 * nsr_stop() - take no further packets
 * @cap: open capture; by its reader thread. A signal handler calls nsr_wake(): nsring(3) has an
 *       example.
 *
 * nsr_recv() goes on handing out what was taken before and then returns -ENODATA, so that the
 * totals of a run add up: taken = handed out + in the ledger. Stopping again does nothing.
 *
 * Return: 0, or -errno when the kernel refuses.
 */
NSR_CHECKED int nsr_stop(struct nsr_capture *cap);

/**
 * nsr_wake() - make the nsr_recv() under way, or the next one that would wait, return 0
 * @cap: open capture; any thread, and signal handlers too
 */
void nsr_wake(struct nsr_capture *cap);

/**
 * nsr_fd() - a descriptor that polls readable when nsr_recv() has something to say
 * @cap: open capture
 *
 * For select, poll and epoll; owned by @cap; never read from it. It may poll readable without a
 * packet: call nsr_recv() with @wait_ms 0 then. Call nsr_recv() until it returns 0 before waiting.
 *
 * Return: the descriptor.
 */
int nsr_fd(const struct nsr_capture *cap);

/**
 * nsr_set_filter() - change the filter of a running capture
 * @cap:    open capture; by its reader thread
 * @filter: tcpdump's syntax; NULL or "" accepts every packet
 * @err:    the reason in words; may be NULL
 *
 * The filter judges each packet as it is handed out (VLAN tags in place), on every engine. In a file
 * whose interfaces differ in link type it is compiled for each, and accepted if it compiles for one;
 * packets of the others are left out, see @unasked of struct nsr_stats. If it compiles for no packet's
 * link type, nsr_recv() says so at the end with -EINVAL.
 * Once this returns, no packet that the new filter refuses is handed out, also none that was
 * already waiting. The old filter stays when it fails. The last batch is no longer valid.
 *
 * Return: 0; -EINVAL a malformed filter; -EOPNOTSUPP the engine can't run it; -E2BIG it is longer
 * than the kernel takes; -ENOMEM.
 */
NSR_CHECKED int nsr_set_filter(struct nsr_capture *cap, const char *filter, struct nsr_error *err);

struct sock_filter;

/**
 * nsr_set_filter_code() - the same, by a program instead of a text
 * @cap:   open capture; by its reader thread
 * @code:  classic BPF, see linux/filter.h, for packets of the capture's link type; not kept
 * @count: its instructions
 * @err:   the reason in words; may be NULL
 *
 * The program judges packets as that of a packet socket does (SO_ATTACH_FILTER), other than a text: a
 * VLAN tag that nsring puts back, and an outer tag of a frame that comes by way of XDP, is not in the packet
 * but in the ancillary fields. libpcap compiles such programs for a device. In a capture of
 * LINKTYPE_LINUX_SLL2 the program's packets begin with that header. In a file every tag is in place.
 * Any value except 0 accepts a packet, and keeps as much of it as the option snaplen says.
 *
 * Return: as nsr_set_filter(); -EINVAL a program that the kernel would refuse; -EOPNOTSUPP it asks what
 * packets don't tell once they are captured: of SKF_AD_… it may ask for the VLAN fields, and of cooked
 * packets for the protocol, the packet's type, the interface's index and its type.
 */
NSR_CHECKED int nsr_set_filter_code(struct nsr_capture *cap, const struct sock_filter *code,
				    uint32_t count, struct nsr_error *err);

/**
 * nsr_set_direction() - change which packets of a running capture are handed out
 * @cap:       open capture; by its reader thread
 * @direction: NSR_BOTH, NSR_IN or NSR_OUT
 * @err:       the reason in words; may be NULL
 *
 * Once this returns, no packet of the other direction is handed out, except those of which nobody knows the
 * direction. They count as filtered. To open a capture for one direction is quicker: the kernel leaves the
 * others out.
 *
 * Return: 0; -EINVAL no direction, or one that the capture was not opened for.
 */
NSR_CHECKED int nsr_set_direction(struct nsr_capture *cap, enum nsr_direction direction,
				  struct nsr_error *err);

/**
 * nsr_send() - send a batch of frames
 * @cap:    capture opened with NSR_SEND
 * @frames: what to send, in order
 * @count:  how many; 0 only looks whether the namespace is still there
 *
 * Of a capture that also receives it is nsr_recv() that notices when the namespace is gone.
 *
 * Waits while the device's queue is full, 100 ms at most. The engine live has a cost for each call
 * that thousands of frames should share: see @batch_packets of struct nsr_info.
 *
 * Return: frames accepted, which can be fewer than @count: the one after them could not be sent
 * now; when it is the first: -EMSGSIZE longer than the device takes, -ENETDOWN the device is down,
 * or its namespace is gone, -ENODEV it is gone, -EAGAIN its queue stays full (or an egress filter
 * drops what is sent), -EINTR a signal came, -EOPNOTSUPP the engine can't send (live: no longer on
 * this device), -EBADF the capture was opened without NSR_SEND.
 */
NSR_CHECKED int nsr_send(struct nsr_capture *cap, const struct nsr_frame *frames, uint32_t count);

/**
 * nsr_stats_get() - totals and the loss ledger
 * @cap:   open capture
 * @stats: filled in up to @stats->size
 *
 * Return: 0, or -EINVAL when @stats->size is too small to hold anything.
 */
int nsr_stats_get(struct nsr_capture *cap, struct nsr_stats *stats);

/**
 * nsr_info_get() - what the capture turned out to be
 * @cap:  open capture
 * @info: filled in up to @info->size
 *
 * Return: 0, or -EINVAL when @info->size is too small to hold anything.
 */
int nsr_info_get(const struct nsr_capture *cap, struct nsr_info *info);

/**
 * nsr_interface_get() - look up an interface by the id that packets carry
 * @cap:   open capture
 * @id:    0, 1, … in the order in which the capture met them; a file's sections share the ids of
 *         interfaces that are alike
 * @iface: filled in up to @iface->size
 *
 * Return: 0; -ENOENT no such id (yet); -EINVAL when @iface->size is too small to hold anything.
 */
int nsr_interface_get(struct nsr_capture *cap, uint32_t id, struct nsr_interface *iface);

/**
 * nsr_saved_get() - look up what a pcapng file holds beside its packets
 * @cap:   open capture
 * @id:    1, 2, … in the order in which the capture met them: sections, options and statistics of
 *         interfaces, and blocks of names, secrets and the like. Things that are alike share an id.
 * @saved: filled in up to @saved->size
 *
 * The writer takes each: see nsr_writer_put_saved().
 *
 * Return: 0; -ENOENT no such id (yet); -EINVAL when @saved->size is too small to hold anything.
 */
int nsr_saved_get(struct nsr_capture *cap, uint32_t id, struct nsr_saved *saved);

/**
 * nsr_last_error() - the last error of nsr_recv(), nsr_send() or nsr_stop() in words; of nsr_send() in the thread
 * that called it
 * @cap: open capture
 *
 * Return: owned by @cap, valid until the next call on it; all zero without an error.
 */
const struct nsr_error *nsr_last_error(const struct nsr_capture *cap);

/**
 * nsr_version() - the library's version
 *
 * Return: "MAJOR.MINOR.PATCH", static.
 */
const char *nsr_version(void);

#ifdef __cplusplus
}
#endif

#endif
