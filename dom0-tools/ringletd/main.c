// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringletd: start, the loop, and the end of the daemon.
 */
#include "ringletd.h"
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_RETRY	50	/* ms until a full console is tried again */
#define LOG_KIB_MIN	32
#define LOG_KIB_MAX	(1 << 20)

#define MAX_EVENTS	16
#define UID_MIN		1000
#define UID_MAX		(0xfffffffeU - RINGLET_DOMID_MAX)

static int epoll_fd = -1;

/* The daemon's own sources of events; the virtual interrupts by eventfd. */
static struct watch signals = { .fd = -1 };
static struct watch domain_virq = { .fd = -1 };
static struct watch console_virq = { .fd = -1 };

/* Events of this turn. Those of a watch that has gone have no pointer any more. */
static struct epoll_event events[MAX_EVENTS];
static int nr_events;

uid_t manager_uids = 1900000000;	/* no distribution uses these */

static bool stop;		/* the daemon shall end */
static bool check, drain;	/* due in this turn */

void note(const char *format, ...)
{
	time_t now = time(NULL);
	char text[1024], stamp[32];
	struct tm tm;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S",
		 localtime_r(&now, &tm));
	fprintf(stderr, "%s ringletd: %s\n", stamp, text);
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int watch_add(struct watch *w, int fd, uint32_t mask,
	      void (*ready)(struct watch *w, uint32_t mask, struct rl *rl))
{
	struct epoll_event event = { .events = mask, .data.ptr = w };

	w->fd = fd;
	w->ready = ready;
	if (!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return 0;
	w->fd = -1;
	return -errno;
}

void watch_arm(struct watch *w, uint32_t mask)
{
	struct epoll_event event = { .events = mask, .data.ptr = w };

	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, w->fd, &event);
}

void watch_close(struct watch *w)
{
	int i;

	if (w->fd < 0)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	for (i = 0; i < nr_events; i++)
		if (events[i].data.ptr == w)
			events[i].data.ptr = NULL;
	close(w->fd);
	w->fd = -1;
}

void spare_memory_killer(bool spare)
{
	const char *score = spare ? "-1000" : "0";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Without privileges it stays as it is. */
	if (write(fd, score, strlen(score)) < 0 && errno != EACCES)
		note("cannot write oom_score_adj: %s", strerror(errno));
	close(fd);
}

static void clear_event(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) > 0)
		;
}

static void virq_ready(struct watch *w, uint32_t mask, struct rl *rl)
{
	(void)mask;
	(void)rl;
	clear_event(w->fd);
	if (w == &domain_virq)
		check = true;
	else
		drain = true;
}

static int add_virq(struct rl *rl, uint32_t virq, struct watch *w)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0 || watch_add(w, fd, EPOLLIN, virq_ready))
		return rl_fail(rl, errno, "cannot make an eventfd: %s",
			       strerror(errno));
	return rl_bind_virq(rl, virq, fd);
}

/* Take what the signal descriptor holds. */
static void signals_ready(struct watch *w, uint32_t mask, struct rl *rl)
{
	struct signalfd_siginfo info;

	(void)mask;
	while (read(w->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			domains_reap(rl);
		else
			stop = true;
	}
}

static int add_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : watch_add(&signals, fd, EPOLLIN, signals_ready);
}

static int make_directory(struct rl *rl, const char *path, mode_t mode)
{
	if (!mkdir(path, mode) || errno == EEXIST)
		return 0;
	return rl_fail(rl, errno, "cannot make directory %s: %s", path,
		       strerror(errno));
}

/* One daemon at a time. The lock lives as long as this process. */
static int take_lock(struct rl *rl)
{
	char path[PATH_LEN], pid[16] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/ringletd.pid", rl_run_dir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return rl_fail(rl, errno, "cannot write %s: %s", path,
			       strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		n = read(fd, pid, sizeof(pid) - 1);
		pid[n > 0 ? strcspn(pid, "\n") : 0] = 0;
		close(fd);
		return rl_fail(rl, EEXIST, "ringletd is running already (process %s)",
			       pid);
	}
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) || write(fd, pid, (size_t)n) != n)
		return rl_fail(rl, EIO, "cannot write %s", path);
	return 0;
}

/*
 * Events are bound before anything is looked at, so that no change falls
 * between the two.
 */
static int set_up(struct rl *rl)
{
	int rc;

	rc = make_directory(rl, rl_run_dir(), 0755);
	if (!rc)
		rc = make_directory(rl, rl_log_dir(), 0750);
	if (!rc)
		rc = take_lock(rl);
	if (!rc)
		rc = rl_open(rl);
	if (rc)
		return rc;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = epoll_fd < 0 ? -errno : add_signals();
	if (!rc)
		rc = records_prepare();
	if (!rc)
		rc = devices_prepare();
	if (rc)
		return rl_fail(rl, -rc, "cannot start: %s", strerror(-rc));
	rc = add_virq(rl, RINGLET_VIRQ_DOMAIN, &domain_virq);
	if (!rc)
		rc = add_virq(rl, RINGLET_VIRQ_DOMAIN_CONSOLE, &console_virq);
	if (!rc)
		rc = spool_open(rl);
	if (rc)
		return rc;
	rc = clients_listen();
	return rc < 0 ? rl_fail(rl, -rc, "cannot listen in %s: %s",
				rl_run_dir(), strerror(-rc)) : 0;
}

