/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <linux/if_arp.h>

#include "link_type.h"

#define LINKTYPE_RAW		     101
#define LINKTYPE_IEEE802_11	     105
#define LINKTYPE_IEEE802_11_RADIOTAP 127

uint32_t nsr_link_type(uint32_t arphrd, enum nsr_skb_view *view)
{
	*view = NSR_SKB_PLAIN;
	switch (arphrd) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK: /* with an Ethernet header of zeros */
		*view = NSR_SKB_ETHERNET;
		return LINKTYPE_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		return LINKTYPE_RAW;
	case ARPHRD_IEEE80211:
		return LINKTYPE_IEEE802_11;
	case ARPHRD_IEEE80211_RADIOTAP:
		return LINKTYPE_IEEE802_11_RADIOTAP;
	default:
		*view = NSR_SKB_COOKED;
		return LINKTYPE_LINUX_SLL2;
	}
}
