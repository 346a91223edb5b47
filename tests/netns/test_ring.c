/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Facts about the engine ring alone, where nsring.ko is loaded; a packet socket is the witness.
 *
 *	sends ─ v0 ──────── v1 ─ captures
 */
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "topology.h"

#define PORT 1000

static void send_ports(const char *device, uint16_t port, uint32_t count)
{
	struct nsr_frame *frames = calloc(count, sizeof(*frames));
	uint8_t(*bytes)[60] = calloc(count, sizeof(*bytes));
	uint32_t i;

	for (i = 0; i < count; i++) {
		udp_frame(bytes[i], (uint16_t)(port + i));
		frames[i] = (struct nsr_frame){ bytes[i], 60 };
	}
	send_frames(device, frames, count);
	free(frames);
	free(bytes);
}

static struct nsr_stats stats_of(struct nsr_capture *cap)
{
	struct nsr_stats stats = NSR_STATS_INIT;

	assert_int_equal(nsr_stats_get(cap, &stats), 0);
	return stats;
}

static struct nsr_info info_of(struct nsr_capture *cap)
{
	struct nsr_info info = NSR_INFO_INIT;

	assert_int_equal(nsr_info_get(cap, &info), 0);
	return info;
}

static void target_without_an_engine_gets_ring(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	cap = open_target("v1", NULL);
	assert_string_equal(info_of(cap).engine, "ring");
	assert_string_equal(info_of(cap).mode, "nsring.ko");
	nsr_close(cap);
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	cap = open_target("v1", &opts);
	assert_string_equal(info_of(cap).engine, "packet");
	nsr_close(cap);
}

/* Bytes, lengths, flags and stamps' order of what two captures have seen, side by side. */
struct seen {
	struct {
		uint8_t data[128];
		uint32_t caplen, len, flags;
		uint16_t tci, tpid;
	} packets[64];
	uint32_t count;
	bool cooked;
};

static void note(const struct nsr_packet *packet, void *arg)
{
	struct seen *seen = arg;
	uint32_t i = seen->count++;

	assert_in_range(i, 0, 63);
	assert_in_range(packet->caplen, 0, 128);
	memcpy(seen->packets[i].data, packet->data, packet->caplen);
	seen->packets[i].caplen = packet->caplen;
	seen->packets[i].len = packet->len;
	/* On "any" packet sockets say so, too, of a tag that has always been inside. */
	if (seen->cooked && packet->flags & NSR_PKT_OUT)
		return;
	seen->packets[i].flags = packet->flags;
	seen->packets[i].tci = packet->vlan_tci;
	seen->packets[i].tpid = packet->vlan_tpid;
}

/* Untagged, tagged, tagged twice; of other hosts, broadcast, multicast. */
static void send_kinds(bool twice)
{
	uint8_t bytes[6][68] = { 0 };
	struct nsr_frame frames[6];
	uint32_t i;

	for (i = 0; i < 6; i++) {
		udp_frame(bytes[i], PORT);
		frames[i] = (struct nsr_frame){ bytes[i], 60 };
	}
	for (i = 1; i < 3; i++) {
		memmove(bytes[i] + 16, bytes[i] + 12, 48);
		memcpy(bytes[i] + 12, (uint8_t[]){ 0x81, 0, 0x20, 5 }, 4);
		frames[i].len = 64;
	}
	if (twice) {
		memmove(bytes[2] + 16, bytes[2] + 12, 52);
		memcpy(bytes[2] + 12, (uint8_t[]){ 0x88, 0xa8, 0, 7 }, 4);
		frames[2].len = 68;
	}
	memset(bytes[3], 0xff, 6);
	bytes[4][0] = 1;
	bytes[5][5] = 9;
	send_frames("v0", frames, 6);
}

