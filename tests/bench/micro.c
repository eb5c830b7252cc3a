// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time seven small things that a kernel does.
 *
 * Is the init of an initramfs, so that nothing else runs beside it, and prints
 * lines for tests/bench/run. Time is RDTSC, which no hypervisor of the
 * comparison traps and which reads the same under QEMU for all of them; it is
 * read a few times for each sample of thousands of operations.
 *
 *	micro			as init: the environment (the kernel's command
 *				line) says what to do, see main()
 *	micro now		print the time-stamp counter
 *	micro frequency		print its frequency in kHz
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096ul
#define FAULT_PAGES	1024ul
#define MAP_PAGES	256ul
#define MAX_ROUNDS	200ul
#define MAX_OPS		(1ul << 26)

static uint64_t now(void)
{
	uint32_t low, high;

	/* LFENCE: everything before it is done. */
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static void fail(const char *what)
{
	printf("bench: error %s: %s\n", what, strerror(errno));
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	exit(1);
}

static void *map(unsigned long pages)
{
	void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return p;
}

static void touch(volatile char *p, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

/* A system call that does next to nothing. */
static uint64_t syscall_null(unsigned long ops)
{
	uint64_t start = now();

	while (ops--)
		syscall(SYS_getppid);
	return now() - start;
}

/* The same pages in an order in which none follows its neighbour. */
static void touch_scattered(volatile char *p, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		p[i * 389 % pages * PAGE] = 1;
}

/* First touch of an anonymous page; map and unmap are not timed. */
static uint64_t first_touch(unsigned long ops,
			    void (*touch_all)(volatile char *p,
					      unsigned long pages))
{
	uint64_t start, ticks = 0;
	unsigned long pages;
	void *p;

	for (; ops; ops -= pages) {
		pages = ops < FAULT_PAGES ? ops : FAULT_PAGES;
		p = map(pages);
		/* A kernel without huge pages refuses, and does the same. */
		madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
		start = now();
		touch_all(p, pages);
		ticks += now() - start;
		munmap(p, pages * PAGE);
	}
	return ticks;
}

static uint64_t page_fault(unsigned long ops)
{
	return first_touch(ops, touch);
}

static uint64_t page_scatter(unsigned long ops)
{
	return first_touch(ops, touch_scattered);
}

/* fork, execve of a program without a library, its exit, waitpid. */
static uint64_t fork_exec(unsigned long ops)
{
	static char *const argv[] = { "/nothing", NULL };
	static char *const envp[] = { NULL };
	uint64_t start = now();
	int status;
	pid_t pid;

	while (ops--) {
		pid = fork();
		if (pid < 0)
			fail("fork");
		if (!pid) {
			execve(argv[0], argv, envp);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			fail("/nothing did not run");
	}
	return now() - start;
}

/* A byte to another process and back, through two pipes. */
static uint64_t pipe_rtt(unsigned long ops)
{
	int there[2], back[2];
	uint64_t start;
	char byte = 0;
	pid_t pid;

	if (pipe(there) || pipe(back))
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 &&
		       write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	/* The first one waits until the other has started. */
	if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
		fail("pipe");
	start = now();
	while (ops--)
		if (write(there[1], &byte, 1) != 1 ||
		    read(back[0], &byte, 1) != 1)
			fail("pipe");
	start = now() - start;
	close(there[1]);
	close(back[0]);
	waitpid(pid, NULL, 0);
	return start;
}

/*
 * A switch to another process, by sched_yield. Under SCHED_FIFO a yield of one
 * of two runnable processes is a switch, always.
 */
static uint64_t ctx_switch(unsigned long ops)
{
	struct sched_param fifo = { .sched_priority = 1 }, other = { 0 };
	volatile int *stop;
	uint64_t start;
	pid_t pid;

	stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stop == MAP_FAILED)
		fail("mmap");
	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		fail("sched_setscheduler");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		while (!*stop)
			sched_yield();
		_exit(0);
	}
	sched_yield();
	start = now();
	/* Each yield comes back after that of the other: two switches. */
	for (; ops >= 2; ops -= 2)
		sched_yield();
	start = now() - start;
	*stop = 1;
	waitpid(pid, NULL, 0);
	sched_setscheduler(0, SCHED_OTHER, &other);
	munmap((void *)stop, PAGE);
	return start;
}

/* mmap of 1 MiB, touch of each page, munmap. */
static uint64_t mmap_1m(unsigned long ops)
{
	uint64_t start = now();
	void *p;

	while (ops--) {
		p = map(MAP_PAGES);
		touch(p, MAP_PAGES);
		munmap(p, MAP_PAGES * PAGE);
	}
	return now() - start;
}

static struct benchmark {
	const char *name;
	uint64_t (*run)(unsigned long ops);
	unsigned long ops;		/* of a sample; even */
} benchmarks[] = {
	{ "syscall_null", syscall_null, 1024 },
	{ "page_fault", page_fault, 1024 },
	{ "fork_exec", fork_exec, 4 },
	{ "pipe_rtt", pipe_rtt, 256 },
	{ "ctx_switch", ctx_switch, 256 },
	{ "mmap_1m", mmap_1m, 4 },
	{ "page_scatter", page_scatter, 1024 },
};

#define NR (sizeof(benchmarks) / sizeof(benchmarks[0]))

static unsigned long number(const char *name, unsigned long missing)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : missing;
}

