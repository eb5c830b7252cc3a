/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies from and to guest memory: rights, page borders, what they leave alone.
 */
#include <check.h>

#include "copy.h"
#include "host_hv.h"
#include "shadow.h"

#define MIB (1UL << 20)
#define ROOT 1024UL

static struct domain *d;
static struct vcpu *v;
static u64 next_table;

static u64 *guest_page(u64 gfn)
{
	return mfn_to_virt(p2m_lookup(d, GFN(gfn)).mfn);
}

static u64 *map(u64 va, u64 pte)
{
	u64 table = ROOT;

	for (u32 level = 4; level > 1; level--) {
		u64 *slot = &guest_page(table)[pte_index(va, level)];

		if (!*slot)
			*slot = next_table++ << PAGE_SHIFT | PTE_P | PTE_W | PTE_U;
		table = *slot >> PAGE_SHIFT;
	}
	guest_page(table)[pte_index(va, 1)] = pte;
	return &guest_page(table)[pte_index(va, 1)];
}

static void setup(void)
{
	host_machine_ram(1, 32 * MIB);
	d = host_domain(1, 1, 4096, 0, false);
	v = d->vcpus[0];
	ck_assert_int_eq(p2m_populate(d, GFN(0), 1024, 0), 1024);
	ck_assert_int_eq(p2m_populate(d, GFN(ROOT), 64, 0), 64);
	next_table = ROOT + 1;
	v->root = GFN(ROOT);
	host_run(0, d, 0);
	host_enter(0);
}

START_TEST(across_pages)
{
	u8 out[6000], in[6000];
	u64 *a, *b;

	for (u32 i = 0; i < sizeof(out); i++)
		out[i] = i * 7;
	a = map(0x1000, 20UL << 12 | PTE_P | PTE_W | PTE_U);
	b = map(0x2000, 10UL << 12 | PTE_P | PTE_W | PTE_U);
	ck_assert_int_eq(copy_to_guest(v, 0x1c00, out, sizeof(out)), -EFAULT);
	map(0x3000, 30UL << 12 | PTE_P | PTE_W);
	ck_assert_int_eq(copy_to_guest(v, 0x1c00, out, sizeof(out)), 0);
	ck_assert_uint_eq(*a & (PTE_A | PTE_D), PTE_A | PTE_D);
	ck_assert_uint_eq(*b & (PTE_A | PTE_D), PTE_A | PTE_D);
	ck_assert_int_eq(memcmp((u8 *)guest_page(20) + 0xc00, out, 0x400), 0);
	ck_assert_int_eq(memcmp(guest_page(10), out + 0x400, 0x1000), 0);
	ck_assert_int_eq(copy_from_guest(v, in, 0x1c00, sizeof(in)), 0);
	ck_assert_int_eq(memcmp(in, out, sizeof(in)), 0);
	/* No bytes are no access. */
	ck_assert_int_eq(copy_from_guest(v, in, 0xdead0000, 0), 0);
}
END_TEST

START_TEST(rights)
{
	u64 word = 1;
	u64 *ro;

	map(0x1000, 1UL << 12 | PTE_P | PTE_W);
	ro = map(0x2000, 2UL << 12 | PTE_P | PTE_U);
	v->hc_user = true;
	ck_assert_int_eq(copy_from_guest(v, &word, 0x1000, 8), -EFAULT);
	ck_assert_int_eq(copy_to_guest(v, 0x1000, &word, 8), -EFAULT);
	ck_assert_int_eq(copy_from_guest(v, &word, 0x2000, 8), 0);
	ck_assert_int_eq(copy_to_guest(v, 0x2000, &word, 8), -EFAULT);
	ck_assert_int_eq(copy_to_kernel(v, 0x1000, &word, 8), 0);
	ck_assert_int_eq(copy_from_kernel(v, &word, 0x1000, 8), 0);
	v->hc_user = false;
	ck_assert_int_eq(copy_from_guest(v, &word, 0x1000, 8), 0);
	ck_assert_int_eq(copy_to_guest(v, 0x2000, &word, 8), -EFAULT);
	ck_assert_uint_eq(*ro & PTE_D, 0);
	/* Across a right that changes. */
	ck_assert_int_eq(copy_to_guest(v, 0x1ffc, &word, 8), -EFAULT);
}
END_TEST

