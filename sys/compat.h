/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Constants that are newer than the headers of some system this is built on (Debian 12 has those
 * of Linux 6.1). A macro is defined where the header lacks it, under its own name. Enumerators
 * can't be tested for: here they get the prefix NSR_, and all code uses that name.
 *
 * Not for files that include pcap.h, whose struct bpf_insn is another one.
 */
#ifndef NSR_COMPAT_H
#define NSR_COMPAT_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <sys/socket.h>

/* sys/socket.h since glibc 2.29; Linux 4.18 */
#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* asm-generic/socket.h: since Linux 5.11, and 5.14 */
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* linux/if_ether.h since Linux 5.16: an EtherType for local experiments */
#ifndef ETH_P_802_EX1
#define ETH_P_802_EX1 0x88b5
#endif

/* linux/if_packet.h: since Linux 4.1, 4.12 and 4.20 */
#ifndef TP_STATUS_CSUM_VALID
#define TP_STATUS_CSUM_VALID (1 << 7)
#endif
#ifndef PACKET_FANOUT_FLAG_UNIQUEID
#define PACKET_FANOUT_FLAG_UNIQUEID 0x2000
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* linux/if_xdp.h since Linux 6.6: frames of several buffers */
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif

/* linux/bpf.h: since Linux 5.18, and 6.3 */
#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif
#ifndef BPF_F_XDP_DEV_BOUND_ONLY
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6)
#endif

/* linux/bpf.h since Linux 6.6: enum bpf_attach_type */
#define NSR_BPF_TCX_INGRESS 46
#define NSR_BPF_TCX_EGRESS  47

/* linux/if_link.h since Linux 6.3 */
#define NSR_IFLA_GSO_IPV4_MAX_SIZE 63
#define NSR_IFLA_GRO_IPV4_MAX_SIZE 64

/* linux/netdev.h since Linux 6.3; ZC_MAX_SEGS since 6.6, metadata since 6.7 */
#define NSR_NETDEV_CMD_DEV_GET		     1
#define NSR_NETDEV_A_DEV_IFINDEX	     1
#define NSR_NETDEV_A_DEV_XDP_FEATURES	     3
#define NSR_NETDEV_A_DEV_XDP_ZC_MAX_SEGS     4
#define NSR_NETDEV_A_DEV_XDP_RX_METADATA     5
#define NSR_NETDEV_XDP_ACT_BASIC	     (1u << 0)
#define NSR_NETDEV_XDP_ACT_REDIRECT	     (1u << 1)
#define NSR_NETDEV_XDP_ACT_NDO_XMIT	     (1u << 2)
#define NSR_NETDEV_XDP_ACT_XSK_ZEROCOPY	     (1u << 3)
#define NSR_NETDEV_XDP_ACT_RX_SG	     (1u << 5)
#define NSR_NETDEV_XDP_RX_METADATA_TIMESTAMP (1u << 0)

#endif
