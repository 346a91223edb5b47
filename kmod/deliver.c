// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hot path: from a device's hook into the rings.
 *
 *	nsr_deliver()	for each tap of the device's hook
 *	  judge()	  whom is it for, and how many bytes: the readers' filters
 *	  find_room()	  ordinary ring: has the reader made room; if not, the packet counts as full
 *	  give_up()	  shared ring: give up the oldest records
 *	  describe()	  the record's header; then the bytes
 *	  publish()	  head, and a look whether anybody waits
 *
 * Lanes. All of it runs under RCU with bottom halves off, and each CPU writes only its own lane of
 * a ring, which it has before it starts (lane.c). So nothing is locked, and CPUs share only what
 * readers look at. A lane has two halves: struct nsr_lane is the truth, out of user space's sight;
 * struct nsring_lane (@shown) is what user space maps. The CPU writes @shown and never reads it back
 * to decide where to write.
 *
 * Readers. A ring's readers are a list that never changes; another takes its place under RCU. A
 * packet is judged, counted and announced by one list. A lane keeps no pointer into it, only the
 * number of the list that it has seen last: see reader.h.
 *
 * Oldest. A shared ring gives up its oldest records by the 64th of a lane. @starts has the position
 * of the first record that begins in each of these parts. It is as private as @head, so the lengths in
 * what user space maps decide nothing.
 *
 * others. An overtaken reader wants to know how many of the lost records were for it. In each lane
 * @written counts all records, and others[i] those that were not for reader i: the difference is
 * what was for it. Counting the exceptions is cheap, as readers of one ring mostly want the same. A
 * reader that joins starts at others = written in each lane that then gets a packet, see reader.h.
 *
 * Functions that most packets don't need are apart, and not inlined.
 */
#include <linux/align.h>
#include <linux/filter.h>
#include <linux/lockdep.h>

#include "cluster.h"
#include "compat.h"
#include "hook.h"
#include "packet.h"
#include "reader.h"
#include "ring.h"
#include "sock.h"
#include "wake.h"

/*
 * The sender of the packet that nsr_deliver() gets next on this CPU: it gets a clone, which belongs
 * to no socket. Nothing else is sent in between, as bottom halves are off.
 *
 * It is a hint. Where the kernel has no memory for the clone it doesn't call nsr_deliver(), and the
 * next packet may be one that has no sender, so that nobody corrects the hint. It says that the
 * socket was the sender only if the packet has the socket's mark, too; the mark alone would not do,
 * as a packet keeps it when it is received elsewhere and sent on.
 */
static DEFINE_PER_CPU(const struct sock *, sender);

/* The readers that a packet is for, by index, and the bytes to keep for them. */
struct verdict {
	u32 readers;
	u32 keep;
};

/* Only this CPU writes it, in one instruction where there is one; others just look. */
static __always_inline void count(u64 *counter)
{
	data_race((*counter)++);
}

/* The ring's readers have changed. A reader that is new to this lane has missed nothing yet. */
static noinline void meet_readers(const struct nsr_readers *readers, struct nsr_lane *lane)
{
	u32 i;

	if (!lane->data)
		return;
	for (i = 0; i < readers->count; i++)
		if (readers->slots[i].sock->joined > lane->met)
			WRITE_ONCE(lane->shown->others[readers->slots[i].sock->index],
				   lane->shown->written);
	lane->met = readers->number;
	/* One of them may want to be woken sooner than the others. */
	lane->alarm = 0;
}

/* The bytes to keep for one reader; 0: the packet is not for it. */
static __always_inline u32 judge_one(const struct nsr_ring *ring, struct nsr_lane *lane,
				     struct sk_buff *skb, const struct sock *from,
				     const struct nsr_sock *reader)
{
	struct sk_filter *filter = rcu_dereference(reader->sk.sk_filter);
	u32 keep;

	/* A socket doesn't see what it has sent itself. */
	if (unlikely(from == &reader->sk) && nsr_sock_has_marked(reader, skb))
		return 0;
	if (!filter)
		return U32_MAX;
	keep = nsr_packet_filter(skb, filter->prog, ring->cooked);
	if (!keep)
		count(&lane->refused[reader->index]);
	return keep;
}

