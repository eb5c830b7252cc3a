// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verified load on a disk: processes write and read blocks past the page cache and
 * compare what they read with what they wrote; some writes are flushed. For tests
 * that kill what serves the disk meanwhile: what was written must be there, and no
 * request may take longer than it takes to put things in order.
 *
 * Usage: diskload DEVICE PROCESSES SECONDS
 *
 * Prints "diskload: N requests, slowest N ms"; the exit status says whether all
 * was right. A request of more than 60 s ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK		4096
#define BLOCKS		64		/* of a process */
#define PATIENCE_MS	60000

struct totals {
	unsigned long requests;
	unsigned long slowest;		/* ms */
};

static struct totals *totals;

static unsigned long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000 +
	       (unsigned long)t.tv_nsec / 1000000;
}

static void fill(uint32_t *block, unsigned int process, unsigned int number,
		 unsigned int version)
{
	unsigned int i;

	for (i = 0; i < BLOCK / 4; i++)
		block[i] = (process << 24 ^ number << 16 ^ version * 40503) + i;
}

static void fail(unsigned int process, unsigned int number, const char *what)
{
	printf("diskload: process %u, block %u: %s: %s\n", process, number,
	       what, strerror(errno));
	_exit(1);
}

/* One request; what it read must be the block's version. */
static void request(int fd, unsigned int process, uint32_t *buffer,
		    uint32_t *wanted, unsigned int *version)
{
	unsigned int number = (unsigned int)rand() % BLOCKS;
	off_t at = ((off_t)process * BLOCKS + number) * BLOCK;
	int choice = rand() % 100;

	if (choice < 5) {
		if (fdatasync(fd))
			fail(process, number, "flush");
	} else if (choice < 50 || !version[number]) {
		fill(buffer, process, number, ++version[number]);
		if (pwrite(fd, buffer, BLOCK, at) != BLOCK)
			fail(process, number, "write");
	} else {
		memset(buffer, 0x5a, BLOCK);
		if (pread(fd, buffer, BLOCK, at) != BLOCK)
			fail(process, number, "read");
		fill(wanted, process, number, version[number]);
		errno = 0;
		if (memcmp(buffer, wanted, BLOCK))
			fail(process, number, "is not what was written");
	}
}

static void run(const char *device, unsigned int process, unsigned long end)
{
	static unsigned int version[BLOCKS];
	int fd = open(device, O_RDWR | O_DIRECT);
	unsigned long before, took;
	uint32_t *buffer;

	buffer = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || buffer == MAP_FAILED)
		fail(process, 0, device);
	srand(process + 1);
	while ((before = now_ms()) < end) {
		request(fd, process, buffer, buffer + BLOCK / 4, version);
		took = now_ms() - before;
		__atomic_add_fetch(&totals->requests, 1, __ATOMIC_RELAXED);
		if (took > totals->slowest)
			totals->slowest = took;
		if (took > PATIENCE_MS)
			fail(process, 0, "a request takes too long");
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int processes, i;
	unsigned long end;
	int status, bad = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: diskload DEVICE PROCESSES SECONDS\n");
		return 2;
	}
	processes = (unsigned int)atoi(argv[2]);
	end = now_ms() + (unsigned long)atoi(argv[3]) * 1000;
	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (totals == MAP_FAILED)
		return 2;
	for (i = 0; i < processes; i++)
		if (!fork())
			run(argv[1], i, end);
	while (wait(&status) > 0)
		bad |= status;
	printf("diskload: %lu requests, slowest %lu ms\n", totals->requests,
	       totals->slowest);
	return bad ? 1 : 0;
}
