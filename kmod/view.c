// SPDX-License-Identifier: GPL-2.0-only
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>

#include "view.h"

/* LINKTYPE_LINUX_SLL2, see https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
struct sll2 {
	__be16 protocol;
	__be16 reserved;
	__be32 ifindex;
	__be16 arphrd;
	u8 pkt_type;
	u8 addr_len;
	u8 addr[8];
} __packed;

/**
 * nsr_view_start() - where the packet begins, relative to skb->data
 * @view:   the packet
 * @cooked: behind the link-layer header
 *
 * As packet sockets see it: a received packet stands at its network header, one that is sent at
 * its link-layer header, and devices without one have just one beginning.
 */
int nsr_view_start(const struct nsr_view *view, bool cooked)
{
	const struct sk_buff *skb = view->skb;

	if (!dev_has_header(view->dev))
		return 0;
	if (view->outgoing)
		return cooked ? min_t(int, skb_network_offset(skb), skb_headlen(skb)) : 0;
	return cooked ? 0 : skb_mac_offset(skb);
}

static bool is_ethernet(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER || dev->type == ARPHRD_LOOPBACK;
}

static void put_tag(u8 *to, const struct sk_buff *skb)
{
	put_unaligned(skb->vlan_proto, (__be16 *)to);
	put_unaligned(htons(skb_vlan_tag_get(skb)), (__be16 *)(to + 2));
}

/* The MAC addresses, the tag, and on from there: as it was on the wire. */
static void insert_tag(const struct nsr_view *view, struct nsr_image *image)
{
	if (!is_ethernet(view->dev) || (int)skb_headlen(view->skb) - image->start < ETH_HLEN)
		return;
	memcpy(image->prefix, view->skb->data + image->start, 2 * ETH_ALEN);
	put_tag(image->prefix + 2 * ETH_ALEN, view->skb);
	image->prefix_len = 2 * ETH_ALEN + VLAN_HLEN;
	image->start += 2 * ETH_ALEN;
}

/* The sender's address: that of the link-layer header, where the device has such. */
static u8 sender(const struct nsr_view *view, u8 *addr)
{
	const struct sk_buff *skb = view->skb;
	u8 found[MAX_ADDR_LEN] = {};
	int len = 0;

	if (skb_mac_header_was_set(skb))
		len = dev_parse_header(skb, found);
	memcpy(addr, found, 8);
	return clamp(len, 0, 8);
}

static void cook(const struct nsr_view *view, struct nsr_image *image)
{
	struct sll2 *sll = (struct sll2 *)image->prefix;
	const struct sk_buff *skb = view->skb;

	memset(sll, 0, sizeof(*sll));
	sll->protocol = skb->protocol;
	sll->ifindex = htonl(view->dev->ifindex);
	sll->arphrd = htons(view->dev->type);
	sll->pkt_type = skb->pkt_type;
	sll->addr_len = sender(view, sll->addr);
	image->prefix_len = sizeof(*sll);
	if (!skb_vlan_tag_present(skb))
		return;
	/* The type of what follows stands behind the tag. */
	sll->protocol = skb->vlan_proto;
	put_unaligned(htons(skb_vlan_tag_get(skb)), (__be16 *)(image->prefix + sizeof(*sll)));
	put_unaligned(skb->protocol, (__be16 *)(image->prefix + sizeof(*sll) + 2));
	image->prefix_len += VLAN_HLEN;
}

/** nsr_view_make_image() - fill in an image of the packet */
void nsr_view_make_image(struct nsr_view *view, bool cooked)
{
	struct nsr_image *image = &view->image[cooked];

	image->start = nsr_view_start(view, cooked);
	image->prefix_len = 0;
	if (cooked)
		cook(view, image);
	else if (skb_vlan_tag_present(view->skb))
		insert_tag(view, image);
	image->len = image->prefix_len + view->skb->len - image->start;
	image->ready = true;
}

/** nsr_view_kernel_stamp() - when the kernel had the packet, by its own clock, in ns */
u64 nsr_view_kernel_stamp(struct nsr_view *view)
{
	if (!view->kernel_stamp_ns) {
		view->kernel_stamp_ns = skb_tstamp(view->skb);
		if (!view->kernel_stamp_ns)
			view->kernel_stamp_ns = ktime_get_real_ns();
	}
	return view->kernel_stamp_ns;
}

