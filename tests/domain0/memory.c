// SPDX-License-Identifier: GPL-2.0-only
/* RINGLET_IOC_MEMORY: memory of another domain as a file. */
#include "device.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <ringlet/domctl.h>
#include <ringlet/hypercall.h>

#define RW		(PROT_READ | PROT_WRITE)
#define MAX_PAGES	262144

struct mailbox *mailbox;
static int memory_fd;

/* A descriptor or a negative errno. */
static int memory_open(unsigned int domain, unsigned long gfn,
		       unsigned long count)
{
	struct ringlet_memory m = {
		.domain = domain, .fd = -1, .gfn = gfn, .count = count,
	};
	int rc = device_ioctl(test.fd, RINGLET_IOC_MEMORY, &m);

	return rc ? rc : m.fd;
}

static int map_error(int prot, int flags, unsigned long pages,
		     unsigned long at)
{
	void *p = mmap(NULL, pages * PAGE, prot, flags, memory_fd,
		       (off_t)(at * PAGE));

	if (p == MAP_FAILED)
		return errno;
	munmap(p, pages * PAGE);
	return 0;
}

static void test_refused(void)
{
	struct ringlet_memory *m = test.page;

	EXPECT(memory_open(test.domain, 0, 0), -EINVAL);
	EXPECT(memory_open(test.domain, 0, MAX_PAGES + 1), -EINVAL);
	EXPECT(memory_open(test.domain, 0, ~0UL), -EINVAL);
	EXPECT(memory_open(test.domain, ~0UL, 2), -EINVAL);
	EXPECT(memory_open(0, 0, 1), -EINVAL);
	EXPECT(memory_open(1023, 0, 1), -ESRCH);
	EXPECT(memory_open(0xffffffff, 0, 1), -ESRCH);
	/* Beyond its memory; in the address space's end. */
	EXPECT(memory_open(test.domain, test.pages + 512, 1), -ENOENT);
	EXPECT(memory_open(test.domain, 1UL << 40, 1), -ENOENT);
	EXPECT(memory_open(test.domain, (1UL << 52) - 1, 1), -ENOENT);
	EXPECT(foreign_references(), 0);

	EXPECT(device_ioctl(test.fd, RINGLET_IOC_MEMORY, NULL), -EFAULT);
	/* What cannot be answered must not leave a descriptor behind. */
	*m = (struct ringlet_memory){ .domain = test.domain, .count = 4 };
	EXPECT(mprotect(m, PAGE, PROT_READ), 0);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_MEMORY, m), -EFAULT);
	EXPECT(mprotect(m, PAGE, RW), 0);
	EXPECT(foreign_references(), 0);
}

static int child_reads(void)
{
	return mailbox->magic != MAILBOX_MAGIC;
}

static int child_execs(void)
{
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", memory_fd);
	execl(test.program, test.program, "is-closed", fd, NULL);
	return 2;
}

