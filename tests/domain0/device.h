/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the test of /dev/ringlet share. */
#ifndef DEVICE_H
#define DEVICE_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/ringlet.h>

#include "../guest/partner/mailbox.h"

#define PAGE 4096UL

/* A result of hypercall() when the ioctl has failed, plus the error. */
#define NOT_CALLED	(-1000000L)

struct test {
	const char *program;
	int fd;				/* /dev/ringlet */
	unsigned int domain;		/* the partner */
	unsigned int port;		/* which it offers */
	unsigned long mailbox_gfn;
	unsigned long pages;		/* of its memory */
	void *page;			/* resident, for anything */
};
extern struct test test;

void check(bool good, const char *text, long got, const char *file, int line);

#define EXPECT(got, want) do {						\
	long got_ = (long)(got);					\
	check(got_ == (long)(want), #got " is " #want, got_, __FILE__,	\
	      __LINE__);						\
} while (0)

/* A descriptor or a negative errno. */
int device_open(void);

/* 0 or a negative errno. */
int device_ioctl(int fd, unsigned long request, const void *arg);

/* The hypercall's result, or NOT_CALLED plus a negative errno. */
long hypercall(unsigned long nr, unsigned long a0, unsigned long a1,
	       unsigned long a2);

/* Locked memory, zeroed. */
void *resident(size_t pages);

/* fn's result in a child process; -1 when that failed. */
int in_child(int (*fn)(void));

/* Pages of the partner that others have mapped. */
unsigned long foreign_references(void);

/* Does reading there give SIGBUS? pages.c */
bool gives_sigbus(volatile void *p);

/* The number of foreign_references(), when it is that, or after a while. */
unsigned long references_become(unsigned long want);

/* Have the kernel use a page without a mapping of it, and what it says then. */
struct pin {
	int end[2];
};
void pin_page(struct pin *pin, volatile void *page);
void unpin_page(struct pin *pin, void *content);

/* RINGLET_IOC_DEPOPULATE: 0 or a negative errno. */
int depopulate(int fd, unsigned int domain, unsigned long gfn,
	       unsigned long *count);

/* The partner's mailbox, mapped: memory.c */
extern struct mailbox *mailbox;

void test_memory(void);		/* memory.c; leaves the mailbox mapped */
void test_pages(volatile void *all); /* pages.c; all of its memory, mapped */
void test_events(void);		/* events.c */
void test_limited(void);	/* limited.c */
void test_limited_end(void);	/* limited.c; the partner has ended */
void test_end(void);		/* memory.c; the partner ends */

#endif /* DEVICE_H */
