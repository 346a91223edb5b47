/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The device: its kind, whether it is up, and what it belongs to. */
#include <linux/if.h>
#include <string.h>

#include "text/linktype.h"
#include "target.h"

#define LINKTYPE_RAW	    101
#define LINKTYPE_LINUX_SLL2 276

static void judge_type(const struct target *target)
{
	struct report *report = &target->doctor->report;
	uint32_t linktype = target->packet.info.linktype;

	if (target->packet.err.code < 0)
		return;
	if (linktype == LINKTYPE_LINUX_SLL2)
		report_add(report, "link", VERDICT_LIMITED,
			   "a link layer that capture files have no name for: packets get a header "
			   "of 20 bytes made up (LINUX_SLL2)");
	else
		report_add(report, "link", VERDICT_USABLE, "%s%s", linktype_text(linktype).text,
			   linktype == LINKTYPE_RAW ? ": packets begin with their IP header" : "");
}

static void judge_driver(const struct target *target)
{
	const struct device *device = &target->device;
	const char *kind = device->link.kind, *driver = device->ethtool.driver;

	if (!*driver)
		driver = device->link.flags & IFF_LOOPBACK ? "loopback" : *kind ? kind : "not told";
	report_add(&target->doctor->report, "driver", VERDICT_USABLE, "%s", driver);
}

static void judge_state(const struct target *target)
{
	struct report *report = &target->doctor->report;
	uint32_t flags = target->device.link.flags;
	struct finding *finding;

	if (!(flags & IFF_UP)) {
		finding = report_add(report, "state", VERDICT_NO, "down: nothing comes");
		report_advise(finding, "%sip link set %s up", target->run, target->name);
	} else if (!(flags & IFF_LOWER_UP)) {
		finding = report_add(report, "state", VERDICT_NO, "no carrier: nothing comes");
		report_advise(finding,
			      "have the other end up (the cable, the other device of a veth "
			      "pair, the program behind a tun device, a bridge's ports)");
	} else {
		report_add(report, "state", VERDICT_USABLE, "up");
	}
}

static bool is_kind(const struct nsr_link_info *link, const char *kind)
{
	return strcmp(link->kind, kind) == 0;
}

static void judge_port(const struct target *target)
{
	const struct nsr_link_info *master = &target->device.master;
	struct report *report = &target->doctor->report;
	char name[QUOTE_NAME];
	struct finding *finding;

	quote(name, sizeof(name), master->name);
	if (is_kind(master, "bridge")) {
		finding = report_add(
			report, "master", VERDICT_LIMITED,
			"a port of the bridge %s: what passes by this port; what zc takes "
			"the bridge never gets",
			master->name);
		report_advise(finding, "capture %s for all ports", name);
	} else if (is_kind(master, "bond") || is_kind(master, "team")) {
		finding = report_add(report, "master", VERDICT_LIMITED,
				     "a member of the %s %s: its share of the packets only",
				     master->kind, master->name);
		report_advise(finding, "capture %s, or with zc each member", name);
	} else {
		report_add(report, "master", VERDICT_USABLE, "a port of %s (%s)", master->name,
			   master->kind);
	}
}

static void judge_master(const struct target *target)
{
	const struct nsr_link_info *link = &target->device.link;
	struct report *report = &target->doctor->report;
	struct finding *finding;

	if (target->device.master.ifindex) {
		judge_port(target);
	} else if (is_kind(link, "bridge")) {
		report_add(report, "master", VERDICT_USABLE,
			   "a bridge: promiscuously, as is the default, it shows what its ports "
			   "receive, else what is for this host");
	} else if (is_kind(link, "bond") || is_kind(link, "team")) {
		finding = report_add(report, "master", VERDICT_LIMITED,
				     "a %s, whose packets come by its members' queues: zc "
				     "taps it, and takes nothing (--take)",
				     link->kind);
		report_advise(finding, "with zc capture each member");
	}
}

/* A packet arrives at the other end of a pair as the stack made it, offloads included. */
static void judge_peer(const struct target *target)
{
	const struct offload_state *offloads = target->device.peer_offloads;
	const struct nsr_link_info *below = &target->device.below;
	struct report *report = &target->doctor->report;
	bool here = below->ifindex;
	char name[QUOTE_NAME];
	struct finding *finding;

	if (!is_kind(&target->device.link, "veth"))
		return;
	if (here && !offloads[OFFLOAD_TSO].on && !offloads[OFFLOAD_USO].on) {
		report_add(report, "peer", VERDICT_USABLE, "%s, which cuts up what it sends",
			   below->name);
		return;
	}
	finding = report_add(report, "peer", VERDICT_LIMITED,
			     "%s: what it sends %s up to 64 KiB long, as its stack has made it",
			     here ? below->name : "in another namespace",
			     here ? "comes" : "may come");
	if (here)
		report_advise(finding, "%sethtool -K %s tso off tx-udp-segmentation off",
			      target->run, quote(name, sizeof(name), below->name));
	else
		report_advise(finding, "there: ethtool -K PEER tso off tx-udp-segmentation off");
}

void judge_link(const struct target *target)
{
	judge_type(target);
	judge_driver(target);
	judge_state(target);
	judge_master(target);
	judge_peer(target);
}
