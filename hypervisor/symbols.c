// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of functions: see symbols.h.
 */
#include "symbols.h"

#include "layout.h"

const char *symbol_find(u64 va, u64 *offset)
{
	u64 key = va - (va < IMAGE_BASE ? GATE_BASE : IMAGE_BASE);
	u32 first = 0, end = symbol_count, middle;
	const char *name;

	if (va < IMAGE_BASE ? key >= GATE_IDT : key >> 32)
		return NULL;
	/* The last one that does not begin behind it is before 'end'. */
	while (first < end) {
		middle = first + (end - first) / 2;
		if (symbol_keys[middle] <= key)
			first = middle + 1;
		else
			end = middle;
	}
	if (!end)
		return NULL;
	*offset = key - symbol_keys[end - 1];
	name = symbol_text + symbol_names[end - 1];
	return *name ? name : NULL;
}