/* One turn. */
static void turn(struct rl *rl, int timeout)
{
	struct watch *w;
	int i;

	check = false;
	drain = domains_more_output;
	nr_events = epoll_wait(epoll_fd, events, MAX_EVENTS, timeout);
	for (i = 0; i < nr_events; i++) {
		w = events[i].data.ptr;
		if (w)
			w->ready(w, events[i].events, rl);
	}
	nr_events = 0;
	if (drain)
		domains_drain(rl);
	if (check)
		domains_check(rl);
	devices_advance(rl);
	endings_advance(rl);
}

static void loop(struct rl *rl)
{
	/* What the last daemon left does not wait for an event. */
	int timeout = 0;

	while (!stop) {
		turn(rl, timeout);
		timeout = devices_timeout();
		if (clients_push_input(rl) &&
		    (timeout < 0 || timeout > INPUT_RETRY))
			timeout = INPUT_RETRY;
		if (domains_more_output)
			timeout = 0;
		clients_free_dead();
	}
}

/* In the background: the daemon's own lines go to a file. */
static void redirect(void)
{
	char path[PATH_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/ringletd.log", rl_log_dir());
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		  0640);
	if (fd >= 0) {
		dup2(fd, STDERR_FILENO);
		dup2(fd, STDOUT_FILENO);
		close(fd);
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	}
}

/* Go into the background. The parent stays until the daemon works, or not. */
static int detach(void)
{
	int pipefd[2];
	char ok = 0;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		setsid();
		close(pipefd[0]);
		return pipefd[1];
	}
	close(pipefd[1]);
	_exit(read(pipefd[0], &ok, 1) == 1 ? 0 : 1);
}

static int run(bool foreground)
{
	int ready = -1;
	struct rl rl = { .fd = -1 };

	if (!foreground) {
		ready = detach();
		if (ready < 0) {
			perror("ringletd: cannot go into the background");
			return 1;
		}
	}
	if (set_up(&rl)) {
		fprintf(stderr, "ringletd: %s\n", rl.error);
		return 1;
	}
	if (!foreground)
		redirect();
	spare_memory_killer(true);
	note("started");
	domains_start(&rl);
	if (ready >= 0 && write(ready, "+", 1) == 1)
		close(ready);
	loop(&rl);
	domains_stop(&rl);
	clients_stop();
	note("ended; domains go on, the next ringletd takes care of them");
	rl_close(&rl);
	return 0;
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: ringletd [-F] [--log-size=KIB] [--uid-base=UID]\n\n"
		"Consoles and life of Ringlet's domains.\n\n"
		"  -F, --foreground        do not go into the background\n"
		"      --log-size=KIB      size at which a console log is cut (1024)\n"
		"      --uid-base=UID      device managers run as this user plus the\n"
		"                          domain's identifier (1900000000)\n"
		"  -V, --version           print the version\n");
}

static bool parse_size(const char *text)
{
	unsigned long kib;
	char *end;

	kib = strtoul(text, &end, 10);
	if (*end || kib < LOG_KIB_MIN || kib > LOG_KIB_MAX) {
		fprintf(stderr, "ringletd: --log-size must be %d to %d (KiB): it is '%s'\n",
			LOG_KIB_MIN, LOG_KIB_MAX, text);
		return false;
	}
	conlog_limit = (uint64_t)kib << 10;
	return true;
}

/* As many users as there are identifiers of domains. */
static bool parse_uids(const char *text)
{
	unsigned long long uid;
	char *end;

	uid = strtoull(text, &end, 10);
	if (*end || uid < UID_MIN || uid > UID_MAX) {
		fprintf(stderr, "ringletd: --uid-base must be %d to %u: it is '%s'\n",
			UID_MIN, UID_MAX, text);
		return false;
	}
	manager_uids = (uid_t)uid;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'F' },
		{ "log-size", required_argument, NULL, 's' },
		{ "uid-base", required_argument, NULL, 'u' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	bool foreground = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "FVh", options, NULL)) != -1) {
		switch (opt) {
		case 'F':
			foreground = true;
			break;
		case 's':
			if (!parse_size(optarg))
				return 2;
			break;
		case 'u':
			if (!parse_uids(optarg))
				return 2;
			break;
		case 'V':
			printf("ringletd (Ringlet) with ABI version %d\n",
			       RINGLET_ABI_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	return run(foreground);
}