static __always_inline struct verdict judge(const struct nsr_ring *ring, struct nsr_lane *lane,
					    struct sk_buff *skb, const struct sock *from,
					    const struct nsr_readers *readers)
{
	return (struct verdict){
		.readers = 1,
		.keep = judge_one(ring, lane, skb, from, readers->slots[0].sock),
	};
}

static __always_inline struct verdict judge_shared(const struct nsr_ring *ring,
						   struct nsr_lane *lane, struct sk_buff *skb,
						   const struct sock *from,
						   const struct nsr_readers *readers)
{
	const struct nsr_reader_slot *slot, *end = readers->slots + readers->count;
	struct verdict verdict = {};
	unsigned long filters = 0;
	u32 keep;

	if (unlikely(lane->met != readers->number))
		meet_readers(readers, lane);
	/* Mostly nobody has a filter, which is soon seen. */
	for (slot = readers->slots; slot < end; slot++)
		filters |= (unsigned long)rcu_access_pointer(slot->sock->sk.sk_filter);
	if (!filters && !from)
		return (struct verdict){ .readers = readers->here, .keep = U32_MAX };
	for (slot = readers->slots; slot < end; slot++) {
		keep = judge_one(ring, lane, skb, from, slot->sock);
		if (!keep)
			continue;
		verdict.readers |= slot->bit;
		verdict.keep = max(verdict.keep, keep);
	}
	return verdict;
}

/* Every nth packet is kept. */
static noinline bool left_out(const struct nsr_ring *ring, struct nsr_lane *lane)
{
	if (lane->countdown == 0) {
		lane->countdown = ring->sample - 1;
		return false;
	}
	lane->countdown--;
	count(&lane->sampled);
	return true;
}

static bool count_full(struct nsr_lane *lane)
{
	count(&lane->full);
	if (lane->data)
		WRITE_ONCE(lane->shown->full, lane->full);
	return false;
}

/* The lane gets its first packet: readers look at it from now on. False: it has no memory. */
static bool use_lane(const struct nsr_ring *ring, struct nsr_lane *lane)
{
	if (!lane->data)
		return false;
	/* Before the first head is published. Other CPUs set bits of the same word. */
	set_bit(smp_processor_id(), ring->used);
	lane->used = true;
	return true;
}

/*
 * Is there room up to position @end? If not, the packet counts as full. User space writes the tail: an
 * impossible value counts as a full lane, and is not kept. The first packet of a lane comes here, too: see
 * NSR_POS_UNKNOWN.
 */
static noinline bool find_room(const struct nsr_ring *ring, struct nsr_lane *lane, u64 end)
{
	u64 tail;

	if (unlikely(!lane->used) && !use_lane(ring, lane))
		return count_full(lane);
	/* Pairs with the reader's store: it has read everything before the tail. */
	tail = smp_load_acquire(&ring->cursors[smp_processor_id()].tail);
	if (lane->head - tail > ring->lane_bytes)
		return count_full(lane);
	lane->tail = tail;
	return end - tail <= ring->lane_bytes || count_full(lane);
}

static noinline void note_part(const struct nsr_ring *ring, struct nsr_lane *lane, u64 pos)
{
	u64 part = pos >> ring->part_shift;

	lane->starts[part % NSR_PARTS] = pos;
	lane->part_end = (part + 1) << ring->part_shift;
}

/* A record, or padding, begins at @pos: is it the first of a part? */
static __always_inline void note_start(const struct nsr_ring *ring, struct nsr_lane *lane, u64 pos)
{
	if (unlikely(pos >= lane->part_end))
		note_part(ring, lane, pos);
}

