// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device tree of boot-time domains, a boot module that a person wrote: all
 * offsets in it may be wrong. libfdt is compiled with the sanitizers, too.
 */
#include <stdlib.h>

#include "boot_domains.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(const struct boot_domains *all, const char *tree, size_t size,
		  const struct multiboot2 *boot)
{
	const struct boot_domain *d;
	u64 memory = 0;

	if (!all->nr || all->nr > BOOT_DOMAINS_MAX)
		abort();
	for (d = all->domain; d < all->domain + all->nr; d++) {
		memory += d->memory;
		if (!d->name[0] || !memchr(d->name, 0, sizeof(d->name)) ||
		    !d->memory || d->memory % LARGE_SIZE || !d->vcpus ||
		    d->vcpus > RINGLET_MAX_VCPUS || !d->kernel ||
		    d->kernel < boot->module ||
		    d->kernel >= boot->module + boot->nr_modules ||
		    (d->ramdisk && (d->ramdisk < boot->module ||
				    d->ramdisk >= boot->module +
						  boot->nr_modules)))
			abort();
		if (d->bootargs &&
		    (d->bootargs < tree || d->bootargs >= tree + size ||
		     !memchr(d->bootargs, 0,
			     (size_t)(tree + size - d->bootargs))))
			abort();
	}
	if (memory != all->memory)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct multiboot2 boot = {
		.module = { { .string = "dom0" }, { .string = "kernel x" },
			    { .string = "ramdisk" } },
		.nr_modules = 3,
	};
	struct boot_domains *all = malloc(sizeof(*all));
	char *tree = malloc(size ? size : 1);

	memcpy(tree, data, size);
	if (!boot_domains_parse(all, tree, size, &boot))
		check(all, tree, size, &boot);
	else if (!all->error[0] ||
		 !memchr(all->error, 0, sizeof(all->error)))
		abort();
	free(tree);
	free(all);
	return 0;
}
