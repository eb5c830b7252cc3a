// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every promise of include/linux/ringlet.h, kept or broken, seen from a program
 * of domain 0. tests/system/device runs it beside the test guest 'partner',
 * with ringletd stopped: it owns all virtual interrupts.
 *
 * device DOMAIN PORT MAILBOX-ADDRESS PAGES
 *
 * Prints what is not so, and at last "device: N checks, M failed".
 */
#include "device.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <ringlet/domctl.h>
#include <ringlet/hypercall.h>

#define NO_DOMAIN	1023
#define UNPRIVILEGED	65534

struct test test;
static unsigned int checks, failed;

void check(bool good, const char *text, long got, const char *file, int line)
{
	checks++;
	if (good)
		return;
	failed++;
	printf("%s:%d: not so: %s (it is %ld)\n", file, line, text, got);
}

int device_open(void)
{
	int fd = open("/dev/ringlet", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int device_ioctl(int fd, unsigned long request, const void *arg)
{
	return ioctl(fd, request, arg) ? -errno : 0;
}

long hypercall(unsigned long nr, unsigned long a0, unsigned long a1,
	       unsigned long a2)
{
	struct ringlet_hypercall h = { .nr = nr, .args = { a0, a1, a2 } };
	int rc = device_ioctl(test.fd, RINGLET_IOC_HYPERCALL, &h);

	return rc ? NOT_CALLED + rc : h.ret;
}

void *resident(size_t pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED || mlock(p, pages * PAGE)) {
		perror("device: memory");
		exit(2);
	}
	return p;
}

int in_child(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

unsigned long foreign_references(void)
{
	struct ringlet_domain_info *info = resident(1);
	unsigned long refs;

	EXPECT(hypercall(RINGLET_HC_domctl_info, test.domain,
			 (unsigned long)info, 0), test.domain);
	refs = info->foreign_refs;
	munmap(info, PAGE);
	return refs;
}

/* --- Who may open it --- */

static int open_unprivileged(void)
{
	int fd;

	if (setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED))
		return 0;
	fd = device_open();
	return fd < 0 ? -fd : 0;
}

static void test_open(void)
{
	EXPECT(in_child(open_unprivileged), EACCES);
	/* The mode of the file does not help: it takes a capability. */
	EXPECT(chmod("/dev/ringlet", 0666), 0);
	EXPECT(in_child(open_unprivileged), EPERM);
	EXPECT(chmod("/dev/ringlet", 0600), 0);
	EXPECT(device_ioctl(test.fd, _IO('R', 0x99), NULL), -ENOTTY);
}

/* --- Hypercalls --- */

static void test_refused_calls(void)
{
	static const unsigned long refused[] = {
		RINGLET_HC_console_write, RINGLET_HC_set_trap_table,
		RINGLET_HC_set_entries, RINGLET_HC_load_root,
		RINGLET_HC_flush, RINGLET_HC_shutdown, RINGLET_HC_vcpu_down,
		RINGLET_HC_evtchn_close, RINGLET_HC_multicall, RINGLET_HC_iret,
		RINGLET_HC_pirq_map_gsi, RINGLET_HC_domctl_map,
		RINGLET_HC_domctl_unmap, RINGLET_NR_HYPERCALLS,
		1UL << 32, 1UL << 32 | RINGLET_HC_domctl_info, 1UL << 63, ~0UL,
	};
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		EXPECT(hypercall(refused[i], 0, 0, 0), NOT_CALLED - EPERM);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_HYPERCALL, NULL), -EFAULT);
	EXPECT(device_ioctl(test.fd, RINGLET_IOC_HYPERCALL,
			    (void *)0xffffffff81000000), -EFAULT);
	EXPECT(hypercall(RINGLET_HC_abi_version, 0, 0, 0),
	       RINGLET_ABI_VERSION);
}

static long info_at(const void *buffer)
{
	return hypercall(RINGLET_HC_domctl_info, test.domain,
			 (unsigned long)buffer, 0);
}

