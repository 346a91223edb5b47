/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The words that the view's text and its JSON use.
 */
#include "show.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

const char *host_hook_name(uint32_t hook)
{
	static const char *const names[] = {
		[HOST_XDP_NATIVE] = "xdp-native",     [HOST_XDP_GENERIC] = "xdp-generic",
		[HOST_XDP_OFFLOADED] = "xdp-offload", [HOST_TC_INGRESS] = "tc-ingress",
		[HOST_TC_EGRESS] = "tc-egress",	      [HOST_TCX_INGRESS] = "tcx-ingress",
		[HOST_TCX_EGRESS] = "tcx-egress",
	};

	return hook < sizeof(names) / sizeof(names[0]) ? names[hook] : "?";
}

const char *host_family_name(int family)
{
	switch (family) {
	case AF_PACKET:
		return "packet";
	case AF_XDP:
		return "xdp";
	}
	return "nsring";
}

const char *host_state_name(uint8_t operstate)
{
	/* By IF_OPER_, from RFC 2863. */
	static const char *const names[] = { "UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
					     "TESTING", "DORMANT",    "UP" };

	return operstate < sizeof(names) / sizeof(names[0]) ? names[operstate] : "UNKNOWN";
}

bool host_lies_on(const struct host_link *link)
{
	static const char *const ends[] = { "veth", "netkit", "vxcan" };
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!strcmp(link->kind, ends[i]))
			return false;
	}
	return true;
}

const char *host_address_text(const struct host_address *address, char *text)
{
	char ip[INET6_ADDRSTRLEN] = "?";

	inet_ntop(address->family, address->bytes, ip, sizeof(ip));
	snprintf(text, HOST_ADDRESS_TEXT, "%s/%u", ip, address->prefix);
	return text;
}

const char *host_mac_text(const struct host_link *link, char *text)
{
	uint32_t i;

	*text = '\0';
	for (i = 0; i < link->mac_bytes && i < sizeof(link->mac); i++)
		sprintf(text + (i ? 3 * i - 1 : 0), i ? ":%02x" : "%02x", link->mac[i]);
	return text;
}

struct nsr_stats host_ledger_stats(const struct nsr_published *page)
{
	return (struct nsr_stats){
		.filtered = page->filtered,
		.lost_nic = page->lost_nic,
		.lost_kernel = page->lost_kernel,
		.lost_ring = page->lost_ring,
		.lost_consumer = page->lost_consumer,
	};
}
