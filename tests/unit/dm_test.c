// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device manager as a guest and ringletd meet it, with a real
 * qemu-storage-daemon behind it: does a disk work from probe to detach, does it go
 * on when the manager or the backend is killed, and does whatever a guest writes
 * into the bus page end no more than that guest's devices.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/virtio_blk.h>
#include "dm.h"
#include "dm_fake.h"
#include "dm_load.h"

#define DISK		"\"op\":\"attach\",\"dev\":0,\"kind\":\"vhost-user\",\"type\":2,\"queues\":1"
#define RNG		"\"op\":\"attach\",\"dev\":5,\"kind\":\"rng\""
#define MIB		(1 << 20)
#define DISK_SECTORS	(64 * MIB / 512)
#define RING		(FAKE_GIB + MIB)	/* in the second region */
#define DATA		(16ULL * MIB)		/* in the first one */
#define READS		32u			/* at once, of a MiB */
#define F_BLK		(1ULL << 32 | 1 << 9 | 1 << 29 | 1 << 28)
#define F_RNG		(1ULL << 32)

#define OK(text, fds, nfds) \
	ck_assert_str_eq(manager_ask(text, fds, nfds), "")
#define SAYS(answer, part) do {						\
	const char *answer_ = answer;					\
	ck_assert_msg(strstr(answer_, part), "no '%s' in '%s'", part, answer_); \
} while (0)
#define LOGGED(part) SAYS(fake_log(), part)

static pid_t storage;
static struct vq vq;

/* Each look at the clock takes a millisecond: no two see the same. */
static bool slow_clock;
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = __real_clock_gettime(id, t);

	if (slow_clock)
		usleep(1000);
	return rc;
}

static void setup(void)
{
	fake_begin();
	manager_run();
	ck_assert_str_eq(manager_start(), "");
}

static void teardown(void)
{
	int status;

	if (manager) {
		status = manager_end();
		ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
			      "the manager ended with %#x: %s", status,
			      fake_log());
	}
	if (storage)
		storage_kill(storage);
	storage = 0;
	ck_assert_uint_eq(fake_paused, 0);
	fake_end();
}

static void make_disk(const char *format)
{
	char command[256];

	snprintf(command, sizeof(command), "qemu-img create -q -f %s %s/disk.img 64M",
		 format, fake_dir);
	ck_assert_int_eq(system(command), 0);
	storage = storage_run("disk", format);
}

/* What ringletd does: attach, or give a new backend. */
static void connect_disk(const char *request)
{
	int fd = storage_connect("disk");

	ck_assert_int_ge(fd, 0);
	OK(request, &fd, 1);
}

/*
 * The same after something was killed. The storage daemon may end by itself when a
 * connection with requests in flight ends.
 */
static void connect_again(const char *request, const char *format)
{
	unsigned int tries;
	int fd;

	for (tries = 0; tries < 10; tries++) {
		if (waitpid(storage, NULL, WNOHANG) == storage)
			storage = storage_run("disk", format);
		fd = storage_connect("disk");
		if (fd >= 0 && !*manager_ask(request, &fd, 1))
			return;
	}
	ck_abort_msg("no connection to the storage daemon: %s", fake_log());
}

static void start_disk(bool numbers)
{
	uint64_t offered = dev_features(0);

	ck_assert_msg((offered & F_BLK) == F_BLK, "features: %#llx",
		      (unsigned long long)offered);
	ck_assert_uint_eq(offered >> 33, 0);
	ck_assert_uint_eq(offered & (1 << 30 | 1 << 26 | 1 << 24), 0);
	ck_assert(dev_start(0, &vq, RING, 256, numbers, F_BLK));
}

static void pattern(uint64_t gpa, unsigned int seed, size_t len)
{
	uint32_t *p = (uint32_t *)fake_memory(gpa);
	size_t i;

	for (i = 0; i < len / 4; i++)
		p[i] = (uint32_t)i * 2654435761u ^ seed * 40503u;
}

static void write_and_read(unsigned int seed)
{
	const uint32_t len = 256 * 1024;
	uint64_t sector = seed % 8 * 4096;

	pattern(DATA, seed, len);
	ck_assert_int_eq(blk_do(&vq, 1, sector, DATA, len), 0);
	ck_assert_int_eq(blk_do(&vq, 4, 0, 0, 0), 0);
	memset(fake_memory(DATA + MIB), 0x5a, len);
	ck_assert_int_eq(blk_do(&vq, 0, sector, DATA + MIB, len), 0);
	ck_assert(!memcmp(fake_memory(DATA), fake_memory(DATA + MIB), len));
}