/* Pointers to what the program itself could not write. */
static void test_pointers(void)
{
	static const unsigned long kernel[] = {
		0, 8, 0xffffffff81000000, 0xffffffff82000000,
		0xffff888000001000, 0xffff888001000000, 0xffffc90000000000,
		0xffff800000000000, 0xffff800000001000, 0xffff800000040000,
		0xffff808000000000, 0xffff81007f000000, 0x0000800000000000,
		0x00007ffffffff000, 0xfffffffffffff000, ~0UL,
	};
	char *p = resident(2), *absent;
	size_t i;

	for (i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++)
		EXPECT(info_at((void *)kernel[i]), -EFAULT);
	EXPECT(hypercall(RINGLET_HC_domctl_console_write, test.domain,
			 0xffffffff81000000, 1), -EFAULT);
	EXPECT(hypercall(RINGLET_HC_sysctl_dmesg, 0xffff888001000000, 64, 0),
	       -EFAULT);

	EXPECT(info_at(p), test.domain);
	EXPECT(strncmp(p, "partner", 8), 0);
	EXPECT(info_at(p + PAGE - 8), test.domain);
	/* Read-only, for the call has to write; then half of it absent. */
	EXPECT(mprotect(p, PAGE, PROT_READ), 0);
	EXPECT(info_at(p), -EFAULT);
	EXPECT(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	p[0] = 0;
	EXPECT(munmap(p + PAGE, PAGE), 0);
	EXPECT(info_at(p + PAGE - 8), -EFAULT);
	EXPECT(info_at(p), test.domain);
	munmap(p, PAGE);
	EXPECT(info_at(p), -EFAULT);

	/* Memory that is not resident yet is not made so. */
	absent = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(info_at(absent), -EFAULT);
	*(volatile char *)absent = 0;
	EXPECT(info_at(absent), test.domain);
	munmap(absent, PAGE);
}

static void test_domains(void)
{
	void *p = resident(1);

	EXPECT(hypercall(RINGLET_HC_domctl_info, NO_DOMAIN, (unsigned long)p,
			 0), -ESRCH);
	EXPECT(hypercall(RINGLET_HC_domctl_info, 1UL << 32, (unsigned long)p,
			 0), -EINVAL);
	EXPECT(hypercall(RINGLET_HC_domctl_pause, NO_DOMAIN, 0, 0), -ESRCH);
	EXPECT(hypercall(RINGLET_HC_domctl_pause, 0, 0, 0), -EINVAL);
	EXPECT(hypercall(RINGLET_HC_domctl_destroy, 0, 0, 0), -EINVAL);
	EXPECT(hypercall(RINGLET_HC_domctl_unpause, test.domain, 0, 0),
	       -EINVAL);
	EXPECT(hypercall(RINGLET_HC_domctl_pause, test.domain, 0, 0), 0);
	EXPECT(hypercall(RINGLET_HC_domctl_unpause, test.domain, 0, 0), 0);
	munmap(p, PAGE);
}

/*
 * A fork makes writable pages read-only in both processes until each has
 * written: the hypervisor must not write through to what is shared.
 */
static struct ringlet_domain_info *shared_info;

static int look_after_fork(void)
{
	memset(test.page, 0, PAGE);
	return info_at(test.page) != test.domain;
}

static int never_written(void)
{
	return info_at(shared_info) != -EFAULT;
}

static void test_fork(void)
{
	shared_info = resident(1);
	strcpy(shared_info->name, "before");
	EXPECT(in_child(never_written), 0);
	EXPECT(strcmp(shared_info->name, "before"), 0);
	EXPECT(in_child(look_after_fork), 0);
	*(volatile char *)shared_info = 0;
	EXPECT(info_at(shared_info), test.domain);
	munmap(shared_info, PAGE);
}

static unsigned long number(const char *text)
{
	return strtoul(text, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "is-closed"))
		return fcntl((int)number(argv[2]), F_GETFD) >= 0;
	if (argc != 5) {
		fprintf(stderr, "device DOMAIN PORT MAILBOX-ADDRESS PAGES\n");
		return 2;
	}
	test.program = argv[0];
	test.domain = (unsigned int)number(argv[1]);
	test.port = (unsigned int)number(argv[2]);
	test.mailbox_gfn = number(argv[3]) / PAGE;
	test.pages = number(argv[4]);
	test.page = resident(1);
	test.fd = device_open();
	if (test.fd < 0) {
		fprintf(stderr, "device: /dev/ringlet: %s\n",
			strerror(-test.fd));
		return 2;
	}
	test_open();
	test_refused_calls();
	test_pointers();
	test_domains();
	test_fork();
	test_memory();
	test_limited();
	test_events();
	test_end();
	test_limited_end();
	printf("device: %u checks, %u failed\n", checks, failed);
	return failed != 0;
}
