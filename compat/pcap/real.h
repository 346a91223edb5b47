/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The installed libpcap beneath the drop-in.
 *
 * Each of its functions NAME is real_NAME() here. The names that the drop-in exports are its own.
 */
#ifndef NSR_COMPAT_REAL_H
#define NSR_COMPAT_REAL_H

#include <pcap/pcap.h>

#include <pcap/namedb.h>

/* F(result, name, parameters, arguments) of functions that the drop-in only hands on. */
#define REAL_HANDED_ON(F)                                                                          \
	F(char *, bpf_image, (const struct bpf_insn *insn, int n), (insn, n))                      \
	F(int, bpf_validate, (const struct bpf_insn *code, int n), (code, n))                      \
	F(u_int, bpf_filter,                                                                       \
	  (const struct bpf_insn *code, const u_char *data, u_int len, u_int caplen),              \
	  (code, data, len, caplen))                                                               \
	F(void, bpf_dump, (const struct bpf_program *program, int option), (program, option))      \
	F(int, pcap_compile_nopcap,                                                                \
	  (int snaplen, int dlt, struct bpf_program *program, const char *text, int optimize,      \
	   bpf_u_int32 netmask),                                                                   \
	  (snaplen, dlt, program, text, optimize, netmask))                                        \
	F(int, pcap_datalink_name_to_val, (const char *name), (name))                              \
	F(const char *, pcap_datalink_val_to_description, (int dlt), (dlt))                        \
	F(const char *, pcap_datalink_val_to_description_or_dlt, (int dlt), (dlt))                 \
	F(const char *, pcap_datalink_val_to_name, (int dlt), (dlt))                               \
	F(void, pcap_dump, (u_char * user, const struct pcap_pkthdr *header, const u_char *bytes), \
	  (user, header, bytes))                                                                   \
	F(void, pcap_dump_close, (pcap_dumper_t * dumper), (dumper))                               \
	F(FILE *, pcap_dump_file, (pcap_dumper_t * dumper), (dumper))                              \
	F(int, pcap_dump_flush, (pcap_dumper_t * dumper), (dumper))                                \
	F(long, pcap_dump_ftell, (pcap_dumper_t * dumper), (dumper))                               \
	F(int64_t, pcap_dump_ftell64, (pcap_dumper_t * dumper), (dumper))                          \
	F(u_char *, pcap_ether_aton, (const char *text), (text))                                   \
	F(u_char *, pcap_ether_hostton, (const char *name), (name))                                \
	F(pcap_t *, pcap_fopen_offline, (FILE * file, char *errbuf), (file, errbuf))               \
	F(pcap_t *, pcap_fopen_offline_with_tstamp_precision,                                      \
	  (FILE * file, u_int precision, char *errbuf), (file, precision, errbuf))                 \
	F(void, pcap_free_datalinks, (int *dlts), (dlts))                                          \
	F(void, pcap_free_tstamp_types, (int *types), (types))                                     \
	F(void, pcap_freealldevs, (pcap_if_t * devices), (devices))                                \
	F(void, pcap_freecode, (struct bpf_program * program), (program))                          \
	F(int, pcap_init, (unsigned int options, char *errbuf), (options, errbuf))                 \
	F(const char *, pcap_lib_version, (void), ())                                              \
	F(char *, pcap_lookupdev, (char *errbuf), (errbuf))                                        \
	F(bpf_u_int32 **, pcap_nametoaddr, (const char *name), (name))                             \
	F(struct addrinfo *, pcap_nametoaddrinfo, (const char *name), (name))                      \
	F(int, pcap_nametoeproto, (const char *name), (name))                                      \
	F(int, pcap_nametollc, (const char *name), (name))                                         \
	F(bpf_u_int32, pcap_nametonetaddr, (const char *name), (name))                             \
	F(int, pcap_nametoport, (const char *name, int *port, int *protocol),                      \
	  (name, port, protocol))                                                                  \
	F(int, pcap_nametoportrange, (const char *name, int *from, int *to, int *protocol),        \
	  (name, from, to, protocol))                                                              \
	F(int, pcap_nametoproto, (const char *name), (name))                                       \
	F(struct pcap_etherent *, pcap_next_etherent, (FILE * file), (file))                       \
	F(int, pcap_offline_filter,                                                                \
	  (const struct bpf_program *program, const struct pcap_pkthdr *header,                    \
	   const u_char *bytes),                                                                   \
	  (program, header, bytes))                                                                \
	F(pcap_t *, pcap_open_dead, (int dlt, int snaplen), (dlt, snaplen))                        \
	F(pcap_t *, pcap_open_dead_with_tstamp_precision, (int dlt, int snaplen, u_int precision), \
	  (dlt, snaplen, precision))                                                               \
	F(pcap_t *, pcap_open_offline, (const char *path, char *errbuf), (path, errbuf))           \
	F(pcap_t *, pcap_open_offline_with_tstamp_precision,                                       \
	  (const char *path, u_int precision, char *errbuf), (path, precision, errbuf))            \
	F(const char *, pcap_statustostr, (int status), (status))                                  \
	F(const char *, pcap_strerror, (int code), (code))                                         \
	F(int, pcap_tstamp_type_name_to_val, (const char *name), (name))                           \
	F(const char *, pcap_tstamp_type_val_to_description, (int type), (type))                   \
	F(const char *, pcap_tstamp_type_val_to_name, (int type), (type))

