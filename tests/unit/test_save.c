/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Packets of many interfaces into files that must not grow beyond a size. They come from an engine
 * of this file: `many:any` has interfaces with long names and has lost a great number more at each
 * look, so that the statistics at the end of a file are as long as they get.
 */
#include "writer_fixture.h"

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsring/engine.h>

#include "jobs/save.h"

#define INTERFACES  23
#define PACKETS	    3000
#define PACKET_MOST 80
#define LIMIT	    8192
/* At a look: numbers of 18 digits and more, until they wrap after about as many as a file takes. */
#define LOST_STEP (UINT64_MAX / (INTERFACES + 2))
/* A file may fall short of the limit by this: a packet, and digits that were made room for. */
#define SHORT_MOST (2 * PACKET_MOST + 4 * INTERFACES)

static uint64_t left, lost;

static int many_open(const struct nsr_engine_args *args, void **priv, struct nsr_error *err)
{
	int *event = malloc(sizeof(*event));

	assert_non_null(event);
	*event = eventfd(1, EFD_CLOEXEC);
	*priv = event;
	left = PACKETS;
	lost = 0;
	return 0;
}

static int many_start(void *priv, struct nsr_error *err)
{
	return 0;
}

static int many_recv(void *priv, struct nsr_packet *packets, uint32_t max, struct nsr_error *err)
{
	static const uint8_t data[PACKET_MOST];
	uint32_t n;

	for (n = 0; n < max && left; n++, left--)
		packets[n] = (struct nsr_packet){
			.data = data,
			.iface = (uint32_t)left / 3 % INTERFACES,
			.caplen = 1 + (uint32_t)left % PACKET_MOST,
			.len = PACKET_MOST,
			.flags = left % 3 ? NSR_PKT_OUT : NSR_PKT_UNDIRECTED,
		};
	return n ? (int)n : nsr_error_set(err, -ENODATA, "many: it is over");
}

static int many_fd(void *priv)
{
	return *(int *)priv;
}

static int many_stop(void *priv, struct nsr_error *err)
{
	return 0;
}

static void many_info(void *priv, struct nsr_info *info)
{
	info->linktype = 1;
}

static int many_interface(void *priv, uint32_t id, struct nsr_interface *iface)
{
	/* Packets of every length, so that padding counts too. */
	memset(iface->name, 'x', 40 + id);
	iface->linktype = 1;
	return 0;
}

static void many_stats(void *priv, struct nsr_stats *stats)
{
	lost += LOST_STEP;
	stats->lost_kernel = lost;
}

static uint32_t many_drain_ms(void *priv)
{
	return 0;
}

static void many_close(void *priv)
{
	close(*(int *)priv);
	free(priv);
}

static const struct nsr_engine_ops many_ops = {
	.abi = NSR_ENGINE_ABI,
	.size = sizeof(many_ops),
	.name = "many",
	.open = many_open,
	.start = many_start,
	.recv = many_recv,
	.fd = many_fd,
	.stop = many_stop,
	.stats = many_stats,
	.info = many_info,
	.interface = many_interface,
	.drain_ms = many_drain_ms,
	.close = many_close,
};

static int on_packets(void *arg, struct captures_one *from, const struct nsr_packet *packets,
		      uint32_t count)
{
	return save_packets(arg, from, packets, count);
}

/* Run the engine's packets into files of at most @limit bytes. */
static void save_all(const struct fixture *f, uint32_t format, uint64_t limit)
{
	const char *target = "many:any";
	const struct capture_request request = { .targets = { .list = &target, .count = 1 } };
	const struct rotate_rules rules = { .bytes = limit };
	struct captures set;
	struct save save;
	const struct captures_events events = { .packets = on_packets, .arg = &save };

	assert_int_equal(captures_open(&set, &request, "", 0), 0);
	assert_int_equal(save_begin(&save, &set, "", f->path, format, &rules), 0);
	assert_int_equal(captures_run(&set, &request, &events), 0);
	assert_int_equal(save_end(&save), 0);
	assert_int_equal(rotate_stored(&save.files), PACKETS);
	save_free(&save);
	captures_close(&set);
}

/* Delete the files; @longest is set to the bytes of the longest. Returns how many there were. */
static uint32_t take_files(const struct fixture *f, off_t *longest)
{
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	uint32_t count = 0;
	struct stat st;

	*longest = 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(fstatat(dirfd(dir), entry->d_name, &st, 0), 0);
		assert_int_equal(unlinkat(dirfd(dir), entry->d_name, 0), 0);
		*longest = st.st_size > *longest ? st.st_size : *longest;
		count++;
	}
	closedir(dir);
	return count;
}

static void pcapng_of_many_lossy_interfaces_stays_within_every_size(void **state)
{
	uint32_t limit, files;
	off_t longest;

	for (limit = LIMIT; limit < LIMIT + 64; limit += 4) {
		save_all(*state, NSR_WRITER_PCAPNG, limit);
		files = take_files(*state, &longest);
		assert_true(files > 10);
		assert_in_range(longest, limit - SHORT_MOST, limit);
	}
}

static void pcap_is_filled_to_the_size(void **state)
{
	off_t longest;

	save_all(*state, NSR_WRITER_PCAP, LIMIT);
	assert_true(take_files(*state, &longest) > 10);
	assert_in_range(longest, LIMIT - PACKET_MOST, LIMIT);
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(pcapng_of_many_lossy_interfaces_stays_within_every_size),
		FACT(pcap_is_filled_to_the_size),
	};

	assert_int_equal(nsr_engine_register(&many_ops, NULL), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
