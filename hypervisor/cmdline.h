/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's command line: options with the names and the meaning that
 * Xen's users know, as far as Ringlet has them.
 */
#ifndef HV_CMDLINE_H
#define HV_CMDLINE_H

#include "types.h"

#define CMDLINE_MAX_REPORTS	8	/* problems kept with their text */
#define CMDLINE_REPORT_LEN	96	/* with the terminating NUL */

/* Bits of cmdline.console. */
#define CMDLINE_CONSOLE_COM1	0x1
#define CMDLINE_CONSOLE_COM2	0x2
#define CMDLINE_CONSOLE_VGA	0x4

/* Values of cmdline.loglvl: messages up to this level are shown. */
enum cmdline_loglvl {
	CMDLINE_LOG_NONE,
	CMDLINE_LOG_ERROR,
	CMDLINE_LOG_WARNING,
	CMDLINE_LOG_INFO,
	CMDLINE_LOG_DEBUG,		/* "debug", or Xen's "all" */
};

struct cmdline {
	u32 console;			/* CMDLINE_CONSOLE_*; default COM1, VGA */
	u32 baud[2];			/* of COM1 and COM2; 0 = leave as it is */
	enum cmdline_loglvl loglvl;	/* default WARNING */
	u64 dom0_mem;			/* bytes, 0 = not given */
	u32 dom0_max_vcpus;		/* 0 = not given */
	u32 maxcpus;			/* 0 = not given */
	bool noreboot;			/* stop after a panic */
	bool vtlb_check;		/* coherence.h */
	u32 sched_seed;			/* sched_random.h; 0 = not given */

	/* What was wrong, in words, in the order it was found. */
	u32 nr_reports;			/* all; those over the limit are lost */
	char report[CMDLINE_MAX_REPORTS][CMDLINE_REPORT_LEN];
};

/*
 * Parse a command line: words separated by blanks, "name", "name=value", and
 * for what is on or off also "no-name" and "name=yes|no|on|off|true|false|1|0".
 * When an option stands twice the last one counts. An option that is unknown,
 * or whose value is not allowed, has no effect and leaves a report.
 *
 * @text: NUL-terminated
 *
 * Returns the number of reports. Locking: none.
 */
u32 cmdline_parse(struct cmdline *c, const char *text);

#endif /* HV_CMDLINE_H */
