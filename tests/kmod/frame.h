/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Frames that a test can tell apart, and packet sockets that send them. */
#ifndef NSR_TESTS_KMOD_FRAME_H
#define NSR_TESTS_KMOD_FRAME_H

#include <netinet/in.h>

#include "check.h"
#include "ring.h"

#define FRAME_MIN 60U /* what the functions below take at least */
#define FRAME_MAX 9014U /* with an MTU of 9000 */

/* Where things are in an untagged frame of UDP in IPv4. */
#define AT_IP	   14U
#define AT_UDP	   34U
#define AT_PAYLOAD 42U

/** struct flow - addresses and ports, in the byte order of the machine; @protocol 0: UDP */
struct flow {
	uint32_t source;
	uint32_t destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t protocol;
};

/** frame_flow() - UDP or TCP in IPv4, @len bytes in all, from and to MAC addresses of nobody */
void frame_flow(uint8_t *frame, uint32_t len, const struct flow *flow);

/** frame_udp() - with a payload that only this number has */
void frame_udp(uint8_t *frame, uint32_t len, uint32_t number);

/** frame_number() - of which frame_udp() these bytes are */
uint32_t frame_number(const uint8_t *data);

/** frame_is() - whether these are the first bytes of that frame */
bool frame_is(const uint8_t *data, uint32_t caplen, uint32_t len, uint32_t number);

/** sender_open() - a packet socket that sends out of a device and receives nothing */
int sender_open(const char *device);

void sender_send(int sender, const void *frame, uint32_t len);

/** send_udp() - numbers 0 to @count - 1 out of a device */
void send_udp(const char *device, uint32_t count, uint32_t len);

/** send_numbers() - the same from a number on, with a sender that is there */
void send_numbers(int sender, uint32_t first, uint32_t count, uint32_t len);

/** flood_start() - send frames of 60 bytes in a thread on CPU 1, @pause_us apart, until flood_stop() */
void flood_start(const char *device, uint32_t pause_us);

/** flood_stop() - wait for the thread's end, if there is one; net_leave() does it after a failed test */
void flood_stop(void);

/** send_large() - a TCP segment of @len bytes with headers, that the device is to cut */
void send_large(const char *device, uint32_t len);

/** check_numbers() - a ring_each: whole frames of frame_udp(), in their order; @arg: uint32_t, the next */
void check_numbers(const struct nsring_record *record, const uint8_t *data, void *arg);

/** keep_record() - a ring_each: the last one's header; @arg: struct nsring_record */
void keep_record(const struct nsring_record *record, const uint8_t *data, void *arg);

#endif
