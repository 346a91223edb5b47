/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* The verdicts of nsring doctor on devices that no test machine has, and on capabilities. */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>

#include "doctor/target.h"
#include "check.h"

/* An Ethernet device that is up, of a driver that has it all, in the place netns:web. */
static int make_target(void **state)
{
	struct target *target = calloc(1, sizeof(*target));
	struct doctor *doctor = calloc(1, sizeof(*doctor));

	assert_non_null(target);
	assert_non_null(doctor);
	doctor->caps.effective = doctor->caps.permitted = doctor->caps.bounding = UINT64_MAX;
	doctor->caps.initial = true;
	strcpy(doctor->program, "/usr/bin/nsring");
	target->doctor = doctor;
	strcpy(target->run, "ip netns exec web ");
	strcpy(target->name, "eth7");
	target->device.link = (struct nsr_link_info){ .name = "eth7",
						      .ifindex = 7,
						      .flags = IFF_UP | IFF_LOWER_UP,
						      .arphrd = ARPHRD_ETHER,
						      .mtu = 1500 };
	target->device.features = (struct nsr_netdev_xdp){
		.acts = NSR_NETDEV_XDP_ACT_BASIC | NSR_NETDEV_XDP_ACT_NDO_XMIT |
			NSR_NETDEV_XDP_ACT_XSK_ZEROCOPY | NSR_NETDEV_XDP_ACT_RX_SG,
		.rx_metadata = NSR_NETDEV_XDP_RX_METADATA_TIMESTAMP,
		.zc_max_segs = 4,
	};
	*state = target;
	return 0;
}

static int free_target(void **state)
{
	struct target *target = *state;

	free(target->doctor);
	free(target);
	return 0;
}

/* The line about @subject; NULL: there is none. */
static const struct finding *find(const struct target *target, const char *subject)
{
	const struct report *report = &target->doctor->report;
	uint32_t i;

	for (i = 0; i < report->count; i++) {
		if (strcmp(report->list[i].subject, subject) == 0)
			return &report->list[i];
	}
	return NULL;
}

static void assert_verdict(const struct target *target, const char *subject, uint32_t verdict)
{
	const struct finding *finding = find(target, subject);

	if (!finding)
		fail_msg("there is no line about %s", subject);
	if (finding->verdict != verdict)
		fail_msg("verdict %u on %s: %s", finding->verdict, subject, finding->reason);
}

static void assert_advice(const struct target *target, const char *subject, const char *advice)
{
	assert_non_null(find(target, subject));
	assert_string_equal(find(target, subject)->advice, advice);
}

static void ring_that_could_be_larger_is_limited_with_the_line_that_makes_it_so(void **state)
{
	struct target *target = *state;

	target->device.ethtool.ring = 512;
	target->device.ethtool.ring_most = 4096;
	judge_hardware(target);
	assert_verdict(target, "ring", VERDICT_LIMITED);
	assert_advice(target, "ring", "ip netns exec web ethtool -G eth7 rx 4096");
}

static void ring_at_its_largest_is_usable(void **state)
{
	struct target *target = *state;

	target->device.ethtool.ring = target->device.ethtool.ring_most = 4096;
	judge_hardware(target);
	assert_verdict(target, "ring", VERDICT_USABLE);
}

static void device_without_rings_has_no_line_about_them(void **state)
{
	judge_hardware(*state);
	assert_null(find(*state, "ring"));
}

static void clock_that_is_not_told_to_stamp_is_limited(void **state)
{
	struct target *target = *state;

	target->device.ethtool.clock = true;
	judge_hardware(target);
	assert_verdict(target, "stamp", VERDICT_LIMITED);
	assert_advice(target, "stamp", "ip netns exec web hwstamp_ctl -i eth7 -r 1");
}

static void clock_that_stamps_is_usable_also_in_xdp(void **state)
{
	struct target *target = *state;

	target->device.ethtool.clock = target->device.ethtool.stamps = true;
	judge_hardware(target);
	judge_xdp(target);
	assert_verdict(target, "stamp", VERDICT_USABLE);
	assert_verdict(target, "zc.stamp", VERDICT_USABLE);
}

static void more_queues_than_zc_takes_are_limited(void **state)
{
	struct target *target = *state;

	target->device.ethtool.queues = target->device.ethtool.queues_most = 257;
	target->device.ethtool.combined = true;
	judge_hardware(target);
	assert_verdict(target, "queues", VERDICT_LIMITED);
	assert_advice(target, "queues",
		      "ip netns exec web ethtool -L eth7 combined 256, or name one: zc:eth7@0");
}

