/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The view of the host against answers that no kernel gives. What AF_XDP sockets look like is tested
 * the same way, as few kernels list them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>
#include <sys/socket.h>

#include "host/host.h"
#include "host/links.h"
#include "host/list.h"
#include "host/map.h"
#include "host/peers.h"
#include "host/sockets.h"
#include "made_up_kernel.h"

static int read_links(struct kernel *kernel, struct host_ns *ns)
{
	int rc;

	kernel_start(kernel);
	rc = host_links_read(kernel->asker, ns);
	kernel_stop(kernel);
	return rc;
}

static void link_with_short_attributes_is_read_as_far_as_it_goes(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct nlmsghdr *msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));
	struct nlattr *info;

	((struct ifinfomsg *)mnl_nlmsg_get_payload(msg))->ifi_index = 7;
	mnl_attr_put(msg, IFLA_IFNAME, 40, "a name that is longer than any name is..");
	mnl_attr_put(msg, IFLA_MTU, 2, "xx");
	mnl_attr_put(msg, IFLA_STATS64, 8, "\1\0\0\0\0\0\0\0");
	mnl_attr_put(msg, IFLA_OPERSTATE, 0, "");
	info = mnl_attr_nest_start(msg, IFLA_LINKINFO);
	mnl_attr_put(msg, IFLA_INFO_KIND, 4, "vlan");
	mnl_attr_put(msg, IFLA_INFO_DATA, 3, "xyz");
	mnl_attr_nest_end(msg, info);
	kernel_end(&kernel, msg);
	kernel_put_done(&kernel);
	assert_int_equal(read_links(&kernel, &ns), 0);
	assert_int_equal(ns.link_count, 1);
	assert_int_equal(strlen(ns.links[0].name), sizeof(ns.links[0].name) - 1);
	assert_int_equal(ns.links[0].mtu, 0);
	assert_int_equal(ns.links[0].counters.rx_packets, 1);
	assert_int_equal(ns.links[0].counters.tx_packets, 0);
	assert_string_equal(ns.links[0].kind, "vlan");
	assert_false(ns.links[0].has_id);
	host_links_free(&ns);
}

static void message_shorter_than_its_header_is_left_out(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };

	kernel_end(&kernel, kernel_put(&kernel, RTM_NEWLINK, 4));
	kernel_put_done(&kernel);
	assert_int_equal(read_links(&kernel, &ns), 0);
	assert_int_equal(ns.link_count, 0);
	host_links_free(&ns);
}

static void attribute_that_reaches_beyond_its_message_ends_it(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct nlmsghdr *msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));

	mnl_attr_put_strz(msg, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(msg, IFLA_MTU, 1500);
	((struct nlattr *)((char *)mnl_nlmsg_get_payload_offset(msg, sizeof(struct ifinfomsg)) +
			   MNL_ALIGN(MNL_ATTR_HDRLEN + sizeof("eth0"))))
		->nla_len = 60000;
	kernel_end(&kernel, msg);
	kernel_put_done(&kernel);
	assert_int_equal(read_links(&kernel, &ns), 0);
	assert_int_equal(ns.link_count, 1);
	assert_string_equal(ns.links[0].name, "eth0");
	assert_int_equal(ns.links[0].mtu, 0);
	host_links_free(&ns);
}

static void refusal_is_returned(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct nlmsghdr *msg = kernel_put(&kernel, NLMSG_ERROR, sizeof(struct nlmsgerr));

	msg->nlmsg_flags = 0;
	((struct nlmsgerr *)mnl_nlmsg_get_payload(msg))->error = -EPERM;
	kernel_end(&kernel, msg);
	assert_int_equal(read_links(&kernel, &ns), -EPERM);
	host_links_free(&ns);
}

static void links_are_found_by_their_index_in_whichever_order_they_come(void **state)
{
	static const int order[] = { 5, 1, 9, 3 };
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	size_t i;

	for (i = 0; i < 4; i++) {
		struct nlmsghdr *msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));

		((struct ifinfomsg *)mnl_nlmsg_get_payload(msg))->ifi_index = order[i];
		kernel_end(&kernel, msg);
	}
	kernel_put_done(&kernel);
	assert_int_equal(read_links(&kernel, &ns), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(host_link_find(&ns, (uint32_t)order[i])->ifindex, order[i]);
	assert_null(host_link_find(&ns, 4));
	host_links_free(&ns);
}

