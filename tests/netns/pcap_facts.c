/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * pcap_facts DEVICE PEER [DLT WITNESS]
 * pcap_facts DEVICE PEER often TIMES
 * pcap_facts DEVICE PEER refused 0
 * pcap_facts DEVICE PEER short 0
 *
 * Says what libpcap does, a fact a line. DEVICE is what it opens; frames are sent on the interface PEER, from
 * which DEVICE gets them. It is linked to libpcap alone: run with the installed one and with the
 * drop-in, it has to print the same. With the number of a link type it tells only about filters;
 * WITNESS is then another name for DEVICE, whose packets come after those of DEVICE. With
 * `often` it opens and closes DEVICE that many times, with `refused` it gives up its capabilities between two filters; with `short`
 * it tells about small snapshot lengths.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static const char *device, *witness_device;
static int sender = -1;
static char errbuf[PCAP_ERRBUF_SIZE];

/* A handle's own name is in some texts: it is left out, as it differs. */
static void print_text(const char *text)
{
	const char *at = strstr(text, device);

	if (at)
		printf("\"%.*sDEVICE%s\"", (int)(at - text), text, at + strlen(device));
	else
		printf("\"%s\"", text);
}

/* A call, what it returned, and what pcap_geterr() says if it failed. */
#define TELL(p, call)                                                                              \
	do {                                                                                       \
		long value_ = (long)(call);                                                        \
                                                                                                   \
		printf("%s: %s = %ld", __func__, #call, value_);                                   \
		if (value_ < 0 && (p)) {                                                           \
			printf(" ");                                                               \
			print_text(pcap_geterr(p));                                                \
		}                                                                                  \
		printf("\n");                                                                      \
	} while (0)

#define TELL_IS(what, condition) printf("%s: %s: %s\n", __func__, what, (condition) ? "yes" : "no")

static void give_up(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_sender(const char *name)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(name),
	};

	sender = socket(AF_PACKET, SOCK_RAW, 0);
	if (sender < 0 || bind(sender, (struct sockaddr *)&to, sizeof(to)) < 0)
		give_up(name);
}

enum kind { UDP, ARP, TAGGED, TWICE_TAGGED, KINDS };

