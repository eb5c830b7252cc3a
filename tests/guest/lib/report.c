// SPDX-License-Identifier: GPL-2.0-only
/* The console and the verdict. */
#include "guest.h"

enum verdict { SUCCESS, SKIP, ERROR, FAILURE };

/* A test that fails in a loop must not drown its first messages. */
#define MAX_MESSAGES 20

static volatile u32 verdict = SUCCESS;
static volatile u32 messages;
static volatile u32 console_lock;

static void write_console(const char *text, size_t len)
{
	char copy[256];
	s64 n;

	while (len) {
		/* The stack is memory that the hypervisor can surely read. */
		n = (s64)(len < sizeof(copy) ? len : sizeof(copy));
		memcpy(copy, text, (size_t)n);
		n = ringlet_console_write(copy, (u64)n);
		if (n < 0)
			return;
		if (!n)
			ringlet_yield();
		text += n;
		len -= (size_t)n;
	}
}

static void print(const char *prefix, const char *fmt, __builtin_va_list ap,
		  const char *suffix)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, ap);
	while (__atomic_exchange_n(&console_lock, 1, __ATOMIC_ACQUIRE))
		ringlet_yield();
	write_console(prefix, strlen(prefix));
	write_console(line, strlen(line));
	write_console(suffix, strlen(suffix));
	__atomic_store_n(&console_lock, 0, __ATOMIC_RELEASE);
}

void printk(const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	print("", fmt, ap, "");
	__builtin_va_end(ap);
}

static void report(enum verdict v, const char *prefix, const char *fmt,
		   __builtin_va_list ap)
{
	u32 old = verdict;

	while (old < (u32)v &&
	       !__atomic_compare_exchange_n(&verdict, &old, (u32)v, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	if (__atomic_fetch_add(&messages, 1, __ATOMIC_RELAXED) < MAX_MESSAGES)
		print(prefix, fmt, ap, "\n");
}

void skip(const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	report(SKIP, "Skip: ", fmt, ap);
	__builtin_va_end(ap);
}

void error(const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	report(ERROR, "Error: ", fmt, ap);
	__builtin_va_end(ap);
}

void failure(const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	report(FAILURE, "Failure: ", fmt, ap);
	__builtin_va_end(ap);
}

void finish(void)
{
	static const char names[][8] = {
		"SUCCESS", "SKIP", "ERROR", "FAILURE"
	};

	if (messages > MAX_MESSAGES)
		printk("%u more messages\n", messages - MAX_MESSAGES);
	printk("Test result: %s\n", names[verdict]);
	for (;;)
		ringlet_shutdown(RINGLET_SHUTDOWN_POWEROFF);
}