static void compare(const char *device, const char *filter, uint32_t snaplen)
{
	static struct seen seen[2];
	struct nsr_capture *cap[2];
	struct nsr_options opts;
	char target[64];
	uint32_t i;

	memset(seen, 0, sizeof(seen));
	seen[0].cooked = seen[1].cooked = strcmp(device, "any") == 0;
	nsr_options_init(&opts);
	opts.filter = filter;
	opts.snaplen = snaplen;
	for (i = 0; i < 2; i++) {
		snprintf(target, sizeof(target), "%s:%s", i ? "packet" : "ring", device);
		cap[i] = open_target(target, &opts);
	}
	/* A packet socket of "any" loses one of two tags. */
	send_kinds(!seen[0].cooked);
	for (i = 0; i < 2; i++) {
		collect(cap[i], note, &seen[i]);
		nsr_close(cap[i]);
	}
	assert_int_equal(seen[0].count, seen[1].count);
	for (i = 0; i < seen[0].count; i++) {
		if (memcmp(&seen[0].packets[i], &seen[1].packets[i], sizeof(seen[0].packets[0])))
			fail_msg("%s, \"%s\", packet %u: %u/%u bytes, flags %#x, tag %x %x; %u/%u, "
				 "%#x, %x %x",
				 device, filter ? filter : "", i, seen[0].packets[i].caplen,
				 seen[0].packets[i].len, seen[0].packets[i].flags,
				 seen[0].packets[i].tpid, seen[0].packets[i].tci,
				 seen[1].packets[i].caplen, seen[1].packets[i].len,
				 seen[1].packets[i].flags, seen[1].packets[i].tpid,
				 seen[1].packets[i].tci);
	}
}

static void packets_are_those_of_a_packet_socket(void **state)
{
	static const char *const filters[] = { NULL,	   "udp",
					       "vlan",	   "vlan 5 and udp",
					       "not vlan", "ether[0] & 1 != 0 or ip6",
					       "len > 60" };
	static const uint32_t snaplens[] = { 0, 20, 40 };
	uint32_t f, s;

	topology_require();
	for (f = 0; f < 7; f++) {
		for (s = 0; s < 3; s++) {
			compare("v1", filters[f], snaplens[s]);
			compare("v0", filters[f], snaplens[s]);
		}
	}
}

static void cooked_packets_are_those_of_a_packet_socket(void **state)
{
	static const char *const filters[] = { NULL,	     "udp",
					       "not udp",    "udp port 1000 and inbound",
					       "outbound",   "len > 66",
					       "ip[8] == 64" };
	static const uint32_t snaplens[] = { 0, 20, 44 };
	uint32_t f, s;

	topology_require();
	for (f = 0; f < 7; f++)
		for (s = 0; s < 3; s++)
			compare("any", filters[f], snaplens[s]);
}

static void nothing_is_filtered_or_lost_but_it_is_counted(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;

	topology_require();
	nsr_options_init(&opts);
	opts.filter = "udp port 1002";
	cap = open_target("ring:v1", &opts);
	send_ports("v0", PORT, 10);
	assert_int_equal(collect(cap, NULL, NULL), 1);
	assert_int_equal(stats_of(cap).filtered, 9);
	assert_int_equal(stats_of(cap).lost_ring, 0);
	nsr_close(cap);
}

static void sampling_keeps_every_nth_and_counts_the_rest(void **state)
{
	struct nsr_options opts;
	struct nsr_capture *cap;
	uint32_t kept;

	topology_require();
	nsr_options_init(&opts);
	opts.sample = 4;
	cap = open_target("ring:v1", &opts);
	send_ports("v0", PORT, 100);
	kept = collect(cap, NULL, NULL);
	assert_in_range(kept, 25, 32); /* each processor counts for itself */
	assert_int_equal(kept + stats_of(cap).sampled, 100);
	nsr_close(cap);
}

static void readers_of_a_shared_ring_have_each_their_filter(void **state)
{
	static const char *const filters[] = { "udp port 1001", NULL, "udp portrange 1005-1009" };
	static const uint32_t counts[] = { 1, 20, 5 };
	struct nsr_capture *cap[3];
	struct nsr_options opts;
	uint32_t i;

	topology_require();
	nsr_options_init(&opts);
	opts.share = 7;
	for (i = 0; i < 3; i++) {
		opts.filter = filters[i];
		cap[i] = open_target("ring:v1", &opts);
	}
	assert_string_equal(info_of(cap[0]).mode, "nsring.ko, shared");
	send_ports("v0", PORT, 20);
	for (i = 0; i < 3; i++) {
		assert_int_equal(collect(cap[i], NULL, NULL), counts[i]);
		assert_int_equal(stats_of(cap[i]).filtered, 20 - counts[i]);
		assert_int_equal(stats_of(cap[i]).lost_ring, 0);
		nsr_close(cap[i]);
	}
}

static void slow_reader_of_a_shared_ring_knows_what_it_missed(void **state)
{
	struct nsr_capture *slow, *quick;
	struct nsr_options opts;
	struct nsr_batch batch;
	uint32_t i, count = 0, slow_count;

	topology_require();
	nsr_options_init(&opts);
	opts.share = 8;
	opts.ring_bytes = 256 << 10;
	slow = open_target("ring:v1", &opts);
	quick = open_target("ring:v1", &opts);
	for (i = 0; i < 200; i++) {
		send_ports("v0", PORT, 100);
		while (nsr_recv(quick, &batch, 0) > 0)
			count += batch.count;
	}
	count += collect(quick, NULL, NULL);
	assert_int_equal(count + stats_of(quick).lost_ring, 20000);
	slow_count = collect(slow, NULL, NULL);
	assert_in_range(slow_count, 1, 19999);
	assert_int_equal(slow_count + stats_of(slow).lost_ring, 20000);
	nsr_close(slow);
	nsr_close(quick);
}