static void offload_that_is_fixed_has_no_advice(void **state)
{
	struct target *target = *state;

	target->device.ethtool.offloads[OFFLOAD_LRO] =
		(struct offload_state){ .known = true, .on = true, .fixed = true };
	judge_offloads(target);
	assert_verdict(target, "offload.lro", VERDICT_LIMITED);
	assert_advice(target, "offload.lro", "");
}

static void offload_that_the_device_never_has_has_no_line(void **state)
{
	struct target *target = *state;

	target->device.ethtool.offloads[OFFLOAD_LRO] =
		(struct offload_state){ .known = true, .fixed = true };
	judge_offloads(target);
	assert_null(find(target, "offload.lro"));
}

static void every_offload_that_is_on_has_the_line_that_turns_it_off(void **state)
{
	struct target *target = *state;
	const struct report *report = &target->doctor->report;
	uint32_t i;

	for (i = 0; i < OFFLOADS; i++)
		target->device.ethtool.offloads[i] =
			(struct offload_state){ .known = true, .on = true };
	judge_offloads(target);
	assert_int_equal(report->count, OFFLOADS);
	for (i = 0; i < report->count; i++) {
		char advice[128];

		if (report->list[i].verdict == VERDICT_USABLE)
			continue;
		snprintf(advice, sizeof(advice), "ip netns exec web ethtool -K eth7 %s off",
			 strchr(report->list[i].subject, '.') + 1);
		assert_string_equal(report->list[i].advice, advice);
	}
}

static void bond_is_limited_to_a_tap_and_its_member_to_its_share(void **state)
{
	struct target *target = *state;

	strcpy(target->device.link.kind, "bond");
	judge_link(target);
	assert_verdict(target, "master", VERDICT_LIMITED);
	strcpy(target->device.link.kind, "");
	target->device.master =
		(struct nsr_link_info){ .name = "bond0", .ifindex = 3, .kind = "bond" };
	target->doctor->report.count = 0;
	judge_link(target);
	assert_verdict(target, "master", VERDICT_LIMITED);
	assert_advice(target, "master", "capture bond0, or with zc each member");
}

static void driver_that_has_it_all_is_usable_but_not_tried(void **state)
{
	judge_xdp(*state);
	assert_verdict(*state, "zc.native", VERDICT_USABLE);
	assert_verdict(*state, "zc.zero-copy", VERDICT_USABLE);
	assert_verdict(*state, "live", VERDICT_USABLE);
	assert_non_null(strstr(find(*state, "zc.zero-copy")->reason, "not tried"));
}

static void large_mtu_needs_a_driver_with_several_buffers(void **state)
{
	struct target *target = *state;

	target->device.link.mtu = 9000;
	target->device.features.acts &= ~(uint64_t)NSR_NETDEV_XDP_ACT_RX_SG;
	target->device.features.zc_max_segs = 1;
	judge_xdp(target);
	assert_verdict(target, "mtu", VERDICT_LIMITED);
	assert_verdict(target, "zc.native", VERDICT_NO);
	assert_verdict(target, "zc.zero-copy", VERDICT_NO);
	assert_verdict(target, "zc.generic", VERDICT_USABLE);
}

static void kernel_that_does_not_tell_leaves_it_open(void **state)
{
	struct target *target = *state;

	target->device.features_rc = -ENOENT;
	judge_xdp(target);
	assert_verdict(target, "zc.native", VERDICT_LIMITED);
	assert_verdict(target, "zc.zero-copy", VERDICT_LIMITED);
	assert_verdict(target, "live", VERDICT_LIMITED);
}

static void quoted_words_are_one_word_for_a_shell(void **state)
{
	char text[16];

	assert_string_equal(quote(text, sizeof(text), "eth0.7"), "eth0.7");
	assert_string_equal(quote(text, sizeof(text), "a b"), "'a b'");
	assert_string_equal(quote(text, sizeof(text), "$(x)"), "'$(x)'");
	assert_string_equal(quote(text, sizeof(text), "a'b"), "'a'\\''b'");
	assert_string_equal(quote(text, sizeof(text), ""), "''");
}

static void quoted_word_that_is_too_long_is_cut_and_closed(void **state)
{
	char text[16];
	size_t length;

	quote(text, sizeof(text), "''''''''''''''''");
	length = strlen(text);
	assert_true(length < sizeof(text));
	assert_int_equal(text[length - 1], '\'');
	quote(text, sizeof(text), "; ; ; ; ; ; ; ; ; ; ;");
	length = strlen(text);
	assert_true(length < sizeof(text));
	assert_int_equal(text[length - 1], '\'');
}