/* Some drivers leave their own data there and are asked for the stamp. */
static u64 device_stamp(const struct sk_buff *skb)
{
	struct skb_shared_hwtstamps *stamps = skb_hwtstamps((struct sk_buff *)skb);

	if (likely(!stamps->hwtstamp))
		return 0;
	if (skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV)
		return skb->dev ? netdev_get_tstamp(skb->dev, stamps, false) : 0;
	return stamps->hwtstamp;
}

static u16 describe_flags(const struct nsr_view *view)
{
	const struct sk_buff *skb = view->skb;
	u16 flags = 0;

	if (view->outgoing)
		flags |= NSRING_OUT;
	if (skb_vlan_tag_present(skb))
		flags |= NSRING_VLAN;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		flags |= NSRING_CSUM_PARTIAL;
	else if (!view->outgoing && skb->ip_summed != CHECKSUM_NONE)
		flags |= NSRING_CSUM_GOOD;
	if (skb_is_gso(skb))
		flags |= NSRING_GSO;
	if (skb->l4_hash)
		flags |= NSRING_HASH_L4;
	return flags;
}

/** nsr_view_describe() - fill in the record, but for what differs from ring to ring */
void nsr_view_describe(struct nsr_view *view)
{
	const struct sk_buff *skb = view->skb;
	struct nsring_record *record = &view->record;
	u64 stamp_ns = device_stamp(skb);

	record->type = NSRING_PACKET;
	record->flags = describe_flags(view);
	record->stamp_ns = stamp_ns;
	if (stamp_ns)
		record->flags |= NSRING_STAMP_HW;
	else
		record->stamp_ns = nsr_view_kernel_stamp(view);
	record->netns = dev_net(view->dev)->net_cookie;
	record->ifindex = view->dev->ifindex;
	record->hash = skb->hash;
	record->vlan_tci = 0;
	record->vlan_tpid = 0;
	if (record->flags & NSRING_VLAN) {
		record->vlan_tci = skb_vlan_tag_get(skb);
		record->vlan_tpid = ntohs(skb->vlan_proto);
	}
	record->pkt_type = skb->pkt_type;
	record->reserved8 = 0;
	record->reserved16 = 0;
	record->reserved32 = 0;
	record->reserved64 = 0;
	view->described = true;
}

/**
 * nsr_view_filter() - run a socket's filter
 * @view:   the packet
 * @prog:   classic or extended BPF
 * @cooked: it sees the packet without its link-layer header
 *
 * The skb may be shared, so its data pointer is where it was when this returns; packet sockets
 * move it the same way.
 *
 * Return: bytes to keep, 0: the packet is refused.
 */
u32 nsr_view_filter(const struct nsr_view *view, const struct bpf_prog *prog, bool cooked)
{
	struct sk_buff *skb = view->skb;
	int start = nsr_view_start(view, cooked);
	u32 keep;

	skb->data += start;
	skb->len -= start;
	keep = bpf_prog_run_clear_cb(prog, skb);
	skb->data -= start;
	skb->len += start;
	return keep;
}

/**
 * nsr_view_copy() - copy a packet into a ring
 * @view:   the packet
 * @image:  of it
 * @to:     room for @caplen bytes
 * @caplen: at most image->len
 *
 * Return: bytes copied; less than @caplen if the device keeps the rest where the CPU can't read.
 */
u32 nsr_view_copy(const struct nsr_view *view, const struct nsr_image *image, u8 *to, u32 caplen)
{
	const struct sk_buff *skb = view->skb;
	u32 prefix_len = min_t(u32, image->prefix_len, caplen);
	u32 rest = caplen - prefix_len;
	int linear = (int)skb_headlen(skb) - image->start;

	if (prefix_len)
		memcpy(to, image->prefix, prefix_len);
	to += prefix_len;
	if (likely((int)rest <= linear)) {
		memcpy(to, skb->data + image->start, rest);
		return caplen;
	}
	if (skb_copy_bits(skb, image->start, to, rest) == 0)
		return caplen;
	memcpy(to, skb->data + image->start, linear);
	return prefix_len + linear;
}