/*
 * The first start in the parts behind the one of the oldest record; the head if there is none. A part has none
 * where a record runs through it: the longest takes sixteen. What is there then is a start of a turn of the
 * lane ago.
 */
static u64 next_oldest(const struct nsr_ring *ring, const struct nsr_lane *lane)
{
	u64 part = lane->oldest >> ring->part_shift, start;

	while (++part <= lane->head >> ring->part_shift) {
		start = lane->starts[part % NSR_PARTS];
		if (start >> ring->part_shift == part)
			return start;
	}
	return lane->head;
}

/*
 * Give up records until there is room up to position @end. The first packet of a lane comes here, too. False:
 * the lane has no memory, and the packet counts as full.
 */
static noinline bool give_up(const struct nsr_ring *ring, struct nsr_lane *lane, u64 end)
{
	if (unlikely(!lane->used)) {
		if (!use_lane(ring, lane))
			return count_full(lane);
		lane->oldest = 0;
	}
	while (end - lane->oldest > ring->lane_bytes)
		lane->oldest = next_oldest(ring, lane);
	WRITE_ONCE(lane->shown->oldest, lane->oldest);
	return true;
}

/* Tell readers, before what follows is written, that what was there is void. */
static __always_inline void claim(struct nsring_lane *shown, u64 end)
{
	/*
	 * After oldest, so that a reader that has seen claimed finds an oldest record that is whole. Pairs with
	 * the readers' load of oldest behind that of claimed.
	 */
	smp_store_release(&shown->claimed, end);
	/* Pairs with the readers' barrier behind their copy. */
	smp_wmb();
}

/* Fill the rest of the data, in which the next record has no room. */
static noinline void pad(struct nsr_lane *lane, u64 pos, u32 bytes)
{
	struct nsring_record *record = (void *)(lane->data + pos);

	record->bytes = bytes;
	record->type = NSRING_PAD;
}

/*
 * Most packets are short, and a string instruction takes as long to start as the copy takes. So
 * these are copied by words, half of them from the start and half up to the end, which may overlap.
 * The shortest frames of Ethernet come first. The compiler makes moves of copies whose length it knows.
 */
static __always_inline void copy(u8 *to, const u8 *from, u32 bytes)
{
	if (bytes > 32 && bytes <= 64) {
		__builtin_memcpy(to, from, 32);
		__builtin_memcpy(to + bytes - 32, from + bytes - 32, 32);
	} else if (bytes > 64 && bytes <= 128) {
		__builtin_memcpy(to, from, 64);
		__builtin_memcpy(to + bytes - 64, from + bytes - 64, 64);
	} else {
		memcpy(to, from, bytes);
	}
}

/* Return: bytes copied. */
static __always_inline u32 copy_packet(const struct sk_buff *skb, int start, u8 *to, u32 caplen)
{
	if (unlikely(skb_is_nonlinear(skb)))
		return nsr_packet_copy_fragments(skb, start, to, caplen);
	copy(to, skb->data + start, caplen);
	return caplen;
}

/*
 * What is known of a packet's checksum, by whether it goes out, and skb->ip_summed. CHECKSUM_COMPLETE only says
 * that somebody has summed the bytes up. Nor does csum_valid tell, which packet sockets look at: in a packet
 * from a GRE tunnel it is left from the outer header.
 */
static const u8 checksum_flags[2][4] = {
	{ [CHECKSUM_PARTIAL] = NSRING_CSUM_PARTIAL, [CHECKSUM_UNNECESSARY] = NSRING_CSUM_GOOD },
	{ [CHECKSUM_PARTIAL] = NSRING_CSUM_PARTIAL },
};

