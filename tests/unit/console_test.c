/* SPDX-License-Identifier: GPL-2.0-only */
/* Console rings: bytes come out as they went in, none twice, none lost. */
#include <check.h>
#include <stdlib.h>

#include "host_hv.h"

static u32 raised[16][RINGLET_NR_VIRQS];
static char uart[64];
static size_t uart_len;
static struct domain *dom0, *domu;
static u64 at;

bool event_raise_domain_virq(struct domain *d, u32 virq)
{
	raised[d->id][virq]++;
	return true;
}

void platform_console_write(const char *buf, size_t len)
{
	ck_assert_uint_le(uart_len + len, sizeof(uart));
	memcpy(uart + uart_len, buf, len);
	uart_len += len;
}

struct domain *domain_find(struct domain *caller, u32 id)
{
	if (id == RINGLET_DOMID_SELF)
		return caller;
	return id == 0 ? dom0 : NULL;
}

static void setup(void)
{
	host_machine(1);
	memset(raised, 0, sizeof(raised));
	uart_len = 0;
	dom0 = calloc(1, sizeof(*dom0));
	dom0->control = true;
	console_init(dom0);
	domu = calloc(1, sizeof(*domu));
	domu->id = 1;
	console_init(domu);
}

static void teardown(void)
{
	free(dom0);
	free(domu);
}

static char byte_at(u64 n)
{
	return (char)(n * 7 + n / 251);
}

START_TEST(domain0_writes_to_the_device)
{
	ck_assert_uint_eq(console_write(dom0, "hello\n", 6), 6);
	ck_assert_uint_eq(uart_len, 6);
	ck_assert_mem_eq(uart, "hello\n", 6);
	ck_assert_uint_eq(raised[0][RINGLET_VIRQ_DOMAIN_CONSOLE], 0);
}
END_TEST

START_TEST(output_reaches_domain0)
{
	char buf[16];

	ck_assert_uint_eq(console_write(domu, "abc", 3), 3);
	ck_assert_uint_eq(raised[0][RINGLET_VIRQ_DOMAIN_CONSOLE], 1);
	ck_assert_uint_eq(uart_len, 0);
	/* Looking takes nothing: the copy to domain 0 may fail. */
	ck_assert_uint_eq(console_out_peek(domu, buf, sizeof(buf), &at), 3);
	ck_assert_uint_eq(console_out_peek(domu, buf, 2, &at), 2);
	ck_assert_mem_eq(buf, "abc", 3);
	ck_assert(console_out_skip(domu, at, 2));
	ck_assert_uint_eq(console_out_peek(domu, buf, sizeof(buf), &at), 1);
	ck_assert_int_eq(buf[0], 'c');
	ck_assert(console_out_skip(domu, at, 1));
	ck_assert_uint_eq(console_out_peek(domu, buf, sizeof(buf), &at), 0);
	ck_assert_uint_eq(console_write(domu, "d", 1), 1);
	ck_assert_uint_eq(console_out_peek(domu, buf, sizeof(buf), &at), 1);
	ck_assert_int_eq(buf[0], 'd');
}
END_TEST

/* What two readers see at once, one of them takes. */
START_TEST(two_readers)
{
	char buf[16];
	u64 other;

	console_write(domu, "abc", 3);
	ck_assert_uint_eq(console_out_peek(domu, buf, sizeof(buf), &at), 3);
	ck_assert_uint_eq(console_out_peek(domu, buf, 1, &other), 1);
	ck_assert(console_out_skip(domu, at, 3));
	console_write(domu, "def", 3);
	ck_assert(!console_out_skip(domu, other, 1));
	ck_assert_uint_eq(console_out_peek(domu, buf, sizeof(buf), &at), 3);
	ck_assert_mem_eq(buf, "def", 3);

	console_in_push(domu, "xyz", 3);
	ck_assert_uint_eq(console_peek(domu, buf, 2, &at), 2);
	ck_assert_uint_eq(console_peek(domu, buf, 3, &other), 3);
	ck_assert(console_skip(domu, at, 2));
	ck_assert(!console_skip(domu, other, 3));
	ck_assert_uint_eq(console_peek(domu, buf, 3, &at), 1);
	ck_assert_int_eq(buf[0], 'z');
}
END_TEST