static struct nlmsghdr *put_link(struct kernel *kernel, int ifindex, int below)
{
	struct nlmsghdr *msg = kernel_put(kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));

	((struct ifinfomsg *)mnl_nlmsg_get_payload(msg))->ifi_index = ifindex;
	mnl_attr_put_u32(msg, IFLA_LINK, (uint32_t)below);
	return msg;
}

static void peer_in_a_namespace_without_a_number_is_not_taken_for_one_here(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct host_view view = { .list = &ns, .count = 1 };
	struct nlmsghdr *msg = put_link(&kernel, 2, 3);

	mnl_attr_put_u32(msg, IFLA_LINK_NETNSID, (uint32_t)-1);
	kernel_end(&kernel, msg);
	kernel_end(&kernel, put_link(&kernel, 3, 4));
	kernel_put_done(&kernel);
	assert_int_equal(read_links(&kernel, &ns), 0);
	assert_int_equal(peers_find(&view), 0);
	assert_int_equal(host_link_find(&ns, 2)->peer.state, HOST_PEER_UNSEEN);
	assert_int_equal(host_link_find(&ns, 3)->peer.state, HOST_PEER_FOUND);
	host_links_free(&ns);
}

static void own_address_wins_over_the_other_ends_whichever_comes_first(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct nlmsghdr *msg;
	struct ifaddrmsg *head;
	uint32_t order;

	kernel_end(&kernel, put_link(&kernel, 7, 0));
	kernel_put_done(&kernel);
	assert_int_equal(read_links(&kernel, &ns), 0);
	kernel = (struct kernel){ 0 };
	for (order = 0; order < 2; order++) {
		msg = kernel_put(&kernel, RTM_NEWADDR, sizeof(*head));
		head = mnl_nlmsg_get_payload(msg);
		*head = (struct ifaddrmsg){ .ifa_family = AF_INET,
					    .ifa_prefixlen = 31,
					    .ifa_index = 7 };
		mnl_attr_put(msg, order ? IFA_LOCAL : IFA_ADDRESS, 4, order ? "own1" : "end1");
		mnl_attr_put(msg, order ? IFA_ADDRESS : IFA_LOCAL, 4, order ? "end2" : "own2");
		kernel_end(&kernel, msg);
	}
	kernel_put_done(&kernel);
	kernel_start(&kernel);
	assert_int_equal(host_addresses_read(kernel.asker, &ns), 0);
	kernel_stop(&kernel);
	assert_int_equal(ns.links[0].address_count, 2);
	assert_memory_equal(ns.links[0].addresses[0].bytes, "own2", 4);
	assert_memory_equal(ns.links[0].addresses[1].bytes, "own1", 4);
	assert_int_equal(ns.links[0].addresses[1].prefix, 31);
	host_links_free(&ns);
}

