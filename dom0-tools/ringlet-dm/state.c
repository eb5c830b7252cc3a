// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a successor needs when this process is killed: a file that ringletd keeps
 * for the life of the domain, mapped into memory. Everything here is written in
 * an order in which it makes sense at any moment.
 */
#include "dm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE_MAGIC	0x314d4452	/* "RDM1" */

struct state *state;

int state_open(int fd, uint32_t domid)
{
	struct stat st;
	bool resumed;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size != sizeof(*state) && ftruncate(fd, 0))
		return -errno;
	if (ftruncate(fd, sizeof(*state)))
		return -errno;
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (state == MAP_FAILED) {
		state = NULL;
		return -errno;
	}
	resumed = state->magic == STATE_MAGIC && state->domid == domid &&
		  state->size == sizeof(*state);
	if (resumed)
		return 1;
	memset(state, 0, sizeof(*state));
	state->size = sizeof(*state);
	state->domid = domid;
	state->epoch = (uint32_t)time(NULL) | 1;
	__atomic_store_n(&state->magic, STATE_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

void state_close(void)
{
	if (state)
		munmap(state, sizeof(*state));
	state = NULL;
}

void request_save(struct saved_request *saved, const struct ringlet_vmsg *m)
{
	saved->message = *m;
	__atomic_store_n(&saved->valid, 1, __ATOMIC_RELEASE);
}