static __always_inline u16 flags_of(const struct sk_buff *skb, unsigned int outgoing)
{
	u32 flags = checksum_flags[outgoing][skb->ip_summed];

	BUILD_BUG_ON(NSRING_CSUM_PARTIAL > U8_MAX || NSRING_CSUM_GOOD > U8_MAX);
	BUILD_BUG_ON(NSRING_OUT != 1);
	flags |= outgoing;
	flags |= skb_is_gso(skb) ? NSRING_GSO : 0;
	flags |= skb->l4_hash ? NSRING_HASH_L4 : 0;
	return flags;
}

static noinline void describe_tag(struct nsring_record *record, const struct sk_buff *skb)
{
	if (!skb_vlan_tag_present(skb))
		return;
	record->flags |= NSRING_VLAN;
	record->vlan_tci = skb_vlan_tag_get(skb);
	record->vlan_tpid = ntohs(skb->vlan_proto);
}

static noinline void stamp_by_device(struct nsring_record *record, const struct sk_buff *skb)
{
	struct nsring_stamped_record *stamped = (void *)record;

	stamped->device_ns = nsr_packet_device_stamp(skb);
	if (stamped->device_ns)
		record->flags |= NSRING_STAMP_HW;
}

/*
 * A sender can ask for a time to send at (SO_TXTIME), which some kernels leave in the packet as it is received by a
 * veth. Packets don't wait so long for the stack, and none comes from the future.
 */
static noinline u64 check_stamp(u64 stamp_ns, u64 now_ns)
{
	return now_ns - stamp_ns <= NSEC_PER_SEC ? stamp_ns : now_ns;
}

/* When the kernel had the packet. */
static __always_inline u64 stamp_of(const struct sk_buff *skb)
{
	u64 stamp_ns = skb_tstamp(skb), now_ns = ktime_get_real_ns();

	return unlikely(stamp_ns) ? check_stamp(stamp_ns, now_ns) : now_ns;
}

/* Fill in a record's header, except the lengths, the kernel's stamp and the tag. */
static __always_inline void describe(struct nsring_record *record, const struct nsr_hook *hook,
				     const struct sk_buff *skb, unsigned int outgoing, u32 readers)
{
	u8 pkt_type = skb->pkt_type;
	u16 flags = flags_of(skb, outgoing);
	u32 ifindex = skb->dev->ifindex, hash = skb->hash;

	record->type = NSRING_PACKET;
	record->pkt_type = pkt_type;
	record->flags = flags;
	record->netns = hook->netns;
	record->ifindex = ifindex;
	record->hash = hash;
	record->vlan_tci = 0;
	record->vlan_tpid = 0;
	record->readers = readers;
}

/* Count the record for the readers that it is not for, whose bits @others has. */
static noinline void count_others(struct nsr_lane *lane, unsigned long others)
{
	u32 index;

	/* After @written: a reader of the two in the other order never finds others > written. */
	smp_wmb();
	for_each_set_bit(index, &others, NSRING_READERS_MAX)
		count(&lane->shown->others[index]);
}

/* @waiting: bits of those that wait for a first packet, which this is. */
static noinline void wake_readers(const struct nsr_readers *readers, struct nsr_lane *lane,
				  u64 head, u32 waiting)
{
	u64 quiet = U64_MAX;
	u32 i;

	for (i = 0; i < readers->count; i++)
		quiet = min(quiet, nsr_wake(readers->slots[i].sock, smp_processor_id(), head,
					    waiting & readers->slots[i].bit));
	lane->alarm = head + quiet;
}

static __always_inline void publish(const struct nsr_ring *ring, struct nsr_lane *lane,
				    struct nsring_lane *shown, const struct nsr_readers *readers,
				    u32 wanted)
{
	u64 head = lane->head;
	u32 waiting;

	/* Readers that see this head see whole records before it. */
	smp_store_release(&shown->head, head);
	/* Either a reader on its way to sleep sees the head, or we see that it waits: wake.c. */
	smp_mb();
	waiting = READ_ONCE(ring->waiting) & wanted;
	if (unlikely(waiting || head >= lane->alarm))
		wake_readers(readers, lane, head, waiting);
}