/* What is in the image must be what the guest has written. */
static void compare_image(const char *format, unsigned int seed)
{
	const uint32_t len = 256 * 1024;
	static uint8_t image[256 * 1024];
	char command[300];
	FILE *f;

	snprintf(command, sizeof(command), "qemu-img dd -f %s -O raw bs=256k skip=%u count=%u if=%s/disk.img of=%s/part",
		 format, seed % 8 * 8, seed % 8 * 8 + 1, fake_dir, fake_dir);
	ck_assert_int_eq(system(command), 0);
	snprintf(command, sizeof(command), "%s/part", fake_dir);
	f = fopen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(image, 1, len, f), len);
	fclose(f);
	pattern(DATA, seed, len);
	ck_assert(!memcmp(fake_memory(DATA), image, len));
}

static const char *const formats[] = { "raw", "qcow2" };

START_TEST(disk_works)
{
	struct ringlet_vmsg_devices present = { 0 };
	struct ringlet_vmsg_info info = { 0 };
	struct ringlet_vmsg_config c = { .length = 8 };
	uint64_t sectors;

	make_disk(formats[_i]);
	connect_disk(DISK);
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_READY);
	ck_assert(bus_ask(RINGLET_VMSG_BUS, 0, RINGLET_VMSG_GET_DEVICES, NULL,
			  0, &present, sizeof(present)));
	ck_assert_uint_eq(present.present, 1);
	ck_assert(bus_ask(0, 0, RINGLET_VMSG_GET_DEVICE_INFO, NULL, 0, &info,
			  sizeof(info)));
	ck_assert_uint_eq(info.device_id, 2);
	ck_assert_uint_eq(info.queues, 1);
	ck_assert_uint_eq(info.config_size, 60);
	ck_assert(bus_ask(0, 0, RINGLET_VMSG_GET_CONFIG, &c, 12, &c,
			  sizeof(c)));
	memcpy(&sectors, c.data, sizeof(sectors));
	ck_assert_uint_eq(sectors, DISK_SECTORS);

	start_disk(true);
	write_and_read(1);
	write_and_read(2);
	ck_assert_int_eq(blk_do(&vq, 0, DISK_SECTORS, DATA, 512), 1);
	ck_assert(dev_reset(0));
	start_disk(false);
	write_and_read(3);
	ck_assert(dev_reset(0));
	OK("\"op\":\"detach\",\"dev\":0", NULL, 0);
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_REMOVED);
	storage_kill(storage);
	storage = 0;
	compare_image(formats[_i], 1);
	compare_image(formats[_i], 3);
}
END_TEST

static void wait_lost(void)
{
	struct json_object *json = NULL;

	ck_assert(UNTIL((json = manager_packet(1)) || backend_lost_events,
			5000));
	json_object_put(json);
}

/* Reads of 32 MiB are begun: into memory that has something else. */
static void begin_reads(void)
{
	unsigned int head;

	memset(fake_memory(DATA), 0x5a, READS * MIB);
	for (head = 0; head < READS; head++)
		blk_begin(&vq, head, 0, head * 2048, DATA + head * MIB, MIB);
	vq_kick(&vq);
}

/* All have ended, and have read zeros. */
static void check_reads(void)
{
	const uint8_t *data = fake_memory(DATA);
	unsigned int head;

	for (head = 0; head < READS; head++) {
		ck_assert_int_ge(vq_done(&vq, 0), 0);
		ck_assert_int_eq(blk_status(&vq, head), 0);
	}
	ck_assert(!data[0] && !memcmp(data, data + 1, READS * MIB - 1));
}

/* A manager to which each look at the clock says another time. */
static void run_with_slow_clock(void)
{
	manager_kill();
	slow_clock = true;
	manager_run();
	slow_clock = false;
	ck_assert_str_eq(manager_start(), "");
}

/*
 * A reset while requests are on their way: they end first. How fast must not
 * depend on a disk, the manager's patience is DRAIN_PATIENCE.
 */
