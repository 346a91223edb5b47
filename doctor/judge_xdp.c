/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * XDP on the device, by what the kernel tells. Nothing is tried: attaching a program
 * would change the device, and zero-copy would reset its queues.
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "target.h"

/* The largest MTUs that fit one buffer of zc, of 2 KiB and of 4 KiB; see MEMORY in nsring-zc(7). */
#define SMALL_MTU 1770
#define LARGE_MTU 3818

static const char not_tried[] = "not tried, as it would change the device";

static struct report *report_of(const struct target *target)
{
	return &target->doctor->report;
}

static void judge_mtu(const struct target *target)
{
	uint32_t mtu = target->device.link.mtu;
	struct finding *finding;

	if (mtu <= LARGE_MTU) {
		report_add(report_of(target), "mtu", VERDICT_USABLE,
			   "%u: AF_XDP frames of %d KiB hold a packet", mtu,
			   mtu <= SMALL_MTU ? 2 : 4);
		return;
	}
	finding = report_add(report_of(target), "mtu", VERDICT_LIMITED,
			     "%u: with zc a packet needs several buffers, which sockets have since "
			     "Linux 6.6, and few drivers in zero-copy mode",
			     mtu);
	if (target->device.link.arphrd != ARPHRD_LOOPBACK)
		report_advise(finding, "%sip link set %s mtu %d", target->run, target->name,
			      LARGE_MTU);
}

static void advise_detaching(const struct target *target, struct finding *finding)
{
	const struct device *device = &target->device;
	const char *mode = device->link.xdp_mode == XDP_ATTACHED_SKB  ? "xdpgeneric"
			   : device->link.xdp_mode == XDP_ATTACHED_HW ? "xdpoffload"
								      : "xdpdrv";

	if (strcmp(device->xdp_name, "nsring_zc") == 0)
		report_advise(finding,
			      "a capture of nsring's: end it, or share the device by --fanout");
	else if (strcmp(device->xdp_name, "xdp_dispatcher") == 0)
		report_advise(finding, "libxdp's dispatcher: %sxdp-loader unload %s --all",
			      target->run, target->name);
	else
		report_advise(finding, "%sip link set %s %s off, or end the program that holds it",
			      target->run, target->name, mode);
}

static void judge_program(const struct target *target)
{
	const struct device *device = &target->device;
	struct finding *finding;

	if (device->link.xdp_mode == XDP_ATTACHED_NONE) {
		report_add(report_of(target), "xdp.program", VERDICT_USABLE, "none is on it");
		return;
	}
	finding = report_add(report_of(target), "xdp.program", VERDICT_NO,
			     "program %u%s%s%s is on it (%s), and only one can be",
			     device->link.xdp_id, device->xdp_name[0] ? " (\"" : "",
			     device->xdp_name, device->xdp_name[0] ? "\")" : "",
			     device->link.xdp_mode == XDP_ATTACHED_SKB ? "generic" : "native");
	advise_detaching(target, finding);
}

/* Whether something rules out zc altogether; then adds the line that says so. */
static bool is_barred(const struct target *target, const char *subject)
{
	const struct nsr_link_info *link = &target->device.link;
	const struct nsr_error refused = { .code = -EPERM };
	struct finding *finding;

	if (link->arphrd != ARPHRD_ETHER && link->arphrd != ARPHRD_LOOPBACK) {
		finding = report_add(report_of(target), subject, VERDICT_NO,
				     "the device is not Ethernet, which XDP needs");
		report_advise(finding, "use the engine packet");
		return true;
	}
	if (nsr_caps_missing(&target->doctor->caps, CAPS_ZC)) {
		doctor_refused(target->doctor, subject, CAPS_ZC, &refused);
		return true;
	}
	if (link->xdp_mode != XDP_ATTACHED_NONE) {
		report_add(report_of(target), subject, VERDICT_NO,
			   "another program is on it: see xdp.program");
		return true;
	}
	return false;
}

/* Whether the kernel tells of the driver's features; if not, adds the line that says so. */
static bool is_told(const struct target *target, const char *subject)
{
	if (target->device.features_rc == 0)
		return true;
	report_advise(report_add(report_of(target), subject, VERDICT_LIMITED,
				 "not known: drivers tell from Linux 6.3 on; %s", not_tried),
		      "see the table of drivers in nsring-zc(7)");
	return false;
}

