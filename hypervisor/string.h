/* SPDX-License-Identifier: GPL-2.0-only */
/* What the freestanding build needs of string.h. */
#ifndef HV_STRING_H
#define HV_STRING_H

#ifdef RINGLET_HOST
#include_next <string.h>
#else
void *memcpy(void *dst, const void *src, __SIZE_TYPE__ len);
void *memmove(void *dst, const void *src, __SIZE_TYPE__ len);
void *memset(void *dst, int c, __SIZE_TYPE__ len);
int memcmp(const void *a, const void *b, __SIZE_TYPE__ len);
void *memchr(const void *s, int c, __SIZE_TYPE__ len);
__SIZE_TYPE__ strlen(const char *s);
__SIZE_TYPE__ strnlen(const char *s, __SIZE_TYPE__ max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, __SIZE_TYPE__ len);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

#endif /* HV_STRING_H */
