/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Proofs. The kernel lets only those load an XDP program who have CAP_BPF and CAP_NET_ADMIN in the
 * initial user namespace, or to whom somebody who has them gave a token. So a process proves that it
 * has them by programs whose names say what only it has been asked for:
 *
 *	character   0            1 … 6                7 … 14
 *	            side, part   36 bits of the       48 bits of the claim: cookie (64 bits),
 *	                         nonce's part         ifindex (32), number (32)
 *
 * A name has 15 characters of 64, 6 bits each. The claim keeps a process that squats a group's name
 * from passing a proof on to another group, and the side from sending us our own proof.
 *
 * A proof is worth nothing to whoever catches it: its nonce is used once, and its programs are for
 * a device map, so that no device takes them. A program that a device takes would be worth
 * something, since Linux attaches it for anybody who has its descriptor.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "proof.h"

#define BITS_A_CHARACTER 6
#define NONCE_CHARACTERS 6
#define CLAIM_CHARACTERS 8
#define CLAIM_BITS	 48

_Static_assert(1 + NONCE_CHARACTERS + CLAIM_CHARACTERS == BPF_OBJ_NAME_LEN - 1, "a name's length");
_Static_assert(CLAIM_CHARACTERS *BITS_A_CHARACTER == CLAIM_BITS, "the claim's share of a name");
_Static_assert(ZC_PROOF_PARTS *CLAIM_BITS >= 128, "a claim fits into a proof");

int zc_nonce_draw(struct zc_nonce *nonce)
{
	ssize_t bytes = getrandom(nonce, sizeof(*nonce), 0);

	if (bytes < 0)
		return -errno;
	return bytes == sizeof(*nonce) ? 0 : -EAGAIN;
}

/* Writes the low bits of @value as @count characters; returns where the next go. */
static char *write_bits(char *at, uint64_t value, uint32_t count)
{
	static const char alphabet[64] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";

	for (; count; count--, value >>= BITS_A_CHARACTER)
		*at++ = alphabet[value & (sizeof(alphabet) - 1)];
	return at;
}

static void name_part(char name[BPF_OBJ_NAME_LEN], const struct zc_claim *claim, enum zc_side side,
		      const struct zc_nonce *nonce, uint32_t part)
{
	const uint64_t claims[ZC_PROOF_PARTS] = {
		claim->cookie,
		claim->cookie >> CLAIM_BITS | (uint64_t)claim->ifindex << 16,
		claim->number,
	};
	char *at = write_bits(name, side * ZC_PROOF_PARTS + part, 1);

	at = write_bits(at, nonce->parts[part], NONCE_CHARACTERS);
	at = write_bits(at, claims[part], CLAIM_CHARACTERS);
	*at = '\0';
}

static int load(const char *name)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP_DEVMAP);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, name, "Dual BSD/GPL", pass,
			       sizeof(pass) / sizeof(*pass), &opts);

	return fd < 0 ? -errno : fd;
}

int zc_proof_make(const struct zc_claim *claim, enum zc_side side, const struct zc_nonce *nonce,
		  int *fds)
{
	char name[BPF_OBJ_NAME_LEN];
	uint32_t part;
	int rc;

	for (part = 0; part < ZC_PROOF_PARTS; part++)
		fds[part] = -1;
	if (!claim->cookie)
		return -EOPNOTSUPP;
	for (part = 0; part < ZC_PROOF_PARTS; part++) {
		name_part(name, claim, side, nonce, part);
		fds[part] = load(name);
		if (fds[part] < 0) {
			rc = fds[part];
			zc_proof_close(fds);
			return rc;
		}
	}
	return 0;
}

/*
 * Whether a descriptor is of a BPF program. Other BPF objects answer the question for a program's
 * properties, too, with their own.
 */
static bool is_program(int fd)
{
	static const char wanted[] = "anon_inode:bpf-prog";
	char path[64], link[sizeof(wanted)];
	ssize_t bytes;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
	bytes = readlink(path, link, sizeof(link));
	return bytes == sizeof(wanted) - 1 && memcmp(link, wanted, sizeof(wanted) - 1) == 0;
}

/* Whether /proc says that a program is one for XDP. */
static bool is_for_xdp(int fd)
{
	char path[64], line[128];
	unsigned int type = BPF_PROG_TYPE_UNSPEC;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (type == BPF_PROG_TYPE_UNSPEC && fgets(line, sizeof(line), file))
		sscanf(line, "prog_type: %u", &type);
	fclose(file);
	return type == BPF_PROG_TYPE_XDP;
}

static bool has_name(int fd, const char *name)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == BPF_PROG_TYPE_XDP &&
	       strncmp(info.name, name, sizeof(info.name)) == 0;
}

int zc_proof_check(const struct zc_claim *claim, enum zc_side side, const struct zc_nonce *nonce,
		   const int *fds)
{
	char name[BPF_OBJ_NAME_LEN];
	uint32_t part;

	if (!claim->cookie)
		return -EPERM;
	for (part = 0; part < ZC_PROOF_PARTS; part++) {
		name_part(name, claim, side, nonce, part);
		if (!is_program(fds[part]) || !is_for_xdp(fds[part]) || !has_name(fds[part], name))
			return -EPERM;
	}
	return 0;
}

void zc_proof_close(int *fds)
{
	uint32_t part;

	for (part = 0; part < ZC_PROOF_PARTS; part++) {
		if (fds[part] >= 0)
			close(fds[part]);
		fds[part] = -1;
	}
}
