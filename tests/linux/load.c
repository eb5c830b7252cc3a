// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of one process that change its address space together, and fork.
 *
 * Each thread maps, writes, protects, discards and unmaps memory of its own and
 * checks what it finds there, while the others make all CPUs forget translations.
 * A missing or late shootdown shows as a wrong byte.
 *
 * load THREADS ROUNDS: prints "load: THREADS threads, N faults" and exits with 0, or
 * says what was wrong and exits with 1.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE		4096
#define MAX_PAGES	64
#define MAX_THREADS	64
#define FORK_EVERY	50

static long rounds;
static atomic_int wrong;

static void complain(const char *what, long thread)
{
	fprintf(stderr, "load: thread %ld: %s\n", thread, what);
	wrong++;
}

/* Are all pages of p as 'byte' at both ends? */
static void check(const char *p, size_t pages, char byte, const char *what,
		  long thread)
{
	for (size_t i = 0; i < pages; i++) {
		if (p[i * PAGE] != byte || p[i * PAGE + PAGE - 1] != byte) {
			complain(what, thread);
			return;
		}
	}
}

static void fill(char *p, size_t pages, char byte)
{
	for (size_t i = 0; i < pages; i++) {
		p[i * PAGE] = byte;
		p[i * PAGE + PAGE - 1] = byte;
	}
}

/* The child writes what the parent must not see. */
static void fork_once(char *p, size_t pages, char byte, long thread)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		fill(p, pages, ~byte);
		_exit(p[0] == (char)~byte ? 0 : 1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		complain("fork", thread);
	check(p, pages, byte, "the child's writes are seen", thread);
}

static void one_round(long thread, long round, unsigned int *seed)
{
	size_t pages = 1 + rand_r(seed) % MAX_PAGES;
	char byte = (char)(thread * 31 + round + 1);
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		complain("mmap", thread);
		return;
	}
	check(p, pages, 0, "new memory is not zero", thread);
	fill(p, pages, byte);
	if (round % 3 == 0) {
		mprotect(p, pages * PAGE, PROT_READ);
		check(p, pages, byte, "wrong after mprotect", thread);
		mprotect(p, pages * PAGE, PROT_READ | PROT_WRITE);
		fill(p, pages, ++byte);
	}
	if (round % FORK_EVERY == thread % FORK_EVERY)
		fork_once(p, pages, byte, thread);
	check(p, pages, byte, "wrong at the end", thread);
	if (round % 5 == 0) {
		madvise(p, pages * PAGE, MADV_DONTNEED);
		check(p, pages, 0, "discarded memory is not zero", thread);
	}
	munmap(p, pages * PAGE);
}

static void *work(void *arg)
{
	long thread = (long)arg;
	unsigned int seed = (unsigned int)thread;

	for (long i = 0; i < rounds && !wrong; i++)
		one_round(thread, i, &seed);
	return NULL;
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 0;
	pthread_t thread[MAX_THREADS];
	struct rusage usage;

	rounds = argc > 2 ? atol(argv[2]) : 0;
	if (threads < 1 || threads > MAX_THREADS || rounds < 1) {
		fprintf(stderr, "usage: load THREADS ROUNDS (1 to %d threads)\n",
			MAX_THREADS);
		return 2;
	}
	for (long i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			return 1;
	for (long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	getrusage(RUSAGE_SELF, &usage);
	printf("load: %ld threads, %ld faults\n", threads, usage.ru_minflt);
	return wrong != 0;
}
