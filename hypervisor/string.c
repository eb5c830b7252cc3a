// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of string.h, which compilers also call on their own account.
 *
 * Loops have a barrier, or the compiler would recognize what a function does
 * and make it call itself.
 */
#include "string.h"
#include "types.h"

#define NO_IDIOM() __asm__ volatile("")

void *memcpy(void *dst, const void *src, size_t len)
{
	void *d = dst;
	size_t words = len / 8;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(src), "+c"(words)
			 :: "memory");
	len %= 8;
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(len)
			 :: "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= len)
		return memcpy(dst, src, len);
	while (len--) {
		d[len] = s[len];
		NO_IDIOM();
	}
	return dst;
}

void *memset(void *dst, int c, size_t len)
{
	void *d = dst;
	u64 value = (u8)c * 0x0101010101010101UL;
	size_t words = len / 8;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(value)
			 : "memory");
	len %= 8;
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(len) : "a"(value)
			 : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a, *y = b;
	size_t i;

	for (i = 0; i < len; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
		NO_IDIOM();
	}
	return 0;
}

void *memchr(const void *s, int c, size_t len)
{
	const u8 *p = s;

	for (; len--; p++) {
		if (*p == (u8)c)
			return (void *)p;
		NO_IDIOM();
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		NO_IDIOM();
	}
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n]) {
		n++;
		NO_IDIOM();
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		NO_IDIOM();
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t len)
{
	for (; len; a++, b++, len--) {
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
		NO_IDIOM();
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
		NO_IDIOM();
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
		NO_IDIOM();
	}
}
