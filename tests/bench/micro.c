// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time seven small things that a kernel does, or page faults of several CPUs.
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
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
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
#define MAX_CPUS	16u
#define RACE_PAGES	2048ul

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

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

/* First touches on several CPUs at once, in memory that all of them share. */
struct race {
	unsigned int cpus;
	atomic_uint ready;
	struct runner {
		struct race *race;
		unsigned int cpu;
		uint64_t start, end;
	} runners[MAX_CPUS];
};

static void *race_run(void *arg)
{
	struct runner *r = arg;
	void *p;

	pin(r->cpu);
	p = map(RACE_PAGES);
	madvise(p, RACE_PAGES * PAGE, MADV_NOHUGEPAGE);
	atomic_fetch_add(&r->race->ready, 1);
	while (atomic_load(&r->race->ready) < r->race->cpus)
		;
	r->start = now();
	touch(p, RACE_PAGES);
	r->end = now();
	munmap(p, RACE_PAGES * PAGE);
	return NULL;
}

static void race_fork(struct race *race, pid_t *pids)
{
	unsigned int i;
	int status;

	for (i = 0; i < race->cpus; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			fail("fork");
		if (!pids[i]) {
			race_run(&race->runners[i]);
			_exit(0);
		}
	}
	for (i = 0; i < race->cpus; i++)
		if (waitpid(pids[i], &status, 0) != pids[i] || status)
			fail("a process did not run");
}

static void race_threads(struct race *race, pthread_t *threads)
{
	unsigned int i;

	for (i = 0; i < race->cpus; i++) {
		errno = pthread_create(&threads[i], NULL, race_run,
				       &race->runners[i]);
		if (errno)
			fail("pthread_create");
	}
	for (i = 0; i < race->cpus; i++)
		pthread_join(threads[i], NULL);
}

/* From the first start to the last end, in ticks. */
static uint64_t race_time(struct race *race, unsigned int cpus, bool threads)
{
	uint64_t start = UINT64_MAX, end = 0;
	pthread_t t[MAX_CPUS];
	pid_t pids[MAX_CPUS];
	unsigned int i;

	race->cpus = cpus;
	atomic_store(&race->ready, 0);
	for (i = 0; i < cpus; i++) {
		race->runners[i].race = race;
		race->runners[i].cpu = i;
	}
	if (threads)
		race_threads(race, t);
	else
		race_fork(race, pids);
	for (i = 0; i < cpus; i++) {
		if (race->runners[i].start < start)
			start = race->runners[i].start;
		if (race->runners[i].end > end)
			end = race->runners[i].end;
	}
	return end - start;
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

static const struct {
	const char *name;
	bool all, threads;
} races[] = {
	{ "fault_one", false, true },
	{ "fault_threads", true, true },
	{ "fault_processes", true, false },
};

#define NR_RACES (sizeof(races) / sizeof(races[0]))

/* Ticks of one race of the kind 'k'. */
static uint64_t race_again(struct race *race, unsigned int cpus, unsigned int k)
{
	return race_time(race, races[k].all ? cpus : 1, races[k].threads);
}

static unsigned long race_ops(unsigned int cpus, unsigned int k)
{
	return RACE_PAGES * (races[k].all ? cpus : 1);
}

static struct race *race_prepare(unsigned int cpus)
{
	struct race *race;

	if (cpus > MAX_CPUS || (long)cpus > sysconf(_SC_NPROCESSORS_ONLN)) {
		errno = ENODEV;
		fail("bench_cpus");
	}
	race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (race == MAP_FAILED)
		fail("mmap");
	/* The first one only warms up. */
	race_time(race, cpus, true);
	return race;
}

static void measure_races(struct race *race, unsigned long rounds,
			  unsigned int cpus)
{
	static uint64_t ticks[MAX_ROUNDS][NR_RACES];
	unsigned long i;
	unsigned int k;

	fflush(stdout);
	sleep(1);
	for (i = 0; i < rounds; i++)
		for (k = 0; k < NR_RACES; k++)
			ticks[i][k] = race_again(race, cpus, k);
	for (i = 0; i < rounds; i++)
		for (k = 0; k < NR_RACES; k++)
			printf("bench: sample %s %lu %llu\n", races[k].name,
			       race_ops(cpus, k),
			       (unsigned long long)ticks[i][k]);
}

static void count_races(struct race *race, unsigned int cpus)
{
	unsigned int k;

	wait_outside("before", "nothing", 0);
	wait_outside("after", "nothing", 0);
	for (k = 0; k < NR_RACES; k++) {
		wait_outside("before", races[k].name, race_ops(cpus, k));
		race_again(race, cpus, k);
		wait_outside("after", races[k].name, race_ops(cpus, k));
	}
}

int main(int argc, char **argv)
{
	uint64_t start = now();
	unsigned long rounds = number("bench_rounds", 5);
	unsigned int cpus = number("bench_cpus", 1);
	struct race *race;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "now")) {
		printf("%llu\n", (unsigned long long)start);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "frequency")) {
		print_frequency();
		return 0;
	}
	if (rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	printf("bench: start %llu\n", (unsigned long long)start);
	if (cpus > 1) {
		race = race_prepare(cpus);
		measure_races(race, rounds, cpus);
		if (number("bench_count", 0))
			count_races(race, cpus);
	} else {
		/* One processor, also where there are more. */
		pin(0);
		choose(number("bench_ticks", 100000000));
		measure(rounds);
		if (number("bench_count", 0))
			count();
	}
	printf("bench: end\n");
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
