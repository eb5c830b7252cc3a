// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of functions: the table that scripts/symbols.sh would make of three
 * functions in the gate and the image, and every address around them.
 */
#include "symbols.h"

#include "layout.h"

#include <check.h>
#include <stdlib.h>

#define NR 5
#define TEXT 0x3000

const u32 symbol_count = NR;
const u32 symbol_keys[] = { 0x40, 0x1000, TEXT, TEXT + 0x20, TEXT + 0x100 };
const u16 symbol_names[] = { 0, 5, 6, 10, 14 };
const char symbol_text[] = "gate\0\0one\0two\0";

static const struct {
	u64 va;
	const char *name;
	u64 offset;
} cases[] = {
	{ GATE_BASE + 0x3f, NULL, 0 },
	{ GATE_BASE + 0x40, "gate", 0 },
	{ GATE_BASE + 0xfff, "gate", 0xfbf },
	{ GATE_BASE + 0x1000, NULL, 0 },
	{ GATE_BASE + TEXT - 1, NULL, 0 },
	{ GATE_BASE + GATE_IDT, NULL, 0 },
	{ GATE_BASE + GATE_STACK_ENTRY, NULL, 0 },
	{ IMAGE_BASE + TEXT - 1, NULL, 0 },
	{ IMAGE_BASE + TEXT, "one", 0 },
	{ IMAGE_BASE + TEXT + 0x1f, "one", 0x1f },
	{ IMAGE_BASE + TEXT + 0x20, "two", 0 },
	{ IMAGE_BASE + TEXT + 0xff, "two", 0xdf },
	{ IMAGE_BASE + TEXT + 0x100, NULL, 0 },
	{ IMAGE_BASE + 0x100000000 + TEXT, NULL, 0 },
	{ DIRECT_BASE + TEXT, NULL, 0 },
	{ 0, NULL, 0 },
	{ TEXT, NULL, 0 },
	{ ~0UL, NULL, 0 },
};

START_TEST(finds)
{
	const char *name;
	u64 offset = 0;

	name = symbol_find(cases[_i].va, &offset);
	if (!cases[_i].name) {
		ck_assert_ptr_null(name);
		return;
	}
	ck_assert_ptr_nonnull(name);
	ck_assert_str_eq(name, cases[_i].name);
	ck_assert_uint_eq(offset, cases[_i].offset);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("symbols");
	TCase *t = tcase_create("find");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, finds, 0, ARRAY_SIZE(cases));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
