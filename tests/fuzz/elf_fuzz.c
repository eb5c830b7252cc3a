// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest images: an ELF file that a tenant brings must be refused or understood,
 * never followed out of its bytes. What the parser accepts keeps its promises:
 * segments inside the file, in order of nothing but apart from each other.
 */
#include <stdlib.h>

#include "elf.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(const struct elf_image *elf, u64 size)
{
	const struct elf_segment *a, *b;

	if (!elf->nr_segments || elf->nr_segments > ELF_MAX_SEGMENTS ||
	    elf->start >= elf->end)
		abort();
	for (a = elf->segment; a < elf->segment + elf->nr_segments; a++) {
		if (a->offset > size || a->filesz > size - a->offset ||
		    !a->memsz || a->memsz < a->filesz ||
		    a->gpa + a->memsz < a->gpa || a->gpa < elf->start ||
		    a->gpa + a->memsz > elf->end)
			abort();
		for (b = elf->segment; b < a; b++)
			if (a->gpa < b->gpa + b->memsz &&
			    b->gpa < a->gpa + a->memsz)
				abort();
	}
	if (elf->note.abi_version != RINGLET_ABI_VERSION ||
	    elf->note.align < PAGE_SIZE ||
	    (elf->note.align & (elf->note.align - 1)))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct elf_image elf;
	u8 *copy = malloc(size ? size : 1);
	int rc;

	/* At its exact size, and as aligned as a module is. */
	memcpy(copy, data, size);
	rc = elf_parse(&elf, copy, size);
	if (!rc)
		check(&elf, size);
	else if (rc != -EINVAL || !elf.error[0] ||
		 !memchr(elf.error, 0, sizeof(elf.error)))
		abort();
	free(copy);
	return 0;
}
