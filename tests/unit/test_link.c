/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Interfaces, read from messages of rtnetlink. */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "sys/link.h"
#include "sys/netlink.h"
#include "check.h"
#include "made_up_kernel.h"

#define ROOM 1024

/* The beginning of a message about the interface 7. */
static struct nlmsghdr *begin(char room[ROOM])
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(memset(room, 0, ROOM));
	struct ifinfomsg *head;

	msg->nlmsg_type = RTM_NEWLINK;
	head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	head->ifi_index = 7;
	head->ifi_type = 1;
	head->ifi_flags = 0x1043;
	mnl_attr_put_strz(msg, IFLA_IFNAME, "veth0");
	mnl_attr_put_u32(msg, IFLA_MTU, 1500);
	return msg;
}

static void put_kind(struct nlmsghdr *msg, const char *kind, uint16_t type, uint32_t value)
{
	struct nlattr *info = mnl_attr_nest_start(msg, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(msg, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(msg, IFLA_INFO_DATA);
	mnl_attr_put_u32(msg, type, value);
	mnl_attr_nest_end(msg, data);
	mnl_attr_nest_end(msg, info);
}

static void put_xdp(struct nlmsghdr *msg, uint8_t mode, uint16_t type, uint32_t id)
{
	struct nlattr *xdp = mnl_attr_nest_start(msg, IFLA_XDP);

	mnl_attr_put_u8(msg, IFLA_XDP_ATTACHED, mode);
	mnl_attr_put_u32(msg, type, id);
	mnl_attr_put_u32(msg, IFLA_XDP_PROG_ID, id);
	mnl_attr_nest_end(msg, xdp);
}

static void link_is_read_with_its_kind_its_peer_and_its_program(void **state)
{
	struct nsr_link_info info;
	_Alignas(struct nlmsghdr) char room[ROOM];
	struct nlmsghdr *msg = begin(room);

	mnl_attr_put_u32(msg, IFLA_MASTER, 3);
	mnl_attr_put_u32(msg, IFLA_LINK, 9);
	mnl_attr_put_u32(msg, IFLA_LINK_NETNSID, 2);
	mnl_attr_put_u8(msg, IFLA_OPERSTATE, 6);
	mnl_attr_put(msg, IFLA_ADDRESS, 6, "\2\0\0\0\0\1");
	put_kind(msg, "veth", 1, 0);
	put_xdp(msg, XDP_ATTACHED_SKB, IFLA_XDP_SKB_PROG_ID, 42);
	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_int_equal(info.ifindex, 7);
	assert_int_equal(info.arphrd, 1);
	assert_int_equal(info.flags, 0x1043);
	assert_string_equal(info.name, "veth0");
	assert_string_equal(info.kind, "veth");
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(info.operstate, 6);
	assert_int_equal(info.master, 3);
	assert_int_equal(info.below, 9);
	assert_true(info.abroad);
	assert_int_equal(info.nsid, 2);
	assert_int_equal(info.mac_bytes, 6);
	assert_memory_equal(info.mac, "\2\0\0\0\0\1", 6);
	assert_int_equal(info.xdp_mode, XDP_ATTACHED_SKB);
	assert_int_equal(info.xdp_id, 42);
	assert_int_equal(info.xdp_ids[NSR_LINK_XDP_GENERIC], 42);
	assert_int_equal(info.xdp_ids[NSR_LINK_XDP_NATIVE], 0);
}

/* Joins names by blanks. */
static int join(const char name[ALTIFNAMSIZ], void *arg)
{
	strcat(strcat(arg, name), " ");
	return 0;
}

static void alternative_names_are_told_each(void **state)
{
	_Alignas(struct nlmsghdr) char room[ROOM];
	struct nlmsghdr *msg = begin(room);
	char longest[ALTIFNAMSIZ] = "", names[ROOM] = "";
	struct nsr_link_info info;
	struct nlattr *list;

	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_int_equal(nsr_link_altnames(&info, join, names), 0);
	assert_string_equal(names, "");
	memset(longest, 'l', sizeof(longest) - 1);
	list = mnl_attr_nest_start(msg, IFLA_PROP_LIST);
	mnl_attr_put_strz(msg, IFLA_ALT_IFNAME, "wan");
	mnl_attr_put_strz(msg, IFLA_ALT_IFNAME, longest);
	mnl_attr_nest_end(msg, list);
	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_string_equal(info.name, "veth0");
	assert_int_equal(nsr_link_altnames(&info, join, names), 0);
	assert_int_equal(strlen(names), 4 + 128);
	assert_memory_equal(names, "wan lll", 7);
}

static void longest_frame_is_what_offloads_make_of_it_with_room_for_a_header(void **state)
{
	struct nsr_link_info info;
	_Alignas(struct nlmsghdr) char room[ROOM];
	struct nlmsghdr *msg = begin(room);

	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_int_equal(info.max_frame, 1500 + 32);
	mnl_attr_put_u32(msg, IFLA_GRO_MAX_SIZE, 65536);
	mnl_attr_put_u32(msg, 63 /* IFLA_GSO_IPV4_MAX_SIZE */, 200000);
	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_int_equal(info.max_frame, 200000 + 32);
	mnl_attr_put_u32(msg, IFLA_GSO_MAX_SIZE, UINT32_MAX);
	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_int_equal(info.max_frame, (1 << 24) + 32);
}

static void vxlan_of_an_old_kernel_lies_on_what_its_data_says(void **state)
{
	struct nsr_link_info info;
	_Alignas(struct nlmsghdr) char room[ROOM];
	struct nlmsghdr *msg = begin(room);

	put_kind(msg, "vxlan", IFLA_VXLAN_LINK, 4);
	assert_int_equal(nsr_link_parse(msg, &info), 0);
	assert_int_equal(info.below, 4);
	assert_false(info.abroad);
	assert_int_equal(info.nsid, -1);
}

static void message_of_another_type_or_without_its_header_is_a_bad_one(void **state)
{
	struct nsr_link_info info;
	_Alignas(struct nlmsghdr) char room[ROOM];
	struct nlmsghdr *msg = begin(room);

	msg->nlmsg_type = RTM_DELLINK;
	assert_int_equal(nsr_link_parse(msg, &info), -EBADMSG);
	msg->nlmsg_type = RTM_NEWLINK;
	msg->nlmsg_len = sizeof(*msg) + 8;
	assert_int_equal(nsr_link_parse(msg, &info), -EBADMSG);
}

static int ignore(const char name[ALTIFNAMSIZ], void *arg)
{
	assert_true(strnlen(name, ALTIFNAMSIZ) < ALTIFNAMSIZ);
	return 0;
}

/* In memory that ends where the message does, so that a sanitizer sees a step beyond. */
static void message_with_any_byte_changed_is_read_within_its_bounds(void **state)
{
	static const uint8_t values[] = { 0, 1, 3, 4, 5, 0x7f, 0x80, 0xff };
	struct nsr_link_info info;
	_Alignas(struct nlmsghdr) char room[ROOM];
	struct nlmsghdr *whole = begin(room), *msg;
	struct nlattr *list;
	size_t at, i, bytes;

	put_kind(whole, "vlan", IFLA_VLAN_ID, 5);
	put_xdp(whole, XDP_ATTACHED_DRV, IFLA_XDP_DRV_PROG_ID, 1);
	mnl_attr_put(whole, IFLA_STATS64, 8, "\1\2\3\4\5\6\7");
	list = mnl_attr_nest_start(whole, IFLA_PROP_LIST);
	mnl_attr_put_strz(whole, IFLA_ALT_IFNAME, "alternative");
	mnl_attr_nest_end(whole, list);
	bytes = whole->nlmsg_len;
	msg = malloc(bytes);
	assert_non_null(msg);
	for (at = sizeof(*msg); at < bytes; at++) {
		for (i = 0; i < sizeof(values); i++) {
			memcpy(msg, whole, bytes);
			((uint8_t *)msg)[at] = values[i];
			assert_int_equal(nsr_link_parse(msg, &info), 0);
			assert_true(strnlen(info.name, sizeof(info.name)) < sizeof(info.name));
			assert_true(strnlen(info.kind, sizeof(info.kind)) < sizeof(info.kind));
			assert_true(info.mac_bytes <= sizeof(info.mac));
			nsr_link_altnames(&info, ignore, NULL);
		}
	}
	free(msg);
}

static void engines_get_what_the_device_missed_for_any_reason(void **state)
{
	const struct rtnl_link_stats64 stats = {
		.rx_packets = 10, .tx_packets = 20, .rx_missed_errors = 3, .rx_fifo_errors = 4
	};
	struct kernel kernel = { 0 };
	struct nsr_link link;
	struct nlmsghdr *msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));

	((struct ifinfomsg *)mnl_nlmsg_get_payload(msg))->ifi_index = 7;
	msg->nlmsg_flags = 0;
	mnl_attr_put(msg, IFLA_STATS64, sizeof(stats), &stats);
	kernel_end(&kernel, msg);
	kernel_start(&kernel);
	assert_int_equal(nsr_link_get(kernel.asker, NULL, 7, &link), 0);
	kernel_stop(&kernel);
	assert_int_equal(link.ifindex, 7);
	assert_int_equal(link.missed, 7);
	assert_int_equal(link.received, 10);
	assert_int_equal(link.transmitted, 20);
}

/* The descriptor is none, so that a question would fail otherwise. */
static void name_longer_than_any_interface_s_is_not_asked_for(void **state)
{
	struct nsr_link link;
	char name[300];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(nsr_link_get(-1, name, 0, &link), -ENODEV);
	name[128] = '\0';
	assert_int_equal(nsr_link_get(-1, name, 0, &link), -ENODEV);
	name[127] = '\0';
	assert_int_equal(nsr_link_get(-1, name, 0, &link), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_read_with_its_kind_its_peer_and_its_program),
		cmocka_unit_test(alternative_names_are_told_each),
		cmocka_unit_test(longest_frame_is_what_offloads_make_of_it_with_room_for_a_header),
		cmocka_unit_test(vxlan_of_an_old_kernel_lies_on_what_its_data_says),
		cmocka_unit_test(message_of_another_type_or_without_its_header_is_a_bad_one),
		cmocka_unit_test(message_with_any_byte_changed_is_read_within_its_bounds),
		cmocka_unit_test(engines_get_what_the_device_missed_for_any_reason),
		cmocka_unit_test(name_longer_than_any_interface_s_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
