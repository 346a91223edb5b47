/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Zero-copy as drivers tell of it. It can't be tried: no virtual device of the sandbox has it, and
 * on a device of the host it would reset the queues.
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "sys/netdev.h"
#include "doctor.h"

#define NAMES_SHOWN 8

static void note(const struct nsr_netdev_xdp *xdp, void *arg)
{
	struct zero_copy *zero_copy = arg;
	char name[IF_NAMESIZE];
	size_t length = strlen(zero_copy->names);

	if (!(xdp->acts & NSR_NETDEV_XDP_ACT_XSK_ZEROCOPY) || !if_indextoname(xdp->ifindex, name))
		return;
	if (zero_copy->count++ < NAMES_SHOWN)
		snprintf(zero_copy->names + length, sizeof(zero_copy->names) - length, "%s%s",
			 length ? ", " : "", name);
}

void zero_copy_look(struct zero_copy *zero_copy)
{
	struct nsr_netdev netdev;

	nsr_netdev_open(&netdev);
	zero_copy->rc = nsr_netdev_list(&netdev, note, zero_copy);
	nsr_netdev_close(&netdev);
}

void doctor_zero_copy(struct doctor *doctor)
{
	const struct zero_copy *zero_copy = &doctor->zero_copy;
	struct finding *finding;

	if (zero_copy->rc < 0) {
		finding = report_add(
			&doctor->report, "zc.zero-copy", VERDICT_LIMITED,
			"not tried, as it would reset a device's queues; drivers tell of "
			"it from Linux 6.3 on");
		report_advise(finding, "see the table of drivers in nsring-zc(7)");
	} else if (zero_copy->count) {
		finding = report_add(
			&doctor->report, "zc.zero-copy", VERDICT_LIMITED,
			"not tried, as it would reset a device's queues; here %s%s %s it, "
			"as the driver tells",
			zero_copy->names, zero_copy->count > NAMES_SHOWN ? " and others" : "",
			zero_copy->count > 1 ? "have" : "has");
		report_advise(finding, "nsring doctor DEVICE tells more");
	} else {
		finding = report_add(&doctor->report, "zc.zero-copy", VERDICT_NO,
				     "no device here has it, as the drivers tell");
		report_advise(finding, "zc copies instead; nsring-zc(7) has a table of drivers");
	}
}
