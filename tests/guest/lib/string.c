// SPDX-License-Identifier: GPL-2.0-only
/* The string functions that compilers call, and formatted output. */
#include "guest.h"

void *memcpy(void *to, const void *from, size_t len)
{
	void *start = to;

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t len)
{
	u8 *t = to;
	const u8 *f = from;

	if (t <= f || t >= f + len)
		return memcpy(to, from, len);
	while (len--)
		((volatile u8 *)t)[len] = f[len];
	return to;
}

void *memset(void *to, int byte, size_t len)
{
	void *start = to;

	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(len) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (((const volatile char *)s)[n])
		n++;
	return n;
}

struct out {
	char *buf;
	size_t size;
	size_t len;
};

static void put(struct out *o, char ch)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = ch;
	o->len++;
}

static void put_number(struct out *o, u64 value, u32 base, u32 width, char pad)
{
	char digits[24];
	u32 n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		put(o, pad);
	while (n)
		put(o, digits[--n]);
}

/* %s %c %d %u %x with l, a width, 0 and #; and %%. */
int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap)
{
	struct out o = { buf, size, 0 };
	bool wide, prefix;
	const char *s;
	u32 width;
	char pad;
	s64 d;

	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		wide = prefix = false;
		width = 0;
		pad = ' ';
		for (fmt++; *fmt == '#' || *fmt == '0'; fmt++) {
			prefix |= *fmt == '#';
			pad = *fmt == '0' ? '0' : pad;
		}
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (u32)(*fmt - '0');
		for (; *fmt == 'l'; fmt++)
			wide = true;
		switch (*fmt) {
		case 's':
			for (s = __builtin_va_arg(ap, const char *); *s; s++)
				put(&o, *s);
			break;
		case 'c':
			put(&o, (char)__builtin_va_arg(ap, int));
			break;
		case 'd':
			d = wide ? __builtin_va_arg(ap, s64) :
				   __builtin_va_arg(ap, int);
			if (d < 0)
				put(&o, '-');
			put_number(&o, d < 0 ? -(u64)d : (u64)d, 10, width,
				   pad);
			break;
		case 'u':
		case 'x':
			if (prefix) {
				put(&o, '0');
				put(&o, 'x');
			}
			put_number(&o, wide ? __builtin_va_arg(ap, u64) :
					      __builtin_va_arg(ap, u32),
				   *fmt == 'u' ? 10 : 16, width, pad);
			break;
		default:
			put(&o, *fmt);
			break;
		}
	}
	if (size)
		buf[o.len < size ? o.len : size - 1] = 0;
	return (int)o.len;
}
