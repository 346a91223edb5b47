/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Netlink answers that lie: about lengths, about whose they are, about being complete. */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>

#include "sys/netlink.h"
#include "check.h"
#include "made_up_kernel.h"

static int count(const struct nlmsghdr *msg, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

/* Asks once; @found is how many messages of the answer were handed on. */
static int ask(struct kernel *kernel, unsigned int *found)
{
	struct nsr_netlink_question question;
	int rc;

	*found = 0;
	nsr_netlink_begin(&question, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	kernel_start(kernel);
	rc = nsr_netlink_ask(kernel->asker, &question, count, found);
	kernel_stop(kernel);
	return rc;
}

static void put_link(struct kernel *kernel)
{
	kernel_end(kernel, kernel_put(kernel, RTM_NEWLINK, sizeof(struct ifinfomsg)));
}

static void message_that_reaches_beyond_its_datagram_is_a_bad_one(void **state)
{
	struct kernel kernel = { 0 };
	unsigned int found;
	struct nlmsghdr *msg;

	put_link(&kernel);
	msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));
	kernel_end(&kernel, msg);
	msg->nlmsg_len += 4;
	assert_int_equal(ask(&kernel, &found), -EBADMSG);
	assert_int_equal(found, 1);
}

static void message_shorter_than_netlink_s_own_header_is_a_bad_one(void **state)
{
	struct kernel kernel = { 0 };
	unsigned int found;
	struct nlmsghdr *msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));

	kernel_end(&kernel, msg);
	msg->nlmsg_len = 3;
	assert_int_equal(ask(&kernel, &found), -EBADMSG);
	assert_int_equal(found, 0);
}

static void refusal_without_room_for_its_reason_is_a_bad_message(void **state)
{
	struct kernel kernel = { 0 };
	unsigned int found;

	kernel_end(&kernel, kernel_put(&kernel, NLMSG_ERROR, sizeof(int)));
	assert_int_equal(ask(&kernel, &found), -EBADMSG);
}

static void refusal_with_a_positive_reason_is_a_bad_message(void **state)
{
	struct kernel kernel = { 0 };
	unsigned int found;
	struct nlmsghdr *msg = kernel_put(&kernel, NLMSG_ERROR, sizeof(struct nlmsgerr));

	((struct nlmsgerr *)mnl_nlmsg_get_payload(msg))->error = 5;
	kernel_end(&kernel, msg);
	assert_int_equal(ask(&kernel, &found), -EBADMSG);
}

static void answer_to_an_earlier_question_is_passed_over(void **state)
{
	struct kernel kernel = { .stale = 2 };
	unsigned int found;

	put_link(&kernel);
	kernel_put_done(&kernel);
	put_link(&kernel);
	put_link(&kernel);
	kernel_put_done(&kernel);
	assert_int_equal(ask(&kernel, &found), 0);
	assert_int_equal(found, 2);
}

static void list_that_changed_meanwhile_is_handed_on_and_says_so(void **state)
{
	struct kernel kernel = { 0 };
	unsigned int found;
	struct nlmsghdr *msg = kernel_put(&kernel, RTM_NEWLINK, sizeof(struct ifinfomsg));

	msg->nlmsg_flags |= NLM_F_DUMP_INTR;
	kernel_end(&kernel, msg);
	kernel_put_done(&kernel);
	assert_int_equal(ask(&kernel, &found), -EINTR);
	assert_int_equal(found, 1);
}

static void list_that_failed_half_way_returns_why(void **state)
{
	struct kernel kernel = { 0 };
	unsigned int found;
	struct nlmsghdr *msg;

	put_link(&kernel);
	msg = kernel_put(&kernel, NLMSG_DONE, sizeof(int));
	*(int *)mnl_nlmsg_get_payload(msg) = -ENOMEM;
	kernel_end(&kernel, msg);
	assert_int_equal(ask(&kernel, &found), -ENOMEM);
	assert_int_equal(found, 1);
}

static void attributes_are_read_as_far_as_they_go(void **state)
{
	_Alignas(struct nlmsghdr) char room[64];
	char text[4];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room);
	const struct nlattr *attr;
	uint64_t number = UINT64_MAX;

	mnl_attr_put(msg, IFLA_IFNAME, 3, "abc");
	attr = mnl_nlmsg_get_payload(msg);
	assert_int_equal(nsr_netlink_u32(attr), 0);
	nsr_netlink_text(attr, text, sizeof(text));
	assert_string_equal(text, "abc");
	nsr_netlink_text(attr, text, 3);
	assert_string_equal(text, "ab");
	nsr_netlink_copy(attr, &number, sizeof(number));
	assert_memory_equal(&number, "abc\0\0\0\0\0", 8);
}

static int never(const struct nlattr *attr, void *arg)
{
	fail_msg("there is no attribute");
	return 0;
}

static void message_too_short_for_its_header_has_no_attributes(void **state)
{
	_Alignas(struct nlmsghdr) char room[64];
	struct nlmsghdr *msg = mnl_nlmsg_put_header(room);

	mnl_nlmsg_put_extra_header(msg, 8);
	assert_int_equal(nsr_netlink_walk(msg, sizeof(struct ifinfomsg), never, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_that_reaches_beyond_its_datagram_is_a_bad_one),
		cmocka_unit_test(message_shorter_than_netlink_s_own_header_is_a_bad_one),
		cmocka_unit_test(refusal_without_room_for_its_reason_is_a_bad_message),
		cmocka_unit_test(refusal_with_a_positive_reason_is_a_bad_message),
		cmocka_unit_test(answer_to_an_earlier_question_is_passed_over),
		cmocka_unit_test(list_that_changed_meanwhile_is_handed_on_and_says_so),
		cmocka_unit_test(list_that_failed_half_way_returns_why),
		cmocka_unit_test(attributes_are_read_as_far_as_they_go),
		cmocka_unit_test(message_too_short_for_its_header_has_no_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