/* Choose how many operations a sample needs to take that long; warm up. */
static void choose(uint64_t ticks)
{
	struct benchmark *b;

	for (b = benchmarks; b < benchmarks + NR; b++) {
		while (b->run(b->ops) < ticks && b->ops < MAX_OPS)
			b->ops *= 2;
		printf("bench: ops %s %lu\n", b->name, b->ops);
	}
}

/* Nothing is printed before the last round: a console works while others run. */
static void measure(unsigned long rounds)
{
	static uint64_t ticks[MAX_ROUNDS][NR];
	unsigned long i, k;

	fflush(stdout);
	sleep(1);
	for (i = 0; i < rounds; i++)
		for (k = 0; k < NR; k++)
			ticks[i][k] = benchmarks[k].run(benchmarks[k].ops);
	for (i = 0; i < rounds; i++)
		for (k = 0; k < NR; k++)
			printf("bench: sample %s %lu %llu\n",
			       benchmarks[k].name, benchmarks[k].ops,
			       (unsigned long long)ticks[i][k]);
}

/* Let someone outside do something; any line of input means that it is done. */
static void wait_outside(const char *what, const char *name, unsigned long ops)
{
	char line[80];

	printf("bench: wait %s %s %lu\n", what, name, ops);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		fail("standard input");
}

/* Operations between two readings of the hypervisor's counters. */
static void count(void)
{
	struct benchmark *b;

	/* What the waiting costs by itself is counted like a benchmark. */
	wait_outside("before", "nothing", 0);
	wait_outside("after", "nothing", 0);
	for (b = benchmarks; b < benchmarks + NR; b++) {
		wait_outside("before", b->name, b->ops);
		b->run(b->ops);
		wait_outside("after", b->name, b->ops);
	}
}

static void print_frequency(void)
{
	struct timespec a, b, wait = { .tv_nsec = 500000000 };
	uint64_t start, end;
	double ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &a);
	start = now();
	nanosleep(&wait, NULL);
	clock_gettime(CLOCK_MONOTONIC_RAW, &b);
	end = now();
	ns = (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
	printf("%.0f\n", (end - start) * 1e6 / ns);
}

int main(int argc, char **argv)
{
	uint64_t start = now();
	unsigned long rounds = number("bench_rounds", 5);
	cpu_set_t first;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "now")) {
		printf("%llu\n", (unsigned long long)start);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "frequency")) {
		print_frequency();
		return 0;
	}
	/* One processor, also where there are more. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		fail("sched_setaffinity");
	printf("bench: start %llu\n", (unsigned long long)start);
	choose(number("bench_ticks", 100000000));
	measure(rounds < MAX_ROUNDS ? rounds : MAX_ROUNDS);
	if (number("bench_count", 0))
		count();
	printf("bench: end\n");
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
