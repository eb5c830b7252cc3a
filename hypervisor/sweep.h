/* SPDX-License-Identifier: GPL-2.0-only */
/* Progress of visits to all roots of a domain, and of a sweep of its shadows. */
#ifndef HV_SWEEP_H
#define HV_SWEEP_H

#include "types.h"

/* All roots of a domain in turn, the common half last: where the visitor is. */
struct root_walk {
	u32 chain;
	u64 sequence;
};
#define ROOT_WALK { 0, 0 }

/* A search for count machine frames from mfn on; begin with the rest zero. */
struct sweep {
	mfn_t mfn;
	u64 count;
	bool foreign;		/* they are foreign frames: shadows keep track */
	bool within;		/* of a root, before its page 'cursor' */
	u64 sequence;		/* that root's */
	struct root_walk walk;
};

#endif /* HV_SWEEP_H */