static void shared_ring_of_other_settings_says_so(void **state)
{
	struct nsr_capture *cap, *other;
	struct nsr_options opts;
	struct nsr_error err;

	topology_require();
	nsr_options_init(&opts);
	opts.share = 9;
	cap = open_target("ring:v1", &opts);
	opts.sample = 3;
	assert_int_equal(nsr_open("ring:v1", &opts, &other, &err), -EINVAL);
	assert_says(&err, "ring 9 is shared already");
	nsr_close(cap);
}

static void group_shares_the_packets_of_a_device(uint32_t how)
{
	struct nsr_capture *cap[3];
	struct nsr_options opts;
	uint32_t i, count = 0;

	nsr_options_init(&opts);
	opts.fanout = how;
	for (i = 0; i < 3; i++) {
		cap[i] = open_target("ring:v1", &opts);
		assert_int_not_equal(info_of(cap[i]).fanout_group, 0);
		opts.fanout_group = info_of(cap[0]).fanout_group;
	}
	send_ports("v0", PORT, 300);
	for (i = 0; i < 3; i++)
		assert_int_equal(nsr_stop(cap[i]), 0);
	for (i = 0; i < 3; i++) {
		count += collect(cap[i], NULL, NULL);
		nsr_close(cap[i]);
	}
	assert_int_equal(count, 300);
}

static void every_way_of_fanout_gives_each_packet_to_one(void **state)
{
	uint32_t how;

	topology_require();
	for (how = NSR_FANOUT_FLOW; how <= NSR_FANOUT_VLAN; how++)
		group_shares_the_packets_of_a_device(how);
}

static void count_incoming(const struct nsr_packet *packet, void *arg)
{
	*(uint32_t *)arg += !(packet->flags & NSR_PKT_OUT);
}

static void injected_frames_come_in(void **state)
{
	struct nsr_capture *sender, *cap;
	struct nsr_options opts;
	uint32_t incoming = 0;
	struct nsr_frame one;
	uint8_t frame[60];

	topology_require();
	udp_frame(frame, PORT);
	one = (struct nsr_frame){ frame, sizeof(frame) };
	cap = open_target("packet:v1", NULL);
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	opts.inject = true;
	sender = open_target("v1", &opts);
	assert_string_equal(info_of(sender).mode, "nsring.ko, send only, into the stack");
	assert_int_equal(nsr_send(sender, &one, 1), 1);
	assert_int_equal(collect(cap, count_incoming, &incoming), 1);
	assert_int_equal(incoming, 1);
	nsr_close(sender);
	nsr_close(cap);
}

static void all_namespaces_are_for_the_host_alone(void **state)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	topology_require();
	assert_int_equal(nsr_open("all/any", NULL, &cap, &err), -EPERM);
	assert_says(&err, "all namespaces at once");
	assert_int_equal(nsr_open("all/ring:v1", NULL, &cap, &err), -EINVAL);
	assert_int_equal(nsr_open("all/packet:any", NULL, &cap, &err), -EOPNOTSUPP);
	assert_says(&err, "all/ring:any");
}

static void drop_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[capability / 32].effective &= ~(1u << capability % 32);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* In a process of its own, which exits with 0 when all is as it should be. */
static void open_without_memory(void)
{
	const struct rlimit none = { 0, 0 };
	struct nsr_capture *cap;
	struct nsr_error err;

	drop_capability(CAP_IPC_LOCK);
	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		_exit(1);
	if (nsr_open("ring:v1", NULL, &cap, &err) != -ENOMEM || !says(&err, "ulimit -l"))
		_exit(2);
	if (nsr_open("v1", NULL, &cap, &err) < 0 || *err.text)
		_exit(3);
	if (strcmp(info_of(cap).engine, "packet") != 0)
		_exit(4);
	nsr_close(cap);
	_exit(0);
}

