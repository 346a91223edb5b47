/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Filters with every keyword of pcap-filter(7) that applies to Ethernet; ends in NULL. */
#ifndef NSR_TESTS_HAND_PICKED_FILTERS_H
#define NSR_TESTS_HAND_PICKED_FILTERS_H

extern const char *const hand_picked_filters[];

#endif