/* A frame of @bytes; its last byte is @number. */
static void send_frame(enum kind kind, unsigned int number, size_t bytes)
{
	static const uint8_t addresses[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	static const uint8_t ip[] = { 8, 0, 0x45, 0,  0, 46, 0, 0, 0, 0, 64, 17, 0,  0, 10,
				      9, 0, 1,	  10, 9, 0,  2, 0, 7, 0, 9,  0,	 26, 0, 0 };
	static const uint8_t arp[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint8_t tags[] = { 0x81, 0, 0, 5, 0x81, 0, 0, 6 };
	uint8_t frame[1514] = { 0 }, *at = frame + sizeof(addresses);

	memcpy(frame, addresses, sizeof(addresses));
	if (kind == TAGGED)
		at = (uint8_t *)memcpy(at, tags, 4) + 4;
	if (kind == TWICE_TAGGED)
		at = (uint8_t *)memcpy(at, tags, 8) + 8;
	if (kind == ARP)
		memcpy(at, arp, sizeof(arp));
	else
		memcpy(at, ip, sizeof(ip));
	frame[bytes - 1] = (uint8_t)number;
	if (send(sender, frame, bytes, 0) != (ssize_t)bytes)
		give_up("send");
}

static void send_frames(unsigned int count)
{
	unsigned int i;

	for (i = 1; i <= count; i++)
		send_frame(UDP, i, 60);
}

/*
 * Without waiting: on a quiet device libpcap waits for ever, whatever the timeout, which pcap(3PCAP) leaves
 * open. Packets are handed out at once.
 */
static pcap_t *open_named(const char *name, int timeout_ms)
{
	pcap_t *p = pcap_create(name, errbuf);

	if (!p)
		give_up("pcap_create");
	pcap_set_immediate_mode(p, 1);
	pcap_set_timeout(p, timeout_ms);
	pcap_set_promisc(p, 1);
	/* 64 packets: in immediate mode each takes as much as the longest. */
	pcap_set_buffer_size(p, 64 * 262144);
	/* libpcap 1.10.5 warns, where 1.10.3 does not, that "any" is never promiscuous. */
	if (pcap_activate(p) < 0) {
		printf("pcap_activate: %s\n", pcap_geterr(p));
		exit(1);
	}
	pcap_setnonblock(p, timeout_ms == 0, errbuf);
	return p;
}

static pcap_t *open_handle(int timeout_ms)
{
	return open_named(device, timeout_ms);
}

/* The next packet, if it comes within a fifth of a second. */
static int next_soon(pcap_t *p, struct pcap_pkthdr **header, const u_char **bytes)
{
	int rc = 0, i;

	for (i = 0; rc == 0 && i < 40; i++) {
		rc = pcap_next_ex(p, header, bytes);
		if (rc == 0)
			usleep(5000);
	}
	return rc;
}

/*
 * Waits until @count packets have come, on a busy machine, too: then handles that were opened later have theirs,
 * as the kernel gives each packet to the newest first.
 */
static void wait_for(pcap_t *witness, unsigned int count)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	unsigned int tries;

	for (tries = 0; count && tries < 100; tries++)
		count -= next_soon(witness, &header, &bytes) == 1;
	if (count)
		printf("%u packets have not come\n", count);
}

/* Takes @expected packets, and what else comes until there has been nothing for a moment; how many. */
static unsigned int drain(pcap_t *p, unsigned int expected)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	unsigned int count = 0, quiet = 0;

	while (quiet < (count < expected ? 500 : 4)) {
		int rc = pcap_next_ex(p, &header, &bytes);

		if (rc < 0)
			break;
		count += rc == 1;
		quiet = rc ? 0 : quiet + 1;
		if (!rc)
			usleep(20000);
	}
	return count;
}

static void before_activation(void)
{
	struct bpf_program program = { 0 };
	struct pcap_pkthdr *header;
	struct pcap_stat stats;
	const u_char *bytes;
	pcap_t *p = pcap_create(device, errbuf);
	int *list;

	/* Of these libpcap says no text. */
	TELL(NULL, pcap_datalink(p));
	TELL(NULL, pcap_datalink_ext(p));
	TELL(NULL, pcap_list_datalinks(p, &list));
	TELL(NULL, pcap_snapshot(p));
	TELL(NULL, pcap_is_swapped(p));
	TELL(NULL, pcap_major_version(p));
	TELL(NULL, pcap_minor_version(p));
	TELL(p, pcap_stats(p, &stats));
	TELL(p, pcap_next_ex(p, &header, &bytes));
	TELL(p, pcap_dispatch(p, 1, NULL, NULL));
	TELL(p, pcap_loop(p, 1, NULL, NULL));
	TELL(p, pcap_compile(p, &program, "ip", 1, 0));
	TELL(p, pcap_setfilter(p, &program));
	TELL(p, pcap_setdirection(p, PCAP_D_IN));
	TELL(p, pcap_inject(p, "", 1));
	TELL(p, pcap_setnonblock(p, 1, errbuf));
	TELL(p, pcap_getnonblock(p, errbuf));
	TELL(p, pcap_get_selectable_fd(p));
	TELL(p, pcap_fileno(p));
	TELL_IS("a file", pcap_file(p));
	TELL_IS("a dumper", pcap_dump_open(p, "/dev/null"));
	TELL_IS("a packet", pcap_next(p, &(struct pcap_pkthdr){ 0 }));
	pcap_breakloop(p);
	pcap_close(p);
}

