// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verified load on a disk: see dm_load.h.
 */
#include "dm_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK		4096
#define SECTORS		(BLOCK / 512)
#define PATIENCE	10000	/* ms for a request */

enum { READ = 0, WRITE = 1, FLUSH = 4 };

struct block {
	uint32_t issued, done;		/* versions; 0: never written */
	bool busy;
};

struct request {
	bool active;
	uint32_t type;
	unsigned int block;
};

static struct vq *queue;
static uint64_t data;
static struct block blocks[LOAD_BLOCKS];
static struct request requests[LOAD_DEPTH];
static bool flushing;
static unsigned int in_flight;
static char problem[200];

static uint32_t word_of(unsigned int block, uint32_t version, unsigned int i)
{
	return version ? (block * 2654435761u ^ version * 40503u) + i : 0;
}

static uint32_t *buffer(unsigned int head)
{
	return (uint32_t *)fake_memory(data + head * (uint64_t)BLOCK);
}

void load_begin(struct vq *q, uint64_t buffers, unsigned int seed)
{
	queue = q;
	data = buffers;
	memset(blocks, 0, sizeof(blocks));
	memset(requests, 0, sizeof(requests));
	flushing = false;
	in_flight = 0;
	srandom(seed);
}

static void begin(unsigned int head)
{
	struct request *r = &requests[head];
	unsigned int i, choice = (unsigned int)random() % 100;
	struct block *b;

	r->active = true;
	in_flight++;
	if (choice < 3 && !flushing) {
		r->type = FLUSH;
		flushing = true;
		blk_begin(queue, head, FLUSH, 0, 0, 0);
		return;
	}
	do {
		r->block = (unsigned int)random() % LOAD_BLOCKS;
		b = &blocks[r->block];
	} while (b->busy);
	b->busy = true;
	r->type = choice < 50 ? WRITE : READ;
	if (r->type == WRITE)
		b->issued++;
	for (i = 0; i < BLOCK / 4; i++)
		buffer(head)[i] = r->type == WRITE ?
			word_of(r->block, b->issued, i) : 0xdeadbeef;
	blk_begin(queue, head, r->type, r->block * SECTORS,
		  data + head * (uint64_t)BLOCK, BLOCK);
}

static bool is_version(unsigned int head, unsigned int block, uint32_t version)
{
	unsigned int i;

	for (i = 0; i < BLOCK / 4; i++)
		if (buffer(head)[i] != word_of(block, version, i))
			return false;
	return true;
}

static void check_read(unsigned int head)
{
	unsigned int block = requests[head].block;
	uint32_t version = blocks[block].done;

	if (!is_version(head, block, version))
		snprintf(problem, sizeof(problem), "block %u is not of version %u: %#x %#x",
			 block, version, buffer(head)[0], buffer(head)[1]);
}

static void finish(unsigned int head)
{
	struct request *r = &requests[head];

	if (blk_status(queue, head)) {
		snprintf(problem, sizeof(problem), "request %u of block %u has status %d",
			 r->type, r->block, blk_status(queue, head));
		return;
	}
	r->active = false;
	in_flight--;
	if (r->type == FLUSH) {
		flushing = false;
		return;
	}
	blocks[r->block].busy = false;
	if (r->type == WRITE)
		blocks[r->block].done = blocks[r->block].issued;
	else
		check_read(head);
}

static const char *wait_one(int ms)
{
	int head = vq_done(queue, ms);

	if (head < 0 || head >= LOAD_DEPTH || !requests[head].active) {
		snprintf(problem, sizeof(problem), "%s, %u in flight",
			 head == -1 ? "no request has ended in time" :
			 "a request ended that was not there", in_flight);
		return problem;
	}
	problem[0] = 0;
	finish((unsigned int)head);
	return problem[0] ? problem : NULL;
}

const char *load_run(unsigned int count)
{
	const char *wrong = NULL;
	unsigned int head;

	while (count-- && !wrong) {
		for (head = 0; head < LOAD_DEPTH; head++)
			if (!requests[head].active)
				begin(head);
		vq_kick(queue);
		wrong = wait_one(PATIENCE);
	}
	return wrong;
}

const char *load_end(int ms)
{
	const char *wrong = NULL;

	while (in_flight && !wrong)
		wrong = wait_one(ms);
	return wrong;
}