START_TEST(full_ring_takes_less)
{
	char buf[1000], got[RINGLET_CONSOLE_OUT];
	size_t total = 0, n;

	memset(buf, 'x', sizeof(buf));
	do {
		n = console_write(domu, buf, sizeof(buf));
		total += n;
	} while (n == sizeof(buf));
	ck_assert_uint_eq(total, RINGLET_CONSOLE_OUT);
	raised[0][RINGLET_VIRQ_DOMAIN_CONSOLE] = 0;
	n = RINGLET_CONSOLE_OUT % sizeof(buf);
	ck_assert_uint_eq(console_refused(domu), sizeof(buf) - n);
	ck_assert_uint_eq(console_write(domu, "y", 1), 0);
	ck_assert_uint_eq(console_refused(domu), sizeof(buf) - n + 1);
	ck_assert_uint_eq(raised[0][RINGLET_VIRQ_DOMAIN_CONSOLE], 0);
	/* The writer hears of room when there was none, and only then. */
	ck_assert_uint_eq(raised[1][RINGLET_VIRQ_CONSOLE], 0);
	ck_assert_uint_eq(console_out_peek(domu, buf, 10, &at), 10);
	console_out_skip(domu, at, 0);
	ck_assert_uint_eq(raised[1][RINGLET_VIRQ_CONSOLE], 0);
	ck_assert(console_out_skip(domu, at, 10));
	ck_assert_uint_eq(raised[1][RINGLET_VIRQ_CONSOLE], 1);
	ck_assert(console_out_skip(domu, at + 10, 10));
	ck_assert_uint_eq(raised[1][RINGLET_VIRQ_CONSOLE], 1);
	ck_assert_uint_eq(console_write(domu, buf, sizeof(buf)), 20);
	ck_assert_uint_eq(console_out_peek(domu, got, sizeof(got), &at),
			  sizeof(got));
}
END_TEST

START_TEST(input)
{
	char buf[RINGLET_CONSOLE_IN + 100];

	memset(buf, 'i', sizeof(buf));
	ck_assert_uint_eq(console_in_push(domu, "ls\n", 3), 3);
	ck_assert_uint_eq(raised[1][RINGLET_VIRQ_CONSOLE], 1);
	ck_assert_uint_eq(console_in_push(domu, buf, sizeof(buf)),
			  RINGLET_CONSOLE_IN - 3);
	ck_assert_uint_eq(console_in_push(domu, buf, 1), 0);
	ck_assert_uint_eq(raised[1][RINGLET_VIRQ_CONSOLE], 2);
	ck_assert_uint_eq(console_peek(domu, buf, sizeof(buf), &at),
			  RINGLET_CONSOLE_IN);
	ck_assert_mem_eq(buf, "ls\niii", 6);
	ck_assert(console_skip(domu, at, 3));
	ck_assert_uint_eq(console_peek(domu, buf, 3, &at), 3);
	ck_assert_mem_eq(buf, "iii", 3);
	ck_assert(console_skip(domu, at, 3));
	ck_assert_uint_eq(console_peek(domu, buf, sizeof(buf), &at),
			  RINGLET_CONSOLE_IN - 6);
	ck_assert(console_skip(domu, at, RINGLET_CONSOLE_IN - 6));
	ck_assert_uint_eq(console_peek(domu, buf, 3, &at), 0);
	/* Domain 0 gets what a person types the same way. */
	ck_assert_uint_eq(console_in_push(dom0, "q", 1), 1);
	ck_assert_uint_eq(raised[0][RINGLET_VIRQ_CONSOLE], 1);
	ck_assert_uint_eq(console_peek(dom0, buf, 3, &at), 1);
}
END_TEST

/* Many times around, in pieces of all sizes; also where counters overflow. */
START_TEST(wrap)
{
	static char buf[4096];
	struct console *c = &domu->console;
	u64 put = 0, taken = 0, rounds, i;
	u32 seed = 1;

	if (_i) {
		c->out_head = c->out_tail = ~0UL - 5000;
		c->in_head = c->in_tail = ~0UL - 5000;
	}
	for (rounds = 0; rounds < 2000; rounds++) {
		size_t len, n;

		seed = seed * 1103515245 + 12345;
		len = (seed >> 8) % sizeof(buf) + 1;
		for (i = 0; i < len; i++)
			buf[i] = byte_at(put + i);
		n = _i & 1 ? console_in_push(domu, buf, len) :
			     console_write(domu, buf, len);
		ck_assert_uint_le(n, len);
		put += n;
		seed = seed * 1103515245 + 12345;
		len = (seed >> 8) % sizeof(buf) + 1;
		n = _i & 1 ? console_peek(domu, buf, len, &at) :
			     console_out_peek(domu, buf, len, &at);
		ck_assert_uint_eq(n, MIN(put - taken, (u64)len));
		for (i = 0; i < n; i++)
			if (buf[i] != byte_at(taken + i))
				ck_abort_msg("byte %lu is wrong",
					     (unsigned long)(taken + i));
		if (_i & 1)
			console_skip(domu, at, n);
		else
			console_out_skip(domu, at, n);
		taken += n;
	}
	ck_assert_uint_gt(taken, 10 * RINGLET_CONSOLE_OUT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("console");
	TCase *tc = tcase_create("console");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, domain0_writes_to_the_device);
	tcase_add_test(tc, output_reaches_domain0);
	tcase_add_test(tc, two_readers);
	tcase_add_test(tc, full_ring_takes_less);
	tcase_add_test(tc, input);
	tcase_add_loop_test(tc, wrap, 0, 4);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