START_TEST(reset_drains)
{
	unsigned int round;

	if (_i)
		run_with_slow_clock();
	storage = storage_run_slow("disk", 50);
	connect_disk(DISK);
	for (round = 0; round < 20; round++) {
		start_disk(round & 1);
		begin_reads();
		ck_assert(dev_reset(0));
		check_reads();
	}
	ck_assert_ptr_null(strstr(fake_log(), "do not end"));
}
END_TEST

/* They take longer than that: they end first all the same, with the connection. */
START_TEST(reset_of_a_slow_disk)
{
	storage = storage_run_slow("disk", 2 * DRAIN_PATIENCE);
	connect_disk(DISK);
	start_disk(true);
	begin_reads();
	backend_lost_events = 0;
	ck_assert(dev_reset(0));
	check_reads();
	LOGGED("requests do not end, the connection to the backend does");
	wait_lost();
	connect_disk("\"op\":\"backend\",\"dev\":0");
	start_disk(true);
	ck_assert_int_eq(blk_do(&vq, 0, 0, DATA, 512), 0);
}
END_TEST

/*
 * A storage daemon that stands still: no reset is complete meanwhile, and none of
 * what it has not begun by then is done later.
 */
START_TEST(reset_of_a_stuck_backend)
{
	const uint8_t *data = fake_memory(DATA);

	storage = storage_run_slow("disk", 500);
	connect_disk(DISK);
	start_disk(true);
	kill(storage, SIGSTOP);
	begin_reads();
	backend_lost_events = 0;
	ck_assert_uint_ne(dev_set_status(0, 0), 0);
	kill(storage, SIGCONT);
	ck_assert(dev_reset(0));
	memset(fake_memory(DATA), 0xa5, READS * MIB);
	wait_lost();
	connect_disk("\"op\":\"backend\",\"dev\":0");
	start_disk(true);
	ck_assert_int_eq(blk_do(&vq, 0, 0, DATA + READS * MIB, 512), 0);
	ck_assert(data[0] == 0xa5 &&
		  !memcmp(data, data + 1, READS * MIB - 1));
}
END_TEST

/* What the last manager's backend was told to do must have ended first. */
START_TEST(reset_waits_for_the_backend)
{
	make_disk("raw");
	connect_disk(DISK);
	start_disk(true);
	kill(storage, SIGSTOP);
	blk_begin(&vq, 0, 0, 2048, DATA, MIB);
	vq_kick(&vq);
	manager_kill();
	manager_run();
	ck_assert_str_eq(manager_start(), "");
	ck_assert_uint_ne(dev_set_status(0, 0), 0);
	kill(storage, SIGCONT);
	connect_disk(DISK);
	ck_assert(dev_reset(0));
	start_disk(true);
	write_and_read(1);
}
END_TEST

/* An avail index from nowhere: the connection ends, the next reset is complete. */
START_TEST(reset_of_a_broken_ring)
{
	uint16_t *idx;

	make_disk("raw");
	connect_disk(DISK);
	start_disk(true);
	idx = (uint16_t *)fake_memory(RING + 16 * 256 + 2);
	*idx = 30000;
	ck_assert(dev_reset(0));
	backend_lost_events = 0;
	ck_assert(UNTIL(!manager_packet(1) && backend_lost_events, 5000));
	connect_disk("\"op\":\"backend\",\"dev\":0");
	start_disk(true);
	write_and_read(5);
}
END_TEST

START_TEST(backend_killed)
{
	unsigned int i;

	make_disk("raw");
	connect_disk(DISK);
	start_disk(true);
	for (i = 0; i < 5; i++) {
		backend_lost_events = 0;
		storage_kill(storage);
		wait_lost();
		storage = storage_run("disk", "raw");
		connect_disk("\"op\":\"backend\",\"dev\":0");
		write_and_read(i);
	}
	ck_assert_uint_eq(dev_status(0), 15);
}
END_TEST

/* A driver must flush: it cannot read, nor say, that there is no write cache. */
START_TEST(has_a_write_cache)
{
	struct ringlet_vmsg_config c = {
		.offset = offsetof(struct virtio_blk_config, wce),
		.length = 1,
		.data = { 1 },
	}, r = { 0 };

	make_disk("raw");
	connect_disk(DISK);
	start_disk(true);
	ck_assert(dev_features(0) & 1ULL << VIRTIO_BLK_F_FLUSH);
	ck_assert(!(dev_features(0) & 1ULL << VIRTIO_BLK_F_CONFIG_WCE));
	ck_assert(bus_ask(0, 0, RINGLET_VMSG_SET_CONFIG, &c, sizeof(c), &r,
			  sizeof(r)));
	ck_assert_uint_eq(r.data[0], 0);
	ck_assert_uint_eq(dev_status(0), 15);
	write_and_read(1);
}
END_TEST

