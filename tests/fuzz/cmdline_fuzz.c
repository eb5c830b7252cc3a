// SPDX-License-Identifier: GPL-2.0-only
/* The hypervisor's command line, as somebody types it in GRUB. */
#include <stdlib.h>

#include "cmdline.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct cmdline *c = malloc(sizeof(*c));
	char *text = malloc(size + 1);
	u32 i, reports;

	memcpy(text, data, size);
	text[size] = 0;
	reports = cmdline_parse(c, text);
	if (reports != c->nr_reports)
		abort();
	for (i = 0; i < MIN(reports, (u32)CMDLINE_MAX_REPORTS); i++)
		if (!c->report[i][0] ||
		    !memchr(c->report[i], 0, CMDLINE_REPORT_LEN))
			abort();
	if (c->loglvl > CMDLINE_LOG_DEBUG ||
	    c->console & ~(u32)(CMDLINE_CONSOLE_COM1 | CMDLINE_CONSOLE_COM2 |
				CMDLINE_CONSOLE_VGA))
		abort();
	free(text);
	free(c);
	return 0;
}