/**
 * struct event - a packet in a hook
 * @hook:     the hook
 * @skb:      the packet
 * @from:     the socket that has sent it, compared only; NULL: none, or not known
 * @stamp_ns: when the kernel had the packet, so that the clock is asked once for all rings; 0: nobody has
 *            asked it yet
 * @outgoing: 1: it is being sent, 0: it comes in
 */
struct event {
	const struct nsr_hook *hook;
	struct sk_buff *skb;
	const struct sock *from;
	u64 stamp_ns;
	unsigned int outgoing;
};

/*
 * Write a packet into a ring, if its readers want it. @shared and @usual are the ring's. Return: the event's
 * @stamp_ns from now on. (Events go by value, so that their fields may stay in registers.)
 */
static __always_inline u64 write(struct nsr_ring *ring, struct event event, const bool shared,
				 const bool usual)
{
	const u32 header_bytes = usual ? sizeof(struct nsring_record) : ring->header_bytes;
	const struct nsr_readers *readers = rcu_dereference(ring->readers);
	struct nsr_lane *lane = ring->lanes[(unsigned int)smp_processor_id()];
	const bool cooked = usual ? false : ring->cooked;
	struct sk_buff *skb = event.skb;
	u64 lane_bytes = ring->lane_bytes, pos, end;
	struct nsring_record *record;
	struct nsring_lane *shown;
	u32 len, caplen, bytes, growth;
	struct verdict verdict;
	bool has_prefix;
	u8 *data;
	int start;

	if (unlikely(!readers))
		return event.stamp_ns;
	verdict = shared ? judge_shared(ring, lane, skb, event.from, readers)
			 : judge(ring, lane, skb, event.from, readers);
	if (!verdict.keep)
		return event.stamp_ns;
	if (!usual && ring->sample > 1 && left_out(ring, lane))
		return event.stamp_ns;

	start = nsr_packet_start_of(skb, cooked, event.outgoing);
	len = skb->len - start;
	has_prefix = nsr_packet_has_prefix(skb, cooked);
	if (unlikely(has_prefix)) {
		/* 0 if the packet is too short for the tag, which is then left out. */
		growth = nsr_packet_growth(skb, cooked);
		has_prefix = growth;
		len += growth;
	}
	caplen = min3(len, verdict.keep, ring->snaplen);
	bytes = ALIGN(header_bytes + caplen, NSRING_ALIGN);
	pos = lane->head & (lane_bytes - 1);
	end = lane->head + bytes;
	/* A record does not go round the end of the data. */
	if (unlikely(pos + bytes > lane_bytes))
		end += lane_bytes - pos;
	if (shared) {
		if (unlikely(end - lane->oldest > lane_bytes) && !give_up(ring, lane, end))
			return event.stamp_ns;
		claim(lane->shown, end);
		note_start(ring, lane, lane->head);
	} else if (unlikely(end - lane->tail > lane_bytes) && !find_room(ring, lane, end)) {
		return event.stamp_ns;
	}
	if (unlikely(pos + bytes > lane_bytes)) {
		pad(lane, pos, lane_bytes - pos);
		if (shared)
			note_start(ring, lane, end - bytes);
		pos = 0;
	}

	record = (void *)(lane->data + pos);
	data = (u8 *)record + header_bytes;
	describe(record, event.hook, skb, event.outgoing, verdict.readers);
	if (!usual && ring->device_stamps)
		stamp_by_device(record, skb);
	record->bytes = bytes;
	record->len = len;
	if (unlikely(has_prefix)) {
		describe_tag(record, skb);
		record->caplen = nsr_packet_copy_prefixed(skb, cooked, data, caplen);
	} else {
		record->caplen = copy_packet(skb, start, data, caplen);
	}
	lane->head = end;
	if (!event.stamp_ns)
		event.stamp_ns = stamp_of(skb);
	record->stamp_ns = event.stamp_ns;
	shown = lane->shown;
	count(&shown->written);
	if (shared && unlikely(verdict.readers != readers->everyone))
		count_others(lane, readers->everyone & ~verdict.readers);
	publish(ring, lane, shown, readers, verdict.readers);
	return event.stamp_ns;
}