static void setting(void)
{
	pcap_t *p = pcap_create(device, errbuf);

	TELL(p, pcap_set_snaplen(p, 96));
	TELL(p, pcap_set_promisc(p, 1));
	TELL(p, pcap_set_timeout(p, 10));
	TELL(p, pcap_set_immediate_mode(p, 1));
	TELL(p, pcap_set_buffer_size(p, 1 << 20));
	TELL(p, pcap_set_buffer_size(p, -1));
	TELL(p, pcap_set_tstamp_type(p, PCAP_TSTAMP_HOST));
	TELL(NULL, pcap_set_tstamp_type(p, 77));
	TELL(p, pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO));
	TELL(NULL, pcap_set_tstamp_precision(p, 77));
	TELL(p, pcap_get_tstamp_precision(p));
	TELL(p, pcap_can_set_rfmon(p));
	TELL(p, pcap_set_rfmon(p, 0));
	TELL(p, pcap_activate(p));
	TELL(p, pcap_activate(p));
	TELL(p, pcap_set_snaplen(p, 96));
	TELL(p, pcap_set_promisc(p, 1));
	TELL(p, pcap_set_rfmon(p, 1));
	TELL(p, pcap_set_timeout(p, 10));
	TELL(p, pcap_set_immediate_mode(p, 1));
	TELL(p, pcap_set_buffer_size(p, 1));
	TELL(p, pcap_set_tstamp_type(p, PCAP_TSTAMP_HOST));
	TELL(p, pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_MICRO));
	TELL(p, pcap_can_set_rfmon(p));
	TELL(p, pcap_snapshot(p));
	TELL(p, pcap_datalink(p));
	TELL(p, pcap_datalink_ext(p));
	TELL(p, pcap_is_swapped(p));
	TELL(p, pcap_set_datalink(p, pcap_datalink(p)));
	TELL(p, pcap_set_datalink(p, DLT_PPP));
	TELL(p, pcap_set_datalink(p, 99999));
	TELL(p, pcap_getnonblock(p, errbuf));
	TELL(p, pcap_setnonblock(p, 1, errbuf));
	TELL(p, pcap_getnonblock(p, errbuf));
	TELL_IS("a descriptor", pcap_fileno(p) >= 0);
	TELL_IS("one to wait for", pcap_get_selectable_fd(p) >= 0);
	TELL_IS("a file", pcap_file(p));
	pcap_close(p);
	p = pcap_create(device, errbuf);
	TELL(p, pcap_set_snaplen(p, 0));
	TELL(p, pcap_activate(p));
	TELL(p, pcap_snapshot(p));
	pcap_close(p);
	p = pcap_create(device, errbuf);
	pcap_set_rfmon(p, 1);
	TELL(NULL, pcap_activate(p));
	pcap_close(p);
}

static void packets(void)
{
	pcap_t *witness = open_handle(0);
	pcap_t *p = open_handle(0);
	struct pcap_pkthdr *header, own;
	const u_char *bytes;
	struct timeval now;
	unsigned int i;

	TELL(p, next_soon(p, &header, &bytes));
	TELL_IS("pcap_next() gives one", pcap_next(p, &own));
	send_frames(3);
	send_frame(UDP, 4, 1514);
	for (i = 0; i < 4; i++) {
		TELL(p, next_soon(p, &header, &bytes));
		printf("caplen %u len %u last %u\n", header->caplen, header->len,
		       bytes[header->caplen - 1]);
	}
	gettimeofday(&now, NULL);
	TELL_IS("stamped by the host's clock", labs(header->ts.tv_sec - now.tv_sec) < 60);
	send_frame(TAGGED, 5, 64);
	TELL(p, next_soon(p, &header, &bytes));
	printf("caplen %u len %u last %u\n", header->caplen, header->len,
	       bytes[header->caplen - 1]);
	send_frames(1);
	wait_for(witness, 6);
	bytes = pcap_next(p, &own);
	TELL_IS("pcap_next() gives one", bytes);
	TELL(p, next_soon(p, &header, &bytes));
	pcap_close(p);
	pcap_close(witness);
}

