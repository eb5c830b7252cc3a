// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boot loader's information: read where only its own sizes say what is there.
 */
#include <stdlib.h>

#include "multiboot2.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(const struct multiboot2 *m)
{
	u32 i, k;

	if (m->nr_modules > MULTIBOOT2_MAX_MODULES || !m->nr_memory ||
	    m->nr_memory > MULTIBOOT2_MAX_MEMORY ||
	    !memchr(m->cmdline, 0, sizeof(m->cmdline)) ||
	    !memchr(m->loader, 0, sizeof(m->loader)))
		abort();
	for (i = 0; i < m->nr_modules; i++) {
		if (m->module[i].start > m->module[i].end ||
		    !memchr(m->module[i].string, 0, MULTIBOOT2_MAX_STRING))
			abort();
		for (k = 0; k < i; k++)
			if (m->module[i].start < m->module[k].end &&
			    m->module[k].start < m->module[i].end)
				abort();
	}
	for (i = 0; i < m->nr_memory; i++)
		if (!m->memory[i].size ||
		    m->memory[i].addr + m->memory[i].size - 1 <
		    m->memory[i].addr)
			abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct multiboot2 *m = malloc(sizeof(*m));
	enum multiboot2_error error;
	/* At a multiple of 8, and nothing behind it. */
	u8 *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	error = multiboot2_parse(m, copy, size);
	if (error == MULTIBOOT2_OK)
		check(m);
	if (!multiboot2_strerror(error)[0])
		abort();
	free(copy);
	free(m);
	return 0;
}
