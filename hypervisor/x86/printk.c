// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formatting, the log ring and its copy on the console.
 */
#include "printk.h"

#include "console.h"
#include "lock.h"
#include "percpu.h"
#include "time.h"
#include "x86/cpu.h"
#include "x86/smp.h"
#include "x86/screen.h"
#include "x86/uart.h"

#define LOG_SIZE 65536		/* a power of two */
#define LINE_SIZE 512

static char ring[LOG_SIZE];
static u64 ring_next;		/* bytes ever logged; LOCK_LOG */
static struct spinlock log_lock = SPINLOCK(LOCK_LOG);
static int console_level = LOG_INFO;
static bool single_user;	/* panic: nobody else logs any more */
static struct pcpu *the_user;

struct sink {
	char *buf;
	size_t size;
	size_t len;		/* that would have been written */
};

struct spec {
	bool minus, zero, alternate;
	int width;		/* 0: none */
	int precision;		/* -1: none */
	int longs;		/* 0 int, 1 long and longer */
};

static void put(struct sink *s, char c)
{
	if (s->len + 1 < s->size)
		s->buf[s->len] = c;
	s->len++;
}

static void put_padded(struct sink *s, const struct spec *spec,
		       const char *text, size_t len, const char *sign)
{
	size_t width = spec->width > 0 ? (size_t)spec->width : 0;
	size_t used = len + strlen(sign);
	size_t i;

	if (!spec->minus && !spec->zero)
		for (i = used; i < width; i++)
			put(s, ' ');
	while (*sign)
		put(s, *sign++);
	if (!spec->minus && spec->zero)
		for (i = used; i < width; i++)
			put(s, '0');
	for (i = 0; i < len; i++)
		put(s, text[i]);
	if (spec->minus)
		for (i = used; i < width; i++)
			put(s, ' ');
}

static void put_number(struct sink *s, const struct spec *spec, u64 value,
		       u32 base, const char *sign)
{
	char digits[20];
	size_t n = sizeof(digits);

	do {
		digits[--n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put_padded(s, spec, digits + n, sizeof(digits) - n, sign);
}

static void put_string(struct sink *s, struct spec *spec, const char *text)
{
	size_t len;

	if (!text)
		text = "(null)";
	len = spec->precision < 0 ? strlen(text) :
		strnlen(text, (size_t)spec->precision);
	spec->zero = false;
	put_padded(s, spec, text, len, "");
}

/* A number or '*' at *fmt; the va_list is the caller's own copy's address. */
static int get_count(const char **fmt, __builtin_va_list *ap)
{
	int n = 0;

	if (**fmt == '*') {
		(*fmt)++;
		return __builtin_va_arg(*ap, int);
	}
	while (**fmt >= '0' && **fmt <= '9' && n < 10000)
		n = n * 10 + *(*fmt)++ - '0';
	return n;
}

static const char *get_spec(struct spec *spec, const char *fmt,
			    __builtin_va_list *ap)
{
	*spec = (struct spec){ .precision = -1 };
	for (; *fmt == '-' || *fmt == '0' || *fmt == '#'; fmt++) {
		if (*fmt == '-')
			spec->minus = true;
		else if (*fmt == '0')
			spec->zero = true;
		else
			spec->alternate = true;
	}
	spec->width = get_count(&fmt, ap);
	if (spec->width < 0) {
		spec->minus = true;
		spec->width = -spec->width;
	}
	if (*fmt == '.') {
		fmt++;
		spec->precision = get_count(&fmt, ap);
	}
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		spec->longs = 1;
	return fmt;
}

static void put_conversion(struct sink *s, struct spec *spec, char c,
			   __builtin_va_list *ap)
{
	char ch;
	s64 i;
	u64 u;

	if (c == 's') {
		put_string(s, spec, __builtin_va_arg(*ap, const char *));
	} else if (c == 'c') {
		ch = (char)__builtin_va_arg(*ap, int);
		spec->zero = false;
		put_padded(s, spec, &ch, 1, "");
	} else if (c == 'd' || c == 'i') {
		i = spec->longs ? __builtin_va_arg(*ap, long) :
			__builtin_va_arg(*ap, int);
		u = i < 0 ? -(u64)i : (u64)i;
		put_number(s, spec, u, 10, i < 0 ? "-" : "");
	} else if (c == 'u' || c == 'x') {
		u = spec->longs ? __builtin_va_arg(*ap, unsigned long) :
			__builtin_va_arg(*ap, unsigned int);
		put_number(s, spec, u, c == 'u' ? 10 : 16,
			   c == 'x' && spec->alternate && u ? "0x" : "");
	} else if (c == 'p') {
		spec->zero = true;
		spec->width = 18;
		put_number(s, spec, (uintptr_t)__builtin_va_arg(*ap, void *),
			   16, "0x");
	} else {
		put(s, c);
	}
}

int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap)
{
	struct sink s = { .buf = buf, .size = size };
	struct spec spec;
	__builtin_va_list args;

	__builtin_va_copy(args, ap);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&s, *fmt);
			continue;
		}
		fmt = get_spec(&spec, fmt + 1, &args);
		if (!*fmt)
			break;
		put_conversion(&s, &spec, *fmt, &args);
	}
	__builtin_va_end(args);
	if (size)
		buf[MIN(s.len, size - 1)] = 0;
	return (int)s.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	__builtin_va_list ap;
	int len;

	__builtin_va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	__builtin_va_end(ap);
	return len;
}