static void cut_packets(void)
{
	pcap_t *p = pcap_create(device, errbuf);
	struct pcap_pkthdr *header;
	const u_char *bytes;

	pcap_set_snaplen(p, 50);
	pcap_set_immediate_mode(p, 1);
	pcap_set_timeout(p, 100);
	TELL(p, pcap_activate(p));
	TELL(p, pcap_setnonblock(p, 1, errbuf));
	send_frame(UDP, 1, 1000);
	TELL(p, next_soon(p, &header, &bytes));
	printf("caplen %u len %u\n", header->caplen, header->len);
	send_frame(TAGGED, 1, 1000);
	TELL(p, next_soon(p, &header, &bytes));
	printf("caplen %u len %u\n", header->caplen, header->len);
	pcap_close(p);
}

struct counting {
	pcap_t *p;
	unsigned int count, break_at;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct counting *counting = (void *)user;

	if (++counting->count == counting->break_at)
		pcap_breakloop(counting->p);
}

static void loops(void)
{
	pcap_t *witness = open_handle(0);
	pcap_t *p = open_handle(100);
	struct counting counting = { .p = p };

	send_frames(10);
	wait_for(witness, 10);
	TELL(p, pcap_dispatch(p, 3, count, (u_char *)&counting));
	TELL(p, pcap_loop(p, 2, count, (u_char *)&counting));
	TELL(p, counting.count);
	counting.break_at = counting.count + 2;
	TELL(p, pcap_loop(p, -1, count, (u_char *)&counting));
	TELL(p, counting.count);
	TELL(p, pcap_loop(p, 3, count, (u_char *)&counting));
	TELL(p, counting.count);
	pcap_breakloop(p);
	TELL(p, pcap_dispatch(p, -1, count, (u_char *)&counting));
	TELL(p, pcap_setnonblock(p, 1, errbuf));
	TELL(p, pcap_dispatch(p, -1, count, (u_char *)&counting));
	send_frames(1);
	wait_for(witness, 1);
	TELL(p, pcap_dispatch(p, 0, count, (u_char *)&counting));
	pcap_close(p);
	pcap_close(witness);
}

static void ignore_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
}

static pcap_t *to_break;

static void *break_later(void *arg)
{
	usleep(200000);
	pcap_breakloop(to_break);
	return NULL;
}

static void on_alarm(int signal)
{
	pcap_breakloop(to_break);
}

static void ignore(int signal)
{
}

/* A signal whose handler does nothing ends no loop. */
static void breaks(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 200000 };
	struct counting counting = { 0 };
	pcap_t *p = open_handle(100);
	pthread_t thread;

	to_break = p;
	pthread_create(&thread, NULL, break_later, NULL);
	TELL(p, pcap_loop(p, -1, count, (u_char *)&counting));
	pthread_join(thread, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	TELL(p, pcap_loop(p, -1, count, (u_char *)&counting));
	action.sa_handler = ignore;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	pthread_create(&thread, NULL, break_later, NULL);
	TELL(p, pcap_loop(p, -1, count, (u_char *)&counting));
	pthread_join(thread, NULL);
	pcap_close(p);
}

static bool is_readable(int fd, int wait_ms)
{
	struct pollfd set = { .fd = fd, .events = POLLIN };
	struct epoll_event event = { .events = EPOLLIN };
	struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
	int epoll = epoll_create1(0);
	bool polled, selected, epolled;
	fd_set fds;

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	polled = poll(&set, 1, wait_ms) == 1;
	selected = select(fd + 1, &fds, NULL, NULL, &wait) == 1;
	epolled = epoll_wait(epoll, &event, 1, wait_ms) == 1;
	close(epoll);
	if (polled != selected || polled != epolled)
		printf("poll, select and epoll differ\n");
	return polled;
}

