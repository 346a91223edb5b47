/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Filters given as a program against the kernel: a packet socket runs each random program as it is, and
 * a capture, the judge of packets as they are handed out, and the interpreter must let in the same frames.
 *
 *	sends ─ v0 ──────── v1 ─ captures	the stack has taken outer VLAN tags off
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/filter/code.h"
#include "lib/filter/filter.h"
#include "lib/filter/run.h"
#include "random_frame.h"
#include "random_program.h"
#include "softirq.h"
#include "topology.h"

#define SEED	 UINT64_C(88172645463325252)
#define PROGRAMS 1000

#define SLL2_BYTES 20

/* Each frame is known by its length. All are cut by a filter that lets them in. */
#define FRAMES	    48
#define LEAST_BYTES 200
#define MOST_BYTES  (LEAST_BYTES + FRAMES)
#define SNAPLEN	    100

/* A change of the filter is told by the length of cut packets, as often as this. */
#define PROGRAMS_A_CAPTURE 15

static uint8_t frames[FRAMES][MOST_BYTES];

static uint8_t *put16(uint8_t *at, uint16_t value)
{
	value = htons(value);
	memcpy(at, &value, 2);
	return at + 2;
}

static void fill_frame(uint64_t *random, uint8_t *frame, uint32_t number)
{
	/* In cooked captures the kernel does not tell the second tag's kind, which is taken for 802.1Q. */
	static const uint16_t tags[][2] = { { 0 },
					    { 0 },
					    { ETH_P_8021Q },
					    { ETH_P_8021AD },
					    { ETH_P_8021Q, ETH_P_8021Q },
					    { ETH_P_8021AD, ETH_P_8021Q } };
	static const uint16_t types[] = { ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_IP };
	const uint16_t *tag = tags[number % 6];
	uint16_t type = types[number / 6 % 4];
	uint8_t *at;
	uint32_t i;

	for (i = 0; i < MOST_BYTES; i++)
		frame[i] = (uint8_t)random_below(random, random_below(random, 2) ? 8 : 256);
	memcpy(frame, (uint8_t[]){ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 }, 12);
	if (number % 5 == 0)
		memset(frame, 0xff, 6);
	at = frame + 12;
	for (i = 0; i < 2 && tag[i]; i++) {
		at = put16(at, tag[i]);
		at = put16(at, (uint16_t)(random_below(random, 2) ? 5 : 0x2005));
	}
	at = put16(at, type);
	at[0] = type == ETH_P_IPV6 ? 0x60 : 0x45;
	at[9] = random_below(random, 2) ? 6 : 17;
}

/* Which frames were let in. */
struct seen {
	bool frame[FRAMES];
};

static void note(struct seen *seen, uint32_t frame_bytes)
{
	assert_in_range(frame_bytes, LEAST_BYTES, LEAST_BYTES + FRAMES - 1);
	assert_false(seen->frame[frame_bytes - LEAST_BYTES]);
	seen->frame[frame_bytes - LEAST_BYTES] = true;
}

/** struct bench - all that a program is tried on */
struct bench {
	bool cooked;
	int socket;
	struct nsr_capture *sender, *cap;
	/* The packets as handed out without a filter. */
	struct nsr_packet packets[FRAMES];
	uint8_t data[FRAMES][MOST_BYTES + 32];
	uint32_t kept;
	struct seen *seen; /* by the capture */
};

static const char *device(const struct bench *b)
{
	return b->cooked ? "any" : "v1";
}

/* Of a packet as handed out. */
static uint32_t frame_bytes(const struct bench *b, const struct nsr_packet *packet)
{
	return packet->len - (b->cooked ? SLL2_BYTES - ETH_HLEN : 0);
}