static void judge_native(const struct target *target)
{
	const struct nsr_netdev_xdp *xdp = &target->device.features;
	struct finding *finding;

	if (is_barred(target, "zc.native") || !is_told(target, "zc.native"))
		return;
	if (!(xdp->acts & NSR_NETDEV_XDP_ACT_BASIC)) {
		finding = report_add(report_of(target), "zc.native", VERDICT_NO,
				     "the driver tells that it has no XDP");
		report_advise(finding, "generic mode is what zc then takes");
	} else if (target->device.link.mtu > LARGE_MTU && !(xdp->acts & NSR_NETDEV_XDP_ACT_RX_SG)) {
		finding = report_add(
			report_of(target), "zc.native", VERDICT_NO,
			"the driver has XDP, but not for frames of several buffers, which "
			"the MTU needs");
		report_advise(finding, "%sip link set %s mtu 3000", target->run, target->name);
	} else {
		report_add(report_of(target), "zc.native", VERDICT_USABLE,
			   "the driver tells that it has XDP; %s", not_tried);
	}
}

static void judge_generic(const struct target *target)
{
	if (!is_barred(target, "zc.generic"))
		report_add(report_of(target), "zc.generic", VERDICT_USABLE,
			   "every device has it; %s", not_tried);
}

static void judge_zero_copy(const struct target *target)
{
	const struct nsr_netdev_xdp *xdp = &target->device.features;
	struct finding *finding;

	if (is_barred(target, "zc.zero-copy") || !is_told(target, "zc.zero-copy"))
		return;
	if (!(xdp->acts & NSR_NETDEV_XDP_ACT_XSK_ZEROCOPY)) {
		finding = report_add(report_of(target), "zc.zero-copy", VERDICT_NO,
				     "the driver tells that it has none");
		report_advise(finding, "zc copies instead; nsring-zc(7) has a table of drivers");
	} else if (target->device.link.mtu > LARGE_MTU && xdp->zc_max_segs < 2) {
		finding = report_add(
			report_of(target), "zc.zero-copy", VERDICT_NO,
			"the driver has it, but not for frames of several buffers, which "
			"the MTU needs");
		report_advise(finding, "%sip link set %s mtu %d", target->run, target->name,
			      LARGE_MTU);
	} else {
		report_add(report_of(target), "zc.zero-copy", VERDICT_USABLE,
			   "the driver tells that it has it; %s", not_tried);
	}
}

static void judge_stamp(const struct target *target)
{
	struct finding *finding;

	if (is_barred(target, "zc.stamp") || !is_told(target, "zc.stamp"))
		return;
	if (!(target->device.features.rx_metadata & NSR_NETDEV_XDP_RX_METADATA_TIMESTAMP)) {
		finding =
			report_add(report_of(target), "zc.stamp", VERDICT_NO,
				   "the driver tells that its programs can't ask for the device's "
				   "stamps");
		report_advise(finding, "--stamp kernel");
	} else if (!target->device.ethtool.stamps) {
		finding = report_add(
			report_of(target), "zc.stamp", VERDICT_LIMITED,
			"programs can ask for the device's stamps, but it is not told to "
			"stamp");
		report_advise(finding, "--stamp kernel%s%s%s%s",
			      target->device.ethtool.clock ? ", or " : "",
			      target->device.ethtool.clock ? target->run : "",
			      target->device.ethtool.clock ? "hwstamp_ctl -r 1 -i " : "",
			      target->device.ethtool.clock ? target->name : "");
	} else {
		report_add(report_of(target), "zc.stamp", VERDICT_USABLE,
			   "programs can ask for the device's stamps; %s", not_tried);
	}
}

static void judge_live(const struct target *target)
{
	const struct device *device = &target->device;
	const struct nsr_error refused = { .code = -EPERM };
	char name[QUOTE_NAME];
	struct finding *finding;

	if (device->link.arphrd != ARPHRD_ETHER) {
		finding = report_add(report_of(target), "live", VERDICT_NO,
				     "no Ethernet device, which live frames need");
		report_advise(finding, "send with the engine packet");
		return;
	}
	if (nsr_caps_missing(&target->doctor->caps, CAPS_LIVE)) {
		doctor_refused(target->doctor, "live", CAPS_LIVE, &refused);
		return;
	}
	if (!is_told(target, "live"))
		return;
	if (device->features.acts & NSR_NETDEV_XDP_ACT_NDO_XMIT) {
		report_add(report_of(target), "live", VERDICT_USABLE,
			   "the driver tells that it takes XDP frames");
		return;
	}
	finding = report_add(report_of(target), "live", VERDICT_NO,
			     "the device takes no XDP frames now");
	if (strcmp(device->link.kind, "veth") != 0)
		report_advise(finding, "send with the engine packet");
	else if (device->below.ifindex)
		report_advise(finding, "%sethtool -K %s gro on", target->run,
			      quote(name, sizeof(name), device->below.name));
	else
		report_advise(finding, "at the other end: ethtool -K PEER gro on");
}

void judge_xdp(const struct target *target)
{
	judge_mtu(target);
	judge_program(target);
	judge_native(target);
	judge_generic(target);
	judge_zero_copy(target);
	judge_stamp(target);
	judge_live(target);
}
