// SPDX-License-Identifier: GPL-2.0-only
/*
 * Part of deliver.c in debug builds: when the module is loaded, packets of all lengths go into a lane of a
 * ring that nobody else has, and are looked for in it, record by record. A module that fails is not
 * loaded.
 */
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#define SELFTEST_PACKETS  4000
#define SELFTEST_SHORTEST 16U
#define SELFTEST_LONGEST  (NSRING_LANE_MIN / 4 - 64)

#define expect(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			pr_err("nsring: self-test: not so: %s, line %d\n", #condition, __LINE__);  \
			return false;                                                              \
		}                                                                                  \
	} while (0)

/* A ring of one lane, and what should be in it. */
struct trial {
	struct nsr_ring *ring;
	struct nsr_lane *lane;
	struct nsring_cursor *cursors;
	struct nsr_readers *readers;
	struct nsr_sock *sock;
	struct sk_buff *skb;
	struct nsr_hook *hook;
	u32 first, next; /* numbers of packets: the oldest that has not been read, and the next */
	u32 random;
};

static u32 __init number_to_length(u32 number)
{
	u32 random = number * 2654435761U;

	/* Most are short, every 16th is of any length. */
	return SELFTEST_SHORTEST + (random >> 8) % (number % 16 ? 200 : SELFTEST_LONGEST - 16);
}

static void __init trial_end(struct trial *trial)
{
	kfree_skb(trial->skb);
	kfree(trial->hook);
	kfree(trial->sock);
	kfree(trial->readers);
	kfree(trial->cursors);
	if (trial->lane) {
		kvfree(trial->lane->data);
		kfree(trial->lane->shown);
		kfree(trial->lane->starts);
	}
	kfree(trial->lane);
	if (trial->ring)
		kfree(trial->ring->used);
	kfree(trial->ring);
}

static bool __init trial_begin(struct trial *trial, bool shared, bool usual)
{
	*trial = (struct trial){
		.ring = kzalloc(struct_size(trial->ring, lanes, nr_cpu_ids), GFP_KERNEL),
		.lane = kzalloc(struct_size(trial->lane, refused, 1), GFP_KERNEL),
		.cursors = kcalloc(nr_cpu_ids, sizeof(*trial->cursors), GFP_KERNEL),
		.readers = kzalloc(struct_size(trial->readers, slots, 1), GFP_KERNEL),
		.sock = kzalloc(sizeof(*trial->sock), GFP_KERNEL),
		.skb = alloc_skb(SELFTEST_LONGEST, GFP_KERNEL),
		.hook = kzalloc(sizeof(*trial->hook), GFP_KERNEL),
	};
	if (!trial->ring || !trial->lane || !trial->cursors || !trial->readers || !trial->sock ||
	    !trial->skb || !trial->hook)
		return false;
	trial->ring->used = kcalloc(BITS_TO_LONGS(nr_cpu_ids), sizeof(long), GFP_KERNEL);
	trial->lane->data = kvzalloc(NSRING_LANE_MIN, GFP_KERNEL);
	trial->lane->shown = kzalloc(sizeof(*trial->lane->shown), GFP_KERNEL);
	trial->lane->starts = kcalloc(NSR_PARTS, sizeof(u64), GFP_KERNEL);
	if (!trial->ring->used || !trial->lane->data || !trial->lane->shown || !trial->lane->starts)
		return false;

	trial->ring->lane_bytes = NSRING_LANE_MIN;
	trial->ring->part_shift = ilog2(NSRING_LANE_MIN) - NSR_PARTS_SHIFT;
	trial->ring->snaplen = NSRING_SNAPLEN_MAX;
	trial->ring->sample = 1;
	trial->ring->shared = shared;
	trial->ring->usual = usual;
	trial->ring->device_stamps = !usual;
	trial->ring->header_bytes =
		usual ? sizeof(struct nsring_record) : sizeof(struct nsring_stamped_record);
	trial->ring->cursors = trial->cursors;
	trial->lane->tail = trial->lane->oldest = NSR_POS_UNKNOWN;
	trial->lane->alarm = U64_MAX;
	trial->lane->met = trial->readers->number = 1;
	trial->readers->count = 1;
	trial->readers->here = trial->readers->everyone = trial->readers->slots[0].bit = 1;
	trial->readers->slots[0].sock = trial->sock;
	RCU_INIT_POINTER(trial->ring->readers, trial->readers);
	skb_reset_mac_header(trial->skb);
	trial->skb->dev = init_net.loopback_dev;
	return true;
}

/* Offers the next packet. False: there was no room. */
static bool __init trial_write(struct trial *trial)
{
	struct event event = { .hook = trial->hook, .skb = trial->skb, .stamp_ns = 1 };
	u32 length = number_to_length(trial->next);
	u64 full = trial->lane->full;

	trial->ring->lanes[smp_processor_id()] = trial->lane;
	skb_trim(trial->skb, 0);
	memset(skb_put(trial->skb, length), (u8)trial->next, length);
	memcpy(trial->skb->data, &trial->next, sizeof(trial->next));
	if (!trial->ring->usual)
		write_unusual(trial->ring, event);
	else if (trial->ring->shared)
		write(trial->ring, event, true, true);
	else
		write(trial->ring, event, false, true);
	if (trial->lane->full != full)
		return false;
	trial->next++;
	return true;
}