static void keep_packet(const struct nsr_packet *packet, void *arg)
{
	struct bench *b = arg;

	if (packet->flags & NSR_PKT_OUT)
		return; /* of v0, by `any` */
	assert_true(b->kept < FRAMES && packet->caplen == packet->len);
	memcpy(b->data[b->kept], packet->data, packet->caplen);
	b->packets[b->kept] = *packet;
	b->packets[b->kept].data = b->data[b->kept];
	b->kept++;
}

static void note_packet(const struct nsr_packet *packet, void *arg)
{
	struct bench *b = arg;

	if (!(packet->flags & NSR_PKT_OUT))
		note(b->seen, frame_bytes(b, packet));
}

static struct nsr_capture *open_capture(const struct bench *b, uint32_t snaplen)
{
	struct nsr_options opts;

	nsr_options_init(&opts);
	opts.immediate = true;
	opts.ring_bytes = 2 << 20;
	opts.snaplen = snaplen;
	return open_target(device(b), &opts);
}

static int open_socket(const struct bench *b)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, (b->cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	int on = 1;

	addr.sll_ifindex = b->cooked ? 0 : (int)if_nametoindex("v1");
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* The program's value may have cut the packet: its length is told beside. False: there is none. */
static bool read_packet(const struct bench *b, struct seen *seen)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
		struct cmsghdr align;
	} control;
	uint8_t data[MOST_BYTES];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct tpacket_auxdata aux;

	if (recvmsg(b->socket, &msg, MSG_DONTWAIT) < 0) {
		assert_int_equal(errno, EAGAIN);
		return false;
	}
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&aux, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(aux));
	note(seen, aux.tp_len + (b->cooked ? ETH_HLEN : 0) +
			   (aux.tp_status & TP_STATUS_VLAN_VALID ? 4 : 0));
	return true;
}

static void send_all(const struct bench *b)
{
	struct nsr_frame list[FRAMES];
	uint32_t i;

	for (i = 0; i < FRAMES; i++)
		list[i] = (struct nsr_frame){ frames[i], LEAST_BYTES + i };
	assert_int_equal(nsr_send(b->sender, list, FRAMES), FRAMES);
	softirq_let_arrive(FRAMES);
}

static struct bench *open_bench(bool cooked)
{
	struct bench *b = calloc(1, sizeof(*b));
	uint64_t random = SEED;
	struct nsr_options opts;
	struct nsr_capture *all;
	uint32_t i;

	topology_require();
	b->cooked = cooked;
	for (i = 0; i < FRAMES; i++)
		fill_frame(&random, frames[i], i);
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	b->sender = open_target("v0", &opts);
	all = open_capture(b, MOST_BYTES + 32);
	send_all(b);
	take_now(all, keep_packet, b);
	assert_int_equal(b->kept, FRAMES);
	nsr_close(all);
	b->socket = open_socket(b);
	return b;
}

static void close_bench(struct bench *b)
{
	close(b->socket);
	nsr_close(b->sender);
	nsr_close(b->cap);
	free(b);
}

/* What a socket lets in that runs the program as it is. */
static void ask_socket(const struct bench *b, struct random_program *program, struct seen *seen)
{
	struct sock_fprog prog = { (unsigned short)program->count, program->socket };
	uint8_t byte;

	assert_int_equal(setsockopt(b->socket, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)),
			 0);
	while (recv(b->socket, &byte, 1, MSG_DONTWAIT) > 0)
		; /* what was sent for others */
	send_all(b);
	while (read_packet(b, seen))
		;
}

/* What a capture lets in. 0, or what nsr_set_filter_code() says. */
static int ask_capture(struct bench *b, uint32_t number, const struct random_program *program,
		       struct seen *seen)
{
	int rc;

	if (number % PROGRAMS_A_CAPTURE == 0) {
		nsr_close(b->cap);
		b->cap = open_capture(b, SNAPLEN);
	}
	take_now(b->cap, NULL, NULL);
	rc = nsr_set_filter_code(b->cap, program->code, program->count, NULL);
	if (rc < 0)
		return rc;
	send_all(b);
	b->seen = seen;
	take_now(b->cap, note_packet, b);
	return 0;
}

