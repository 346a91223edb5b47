/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "system.h"

#define BATCH 32U

static void put16(uint8_t *at, uint16_t value)
{
	value = htons(value);
	memcpy(at, &value, sizeof(value));
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
}

static uint16_t ip_checksum(const uint8_t *header)
{
	uint32_t sum = 0, i;

	for (i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

void frame_flow(uint8_t *frame, uint32_t len, const struct flow *flow)
{
	static const uint8_t start[] = {
		2,    0, 0, 0, 0, 2, 2, 0, 0,  0, 0, 1, 8, 0, /* Ethernet */
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, /* IPv4 */
	};
	uint8_t protocol = flow->protocol ? flow->protocol : IPPROTO_UDP;

	memset(frame, 0, len);
	memcpy(frame, start, sizeof(start));
	put16(frame + AT_IP + 2, (uint16_t)(len - AT_IP));
	frame[AT_IP + 9] = protocol;
	put32(frame + AT_IP + 12, flow->source);
	put32(frame + AT_IP + 16, flow->destination);
	put16(frame + AT_IP + 10, ip_checksum(frame + AT_IP));
	put16(frame + AT_UDP, flow->source_port);
	put16(frame + AT_UDP + 2, flow->destination_port);
	if (protocol == IPPROTO_UDP)
		put16(frame + AT_UDP + 4, (uint16_t)(len - AT_UDP));
	else if (protocol == IPPROTO_TCP)
		frame[AT_UDP + 12] = 0x50;
}

void frame_udp(uint8_t *frame, uint32_t len, uint32_t number)
{
	const struct flow flow = { 0xc0000201, 0xc0000202, 1024, 9, IPPROTO_UDP };
	uint32_t noise = number * 2654435761U + 1, i;

	frame_flow(frame, len, &flow);
	put32(frame + AT_PAYLOAD, number);
	for (i = AT_PAYLOAD + 4; i < len; i++) {
		noise = noise * 1103515245 + 12345;
		frame[i] = (uint8_t)(noise >> 16);
	}
}

uint32_t frame_number(const uint8_t *data)
{
	uint32_t number;

	memcpy(&number, data + AT_PAYLOAD, sizeof(number));
	return ntohl(number);
}

bool frame_is(const uint8_t *data, uint32_t caplen, uint32_t len, uint32_t number)
{
	uint8_t frame[FRAME_MAX];

	frame_udp(frame, len, number);
	return caplen <= len && memcmp(data, frame, caplen) == 0;
}

int sender_open(const char *device)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int fd = (int)check(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));

	address.sll_ifindex = (int)ifindex(device);
	check(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

void sender_send(int sender, const void *frame, uint32_t len)
{
	assert_int_equal(check(send(sender, frame, len, 0)), len);
}

void send_numbers(int sender, uint32_t first, uint32_t count, uint32_t len)
{
	struct mmsghdr messages[BATCH] = { 0 };
	uint8_t *frames = malloc((size_t)BATCH * len);
	struct iovec parts[BATCH];
	uint32_t i, n, sent;

	assert_non_null(frames);
	for (; count; first += n, count -= n) {
		n = count < BATCH ? count : BATCH;
		for (i = 0; i < n; i++) {
			frame_udp(frames + (size_t)i * len, len, first + i);
			parts[i] = (struct iovec){ frames + (size_t)i * len, len };
			messages[i].msg_hdr.msg_iov = &parts[i];
			messages[i].msg_hdr.msg_iovlen = 1;
		}
		for (sent = 0; sent < n;)
			sent += (uint32_t)check(sendmmsg(sender, messages + sent, n - sent, 0));
	}
	free(frames);
}

void send_udp(const char *device, uint32_t count, uint32_t len)
{
	int sender = sender_open(device);

	send_numbers(sender, 0, count, len);
	close(sender);
}

void send_large(const char *device, uint32_t len)
{
	const struct flow flow = { 0xc0000201, 0xc0000202, 1024, 9, IPPROTO_TCP };
	struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = AT_UDP + 20,
		.gso_size = 1448,
		.csum_start = AT_UDP,
		.csum_offset = 16,
	};
	uint8_t *frame = malloc(len);
	struct iovec parts[] = { { &header, sizeof(header) }, { frame, len } };
	int sender = sender_open(device), on = 1;

	assert_non_null(frame);
	frame_flow(frame, len, &flow);
	check(setsockopt(sender, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)));
	assert_int_equal(check(writev(sender, parts, 2)), sizeof(header) + len);
	close(sender);
	free(frame);
}

void check_numbers(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	uint32_t *next = arg;

	if (record->caplen != record->len || record->len < FRAME_MIN || record->len > FRAME_MAX ||
	    !frame_is(data, record->caplen, record->len, *next))
		fail_msg("frame %" PRIu32 " is not as it was sent", *next);
	(*next)++;
}

void keep_record(const struct nsring_record *record, const uint8_t *data, void *arg)
{
	memcpy(arg, record, sizeof(*record));
}

static struct {
	pthread_t thread;
	const char *device;
	uint32_t pause_us;
	bool runs;
	atomic_bool over;
} flood;

static void *run_flood(void *arg)
{
	int sender = sender_open(flood.device);
	uint8_t frame[60];

	pin_cpu(1);
	frame_udp(frame, sizeof(frame), 0);
	while (!flood.over) {
		sender_send(sender, frame, sizeof(frame));
		if (flood.pause_us)
			usleep(flood.pause_us);
	}
	close(sender);
	return NULL;
}

void flood_start(const char *device, uint32_t pause_us)
{
	flood.device = device;
	flood.pause_us = pause_us;
	flood.over = false;
	assert_int_equal(pthread_create(&flood.thread, NULL, run_flood, NULL), 0);
	flood.runs = true;
}

void flood_stop(void)
{
	if (!flood.runs)
		return;
	flood.over = true;
	flood.runs = false;
	assert_int_equal(pthread_join(flood.thread, NULL), 0);
}
