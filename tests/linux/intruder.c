// SPDX-License-Identifier: GPL-2.0-only
/*
 * What someone who has taken over a program that serves a domain's devices can
 * reach of the domain: this takes the program's descriptors and tries, in domain 0.
 *
 * Usage: intruder manager PID DOMAIN FIRST COUNT
 *        intruder backend PID COUNT
 *
 * A device manager's way to the domain must end at pages [FIRST, FIRST + COUNT),
 * and a backend must have COUNT pages and no more. Exit status 0: it is so.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/ringlet.h>

#define PAGE	4096UL
#define MIB	256UL		/* pages */

static int wrong;
static sigjmp_buf back;

static void sigbus(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static void expect(const char *what, int is, int must)
{
	printf("%s: %s\n", what, is ? strerror(-is) : "it can be done");
	if (is != must)
		wrong++;
}

/* Another process's descriptor, here. */
static int take(int pid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), mine;

	mine = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (mine < 0) {
		fprintf(stderr, "intruder: descriptor %d of process %d: %s\n",
			fd, pid, strerror(errno));
		exit(2);
	}
	close(pidfd);
	return mine;
}

/* Read and write a page. */
static int touch(volatile char *page)
{
	if (sigsetjmp(back, 1))
		return -EFAULT;
	*page = *page;
	return 0;
}

static int reach(int fd, unsigned int domain, unsigned long gfn,
		 unsigned long count)
{
	struct ringlet_memory m = { .domain = domain, .gfn = gfn,
				    .count = count };
	char *p;
	int rc;

	if (ioctl(fd, RINGLET_IOC_MEMORY, &m))
		return -errno;
	p = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd,
		 0);
	rc = p == MAP_FAILED ? -errno : touch(p + (count - 1) * PAGE);
	if (p != MAP_FAILED)
		munmap(p, count * PAGE);
	close(m.fd);
	return rc;
}

static int take_away(int fd, unsigned int domain, unsigned long gfn)
{
	struct ringlet_depopulate d = { .domain = domain, .gfn = gfn,
					.count = 1 };

	return ioctl(fd, RINGLET_IOC_DEPOPULATE, &d) ? -errno : 0;
}

static void manager(int pid, unsigned int domain, unsigned long first,
		    unsigned long count)
{
	int fd = take(pid, 3);

	expect("the pool", reach(fd, domain, first, count), 0);
	expect("the page before it", reach(fd, domain, first - 1, 1), -EPERM);
	expect("a page more than it", reach(fd, domain, first, count + 1),
	       -EPERM);
	expect("the page behind it", reach(fd, domain, first + count, 1),
	       -EPERM);
	expect("the domain's kernel", reach(fd, domain, 16 * MIB, MIB), -EPERM);
	expect("page 0", reach(fd, domain, 0, 1), -EPERM);
	expect("all of the memory", reach(fd, domain, 0, first + count),
	       -EPERM);
	expect("another domain", reach(fd, 0, first, 1), -EPERM);
	expect("to take memory away", take_away(fd, domain, first), -EPERM);
}

/* Which of its descriptors are a domain's memory? Returns how many. */
static int find_memory(int pid, int fds[], int max)
{
	char path[300], name[64];
	struct dirent *entry;
	ssize_t len;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid,
			 entry->d_name);
		len = readlink(path, name, sizeof(name) - 1);
		if (len <= 0)
			continue;
		name[len] = 0;
		if (strstr(name, "ringlet-domain") ||
		    strstr(name, "/dev/ringlet")) {
			printf("process %d has %s\n", pid, name);
			wrong++;
		}
		if (strstr(name, "ringlet-memory") && n < max)
			fds[n++] = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}

/* libvhost-user keeps no descriptor once it has mapped it: then look at that. */
static unsigned long mapped_pages(int pid)
{
	unsigned long start, end, pages = 0;
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "ringlet-memory") &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2)
			pages += (end - start) / PAGE;
	if (maps)
		fclose(maps);
	return pages;
}

static void backend(int pid, unsigned long count)
{
	unsigned long pages = mapped_pages(pid);
	int fds[64], n = find_memory(pid, fds, 64), fd;
	char *p;

	printf("process %d has mapped %lu pages, and has %d descriptors of memory\n",
	       pid, pages, n);
	if (!pages || pages > count)
		wrong++;
	while (n--) {
		fd = take(pid, fds[n]);
		if ((unsigned long)lseek(fd, 0, SEEK_END) > count * PAGE)
			wrong++;
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 (off_t)(count * PAGE));
		expect("the page behind the pool",
		       p == MAP_FAILED ? -errno : touch(p), -EINVAL);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int pid = argc > 2 ? atoi(argv[2]) : 0;

	signal(SIGBUS, sigbus);
	if (argc == 6 && !strcmp(argv[1], "manager"))
		manager(pid, (unsigned int)atoi(argv[3]),
			strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
	else if (argc == 4 && !strcmp(argv[1], "backend"))
		backend(pid, strtoul(argv[3], NULL, 10));
	else
		return 2;
	return wrong ? 1 : 0;
}