/* What is let in by the judge of packets as handed out. */
static int ask_judge(struct bench *b, uint32_t number, const struct random_program *program,
		     struct seen *seen)
{
	struct nsr_filter *filter;
	uint32_t i;
	int rc;

	rc = nsr_filter_from_code(program->code, program->count,
				  b->cooked ? NSR_CODE_COOKED : NSR_CODE_ETHERNET, &filter, NULL);
	if (rc < 0)
		return rc;
	for (i = 0; i < FRAMES; i++)
		if (nsr_filter_match(filter, b->packets[i].data, b->packets[i].len,
				     b->packets[i].caplen))
			note(seen, frame_bytes(b, &b->packets[i]));
	nsr_filter_free(filter);
	return 0;
}

/* What the interpreter lets in, which is told of a tag as the socket is. */
static int ask_interpreter(struct bench *b, uint32_t number, const struct random_program *program,
			   struct seen *seen)
{
	const struct nsr_packet *packet;
	struct nsr_ancillary told = { 0 };
	uint8_t frame[MOST_BYTES];
	uint32_t i, tag;

	for (i = 0; i < FRAMES; i++) {
		packet = &b->packets[i];
		tag = packet->flags & NSR_PKT_VLAN ? 4 : 0;
		told.vlan_tci = packet->vlan_tci;
		told.vlan_tpid = packet->vlan_tpid;
		memcpy(frame, packet->data, 12);
		memcpy(frame + 12, packet->data + 12 + tag, packet->len - tag - 12);
		if (nsr_filter_run((const void *)program->code, &told, frame, packet->len - tag,
				   packet->len - tag))
			note(seen, packet->len);
	}
	return 0;
}

static void print_program(const struct random_program *program)
{
	const struct sock_filter *insn;
	uint32_t i;

	for (i = 0; i < program->count; i++) {
		insn = &program->code[i];
		print_error("\t{ 0x%02x, %u, %u, 0x%08x } /* %u */\n", insn->code, insn->jt,
			    insn->jf, insn->k, i);
	}
}

typedef int ask_fn(struct bench *b, uint32_t number, const struct random_program *program,
		   struct seen *seen);

/* False: the program is refused. */
static bool compare(struct bench *b, uint32_t number, uint64_t *random, ask_fn *ask,
		    uint32_t *choosy)
{
	struct seen got = { 0 }, want = { 0 };
	struct random_program program;
	uint64_t seed = *random;
	uint32_t i, let_in = 0;
	int rc;

	random_program(random, b->cooked ? SLL2_BYTES : 0, &program);
	rc = ask(b, number, &program, &got);
	if (rc == -EOPNOTSUPP)
		return false;
	assert_int_equal(rc, 0);
	ask_socket(b, &program, &want);
	for (i = 0; i < FRAMES; i++) {
		let_in += want.frame[i];
		if (got.frame[i] == want.frame[i])
			continue;
		print_program(&program);
		fail_msg("program %u, seed %llu: the socket lets frame %u %s", number,
			 (unsigned long long)seed, i, want.frame[i] ? "in" : "not in");
	}
	*choosy += let_in && let_in < FRAMES;
	return true;
}

static void compare_all(bool cooked, ask_fn *ask)
{
	uint32_t i, skipped = 0, choosy = 0, programs = fewer(PROGRAMS);
	struct bench *b = open_bench(cooked);
	uint64_t random = SEED;

	for (i = 0; i < programs; i++)
		skipped += !compare(b, i, &random, ask, &choosy);
	close_bench(b);
	print_message("%u programs: %u are refused, %u let some frames in and others not\n",
		      programs, skipped, choosy);
	assert_in_range(skipped, 0, programs / 2);
	assert_in_range(choosy, programs / 4, programs);
}

