// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringlet-dm: start, the loop, and the log. ringletd starts it with descriptors:
 * 3 of the domain, 4 the control connection, 5 the state file.
 */
#include "dm.h"
#include "guest.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define DOMAIN_FD	3
#define CONTROL_FD	4
#define STATE_FD	5
#define BURST		40	/* lines of the log at once; then one a second */

static int epoll = -1;
static uint64_t next_wake;	/* ms; 0: nothing is due */
static const char *domain_name = "?";
bool stop_requested;

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A guest must not fill a disk: after a burst, one line in a second. */
static bool may_note(unsigned int *left_out)
{
	static unsigned int tokens = BURST, skipped;
	static uint64_t last;
	uint64_t now = now_ms(), gained = (now - last) / 1000;

	if (gained) {
		tokens = gained > BURST - tokens ? BURST :
			 tokens + (unsigned int)gained;
		last = now;
	}
	if (!tokens) {
		skipped++;
		return false;
	}
	tokens--;
	*left_out = skipped;
	skipped = 0;
	return true;
}

void note(const char *format, ...)
{
	time_t now = time(NULL);
	unsigned int left_out;
	char text[512], stamp[32];
	struct tm tm;
	va_list args;

	if (!may_note(&left_out))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S",
		 localtime_r(&now, &tm));
	if (left_out)
		fprintf(stderr, "%s ringlet-dm: domain %s: %u lines were left out\n",
			stamp, domain_name, left_out);
	fprintf(stderr, "%s ringlet-dm: domain %s: %s\n", stamp, domain_name,
		text);
}

/* --- The loop --------------------------------------------------------------- */

int source_watch(struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };
	int op = source->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (source->events == events)
		return 0;
	if (epoll_ctl(epoll, op, source->fd, &event))
		return -errno;
	source->events = events;
	return 0;
}

void source_close(struct source *source)
{
	if (source->fd < 0)
		return;
	if (source->events)
		epoll_ctl(epoll, EPOLL_CTL_DEL, source->fd, NULL);
	close(source->fd);
	source->fd = -1;
	source->events = 0;
}

void wake_at(uint64_t ms)
{
	if (!next_wake || ms < next_wake)
		next_wake = ms;
}

/* One event at a time: what handles it may end any other source. */
void turn(int timeout)
{
	struct epoll_event event;
	struct source *source;
	uint64_t now = now_ms();

	if (next_wake && (timeout < 0 || next_wake < now + (uint64_t)timeout))
		timeout = next_wake > now ? (int)(next_wake - now) : 0;
	if (epoll_wait(epoll, &event, 1, timeout) == 1) {
		source = event.data.ptr;
		source->ready(source, event.events);
	}
	now = now_ms();
	if (next_wake && next_wake <= now)
		next_wake = 0;
	now = devices_tick(now);
	if (now)
		wake_at(now);
	now = bus_flush(now_ms());
	if (now)
		wake_at(now);
}

bool loop_begin(void)
{
	next_wake = 0;
	stop_requested = false;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll >= 0;
}

void loop_end(void)
{
	close(epoll);
	epoll = -1;
}

/* --- The program ------------------------------------------------------------ */

/* Memory of the guest is gone: a page of it, or with the guest all of it. */
static void bus_error(int sig, siginfo_t *info, void *context)
{
	static const char text[] =
		"ringlet-dm: the domain's memory is gone, this is the end\n";
	ssize_t n;

	(void)sig;
	(void)context;
	if (memory_hole(info->si_addr))
		return;
	n = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)n;
	_exit(3);
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: ringlet-dm --domain=DOMID --name=NAME\n\n"
		"The devices of one domain. ringletd starts it.\n\n"
		"  -d, --domain=DOMID  the domain's identifier\n"
		"  -n, --name=NAME     its name, for the log\n"
		"  -V, --version       print the version\n");
}

static bool parse_domain(const char *text, uint32_t *domid)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || !value || value > 65535) {
		fprintf(stderr, "ringlet-dm: --domain must be a domain identifier, 1 to 65535: it is '%s'\n",
			text);
		return false;
	}
	*domid = (uint32_t)value;
	return true;
}

static int run(uint32_t domid)
{
	const struct sigaction bus = {
		.sa_sigaction = bus_error,
		.sa_flags = SA_SIGINFO,
	};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGBUS, &bus, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Managers of other domains have the same user: they could trace this one. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	guest_use(DOMAIN_FD, domid);
	if (!loop_begin()) {
		perror("ringlet-dm: cannot wait for events");
		return 1;
	}
	rc = control_open(CONTROL_FD, STATE_FD, domid);
	if (rc) {
		fprintf(stderr, "ringlet-dm: descriptors 3, 4 and 5 must be of the domain, the control connection and the state file: %s. ringletd starts this program\n",
			strerror(-rc));
		return 1;
	}
	while (!stop_requested)
		turn(-1);
	devices_close();
	bus_close();
	memory_close();
	control_close();
	state_close();
	loop_end();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "domain", required_argument, NULL, 'd' },
		{ "name", required_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	uint32_t domid = 0;
	int opt;

	while ((opt = getopt_long(argc, argv, "d:n:Vh", options,
				  NULL)) != -1) {
		switch (opt) {
		case 'd':
			if (!parse_domain(optarg, &domid))
				return 2;
			break;
		case 'n':
			domain_name = optarg;
			break;
		case 'V':
			printf("ringlet-dm (Ringlet) with bus revision %d\n",
			       RINGLET_VBUS_REVISION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc || !domid) {
		usage(stderr);
		return 2;
	}
	return run(domid);
}