static noinline u64 write_unusual(struct nsr_ring *ring, struct event event)
{
	return ring->shared ? write(ring, event, true, false) : write(ring, event, false, false);
}

/**
 * nsr_deliver_is_own() - whether the kernel should withhold a packet that a socket sends
 * @type: the hook's
 * @sk:   the socket
 *
 * The kernel calls it right before nsr_deliver(). The packet is its own only to some of the hook's
 * readers, so the answer is no, and judge_one() compares each with the noted sender.
 *
 * With bottom halves on the packet is not from a socket of ours: see deliver_with_bh_off().
 */
bool nsr_deliver_is_own(struct packet_type *type, struct sock *sk)
{
	if (likely(softirq_count()))
		this_cpu_write(sender, sk);
	return false;
}

/*
 * From 6.9 to 6.11, and in some stable kernels of that time, vrf shows a packet that the host sends
 * through it to its taps with bottom halves on. Then another packet could come into the middle of
 * a lane, or the lane's CPU be another one. None of our sockets has sent it: these send by
 * dev_queue_xmit(), which has them off.
 */
static noinline int deliver_with_bh_off(struct sk_buff *skb, struct net_device *dev,
					struct packet_type *type)
{
	int rc;

	local_bh_disable();
	this_cpu_write(sender, NULL);
	rc = nsr_deliver(skb, dev, type, dev);
	local_bh_enable();
	return rc;
}

/**
 * nsr_deliver() - a device has received or sent a packet
 * @skb:      a reference to it, which is given back
 * @dev:      the device
 * @type:     in its hook
 * @orig_dev: unused
 *
 * The kernel holds rcu_read_lock and has bottom halves off, except where deliver_with_bh_off() says.
 */
int nsr_deliver(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
		struct net_device *orig_dev)
{
	struct event event = {
		.hook = container_of(type, struct nsr_hook, type),
		.skb = skb,
		.outgoing = nsr_packet_is_outgoing(skb),
	};
	const struct nsr_tap *tap;
	struct nsr_ring *ring;

	if (unlikely(!softirq_count()))
		return deliver_with_bh_off(skb, dev, type);
	lockdep_assert_in_softirq();
	if (unlikely(skb->pkt_type == PACKET_LOOPBACK))
		goto consume;
	if (event.outgoing) {
		event.from = this_cpu_read(sender);
		this_cpu_write(sender, NULL);
	}
	list_for_each_entry_rcu(tap, &event.hook->taps, in_hook) {
		if (!tap->wants[event.outgoing])
			continue;
		ring = tap->source->ring;
		if (unlikely(!ring)) {
			ring = nsr_cluster_choose(tap->source->cluster, skb);
			if (!ring)
				continue;
			/* Dealt to a member that is about to join, or has just left. */
			if (unlikely(!rcu_access_pointer(ring->readers))) {
				count_full(ring->lanes[smp_processor_id()]);
				continue;
			}
		}
		if (unlikely(!ring->usual))
			event.stamp_ns = write_unusual(ring, event);
		else if (unlikely(ring->shared))
			event.stamp_ns = write(ring, event, true, true);
		else
			event.stamp_ns = write(ring, event, false, true);
	}
consume:
	/* As consume_skb(), which expects that nobody else has a reference; here the kernel mostly has one. */
	if (unlikely(refcount_dec_and_test(&skb->users)))
		__kfree_skb(skb);
	return NET_RX_SUCCESS;
}

#ifdef DEBUG
#include "selftest/deliver.c"
#endif