static void setcap_line_has_what_is_wanted_and_what_is_there(void **state)
{
	struct target *target = *state;
	struct nsr_caps *caps = &target->doctor->caps;
	struct finding finding = { 0 };

	caps->effective = caps->permitted = NSR_CAP_BIT(NET_RAW) | NSR_CAP_BIT(CHOWN);
	doctor_advise_caps(target->doctor, NSR_CAP_BIT(SYS_ADMIN), &finding);
	assert_string_equal(finding.advice, "run as root, or: setcap cap_net_raw,cap_sys_admin+ep "
					    "/usr/bin/nsring");
}

static void what_the_bounding_set_lacks_setcap_can_not_give(void **state)
{
	struct target *target = *state;
	struct nsr_caps *caps = &target->doctor->caps;
	struct finding finding = { 0 };

	caps->effective = caps->permitted = 0;
	caps->bounding = ~NSR_CAP_BIT(NET_RAW);
	doctor_advise_caps(target->doctor, CAPS_ZC, &finding);
	assert_non_null(strstr(finding.advice, "CAP_NET_RAW left in the bounding set"));
	assert_null(strstr(finding.advice, "setcap"));
}

static void where_file_capabilities_are_ignored_setcap_is_not_advised(void **state)
{
	struct target *target = *state;
	struct nsr_caps *caps = &target->doctor->caps;
	struct finding finding = { 0 };

	caps->effective = caps->permitted = 0;
	caps->nosuid = true;
	doctor_advise_caps(target->doctor, CAPS_ZC, &finding);
	assert_non_null(strstr(finding.advice, "mounted nosuid"));
	caps->no_new_privs = true;
	doctor_advise_caps(target->doctor, CAPS_ZC, &finding);
	assert_non_null(strstr(finding.advice, "no_new_privs"));
	assert_null(strstr(finding.advice, "setcap"));
}

static void what_is_refused_with_all_capabilities_is_told_who_refuses(void **state)
{
	struct target *target = *state;
	struct finding finding = { 0 };

	doctor_advise_caps(target->doctor, CAPS_ZC, &finding);
	assert_non_null(strstr(finding.advice, "seccomp"));
	target->doctor->caps.initial = false;
	doctor_advise_caps(target->doctor, CAPS_ZC, &finding);
	assert_non_null(strstr(finding.advice, "user namespace"));
}

static void names_of_capabilities_are_a_list_in_words(void **state)
{
	char text[NSR_CAPS_TEXT];

	assert_string_equal(nsr_caps_names(NSR_CAP_BIT(BPF), text), "CAP_BPF");
	assert_string_equal(nsr_caps_names(NSR_CAP_BIT(BPF) | NSR_CAP_BIT(NET_RAW), text),
			    "CAP_NET_RAW and CAP_BPF");
	assert_string_equal(nsr_caps_names(CAPS_ZC, text),
			    "CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF");
	assert_true(strlen(nsr_caps_names(CAPS_ALL, text)) < NSR_CAPS_TEXT - 1);
}

#define WITH_TARGET(test) cmocka_unit_test_setup_teardown(test, make_target, free_target)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TARGET(ring_that_could_be_larger_is_limited_with_the_line_that_makes_it_so),
		WITH_TARGET(ring_at_its_largest_is_usable),
		WITH_TARGET(device_without_rings_has_no_line_about_them),
		WITH_TARGET(clock_that_is_not_told_to_stamp_is_limited),
		WITH_TARGET(clock_that_stamps_is_usable_also_in_xdp),
		WITH_TARGET(more_queues_than_zc_takes_are_limited),
		WITH_TARGET(offload_that_is_fixed_has_no_advice),
		WITH_TARGET(offload_that_the_device_never_has_has_no_line),
		WITH_TARGET(every_offload_that_is_on_has_the_line_that_turns_it_off),
		WITH_TARGET(bond_is_limited_to_a_tap_and_its_member_to_its_share),
		WITH_TARGET(driver_that_has_it_all_is_usable_but_not_tried),
		WITH_TARGET(large_mtu_needs_a_driver_with_several_buffers),
		WITH_TARGET(kernel_that_does_not_tell_leaves_it_open),
		cmocka_unit_test(quoted_words_are_one_word_for_a_shell),
		cmocka_unit_test(quoted_word_that_is_too_long_is_cut_and_closed),
		WITH_TARGET(setcap_line_has_what_is_wanted_and_what_is_there),
		WITH_TARGET(what_the_bounding_set_lacks_setcap_can_not_give),
		WITH_TARGET(where_file_capabilities_are_ignored_setcap_is_not_advised),
		WITH_TARGET(what_is_refused_with_all_capabilities_is_told_who_refuses),
		cmocka_unit_test(names_of_capabilities_are_a_list_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