void log_set_console_level(int level)
{
	console_level = level;
}

/* NULL while this pCPU starts. */
static struct pcpu *self(void)
{
	return this_pcpu_known() ? this_pcpu() : NULL;
}

void log_single_user(void)
{
	console_level = LOG_DEBUG;
	the_user = self();
	__atomic_store_n(&single_user, true, __ATOMIC_RELEASE);
}

bool log_is_single_user(void)
{
	return __atomic_load_n(&single_user, __ATOMIC_ACQUIRE);
}

/* Under the lock. */
static void emit(enum log_level level, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		ring[(ring_next + i) % LOG_SIZE] = text[i];
	__atomic_store_n(&ring_next, ring_next + len, __ATOMIC_RELEASE);
	if ((int)level <= console_level) {
		uart_write(text, len);
		screen_write(text, len);
	}
}

void log_vline(enum log_level level, const char *fmt, __builtin_va_list ap)
{
	u64 us = time_ns() / 1000;
	char line[LINE_SIZE];
	size_t start, len, i;

	start = (size_t)snprintf(line, sizeof(line), "(RL) [%4lu.%06lu] ",
				 us / 1000000, us % 1000000);
	len = start + (size_t)vsnprintf(line + start, sizeof(line) - start - 1,
					fmt, ap);
	len = MIN(len, sizeof(line) - 2);
	/* A text may hold a guest's bytes: it is one line, of plain characters. */
	for (i = start; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	line[len++] = '\n';
	if (log_is_single_user()) {
		if (self() != the_user)
			cpu_stop();
		emit(level, line, len);
		return;
	}
	lock(&log_lock);
	emit(level, line, len);
	unlock(&log_lock);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	log_vline(level, fmt, ap);
	__builtin_va_end(ap);
}

void platform_console_write(const char *text, size_t len)
{
	lock(&log_lock);
	uart_write(text, len);
	unlock(&log_lock);
}

size_t log_read(char *buf, size_t len, u64 *pos)
{
	u64 oldest;
	size_t i;

	lock(&log_lock);
	oldest = ring_next > LOG_SIZE ? ring_next - LOG_SIZE : 0;
	if (*pos < oldest || *pos > ring_next)
		*pos = oldest;
	len = MIN(len, ring_next - *pos);
	for (i = 0; i < len; i++)
		buf[i] = ring[(*pos + i) % LOG_SIZE];
	unlock(&log_lock);
	*pos += len;
	return len;
}

void log_bounds(u64 *oldest, u64 *next)
{
	*next = __atomic_load_n(&ring_next, __ATOMIC_ACQUIRE);
	*oldest = *next > LOG_SIZE ? *next - LOG_SIZE : 0;
}