static void capture_lets_in_what_a_socket_of_the_same_program_does(void **state)
{
	compare_all(false, ask_capture);
}

static void cooked_capture_lets_in_what_a_socket_of_the_same_program_does(void **state)
{
	compare_all(true, ask_capture);
}

static void judge_of_packets_handed_out_lets_in_what_a_socket_does(void **state)
{
	compare_all(false, ask_judge);
}

static void judge_of_cooked_packets_handed_out_lets_in_what_a_socket_does(void **state)
{
	compare_all(true, ask_judge);
}

static void interpreter_lets_in_what_a_socket_of_the_same_program_does(void **state)
{
	compare_all(false, ask_interpreter);
}

#define LOAD_HALF(k)	  BPF_STMT(BPF_LD | BPF_H | BPF_ABS, k)
#define LOAD_FIELD(which) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + (which))
#define ONLY_IF_EQUAL(k)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1)
#define RETURN(k)	  BPF_STMT(BPF_RET | BPF_K, k)

/* Of 20 frames with a tag, as many as a capture of what is sent lets in. */
static uint32_t count_sent(const char *target, const struct sock_filter *code, uint32_t count,
			   uint32_t snaplen)
{
	struct nsr_capture *cap, *sender;
	struct nsr_options opts;
	struct nsr_frame frame = { frames[2], LEAST_BYTES };
	uint64_t random = SEED;
	uint32_t i;

	topology_require();
	fill_frame(&random, frames[2], 2);
	nsr_options_init(&opts);
	opts.direction = NSR_OUT;
	opts.snaplen = snaplen;
	cap = open_target(target, &opts);
	assert_int_equal(nsr_set_filter_code(cap, code, count, NULL), 0);
	nsr_options_init(&opts);
	opts.mode = NSR_SEND;
	sender = open_target("v0", &opts);
	for (i = 0; i < 20; i++)
		assert_int_equal(nsr_send(sender, &frame, 1), 1);
	nsr_close(sender);
	count = collect(cap, NULL, NULL);
	nsr_close(cap);
	return count;
}

static void tag_that_is_sent_in_the_packet_is_in_the_packet(void **state)
{
	static const struct sock_filter code[] = { LOAD_HALF(12), ONLY_IF_EQUAL(ETH_P_8021Q),
						   RETURN(1), RETURN(0) };

	assert_int_equal(count_sent("v0", code, 4, SNAPLEN), 20);
	/* Those that are whole may be an older filter's: they are judged again. */
	assert_int_equal(count_sent("v0", code, 4, 0), 20);
}

static void tag_of_a_cooked_packet_that_is_sent_is_in_the_fields(void **state)
{
	static const struct sock_filter code[] = { LOAD_FIELD(SKF_AD_VLAN_TAG_PRESENT),
						   ONLY_IF_EQUAL(1), RETURN(1), RETURN(0) };

	if (!linux_is(6, 11)) {
		print_message("Linux tells of such tags from 6.11 on\n");
		skip();
	}
	assert_int_equal(count_sent("any", code, 4, SNAPLEN), 20);
	assert_int_equal(count_sent("any", code, 4, 0), 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capture_lets_in_what_a_socket_of_the_same_program_does),
		cmocka_unit_test(cooked_capture_lets_in_what_a_socket_of_the_same_program_does),
		cmocka_unit_test(judge_of_packets_handed_out_lets_in_what_a_socket_does),
		cmocka_unit_test(judge_of_cooked_packets_handed_out_lets_in_what_a_socket_does),
		cmocka_unit_test(interpreter_lets_in_what_a_socket_of_the_same_program_does),
		cmocka_unit_test(tag_that_is_sent_in_the_packet_is_in_the_packet),
		cmocka_unit_test(tag_of_a_cooked_packet_that_is_sent_is_in_the_fields),
	};

	return cmocka_run_group_tests(tests, topology_enter, NULL);
}