/* The record at @*pos is that of packet @number, or padding; @*pos goes on. */
static bool __init trial_read(const struct trial *trial, u64 *pos, u32 *number)
{
	u64 at = *pos & (NSRING_LANE_MIN - 1);
	const struct nsring_record *record = (const void *)(trial->lane->data + at);
	const u8 *data = (const u8 *)record + trial->ring->header_bytes;
	u32 length = number_to_length(*number);

	expect(IS_ALIGNED(record->bytes, NSRING_ALIGN) && record->bytes);
	expect(record->bytes <= trial->lane->shown->head - *pos);
	expect(at + record->bytes <= NSRING_LANE_MIN);
	*pos += record->bytes;
	if (record->type == NSRING_PAD) {
		expect(at + record->bytes == NSRING_LANE_MIN);
		return true;
	}
	expect(record->type == NSRING_PACKET);
	expect(!memcmp(data, number, sizeof(*number)));
	expect(record->len == length && record->caplen == length);
	expect(data[length - 1] == (u8)*number);
	++*number;
	return true;
}

/* What is from @pos on are packets @number up to the last. */
static bool __init trial_read_all(const struct trial *trial, u64 pos, u32 number)
{
	while (pos < trial->lane->shown->head)
		if (!trial_read(trial, &pos, &number))
			return false;
	expect(pos == trial->lane->head);
	expect(number == trial->next);
	return true;
}

/* The reader reads some records, none or all; the lane is full in between, but never loses any. */
static bool __init try_ordinary(struct trial *trial)
{
	u64 *tail = &trial->cursors[smp_processor_id()].tail, good;

	while (trial->next < SELFTEST_PACKETS) {
		while (trial_write(trial))
			expect(trial->lane->head - *tail <= NSRING_LANE_MIN);
		expect(trial_read_all(trial, *tail, trial->first));
		/* Positions that no reader can have make no room. */
		good = *tail;
		*tail = trial->lane->head + NSRING_ALIGN;
		expect(!trial_write(trial));
		*tail = trial->lane->head - NSRING_LANE_MIN - NSRING_ALIGN;
		expect(!trial_write(trial));
		*tail = good;
		do {
			expect(trial_read(trial, tail, &trial->first));
			trial->random = trial->random * 1664525 + 1013904223;
		} while (*tail < trial->lane->head && trial->random >> 26);
	}
	return true;
}

/* The number of the first packet from @*pos on, which goes on over padding. */
static u32 __init first_number(const struct trial *trial, u64 *pos)
{
	const struct nsring_record *record;
	u32 number;

	for (;; *pos += record->bytes) {
		record = (const void *)(trial->lane->data + (*pos & (NSRING_LANE_MIN - 1)));
		if (record->type == NSRING_PACKET)
			break;
	}
	memcpy(&number, (const u8 *)record + trial->ring->header_bytes, sizeof(number));
	return number;
}

/* What is left is whole, the latest, and all except a part and the records at both ends. */
static bool __init try_shared(struct trial *trial)
{
	const u64 least = NSRING_LANE_MIN - (NSRING_LANE_MIN >> NSR_PARTS_SHIFT) -
			  2 * (SELFTEST_LONGEST + 64);
	u64 oldest = 0, pos;
	u32 number;

	while (trial->next < SELFTEST_PACKETS) {
		expect(trial_write(trial));
		expect(trial->lane->shown->claimed == trial->lane->head);
		expect(trial->lane->shown->oldest >= oldest);
		oldest = trial->lane->shown->oldest;
		expect(trial->lane->head - oldest <= NSRING_LANE_MIN);
		expect(!oldest || trial->lane->head - oldest >= least);
		if (trial->next % 16)
			continue;
		pos = oldest;
		number = first_number(trial, &pos);
		expect(trial_read_all(trial, pos, number));
	}
	return true;
}

/* Return: whether lanes work; without memory nobody knows, which is no failure. */
bool __init nsr_deliver_selftest(void)
{
	bool fine = true;
	struct trial trial;
	unsigned int kind;

	for (kind = 0; kind < 4 && fine; kind++) {
		if (!trial_begin(&trial, kind & 1, kind & 2)) {
			trial_end(&trial);
			return true;
		}
		local_bh_disable();
		rcu_read_lock();
		fine = kind & 1 ? try_shared(&trial) : try_ordinary(&trial);
		rcu_read_unlock();
		local_bh_enable();
		trial_end(&trial);
		cond_resched();
	}
	pr_info("nsring: self-test of lanes: %s\n", fine ? "passed" : "failed");
	return fine;
}