static void test_mapping(void)
{
	memory_fd = memory_open(test.domain, test.mailbox_gfn, 1);
	EXPECT(memory_fd >= 0, true);
	EXPECT(fcntl(memory_fd, F_GETFD), FD_CLOEXEC);
	EXPECT(lseek(memory_fd, 0, SEEK_END), PAGE);
	EXPECT(map_error(RW, MAP_PRIVATE, 1, 0), EINVAL);
	EXPECT(map_error(RW | PROT_EXEC, MAP_SHARED, 1, 0), EPERM);
	EXPECT(map_error(RW, MAP_SHARED, 2, 0), EINVAL);
	EXPECT(map_error(RW, MAP_SHARED, 1, 1), EINVAL);
	EXPECT(map_error(RW, MAP_SHARED, 1, 1UL << 40), EINVAL);
	EXPECT(map_error(PROT_READ, MAP_SHARED, 1, 0), 0);
	EXPECT(read(memory_fd, test.page, 1) < 0, true);

	mailbox = mmap(NULL, PAGE, RW, MAP_SHARED, memory_fd, 0);
	EXPECT(mailbox != MAP_FAILED, true);
	EXPECT(mailbox->magic, MAILBOX_MAGIC);
	EXPECT(mprotect(mailbox, PAGE, RW | PROT_EXEC) ? errno : 0, EACCES);
	EXPECT(mremap(mailbox, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED,
	       true);
	EXPECT(in_child(child_reads), 0);
	EXPECT(in_child(child_execs), 0);
	EXPECT(foreign_references(), 1);
}

/* It may reach beyond what the domain has. */
static void test_beyond(void)
{
	int fd = memory_open(test.domain, test.pages - 600, 2000);
	volatile char *p;

	EXPECT(fd >= 0, true);
	EXPECT(lseek(fd, 0, SEEK_END), 2000 * PAGE);
	p = mmap(NULL, 2000 * PAGE, RW, MAP_SHARED, fd, 0);
	EXPECT(p != MAP_FAILED, true);
	EXPECT(gives_sigbus(p), false);
	EXPECT(gives_sigbus(p + 1999 * PAGE), true);
	munmap((void *)p, 2000 * PAGE);
	close(fd);
	EXPECT(references_become(1), 1);
}

static void test_whole(void)
{
	int fd = memory_open(test.domain, 0, test.pages);
	volatile uint32_t *all;
	unsigned long i, sum = 0;

	EXPECT(fd >= 0, true);
	EXPECT(lseek(fd, 0, SEEK_END), test.pages * PAGE);
	EXPECT(foreign_references(), test.pages);
	all = mmap(NULL, test.pages * PAGE, RW, MAP_SHARED, fd, 0);
	EXPECT(all != MAP_FAILED, true);
	/* The descriptor is not needed, and one part can go first. */
	close(fd);
	EXPECT(all[test.mailbox_gfn * PAGE / 4], MAILBOX_MAGIC);
	for (i = 0; i < test.pages; i++)
		sum += all[i * PAGE / 4];
	EXPECT(sum != 0, true);
	test_pages(all);
	EXPECT(munmap((void *)all, PAGE), 0);
	EXPECT(foreign_references(), test.pages);
	EXPECT(munmap((char *)all + PAGE, (test.pages - 1) * PAGE), 0);
	EXPECT(foreign_references(), 1);
}

void test_memory(void)
{
	test_refused();
	test_mapping();
	test_whole();
	test_beyond();
}

static long info(struct ringlet_domain_info *i)
{
	return hypercall(RINGLET_HC_domctl_info, test.domain, (unsigned long)i,
			 0);
}

/* Pages that no domain has. */
static unsigned long unowned(void)
{
	struct ringlet_sysinfo *i = resident(1);
	unsigned long pages;

	EXPECT(hypercall(RINGLET_HC_sysctl_info, (unsigned long)i, 0, 0), 0);
	pages = i->free_pages + i->scrub_pages + i->hv_pages;
	munmap(i, PAGE);
	return pages;
}

/* The number of unowned(), when it is that, or after a while. */
static unsigned long unowned_become(unsigned long want)
{
	const struct timespec wait = { .tv_nsec = 50000000 };
	unsigned long pages = unowned();
	int n;

	for (n = 0; n < 200 && pages != want; n++) {
		nanosleep(&wait, NULL);
		pages = unowned();
	}
	return pages;
}

/*
 * A domain's end takes mappings of its memory away; what a device may still write to
 * stays until that is over. The hypervisor has the memory back then, and not before.
 */
void test_end(void)
{
	const struct timespec wait = { .tv_nsec = 100000000 };
	struct ringlet_domain_info *i = resident(1);
	unsigned long all;
	struct mailbox last;
	struct pin pin;
	long rc;
	int n;

	pin_page(&pin, mailbox);
	EXPECT(gives_sigbus(mailbox), false);
	EXPECT(info(i), test.domain);
	all = unowned() + i->pages;
	EXPECT(hypercall(RINGLET_HC_domctl_destroy, test.domain, 0, 0), 0);
	EXPECT(gives_sigbus(mailbox), true);
	EXPECT(write(pin.end[1], mailbox, 1) < 0 ? errno : 0, EFAULT);
	EXPECT(info(i), test.domain);
	EXPECT(i->flags & RINGLET_DOMF_DYING, RINGLET_DOMF_DYING);
	EXPECT(memory_open(test.domain, 0, 1), -ESRCH);
	EXPECT(map_error(RW, MAP_SHARED, 1, 0), 0);

	close(memory_fd);
	EXPECT(gives_sigbus(mailbox), true);
	EXPECT(munmap(mailbox, PAGE), 0);
	EXPECT(references_become(1), 1);
	EXPECT(info(i), test.domain);
	EXPECT(unowned_become(all - 1), all - 1);
	unpin_page(&pin, test.page);
	memcpy(&last, test.page, sizeof(last));
	EXPECT(last.magic, MAILBOX_MAGIC);
	for (n = 0; n < 100; n++) {
		rc = info(i);
		if (rc != test.domain)
			break;
		nanosleep(&wait, NULL);
	}
	EXPECT(rc, -ESRCH);
	EXPECT(unowned_become(all), all);
	munmap(i, PAGE);
}