#define LOAD_OK(call) do {						\
	const char *wrong_ = call;					\
	ck_assert_msg(!wrong_, "round %u: %s; log: %s", i, wrong_, fake_log()); \
} while (0)

/* What was in flight is done again, exactly, and what was flushed is there. */
START_TEST(backend_killed_under_load)
{
	unsigned int i;

	make_disk(formats[_i]);
	connect_disk(DISK);
	start_disk(true);
	load_begin(&vq, DATA, 11);
	for (i = 0; i < 20; i++) {
		LOAD_OK(load_run(200 + i * 37 % 400));
		backend_lost_events = 0;
		storage_kill(storage);
		wait_lost();
		storage = storage_run("disk", formats[_i]);
		connect_disk("\"op\":\"backend\",\"dev\":0");
	}
	LOAD_OK(load_run(2000));
	LOAD_OK(load_end(10000));
	LOGGED("requests in flight are done again");
	ck_assert_uint_eq(dev_status(0), 15);
	ck_assert_uint_gt(fake_pauses, 0);
	ck_assert_uint_eq(fake_paused, 0);
	ck_assert(dev_reset(0));
}
END_TEST

/* The manager dies: the backend ends what it has, the next manager goes on. */
START_TEST(manager_killed_under_load)
{
	unsigned int i;

	make_disk(formats[_i]);
	connect_disk(DISK);
	start_disk(true);
	load_begin(&vq, DATA, 12);
	for (i = 0; i < 20; i++) {
		LOAD_OK(load_run(200 + i * 37 % 400));
		manager_kill();
		manager_run();
		ck_assert_str_eq(manager_start(), "");
		connect_again(DISK, formats[_i]);
	}
	LOAD_OK(load_run(2000));
	LOAD_OK(load_end(10000));
	ck_assert_uint_eq(dev_status(0), 15);
	ck_assert(dev_reset(0));
}
END_TEST

START_TEST(manager_killed)
{
	uint32_t epoch = fake_bus->epoch;
	unsigned int i;

	make_disk("qcow2");
	connect_disk(DISK);
	start_disk(true);
	for (i = 0; i < 5; i++) {
		write_and_read(i);
		manager_kill();
		/* Nobody hears this one: the successor makes up for it. */
		pattern(DATA, 77 + i, 4096);
		blk_begin(&vq, 0, 1, 9999, DATA, 4096);
		vq_kick(&vq);
		manager_run();
		ck_assert_str_eq(manager_start(), "");
		ck_assert_uint_eq(fake_bus->epoch, epoch);
		ck_assert_uint_eq(dev_status(0), 15);
		connect_disk(DISK);
		ck_assert_int_eq(vq_done(&vq, 5000), 0);
		ck_assert_int_eq(blk_status(&vq, 0), 0);
		ck_assert_int_eq(blk_do(&vq, 0, 9999, DATA + MIB, 4096), 0);
		ck_assert(!memcmp(fake_memory(DATA), fake_memory(DATA + MIB),
				  4096));
	}
	/* Killed in the middle of a request. */
	dev_set_status(0, 0);
	for (i = 0; i < 10; i++) {
		struct ringlet_vmsg m = { .id = RINGLET_VMSG_SET_STATUS,
					  .size = 12, .token = (uint16_t)(9000 + i) };

		start_disk(true);
		bus_send(&m);
		usleep(i * 300);
		manager_kill();
		manager_run();
		ck_assert_str_eq(manager_start(), "");
		connect_disk(DISK);
		ck_assert_uint_eq(dev_status(0), 0);
	}
	/* Without its state all is as after a reset, and the epoch says so. */
	ck_assert_uint_eq(fake_bus->epoch, epoch);
}
END_TEST