static void waiting(void)
{
	struct counting counting = { 0 };
	pcap_t *witness = open_handle(0);
	pcap_t *p = open_handle(0);
	struct pcap_pkthdr header;
	int fd;

	TELL(p, pcap_setnonblock(p, 1, errbuf));
	fd = pcap_get_selectable_fd(p);
	drain(p, 0);
	TELL_IS("readable without a packet", is_readable(fd, 100));
	send_frames(5);
	TELL_IS("readable with five", is_readable(fd, 20000));
	TELL_IS("pcap_next() gives one", pcap_next(p, &header));
	TELL_IS("readable with four", is_readable(fd, 20000));
	TELL(p, drain(p, 4));
	TELL_IS("readable with none left", is_readable(fd, 100));
	send_frames(2);
	TELL_IS("readable with two", is_readable(fd, 20000));
	wait_for(witness, 7);
	TELL(p, pcap_dispatch(p, -1, count, (u_char *)&counting));
	TELL(p, drain(p, 0));
	TELL_IS("readable with none left", is_readable(fd, 100));
	TELL_IS("a timeout is required", pcap_get_required_select_timeout(p));
	pcap_close(p);
	pcap_close(witness);
}

/*
 * Tells what a filter lets in of one frame of each kind, by their lengths. These are rounded: with
 * DLT_LINUX_SLL2 libpcap's own leaves out a VLAN tag that was taken off.
 */
static void try_filter(pcap_t *p, pcap_t *witness, const char *text)
{
	struct bpf_program program;
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int kind;

	if (pcap_compile(p, &program, text, 1, 0xffffff00) < 0) {
		printf("filter %s: ", text);
		print_text(pcap_geterr(p));
		printf("\n");
		return;
	}
	printf("filter %s: set %d, lets in", text, pcap_setfilter(p, &program));
	pcap_freecode(&program);
	for (kind = 0; kind < KINDS; kind++)
		send_frame(kind, 1, 100 + 10 * (size_t)kind);
	wait_for(witness, KINDS);
	while (pcap_next_ex(p, &header, &bytes) == 1)
		printf(" %u", header->len / 10 * 10);
	printf("\n");
}

static void filters(int dlt)
{
	static const char *const texts[] = {
		"",
		"ip",
		"arp",
		"udp port 7",
		"udp port 8",
		"vlan",
		"vlan 5",
		"vlan 6",
		"vlan and ip",
		"vlan and vlan",
		"not ip or vlan 5",
		"ip or vlan",
		"vlan 5 and udp port 7",
		"not vlan",
		"outbound",
		"outbound and ip",
		"ether[0] = 2",
		"ip[8] = 64",
		"ip[(ip[0] & 0xf) * 4 + 1] = 7",
		"ip protochain 17",
		"ether host 02:00:00:00:00:01",
		"ether proto 0x8100",
		"ip broadcast",
		"net 10.9.0.0/16",
		"port",
		"ifindex 1",
		"ip6",
		"gateway nowhere.invalid",
	};
	struct bpf_insn bad = { .code = 0xffff };
	struct bpf_program program = { .bf_len = 1, .bf_insns = &bad };
	pcap_t *witness = open_named(witness_device, 0), *p = open_handle(0);
	unsigned int i;

	if (dlt >= 0)
		TELL(p, pcap_set_datalink(p, dlt));
	/* On `any` each frame also goes out. */
	pcap_setdirection(p, PCAP_D_IN);
	pcap_setdirection(witness, PCAP_D_IN);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		try_filter(p, witness, texts[i]);
	try_filter(p, witness, "greater 110");
	try_filter(p, witness, "less 110");
	try_filter(p, witness, "len = 100 or len = 116");
	if (dlt < 0 || dlt == DLT_EN10MB)
		try_filter(p, witness, "ether[12:2] = 0x0800");
	TELL(p, pcap_setfilter(p, &program));
	TELL(p, pcap_setfilter(p, NULL));
	try_filter(p, witness, "arp");
	pcap_close(p);
	pcap_close(witness);
}

