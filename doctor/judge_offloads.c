/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Offloads that make a capture see other packets than those on the wire. */
#include <linux/if.h>

#include "target.h"

/**
 * struct offload_look - what an offload means for captures
 * @offload: enum offload
 * @subject: of its line; ends in ethtool -K's name
 * @name:    ethtool -K's name
 * @verdict: when it is on
 * @on:      what it does to packets when it is on
 */
struct offload_look {
	uint32_t offload;
	const char *subject;
	const char *name;
	uint32_t verdict;
	const char *on;
};

static const struct offload_look looks[] = {
	{ OFFLOAD_GRO, "offload.gro", "gro", VERDICT_LIMITED,
	  "received packets are joined before they are captured, but with zc in the driver" },
	{ OFFLOAD_GRO_HW, "offload.rx-gro-hw", "rx-gro-hw", VERDICT_LIMITED,
	  "the device joins received packets" },
	{ OFFLOAD_LRO, "offload.lro", "lro", VERDICT_LIMITED, "the device joins received packets" },
	{ OFFLOAD_TSO, "offload.tso", "tso", VERDICT_LIMITED,
	  "sent TCP segments are captured before the device cuts them up" },
	{ OFFLOAD_USO, "offload.tx-udp-segmentation", "tx-udp-segmentation", VERDICT_LIMITED,
	  "sent UDP datagrams are captured before the device cuts them up" },
	{ OFFLOAD_GSO, "offload.gso", "gso", VERDICT_USABLE,
	  "the stack cuts up what the device can't before it is captured" },
	{ OFFLOAD_RX_VLAN, "offload.rxvlan", "rxvlan", VERDICT_LIMITED,
	  "the device takes VLAN tags off: packet puts them back, zc does not see them" },
	{ OFFLOAD_RX_FCS, "offload.rx-fcs", "rx-fcs", VERDICT_LIMITED,
	  "received frames have their FCS, which counts in their length" },
	{ OFFLOAD_RX_ALL, "offload.rx-all", "rx-all", VERDICT_LIMITED,
	  "damaged frames are received, too" },
	{ OFFLOAD_TC, "offload.hw-tc-offload", "hw-tc-offload", VERDICT_LIMITED,
	  "flows that tc gives to the device pass it unseen" },
};

static void judge(const struct target *target, const struct offload_look *look)
{
	const struct offload_state *state = &target->device.ethtool.offloads[look->offload];
	struct report *report = &target->doctor->report;
	struct finding *finding;

	if (!state->known || (!state->on && state->fixed))
		return;
	if (!state->on || look->verdict == VERDICT_USABLE) {
		report_add(report, look->subject, VERDICT_USABLE, "%s",
			   state->on ? look->on : "off");
		return;
	}
	finding = report_add(report, look->subject, look->verdict, "%s%s", look->on,
			     state->fixed ? "; it can't be turned off" : "");
	if (!state->fixed)
		report_advise(finding, "%sethtool -K %s %s off", target->run, target->name,
			      look->name);
}

void judge_offloads(const struct target *target)
{
	bool loopback = target->device.link.flags & IFF_LOOPBACK;
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		/* Loopback has the feature, but never joins packets. */
		if (!loopback || looks[i].offload != OFFLOAD_GRO)
			judge(target, &looks[i]);
	}
}