START_TEST(detach_waits_for_the_guest)
{
	const char *answer;
	int id;

	make_disk("raw");
	connect_disk(DISK);
	start_disk(true);
	id = manager_send("\"op\":\"detach\",\"dev\":0", NULL, 0);
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_READY);
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_UNPLUG);
	write_and_read(1);
	answer = manager_ask("\"op\":\"detach\",\"dev\":0", NULL, 0);
	SAYS(answer, "being detached");
	ck_assert(dev_reset(0));
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_REMOVED);
	ck_assert_int_gt(id, 0);
	ck_assert_uint_eq(dev_status(0), 0);

	connect_disk(DISK);
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_READY);
	start_disk(true);
	OK("\"op\":\"detach\",\"dev\":0,\"force\":true", NULL, 0);
	ck_assert_uint_eq(bus_device_event(0, 1000), RINGLET_VDEV_REMOVED);
	ck_assert_uint_eq(dev_status(0), 0);
}
END_TEST

START_TEST(entropy)
{
	struct vq_piece p = { DATA, 4096, true };
	unsigned int i, ones = 0;

	OK(RNG, NULL, 0);
	ck_assert(dev_start(5, &vq, RING, 64, false, F_RNG));
	for (i = 0; i < 200; i++) {
		if (i == 100) {
			manager_kill();
			manager_run();
			ck_assert_str_eq(manager_start(), "");
			OK(RNG, NULL, 0);
		}
		memset(fake_memory(DATA), 0, 4096);
		vq_add(&vq, i % 20, &p, 1);
		vq_kick(&vq);
		ck_assert_int_eq(vq_done(&vq, 5000), (int)(i % 20));
		ck_assert_uint_eq(vq.used_len[i % 20], 4096);
	}
	for (i = 0; i < 4096; i++)
		ones += (unsigned int)__builtin_popcount(*fake_memory(DATA + i));
	ck_assert_uint_gt(ones, 15000);
	ck_assert_uint_lt(ones, 18000);
	/* A chain that leads to itself. */
	p.gpa = FAKE_PAGES << 12;
	vq_add(&vq, 3, &p, 1);
	vq_kick(&vq);
	ck_assert(UNTIL(dev_status(5) & 0x40, 2000));
	LOGGED("device 5 is broken until it is reset: its request makes no sense");
	ck_assert(dev_reset(5));
	ck_assert(dev_start(5, &vq, RING, 64, false, F_RNG));
}
END_TEST

/* --- Sentences for ringletd ------------------------------------------------------- */

START_TEST(bad_requests)
{
	int fd;

	SAYS(manager_start(), "has started already");
	SAYS(manager_ask("\"op\":\"fly\"", NULL, 0), "no such 'op'");
	SAYS(manager_ask("\"op\":\"attach\",\"dev\":64,\"kind\":\"rng\"", NULL, 0),
	     "'attach' needs 'dev' (0 to 63)");
	SAYS(manager_ask("\"op\":\"attach\",\"dev\":1,\"kind\":\"disk\"", NULL, 0),
	     "'kind'");
	SAYS(manager_ask(DISK, NULL, 0), "needs one descriptor");
	SAYS(manager_ask("\"op\":\"backend\",\"dev\":0", NULL, 0),
	     "no such device");
	SAYS(manager_ask("\"op\":\"detach\",\"dev\":9", NULL, 0),
	     "no such device");
	SAYS(manager_ask("\"op\":\"attach\",\"dev\":1,\"kind\":\"vhost-net\",\"mac\":\"0:0\"",
			 NULL, 0), "00:16:3e:01:02:03");
	fd = open("/dev/null", O_RDWR);
	SAYS(manager_ask(DISK, &fd, 1), "cannot use the connection");
	OK(RNG, NULL, 0);
	SAYS(manager_ask(RNG, NULL, 0), "a device 5 already");
	OK("\"op\":\"list\"", NULL, 0);
}
END_TEST

/* --- A hostile guest --------------------------------------------------------------- */

/* What the manager does not survive ends here; the disk of the test goes on. */
static void still_there(void)
{
	ck_assert_int_eq(waitpid(manager, NULL, WNOHANG), 0);
	OK("\"op\":\"list\"", NULL, 0);
}

static void raw_message(unsigned int type, unsigned int id, unsigned int dev,
			unsigned int size, const void *body, size_t len)
{
	struct ringlet_vmsg m = {
		.type = (uint8_t)type,
		.id = (uint8_t)id,
		.dev = (uint16_t)dev,
		.size = (uint16_t)size,
	};

	if (len)
		memcpy(m.body, body, len);
	bus_send(&m);
}

