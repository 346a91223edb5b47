/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Queues, their rings, and the device's clock. */
#include "target.h"

/* The most queues that one capture of the engine zc opens. */
#define ZC_QUEUES_MAX 256

static void judge_queues(const struct target *target)
{
	const struct ethtool *ethtool = &target->device.ethtool;
	struct report *report = &target->doctor->report;
	struct finding *finding;

	if (!ethtool->queues) {
		report_add(report, "queues", VERDICT_USABLE, "1: the driver tells of no more");
		return;
	}
	if (ethtool->queues <= ZC_QUEUES_MAX) {
		report_add(report, "queues", VERDICT_USABLE, "%u of %u for receiving",
			   ethtool->queues, ethtool->queues_most);
		return;
	}
	finding = report_add(report, "queues", VERDICT_LIMITED,
			     "%u of %u for receiving, of which zc takes at most %d",
			     ethtool->queues, ethtool->queues_most, ZC_QUEUES_MAX);
	report_advise(finding, "%sethtool -L %s %s %d, or name one: zc:%s@0", target->run,
		      target->name, ethtool->combined ? "combined" : "rx", ZC_QUEUES_MAX,
		      target->name);
}

static void judge_ring(const struct target *target)
{
	const struct ethtool *ethtool = &target->device.ethtool;
	struct report *report = &target->doctor->report;
	struct finding *finding;

	if (!ethtool->ring_most)
		return;
	if (ethtool->ring >= ethtool->ring_most) {
		report_add(report, "ring", VERDICT_USABLE, "%u entries a queue, the most",
			   ethtool->ring);
		return;
	}
	finding =
		report_add(report, "ring", VERDICT_LIMITED,
			   "%u of %u entries a queue: bursts are lost in the device sooner (nic in "
			   "the ledger)",
			   ethtool->ring, ethtool->ring_most);
	report_advise(finding, "%sethtool -G %s rx %u", target->run, target->name,
		      ethtool->ring_most);
}

static void judge_clock(const struct target *target)
{
	const struct ethtool *ethtool = &target->device.ethtool;
	struct report *report = &target->doctor->report;
	struct finding *finding;

	if (ethtool->stamps) {
		report_add(report, "stamp", VERDICT_USABLE, "the device stamps what it receives");
	} else if (ethtool->clock) {
		finding = report_add(report, "stamp", VERDICT_LIMITED,
				     "the device could stamp what it receives, but is not told to: "
				     "the kernel stamps");
		report_advise(finding, "%shwstamp_ctl -i %s -r 1", target->run, target->name);
	} else {
		report_add(report, "stamp", VERDICT_NO,
			   "the device does not stamp what it receives: the kernel does");
	}
}

void judge_hardware(const struct target *target)
{
	judge_queues(target);
	judge_ring(target);
	judge_clock(target);
}
