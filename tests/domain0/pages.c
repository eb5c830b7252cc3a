// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands behind mapped memory: pages that devices reach, that can be taken
 * away, and that stay as long as something uses them.
 */
#include "device.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include <ringlet/hypercall.h>

#define RW	(PROT_READ | PROT_WRITE)

/* A page of the partner that it does not use. */
#define SPARE	(test.pages / 2)

static sigjmp_buf fault;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

bool gives_sigbus(volatile void *p)
{
	struct sigaction action = { .sa_handler = on_sigbus }, old;
	volatile bool bad = true;

	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(fault, 1)) {
		(void)*(volatile char *)p;
		bad = false;
	}
	sigaction(SIGBUS, &old, NULL);
	return bad;
}

unsigned long references_become(unsigned long want)
{
	const struct timespec wait = { .tv_nsec = 50000000 };
	unsigned long refs = foreign_references();
	int n;

	for (n = 0; n < 200 && refs != want; n++) {
		nanosleep(&wait, NULL);
		refs = foreign_references();
	}
	return refs;
}

void pin_page(struct pin *pin, volatile void *page)
{
	struct iovec iov = { .iov_base = (void *)page, .iov_len = PAGE };

	EXPECT(pipe(pin->end), 0);
	EXPECT(vmsplice(pin->end[1], &iov, 1, 0), PAGE);
}

void unpin_page(struct pin *pin, void *content)
{
	EXPECT(read(pin->end[0], content, PAGE), PAGE);
	close(pin->end[0]);
	close(pin->end[1]);
}

/* A disk writes to it as to any memory. */
static void test_direct(char *page)
{
	int disk = open("/dev/vda", O_RDONLY | O_DIRECT);
	int cached = open("/dev/vda", O_RDONLY);

	EXPECT(disk >= 0, true);
	memset(page, 0x5a, PAGE);
	EXPECT(pread(disk, page, PAGE, 64 * PAGE), PAGE);
	EXPECT(pread(cached, test.page, PAGE, 64 * PAGE), PAGE);
	EXPECT(memcmp(page, test.page, PAGE), 0);
	/* And over the edge of a page. */
	EXPECT(pread(disk, page + 512, PAGE, 80 * PAGE), PAGE);
	EXPECT(pread(cached, test.page, PAGE, 80 * PAGE), PAGE);
	EXPECT(memcmp(page + 512, test.page, PAGE), 0);
	close(cached);
	close(disk);
}

/* None is without page structure, wherever in the machine it is. */
static void test_all(char *all)
{
	unsigned long i, bad = 0;
	struct iovec iov;
	int pipes[2];

	EXPECT(pipe(pipes), 0);
	for (i = 0; i < test.pages; i++) {
		iov.iov_base = all + i * PAGE;
		iov.iov_len = PAGE;
		if (vmsplice(pipes[1], &iov, 1, 0) != PAGE) {
			bad++;
			continue;
		}
		if (read(pipes[0], test.page, PAGE) != PAGE ||
		    memcmp(test.page, all + i * PAGE, PAGE))
			bad++;
	}
	EXPECT(bad, 0);
	close(pipes[0]);
	close(pipes[1]);
}

int depopulate(int fd, unsigned int domain, unsigned long gfn,
	       unsigned long *count)
{
	struct ringlet_depopulate d = {
		.domain = domain, .gfn = gfn, .count = *count,
	};
	int rc = device_ioctl(fd, RINGLET_IOC_DEPOPULATE, &d);

	*count = d.count;
	return rc;
}

static int take_away(unsigned int domain, unsigned long gfn,
		     unsigned long count)
{
	return depopulate(test.fd, domain, gfn, &count);
}

static long give(unsigned long gfn, unsigned long count)
{
	return hypercall(RINGLET_HC_domctl_populate, test.domain, gfn, count);
}

static void test_depopulate_refused(void)
{
	struct ringlet_depopulate d = {
		.domain = test.domain, .reserved = 1, .gfn = SPARE, .count = 1,
	};

	EXPECT(take_away(0, 256, 1), -EINVAL);
	EXPECT(take_away(1023, 0, 1), -ESRCH);
	EXPECT(take_away(test.domain, SPARE, 0), -EINVAL);
	EXPECT(take_away(test.domain, ~0UL, 2), -EINVAL);
	EXPECT(take_away(test.domain, test.pages + 512, 1), -ENOENT);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DEPOPULATE, &d), -EINVAL);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_DEPOPULATE, NULL), -EFAULT);
	/* Not behind the back of mappings. */
	EXPECT(hypercall(RINGLET_HC_domctl_depopulate, test.domain, SPARE, 1),
	       NOT_CALLED - EPERM);
}

/* Pages go while they are mapped, and come again; 'all' is all memory. */
static void test_holes(volatile char *all)
{
	volatile char *page = all + SPARE * PAGE;
	unsigned long count = 3, before = foreign_references();
	struct pin pin;

	page[0] = 'a';
	page[PAGE] = 'b';
	pin_page(&pin, page);
	EXPECT(depopulate(test.fd, test.domain, SPARE, &count), 0);
	EXPECT(count, 3);
	EXPECT(gives_sigbus(page), true);
	EXPECT(gives_sigbus(page + 2 * PAGE), true);
	EXPECT(gives_sigbus(page + 3 * PAGE), false);
	EXPECT(gives_sigbus(page - 1), false);
	EXPECT(write(pin.end[1], (void *)(page + PAGE), 1) < 0 ? errno : 0,
	       EFAULT);
	/* One is still in use, and is what it was. */
	EXPECT(references_become(before - 2), before - 2);
	unpin_page(&pin, test.page);
	EXPECT(*(char *)test.page, 'a');
	EXPECT(references_become(before - 3), before - 3);

	/* A part of what is asked for, or nothing. */
	count = 2;
	EXPECT(depopulate(test.fd, test.domain, SPARE + 2, &count), -ENOENT);
	count = 4;
	EXPECT(depopulate(test.fd, test.domain, SPARE - 1, &count), 0);
	EXPECT(count, 1);

	EXPECT(give(SPARE - 1, 4), 4);
	EXPECT(gives_sigbus(page), false);
	EXPECT(page[0], 0);
	EXPECT(page[PAGE], 0);
	page[0] = 'c';
	EXPECT(page[0], 'c');
	EXPECT(gives_sigbus(page + 2 * PAGE), false);
	EXPECT(gives_sigbus(page - 1), false);
	EXPECT(references_become(before), before);
}

void test_pages(volatile void *all)
{
	char *page = (char *)all + SPARE * PAGE;
	char *saved = resident(2);

	memcpy(saved, page, 2 * PAGE);
	test_direct(page);
	memcpy(page, saved, 2 * PAGE);
	munmap(saved, 2 * PAGE);
	test_all((char *)all);
	test_depopulate_refused();
	test_holes(all);
}