static void target_without_an_engine_gets_packet_where_a_ring_has_no_memory(void **state)
{
	int status;
	pid_t pid;

	topology_require();
	pid = fork();
	if (pid == 0)
		open_without_memory();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void without_cap_net_raw_the_capability_is_named(void **state)
{
	struct nsr_capture *cap;
	struct nsr_error err;
	int status;
	pid_t pid;

	topology_require();
	pid = fork();
	if (pid == 0) {
		drop_capability(CAP_NET_RAW);
		if (nsr_open("v1", NULL, &cap, &err) != -EPERM ||
		    !strstr(err.text, "ring sockets need CAP_NET_RAW"))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static uint64_t own_cookie(void)
{
	struct nsr_capture *cap = open_target("packet:lo", NULL);
	uint64_t cookie = info_of(cap).netns_cookie;

	nsr_close(cap);
	return cookie;
}

/* Sends in a namespace of its own and exits with 0; tells its cookie before. */
static void send_elsewhere(int fd)
{
	uint64_t cookie;

	if (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up") != 0)
		_exit(1);
	cookie = own_cookie();
	if (write(fd, &cookie, sizeof(cookie)) != sizeof(cookie))
		_exit(1);
	usleep(300000);
	send_ports("packet:lo", PORT, 5);
	usleep(300000);
	_exit(0);
}

static void packets_of_all_namespaces_tell_theirs(void **state)
{
	struct nsr_interface iface = NSR_INTERFACE_INIT;
	struct stat own, host;
	struct nsr_options opts;
	struct nsr_capture *cap;
	struct nsr_batch batch;
	uint64_t cookie = 0;
	uint32_t count = 0, i;
	int ends[2], n;
	pid_t pid;

	if (stat("/proc/self/ns/net", &own) < 0 || stat("/proc/1/ns/net", &host) < 0 ||
	    own.st_ino != host.st_ino) {
		print_message("needs the host's network namespace\n");
		skip();
	}
	assert_int_equal(pipe(ends), 0);
	nsr_options_init(&opts);
	opts.filter = "udp portrange 1000-1004";
	cap = open_target("all/any", &opts);
	pid = fork();
	if (pid == 0)
		send_elsewhere(ends[1]);
	assert_int_equal(read(ends[0], &cookie, sizeof(cookie)), sizeof(cookie));
	while (count < 5 && (n = nsr_recv(cap, &batch, 5000)) > 0) {
		for (i = 0; i < batch.count; i++) {
			assert_int_equal(nsr_interface_get(cap, batch.packets[i].iface, &iface), 0);
			assert_string_equal(iface.name, "lo");
			assert_int_equal(iface.netns_cookie, cookie);
		}
		count += batch.count;
	}
	assert_int_equal(count, 5);
	waitpid(pid, NULL, 0);
	nsr_close(cap);
}

/* In a process of its own, which exits with 0 when all is as it should be. */
static void open_all_without_sys_admin(void)
{
	struct nsr_capture *cap;
	struct nsr_error err;

	drop_capability(CAP_SYS_ADMIN);
	if (nsr_open("all/any", NULL, &cap, &err) != -EPERM)
		_exit(1);
	_exit(says(&err, "CAP_SYS_ADMIN") && says(&err, "cap_sys_admin") ? 0 : 2);
}

static void all_namespaces_without_cap_sys_admin_say_that_it_is_missing(void **state)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		open_all_without_sys_admin();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest before[] = {
		cmocka_unit_test(packets_of_all_namespaces_tell_theirs),
		cmocka_unit_test(all_namespaces_without_cap_sys_admin_say_that_it_is_missing),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_without_an_engine_gets_ring),
		cmocka_unit_test(packets_are_those_of_a_packet_socket),
		cmocka_unit_test(cooked_packets_are_those_of_a_packet_socket),
		cmocka_unit_test(nothing_is_filtered_or_lost_but_it_is_counted),
		cmocka_unit_test(sampling_keeps_every_nth_and_counts_the_rest),
		cmocka_unit_test(readers_of_a_shared_ring_have_each_their_filter),
		cmocka_unit_test(slow_reader_of_a_shared_ring_knows_what_it_missed),
		cmocka_unit_test(shared_ring_of_other_settings_says_so),
		cmocka_unit_test(every_way_of_fanout_gives_each_packet_to_one),
		cmocka_unit_test(injected_frames_come_in),
		cmocka_unit_test(target_without_an_engine_gets_packet_where_a_ring_has_no_memory),
		cmocka_unit_test(without_cap_net_raw_the_capability_is_named),
		cmocka_unit_test(all_namespaces_are_for_the_host_alone),
	};
	int failed;

	if (access("/sys/module/nsring", F_OK) < 0) {
		fprintf(stderr, "nsring.ko is not loaded\n");
		return 77;
	}
	failed = cmocka_run_group_tests(before, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, topology_enter, NULL);
}
