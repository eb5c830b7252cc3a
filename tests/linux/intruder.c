// SPDX-License-Identifier: GPL-2.0-only
/*
 * What someone who has taken over a program that serves a domain's devices can
 * reach of the domain: this takes the program's descriptors and tries, in domain 0.
 *
 * Usage: intruder manager PID DOMAIN FIRST COUNT
 *        intruder backend PID COUNT
 *        intruder holder PID COUNT
 *
 * A device manager's way to the domain must end at pages [FIRST, FIRST + COUNT), and
 * so must what it hands to backends. A backend must have COUNT pages and no more.
 * Exit status 0: it is so.
 *
 * A holder has what a manager hands to backends, and does not let go when the domain
 * ends: it says "holder: 0 wrong" when it can reach nothing any more, and keeps a page
 * of it in a pipe until it is killed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/ringlet.h>

#define PAGE	4096UL
#define MIB	256UL		/* pages */
#define RW	(PROT_READ | PROT_WRITE)

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
	p = mmap(NULL, count * PAGE, RW, MAP_SHARED, m.fd, 0);
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

/* Its descriptors of this kind, up to 'max'. Returns how many. */
static int find(int pid, const char *kind, int fds[], int max)
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
		if (strstr(name, kind) && n < max)
			fds[n++] = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}

/* What a manager hands to backends, here. */
static int take_memory(int pid)
{
	int fd = -1, n = find(pid, "ringlet-memory", &fd, 1);

	if (!n) {
		fprintf(stderr, "intruder: process %d has no memory\n", pid);
		exit(2);
	}
	return take(pid, fd);
}

/* Map these pages and use the last one. */
static int reach_in(int fd, unsigned long first, unsigned long count)
{
	char *p = mmap(NULL, count * PAGE, RW, MAP_SHARED, fd,
		       (off_t)(first * PAGE));
	int rc = p == MAP_FAILED ? -errno : touch(p + (count - 1) * PAGE);

	if (p != MAP_FAILED)
		munmap(p, count * PAGE);
	return rc;
}

/* The descriptor must be good for pages [0, count), in whatever way it is tried. */
static void memory(int fd, unsigned long count)
{
	char path[64], *p, *more;

	expect("its end", lseek(fd, 0, SEEK_END) == (off_t)(count * PAGE) ?
	       0 : -ERANGE, 0);
	expect("all of it", reach_in(fd, 0, count), 0);
	expect("a page more", reach_in(fd, 0, count + 1), -EINVAL);
	expect("its last page and one more", reach_in(fd, count - 1, 2),
	       -EINVAL);
	expect("the page behind it", reach_in(fd, count, 1), -EINVAL);
	expect("a page far behind", reach_in(fd, count + (1UL << 36), 1),
	       -EINVAL);
	expect("to make it longer", ftruncate(fd, (off_t)((count + 1) * PAGE)) ?
	       -errno : 0, -EINVAL);
	expect("to write behind it", write(fd, "", 1) < 0 ? -errno : 0,
	       -EINVAL);
	expect("to ask it for more", ioctl(fd, RINGLET_IOC_MEMORY, NULL) ?
	       -errno : 0, -ENOTTY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect("to open it again", open(path, O_RDWR) < 0 ? -errno : 0, -ENXIO);

	p = mmap(NULL, count * PAGE, RW, MAP_SHARED, fd, 0);
	more = mremap(p, count * PAGE, (count + 1) * PAGE, MREMAP_MAYMOVE);
	expect("a longer mapping", more == MAP_FAILED ? -errno :
	       touch(more + count * PAGE), -EFAULT);
	more = mremap(p, 0, (count + 1) * PAGE, MREMAP_MAYMOVE);
	expect("a second, longer one", more == MAP_FAILED ? -errno :
	       touch(more + count * PAGE), -EFAULT);
	expect("its last page in a mapping", remap_file_pages(p, PAGE, 0,
	       count - 1, 0) ? -errno : touch(p), 0);
	expect("the page behind it in one", remap_file_pages(p, PAGE, 0,
	       count, 0) ? -errno : touch(p), -EINVAL);
	munmap(p, count * PAGE);
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
	memory(take_memory(pid), count);
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
	int fds[64], n = find(pid, "ringlet-memory", fds, 64);

	printf("process %d has mapped %lu pages, and has %d descriptors of memory\n",
	       pid, pages, n);
	if (!pages || pages > count)
		wrong++;
	while (n--)
		memory(take(pid, fds[n]), count);
	expect("a way to the hypervisor", find(pid, "/dev/ringlet", fds, 1) ||
	       find(pid, "ringlet-domain", fds, 1) ? 0 : -ENOENT, -ENOENT);
}

static void holder(int pid, unsigned long count)
{
	int fd = take_memory(pid), end[2];
	char *p = mmap(NULL, count * PAGE, RW, MAP_SHARED, fd, 0);
	struct iovec first = { .iov_base = p, .iov_len = PAGE };
	unsigned long i;

	if (p == MAP_FAILED || touch(p) || pipe(end) ||
	    vmsplice(end[1], &first, 1, 0) != (ssize_t)PAGE)
		exit(2);
	printf("holder: ready\n");
	fflush(stdout);
	while (!touch(p))
		usleep(100000);
	for (i = 0; i < count; i++)
		wrong += !touch(p + i * PAGE);
	expect("a page that was mapped", touch(p), -EFAULT);
	expect("a new mapping", reach_in(fd, 0, count), -EFAULT);
	printf("holder: %d wrong\n", wrong);
	fflush(stdout);
	pause();
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
	else if (argc == 4 && !strcmp(argv[1], "holder"))
		holder(pid, strtoul(argv[3], NULL, 10));
	else
		return 2;
	return wrong ? 1 : 0;
}