/* None that the new filter refuses is handed out, also of those that wait. */
static void late_filter(void)
{
	struct bpf_program program;
	pcap_t *witness = open_handle(0);
	struct pcap_pkthdr header;
	pcap_t *p = open_handle(0);

	send_frames(3);
	wait_for(witness, 3);
	TELL_IS("pcap_next() gives one", pcap_next(p, &header));
	TELL(p, pcap_compile(p, &program, "udp[26] = 0x77", 1, 0));
	TELL(p, pcap_setfilter(p, &program));
	pcap_freecode(&program);
	TELL(p, drain(p, 0));
	TELL(p, pcap_compile(p, &program, "", 1, 0));
	TELL(p, pcap_setfilter(p, &program));
	pcap_freecode(&program);
	send_frames(2);
	TELL(p, drain(p, 2));
	pcap_close(p);
	pcap_close(witness);
}

/* Of one protocol: what is received of it. */
static void protocols(void)
{
	static const uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6 };
	pcap_t *other = open_handle(0), *p = pcap_create(device, errbuf);
	struct pcap_stat stats = { 0 };
	struct bpf_program program;

	pcap_set_immediate_mode(p, 1);
	pcap_set_buffer_size(p, 64 * 262144);
	TELL(p, pcap_set_protocol_linux(p, ETHERTYPE_ARP));
	TELL(p, pcap_activate(p));
	pcap_setnonblock(p, 1, errbuf);
	send_frames(2);
	send_frame(ARP, 1, 60);
	TELL(other, pcap_inject(other, frame, sizeof(frame)));
	send_frame(ARP, 2, 70);
	TELL(p, drain(p, 2));
	TELL(p, pcap_stats(p, &stats));
	printf("recv %u drop %u\n", stats.ps_recv, stats.ps_drop);
	TELL(p, pcap_compile(p, &program, "greater 65", 1, 0));
	TELL(p, pcap_setfilter(p, &program));
	pcap_freecode(&program);
	send_frames(2);
	send_frame(ARP, 1, 60);
	send_frame(ARP, 2, 70);
	TELL(p, drain(p, 1));
	pcap_close(p);
	pcap_close(other);
}

static void directions(void)
{
	static const uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	pcap_t *p = open_handle(0), *other = open_handle(0);

	TELL(p, pcap_setdirection(p, 77));
	TELL(p, pcap_setdirection(p, PCAP_D_IN));
	send_frames(2);
	TELL(other, pcap_inject(other, frame, sizeof(frame)));
	TELL(p, drain(p, 2));
	TELL(p, pcap_setdirection(p, PCAP_D_OUT));
	send_frames(2);
	TELL(other, pcap_inject(other, frame, sizeof(frame)));
	TELL(p, drain(p, 1));
	TELL(p, pcap_setdirection(p, PCAP_D_INOUT));
	send_frames(2);
	TELL(other, pcap_inject(other, frame, sizeof(frame)));
	TELL(p, drain(p, 3));
	pcap_close(p);
	pcap_close(other);
}

static void sending(void)
{
	static const uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	static uint8_t giant[70000];
	pcap_t *p = open_handle(0), *other = open_handle(0);

	TELL(p, pcap_inject(p, frame, sizeof(frame)));
	TELL(p, pcap_sendpacket(p, frame, sizeof(frame)));
	TELL_IS("a giant frame is sent", pcap_sendpacket(p, giant, sizeof(giant)) == 0);
	TELL(other, drain(other, 2));
	/* Its own frames it does not get. */
	TELL(p, drain(p, 0));
	pcap_close(p);
	pcap_close(other);
}

static void figures(void)
{
	struct pcap_stat stats = { 0 };
	pcap_t *p = open_handle(0);

	send_frames(20);
	TELL(p, drain(p, 20));
	TELL(p, pcap_stats(p, &stats));
	printf("recv %u drop %u ifdrop %u\n", stats.ps_recv, stats.ps_drop, stats.ps_ifdrop);
	pcap_close(p);
}