START_TEST(forbidden_addresses)
{
	u64 word = 0;

	map(0, 1UL << 12 | PTE_P | PTE_W);
	/* The guest's own tables may name slots 256 to 271: ignored. */
	map(0xffff800000000000, 1UL << 12 | PTE_P | PTE_W);
	map(0xffff880000000000, 1UL << 12 | PTE_P | PTE_W);
	ck_assert_int_eq(copy_from_guest(v, &word, 0xffff800000000000, 8), -EFAULT);
	ck_assert_int_eq(copy_from_guest(v, &word, 0xffff87fffffffff8, 16), -EFAULT);
	ck_assert_int_eq(copy_from_guest(v, &word, 0x800000000000, 8), -EFAULT);
	ck_assert_int_eq(copy_from_guest(v, &word, 0x7ffffffffffc, 8), -EFAULT);
	ck_assert_int_eq(copy_from_guest(v, &word, 0xffff880000000000, 8), 0);
	/* Past the end of the address space. */
	map(0xfffffffffffff000, 1UL << 12 | PTE_P | PTE_W);
	map(0, 0);
	ck_assert_int_eq(copy_from_guest(v, &word, 0xfffffffffffffff8, 8), 0);
	ck_assert_int_eq(copy_from_guest(v, &word, 0xfffffffffffffffc, 8), -EFAULT);
}
END_TEST

START_TEST(hypervisor_pages)
{
	mfn_t shared = frame_alloc_hv(0), time = frame_alloc_hv(0);
	u64 word = 5;

	ck_assert_int_eq(p2m_add(d, GFN(2000), shared, 0,
				 P2M_SPECIAL | P2M_WRITE), 0);
	ck_assert_int_eq(p2m_add(d, GFN(2001), time, 0, P2M_SPECIAL), 0);
	map(0x1000, 2000UL << 12 | PTE_P | PTE_W);
	map(0x2000, 2001UL << 12 | PTE_P | PTE_W);
	ck_assert_int_eq(copy_to_guest(v, 0x1000, &word, 8), 0);
	ck_assert_int_eq(copy_from_guest(v, &word, 0x2000, 8), 0);
	ck_assert_int_eq(copy_to_guest(v, 0x2000, &word, 8), -EFAULT);
}
END_TEST

START_TEST(instructions)
{
	u8 code[15];

	map(0x1000, 1UL << 12 | PTE_P | PTE_U);
	map(0x2000, 2UL << 12 | PTE_P | PTE_U | PTE_NX);
	map(0x3000, 3UL << 12 | PTE_P);
	memset(guest_page(1), 0x90, PAGE_SIZE);
	ck_assert_uint_eq(copy_code_from_guest(v, code, 0x1000, 15, true), 15);
	ck_assert_uint_eq(copy_code_from_guest(v, code, 0x1000, 15, false), 0);
	ck_assert_uint_eq(copy_code_from_guest(v, code, 0x1ffc, 15, true), 4);
	ck_assert_uint_eq(copy_code_from_guest(v, code, 0x2000, 15, true), 0);
	ck_assert_uint_eq(copy_code_from_guest(v, code, 0x3000, 15, false), 15);
	ck_assert_uint_eq(copy_code_from_guest(v, code, 0x3000, 15, true), 0);
	ck_assert_uint_eq(code[0], 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("copy");
	TCase *t = tcase_create("copy");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, across_pages);
	tcase_add_test(t, rights);
	tcase_add_test(t, forbidden_addresses);
	tcase_add_test(t, hypervisor_pages);
	tcase_add_test(t, instructions);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
