/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Positions and counters that the program and this process share, in a mapped BPF map. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zc.h"

int zc_state_map(struct zc *zc)
{
	zc->state = mmap(NULL, sizeof(*zc->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			 zc->program.state, 0);
	if (zc->state != MAP_FAILED)
		return 0;
	zc->state = NULL;
	return -errno;
}

int zc_state_open(struct zc *zc, struct nsr_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint32_t i;
	int rc;

	if (zc->program.state >= 0)
		return 0;
	zc->program.state = bpf_map_create(BPF_MAP_TYPE_ARRAY, ZC_STATE_NAME, sizeof(uint32_t),
					   sizeof(struct zc_state), 1, &opts);
	if (zc->program.state < 0 && errno == EPERM)
		return nsr_caps_advise(
			err,
			nsr_error_set(err, -EPERM,
				      "the engine zc needs CAP_BPF and CAP_NET_ADMIN "
				      "in the initial user namespace"),
			NULL, ZC_CAPS, NULL);
	if (zc->program.state < 0)
		return nsr_error_set(err, -errno, "BPF map: %s", strerror(errno));
	rc = zc_state_map(zc);
	if (rc < 0)
		return nsr_error_set(err, rc, "mapping a BPF map: %s", strerror(-rc));
	for (i = 0; i < ZC_QUEUES_MAX; i++)
		zc->state->lanes[i].ring_at = UINT64_MAX;
	return 0;
}

uint64_t zc_state_filtered(const struct zc *zc)
{
	uint64_t sum = zc->refused;
	uint32_t i;

	if (!zc->state)
		return 0;
	for (i = 0; i < ZC_QUEUES_MAX; i++)
		if (zc->program.queue < 0 || (uint32_t)zc->program.queue == i)
			sum += __atomic_load_n(&zc->state->lanes[i].refused, __ATOMIC_RELAXED);
	return sum;
}

void zc_state_close(struct zc *zc)
{
	if (zc->state)
		munmap(zc->state, sizeof(*zc->state));
	zc->state = NULL;
	if (zc->program.state >= 0)
		close(zc->program.state);
	zc->program.state = -1;
}