static void xdp_socket_is_read_with_queue_frames_and_drops(void **state)
{
	const struct xdp_diag_info info = { .ifindex = 3, .queue_id = 2 };
	const struct xdp_diag_ring ring = { .entries = 2048 };
	const struct xdp_diag_umem umem = { .size = 1 << 22 };
	const struct xdp_diag_stats stats = { .n_rx_dropped = 7, .n_rx_full = 11 };
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct nlmsghdr *msg =
		kernel_put(&kernel, SOCK_DIAG_BY_FAMILY, sizeof(struct xdp_diag_msg));

	((struct xdp_diag_msg *)mnl_nlmsg_get_payload(msg))->xdiag_ino = 4711;
	mnl_attr_put(msg, XDP_DIAG_INFO, sizeof(info), &info);
	mnl_attr_put_u32(msg, XDP_DIAG_UID, 1000);
	mnl_attr_put(msg, XDP_DIAG_RX_RING, sizeof(ring), &ring);
	mnl_attr_put(msg, XDP_DIAG_UMEM, sizeof(umem), &umem);
	mnl_attr_put(msg, XDP_DIAG_STATS, sizeof(stats), &stats);
	kernel_end(&kernel, msg);
	kernel_put_done(&kernel);
	kernel_start(&kernel);
	assert_int_equal(host_xdp_sockets_read(kernel.asker, &ns), 0);
	kernel_stop(&kernel);
	assert_int_equal(ns.capture_count, 1);
	assert_int_equal(ns.captures[0].family, AF_XDP);
	assert_int_equal(ns.captures[0].inode, 4711);
	assert_int_equal(ns.captures[0].ifindex, 3);
	assert_int_equal(ns.captures[0].queue, 2);
	assert_int_equal(ns.captures[0].uid, 1000);
	assert_int_equal(ns.captures[0].ring_entries, 2048);
	assert_int_equal(ns.captures[0].ring_bytes, 1 << 22);
	assert_int_equal(ns.captures[0].xdp.dropped, 7);
	assert_int_equal(ns.captures[0].xdp.ring_full, 11);
	host_sockets_free(&ns);
}

static void packet_socket_whose_filter_may_not_be_read_has_an_unknown_one(void **state)
{
	struct kernel kernel = { 0 };
	struct host_ns ns = { 0 };
	struct nlmsghdr *msg =
		kernel_put(&kernel, SOCK_DIAG_BY_FAMILY, sizeof(struct packet_diag_msg));

	((struct packet_diag_msg *)mnl_nlmsg_get_payload(msg))->pdiag_num = 3;
	mnl_attr_put(msg, PACKET_DIAG_FILTER, 0, "");
	mnl_attr_put(msg, PACKET_DIAG_RX_RING, 4, "\0\0\1\0");
	kernel_end(&kernel, msg);
	kernel_put_done(&kernel);
	kernel_start(&kernel);
	assert_int_equal(host_packet_sockets_read(kernel.asker, &ns), 0);
	kernel_stop(&kernel);
	assert_int_equal(ns.captures[0].filter, HOST_FILTER_UNKNOWN);
	assert_true(ns.captures[0].receives);
	assert_int_equal(ns.captures[0].ring_bytes, 0);
	host_sockets_free(&ns);
}

static void map_keeps_what_was_put_while_it_grows(void **state)
{
	struct host_map map = { 0 };
	uint32_t value = 0;
	uint64_t key;

	assert_false(host_map_get(&map, 1, &value));
	for (key = 1; key <= 10000; key++)
		assert_int_equal(host_map_put(&map, key << 20, (uint32_t)key), 0);
	for (key = 1; key <= 10000; key++) {
		assert_true(host_map_get(&map, key << 20, &value));
		assert_int_equal(value, key);
	}
	assert_false(host_map_get(&map, 5, &value));
	host_map_free(&map);
}

static void list_keeps_its_elements_while_it_grows(void **state)
{
	uint32_t *list = NULL, count = 0, i;

	for (i = 0; i < 1000; i++) {
		uint32_t *element = host_list_add(&list, &count, sizeof(*list));

		assert_int_equal(*element, 0);
		*element = i;
	}
	for (i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_with_short_attributes_is_read_as_far_as_it_goes),
		cmocka_unit_test(message_shorter_than_its_header_is_left_out),
		cmocka_unit_test(attribute_that_reaches_beyond_its_message_ends_it),
		cmocka_unit_test(refusal_is_returned),
		cmocka_unit_test(links_are_found_by_their_index_in_whichever_order_they_come),
		cmocka_unit_test(peer_in_a_namespace_without_a_number_is_not_taken_for_one_here),
		cmocka_unit_test(own_address_wins_over_the_other_ends_whichever_comes_first),
		cmocka_unit_test(xdp_socket_is_read_with_queue_frames_and_drops),
		cmocka_unit_test(packet_socket_whose_filter_may_not_be_read_has_an_unknown_one),
		cmocka_unit_test(map_keeps_what_was_put_while_it_grows),
		cmocka_unit_test(list_keeps_its_elements_while_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