#define BUS_BREAKS(part) do {						\
	ck_assert(UNTIL(!fake_bus->device_up, 2000));			\
	LOGGED("the guest's bus is broken: " part);			\
	still_there();							\
	OK("\"op\":\"detach\",\"dev\":5", NULL, 0);			\
} while (0)

START_TEST(hostile_bus)
{
	OK(RNG, NULL, 0);
	ck_assert(dev_start(5, &vq, RING, 64, false, F_RNG));
	switch (_i) {
	case 0:
		raw_message(0, 2, 0, 7, NULL, 0);
		BUS_BREAKS("it sends a message of 7 bytes");
		break;
	case 1:
		raw_message(0, 2, 0, 65, NULL, 0);
		BUS_BREAKS("it sends a message of 65 bytes");
		break;
	case 2:
		raw_message(1, 2, 0, 8, NULL, 0);
		BUS_BREAKS("it sends a message of type 0x1");
		break;
	case 3:
		raw_message(0, 2, 64, 8, NULL, 0);
		BUS_BREAKS("it sends a message to device 64");
		break;
	case 4:
		raw_message(2, 9, 0, 8, NULL, 0);
		BUS_BREAKS("it sends the bus a request 9");
		break;
	case 5:
		fake_bus->to_device.prod += 100;
		raw_message(0, 2, 0, 8, NULL, 0);
		BUS_BREAKS("it says that it has written message");
		break;
	case 6:
		fake_bus->to_driver.cons += 3;
		raw_message(2, 3, 0, 8, NULL, 0);
		BUS_BREAKS("it says that it has read message");
		break;
	}
}
END_TEST

/* It does not read what it asks for. */
START_TEST(deaf_guest)
{
	unsigned int i;

	OK(RNG, NULL, 0);
	for (i = 0; i < 40 && fake_bus->device_up; i++) {
		raw_message(2, 3, 0, 8, NULL, 0);
		ck_assert(UNTIL(fake_bus->to_device.cons ==
				fake_bus->to_device.prod ||
				!fake_bus->device_up, 2000));
	}
	BUS_BREAKS("it does not read the answers");
}
END_TEST

#define DEVICE_BREAKS(part) do {					\
	ck_assert_msg(UNTIL(dev_status(5) & 0x40, 2000), "not broken"); \
	LOGGED("device 5 is broken until it is reset: " part);		\
	ck_assert(dev_reset(5));					\
	ck_assert_uint_eq(dev_status(5), 0);				\
	still_there();							\
} while (0)