static void files(void)
{
	char path[] = "/tmp/pcap_facts.XXXXXX";
	struct pcap_pkthdr *header;
	pcap_dumper_t *dumper;
	const u_char *bytes;
	pcap_t *p = open_handle(60), *file;
	int fd = mkstemp(path);

	close(fd);
	TELL_IS("a dumper for nowhere", pcap_dump_open(p, "/nowhere/file"));
	print_text(pcap_geterr(p));
	printf("\n");
	dumper = pcap_dump_open(p, path);
	TELL_IS("a dumper", dumper);
	send_frames(3);
	TELL(p, pcap_loop(p, 3, pcap_dump, (u_char *)dumper));
	TELL(p, pcap_dump_flush(dumper));
	TELL(p, pcap_dump_ftell(dumper));
	pcap_dump_close(dumper);
	dumper = pcap_dump_open_append(p, path);
	TELL_IS("one that goes on", dumper);
	send_frames(1);
	TELL(p, pcap_loop(p, 1, pcap_dump, (u_char *)dumper));
	pcap_dump_close(dumper);
	file = pcap_open_offline(path, errbuf);
	TELL_IS("a file", file);
	TELL(file, pcap_datalink(file));
	TELL(file, pcap_snapshot(file));
	while (pcap_next_ex(file, &header, &bytes) == 1)
		printf("caplen %u len %u\n", header->caplen, header->len);
	TELL(file, pcap_next_ex(file, &header, &bytes));
	pcap_close(file);
	pcap_close(p);
	unlink(path);
}

/* Each is used by a thread of its own, at once. */
static void *read_all(void *arg)
{
	static _Thread_local struct counting counting;

	return (void *)(long)pcap_loop(arg, 50, count, (u_char *)&counting);
}

static void threads(void)
{
	pcap_t *handles[4];
	pthread_t ids[4];
	void *rc;
	int i;

	for (i = 0; i < 4; i++)
		handles[i] = open_handle(50);
	for (i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, read_all, handles[i]);
	send_frames(50);
	for (i = 0; i < 4; i++) {
		pthread_join(ids[i], &rc);
		TELL(handles[i], (long)rc);
		pcap_close(handles[i]);
	}
}

static void other_handles(void)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 96);
	struct bpf_program program;
	bpf_u_int32 net, mask;
	pcap_t *p;

	TELL(dead, pcap_compile(dead, &program, "ip", 1, 0));
	TELL(dead, program.bf_len);
	pcap_freecode(&program);
	TELL(dead, pcap_setfilter(dead, &program));
	pcap_close(dead);
	TELL_IS("a file that is not there", pcap_open_offline("/nowhere/file", errbuf));
	TELL(NULL, pcap_datalink_name_to_val("EN10MB"));
	TELL(NULL, pcap_lookupnet(device, &net, &mask, errbuf));
	printf("net %08x mask %08x\n", ntohl(net), ntohl(mask));
	p = pcap_open_live(device, 96, 0, 10, errbuf);
	TELL_IS("pcap_open_live() opens", p);
	if (p)
		pcap_close(p);
}

