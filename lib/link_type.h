/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The link-layer header with which a device's packets begin. */
#ifndef NSR_LINK_TYPE_H
#define NSR_LINK_TYPE_H

#include <nsring/engine.h>

#define LINKTYPE_ETHERNET   1
#define LINKTYPE_LINUX_SLL2 276

/**
 * nsr_link_type() - the link type of what a socket captures from a device
 * @arphrd: ARPHRD_ value of the device
 * @view:   set to how the socket's filter sees its packets; NSR_SKB_COOKED where no link type names
 *          the device's own header, so that the capture must leave that header out
 *
 * Return: LINKTYPE_ value.
 */
uint32_t nsr_link_type(uint32_t arphrd, enum nsr_skb_view *view);

#endif