START_TEST(hostile_requests)
{
	struct ringlet_vmsg_features f = { .index = 3, .count = 2 };
	struct ringlet_vmsg_config c = { .offset = 0xfffffff0, .length = 32 };
	struct ringlet_vmsg_queue s = { .size = 64, .desc = RING,
					.driver = RING + 1024,
					.device = RING + 4096 };
	uint32_t number = 3;

	OK(RNG, NULL, 0);
	raw_message(0, 0x33, 5, 8, NULL, 0);
	DEVICE_BREAKS("it gets a request 51 of 0 bytes");
	raw_message(0, RINGLET_VMSG_SET_QUEUE, 5, 12, NULL, 0);
	DEVICE_BREAKS("it gets a request 10 of 4 bytes");
	raw_message(0, RINGLET_VMSG_GET_FEATURES, 5, 32, &f, sizeof(f));
	DEVICE_BREAKS("it is asked for 2 blocks of features from 3 on");
	f = (struct ringlet_vmsg_features){ .count = 1, .bits = { 1 } };
	raw_message(0, RINGLET_VMSG_SET_FEATURES, 5, 32, &f, sizeof(f));
	DEVICE_BREAKS("it is to have features that were not offered");
	f = (struct ringlet_vmsg_features){ .index = 3, .count = 1,
					    .bits = { 1 } };
	raw_message(0, RINGLET_VMSG_SET_FEATURES, 5, 32, &f, sizeof(f));
	DEVICE_BREAKS("it is to have features that were not offered");
	raw_message(0, RINGLET_VMSG_GET_CONFIG, 5, 52, &c, sizeof(c));
	DEVICE_BREAKS("bytes 4294967280 to 4294967312 of its configuration");
	raw_message(0, RINGLET_VMSG_SET_STATUS, 5, 12, &number, 4);
	number = 1;
	raw_message(0, RINGLET_VMSG_SET_STATUS, 5, 12, &number, 4);
	DEVICE_BREAKS("its status goes from 0x3 to 0x1");
	number = 7;
	raw_message(0, RINGLET_VMSG_SET_STATUS, 5, 12, &number, 4);
	DEVICE_BREAKS("its driver starts without features");
	number = 1;
	raw_message(0, RINGLET_VMSG_BIND_QUEUE, 5, 12, &number, 4);
	DEVICE_BREAKS("its queue 1 cannot have an event channel");

#define BAD_QUEUE(change) do {						\
	struct ringlet_vmsg_queue b = s;				\
	b.change;							\
	raw_message(0, RINGLET_VMSG_SET_QUEUE, 5, 48, &b, sizeof(b));	\
	DEVICE_BREAKS("queue 0 cannot have");				\
} while (0)
	BAD_QUEUE(size = 48);
	BAD_QUEUE(size = 512);
	BAD_QUEUE(size = 0x80000000);
	BAD_QUEUE(desc += 8);
	BAD_QUEUE(driver += 1);
	BAD_QUEUE(device += 2);
	BAD_QUEUE(desc = FAKE_GIB - 16);		/* of two regions */
	BAD_QUEUE(device = (FAKE_PAGES << 12) - 512);
	BAD_QUEUE(driver = 0xfffffffffffffff0);
	s.index = 1;
	raw_message(0, RINGLET_VMSG_SET_QUEUE, 5, 48, &s, sizeof(s));
	DEVICE_BREAKS("its queue 1 cannot be set up");
	ck_assert(dev_start(5, &vq, RING, 64, false, F_RNG));
	s.index = 0;
	raw_message(0, RINGLET_VMSG_SET_QUEUE, 5, 48, &s, sizeof(s));
	DEVICE_BREAKS("its queue 0 cannot be set up now");
}
END_TEST

/* Ports run out: the device is refused, nothing else. */
START_TEST(no_ports)
{
	unsigned int i;

	OK(RNG, NULL, 0);
	for (i = 0; i < FAKE_PORTS; i++)
		fake_ports[i].used = true;
	ck_assert(!dev_start(5, &vq, RING, 64, false, F_RNG));
	DEVICE_BREAKS("there is no event channel for queue 0");
	fake_ports[20].used = false;
	ck_assert(dev_start(5, &vq, RING, 64, false, F_RNG));
}
END_TEST

/* A guest that breaks its device again and again does not fill the disk. */
START_TEST(flood)
{
	unsigned int i, lines = 0;
	const char *p;

	OK(RNG, NULL, 0);
	for (i = 0; i < 300; i++) {
		raw_message(0, 0x33, 5, 8, NULL, 0);
		dev_reset(5);
	}
	for (p = fake_log(); (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_lt(lines, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ringlet-dm");
	TCase *disk = tcase_create("disk"), *guest = tcase_create("guest");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, disk);
	tcase_add_checked_fixture(disk, setup, teardown);
	tcase_set_timeout(disk, 120);
	tcase_add_loop_test(disk, disk_works, 0, 2);
	tcase_add_loop_test(disk, reset_drains, 0, 2);
	tcase_add_test(disk, reset_of_a_slow_disk);
	tcase_add_test(disk, reset_of_a_stuck_backend);
	tcase_add_test(disk, reset_waits_for_the_backend);
	tcase_add_test(disk, reset_of_a_broken_ring);
	tcase_add_test(disk, backend_killed);
	tcase_add_test(disk, has_a_write_cache);
	tcase_add_test(disk, manager_killed);
	tcase_add_loop_test(disk, backend_killed_under_load, 0, 2);
	tcase_add_loop_test(disk, manager_killed_under_load, 0, 2);
	tcase_add_test(disk, detach_waits_for_the_guest);
	suite_add_tcase(suite, guest);
	tcase_add_checked_fixture(guest, setup, teardown);
	tcase_set_timeout(guest, 60);
	tcase_add_test(guest, entropy);
	tcase_add_test(guest, bad_requests);
	tcase_add_loop_test(guest, hostile_bus, 0, 7);
	tcase_add_test(guest, deaf_guest);
	tcase_add_test(guest, hostile_requests);
	tcase_add_test(guest, no_ports);
	tcase_add_test(guest, flood);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