/* KiB that the process has in memory. */
static long resident_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long total = 0, resident = 0;

	if (file && fscanf(file, "%ld %ld", &total, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void open_and_close(int times)
{
	struct bpf_program program;

	for (; times > 0; times--) {
		pcap_t *p = open_handle(10);

		pcap_get_selectable_fd(p);
		if (pcap_compile(p, &program, "udp or vlan 5", 1, 0) == 0) {
			pcap_setfilter(p, &program);
			pcap_freecode(&program);
		}
		send_frames(1);
		pcap_dispatch(p, 1, ignore_packet, NULL);
		pcap_close(p);
	}
}

/* The first times fill what is kept for the next ones. */
static void opened_often(int times)
{
	int before, after;
	long kib;

	open_and_close(times / 10 + 5);
	before = dup(0);
	kib = resident_kib();
	open_and_close(times);
	kib = resident_kib() - kib;
	after = dup(0);
	TELL_IS("a descriptor is lost", before + 1 != after);
	TELL_IS("memory is lost", kib > 512);
	if (kib > 512)
		printf("%ld KiB\n", kib);
}

static void set_filter(pcap_t *p, const char *text)
{
	struct bpf_program program;

	TELL(p, pcap_compile(p, &program, text, 1, 0));
	printf("filter %s: set %d\n", text, pcap_setfilter(p, &program));
	pcap_freecode(&program);
}

static void cut_to(int bytes)
{
	pcap_t *witness = open_handle(0);
	pcap_t *p = pcap_create(device, errbuf);
	struct pcap_pkthdr *header;
	const u_char *data;

	pcap_set_snaplen(p, bytes);
	pcap_set_immediate_mode(p, 1);
	pcap_set_buffer_size(p, 64 * 262144);
	TELL(p, pcap_activate(p));
	pcap_setnonblock(p, 1, errbuf);
	pcap_setdirection(p, PCAP_D_IN);
	send_frame(UDP, 1, 100);
	TELL(p, pcap_snapshot(p));
	TELL(p, next_soon(p, &header, &data));
	printf("caplen %u len %u first %02x%02x\n", header->caplen, header->len, data[0], data[1]);
	pcap_close(p);
	pcap_close(witness);
}

/* The packet in hand stays as it is while another filter is set, again and again. */
static void filter_while_in_hand(void)
{
	pcap_t *witness = open_handle(0);
	pcap_t *p = open_handle(0);
	struct pcap_pkthdr *header;
	u_char before[60];
	const u_char *bytes;
	unsigned int i, changed = 0;

	send_frames(10);
	wait_for(witness, 10);
	for (i = 0; i < 10; i++) {
		if (next_soon(p, &header, &bytes) != 1)
			break;
		memcpy(before, bytes, sizeof(before));
		set_filter(p, i % 2 ? "udp" : "ip");
		free(memset(malloc(100 * 1514), 0xff, 100 * 1514));
		changed += memcmp(before, bytes, sizeof(before)) != 0;
	}
	TELL(p, changed);
	pcap_close(p);
	pcap_close(witness);
}

static void *send_often(void *arg)
{
	static const uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	long sent = 0;
	int i;

	for (i = 0; i < 200; i++)
		sent += pcap_inject(arg, frame, sizeof(frame)) == sizeof(frame);
	return (void *)sent;
}

/* While others send on the handle, it captures what comes, and nothing of that. */
static void sending_threads(void)
{
	pcap_t *p = open_handle(0);
	pthread_t ids[4];
	void *sent;
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&ids[i], NULL, send_often, p);
	send_frames(20);
	TELL(p, drain(p, 20));
	for (i = 0; i < 4; i++) {
		pthread_join(ids[i], &sent);
		TELL(p, (long)sent);
	}
	pcap_close(p);
}

/* A filter that can't be set leaves the one before in force, also for packets that wait. */
static void refused(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	pcap_t *p = open_handle(0);
	struct pcap_pkthdr *packet;
	const u_char *bytes;

	set_filter(p, "udp");
	send_frames(3);
	TELL(p, next_soon(p, &packet, &bytes));
	if (syscall(SYS_capset, &header, none) < 0)
		give_up("capset");
	set_filter(p, "arp");
	TELL(p, drain(p, 2));
	send_frame(ARP, 1, 60);
	send_frames(1);
	TELL(p, drain(p, 1));
	pcap_close(p);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	device = argv[1];
	witness_device = argc > 4 ? argv[4] : device;
	open_sender(argv[2]);
	if (argc > 4 && strcmp(argv[3], "often") == 0) {
		opened_often(atoi(argv[4]));
		return 0;
	}
	if (argc > 4 && strcmp(argv[3], "short") == 0) {
		cut_to(1);
		cut_to(21);
		cut_to(64);
		return 0;
	}
	if (argc > 4 && strcmp(argv[3], "refused") == 0) {
		refused();
		return 0;
	}
	if (argc > 3) {
		filters(atoi(argv[3]));
		return 0;
	}
	before_activation();
	setting();
	packets();
	cut_packets();
	loops();
	breaks();
	waiting();
	filters(-1);
	late_filter();
	protocols();
	directions();
	sending();
	sending_threads();
	filter_while_in_hand();
	figures();
	files();
	threads();
	other_handles();
	opened_often(20);
	return 0;
}