/* The same, of functions that take a handle or a device's name, which may be the drop-in's. */
#define REAL_JUDGED(F)                                                                             \
	F(int, pcap_activate, (pcap_t * p), (p))                                                   \
	F(void, pcap_breakloop, (pcap_t * p), (p))                                                 \
	F(int, pcap_bufsize, (pcap_t * p), (p))                                                    \
	F(int, pcap_can_set_rfmon, (pcap_t * p), (p))                                              \
	F(void, pcap_close, (pcap_t * p), (p))                                                     \
	F(int, pcap_compile,                                                                       \
	  (pcap_t * p, struct bpf_program * program, const char *text, int optimize,               \
	   bpf_u_int32 netmask),                                                                   \
	  (p, program, text, optimize, netmask))                                                   \
	F(pcap_t *, pcap_create, (const char *source, char *errbuf), (source, errbuf))             \
	F(int, pcap_datalink, (pcap_t * p), (p))                                                   \
	F(int, pcap_datalink_ext, (pcap_t * p), (p))                                               \
	F(int, pcap_dispatch, (pcap_t * p, int count, pcap_handler callback, u_char *user),        \
	  (p, count, callback, user))                                                              \
	F(pcap_dumper_t *, pcap_dump_fopen, (pcap_t * p, FILE * file), (p, file))                  \
	F(pcap_dumper_t *, pcap_dump_open, (pcap_t * p, const char *path), (p, path))              \
	F(pcap_dumper_t *, pcap_dump_open_append, (pcap_t * p, const char *path), (p, path))       \
	F(FILE *, pcap_file, (pcap_t * p), (p))                                                    \
	F(int, pcap_fileno, (pcap_t * p), (p))                                                     \
	F(int, pcap_findalldevs, (pcap_if_t * *devices, char *errbuf), (devices, errbuf))          \
	F(const struct timeval *, pcap_get_required_select_timeout, (pcap_t * p), (p))             \
	F(int, pcap_get_selectable_fd, (pcap_t * p), (p))                                          \
	F(int, pcap_get_tstamp_precision, (pcap_t * p), (p))                                       \
	F(char *, pcap_geterr, (pcap_t * p), (p))                                                  \
	F(int, pcap_getnonblock, (pcap_t * p, char *errbuf), (p, errbuf))                          \
	F(int, pcap_inject, (pcap_t * p, const void *bytes, size_t count), (p, bytes, count))      \
	F(int, pcap_is_swapped, (pcap_t * p), (p))                                                 \
	F(int, pcap_list_datalinks, (pcap_t * p, int **dlts), (p, dlts))                           \
	F(int, pcap_list_tstamp_types, (pcap_t * p, int **types), (p, types))                      \
	F(int, pcap_lookupnet,                                                                     \
	  (const char *device, bpf_u_int32 *net, bpf_u_int32 *mask, char *errbuf),                 \
	  (device, net, mask, errbuf))                                                             \
	F(int, pcap_loop, (pcap_t * p, int count, pcap_handler callback, u_char *user),            \
	  (p, count, callback, user))                                                              \
	F(int, pcap_major_version, (pcap_t * p), (p))                                              \
	F(int, pcap_minor_version, (pcap_t * p), (p))                                              \
	F(const u_char *, pcap_next, (pcap_t * p, struct pcap_pkthdr * header), (p, header))       \
	F(int, pcap_next_ex, (pcap_t * p, struct pcap_pkthdr * *header, const u_char **bytes),     \
	  (p, header, bytes))                                                                      \
	F(pcap_t *, pcap_open_live,                                                                \
	  (const char *device, int snaplen, int promisc, int timeout_ms, char *errbuf),            \
	  (device, snaplen, promisc, timeout_ms, errbuf))                                          \
	F(void, pcap_perror, (pcap_t * p, const char *prefix), (p, prefix))                        \
	F(int, pcap_sendpacket, (pcap_t * p, const u_char *bytes, int count), (p, bytes, count))   \
	F(int, pcap_set_buffer_size, (pcap_t * p, int bytes), (p, bytes))                          \
	F(int, pcap_set_datalink, (pcap_t * p, int dlt), (p, dlt))                                 \
	F(int, pcap_set_immediate_mode, (pcap_t * p, int immediate), (p, immediate))               \
	F(int, pcap_set_promisc, (pcap_t * p, int promisc), (p, promisc))                          \
	F(int, pcap_set_protocol_linux, (pcap_t * p, int protocol), (p, protocol))                 \
	F(int, pcap_set_rfmon, (pcap_t * p, int rfmon), (p, rfmon))                                \
	F(int, pcap_set_snaplen, (pcap_t * p, int snaplen), (p, snaplen))                          \
	F(int, pcap_set_timeout, (pcap_t * p, int timeout_ms), (p, timeout_ms))                    \
	F(int, pcap_set_tstamp_precision, (pcap_t * p, int precision), (p, precision))             \
	F(int, pcap_set_tstamp_type, (pcap_t * p, int type), (p, type))                            \
	F(int, pcap_setdirection, (pcap_t * p, pcap_direction_t direction), (p, direction))        \
	F(int, pcap_setfilter, (pcap_t * p, struct bpf_program * program), (p, program))           \
	F(int, pcap_setnonblock, (pcap_t * p, int nonblock, char *errbuf), (p, nonblock, errbuf))  \
	F(int, pcap_snapshot, (pcap_t * p), (p))                                                   \
	F(int, pcap_stats, (pcap_t * p, struct pcap_stat * stats), (p, stats))

#define REAL_DECLARE(result, name, parameters, arguments) result real_##name parameters;
REAL_HANDED_ON(REAL_DECLARE)
REAL_JUDGED(REAL_DECLARE)
#undef REAL_DECLARE

#endif
