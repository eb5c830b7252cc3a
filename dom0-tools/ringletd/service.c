// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that serve devices and outlive the daemon: see devices.h.
 */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FD	3
#define HIGH_FD		100	/* above all that a process is given */
#define KILL_WAIT	50	/* times 10 ms until a killed process is gone */

static struct service *ending;

/* --- Starting --------------------------------------------------------------- */

/* Root keeps its files, and of its powers these. */
static int drop_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	const uint32_t low = (uint32_t)keep, high = (uint32_t)(keep >> 32);
	struct __user_cap_data_struct data[2] = {
		{ low, low, low }, { high, high, high },
	};
	int cap;

	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED))
		return -errno;
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap) &&
		    errno != EINVAL)
			return -errno;
	if (syscall(SYS_capset, &header, data))
		return -errno;
	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (keep >> cap & 1 && prctl(PR_CAP_AMBIENT,
					     PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return -errno;
	return 0;
}

static int drop_privileges(const struct spawn *s)
{
	if (s->trusted)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (getuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(s->gid, s->gid, s->gid))
		return -errno;
	if (!s->uid)
		return drop_capabilities(s->capabilities);
	return setresuid(s->uid, s->uid, s->uid) ? -errno : 0;
}

/* Descriptors 3 and up are those that were wanted, 0 to 2 nothing and the log. */
static int give_fds(const struct spawn *s, int lock)
{
	int high[41], log, null;
	unsigned int i;

	log = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0640);
	null = open("/dev/null", O_RDWR);
	if (log < 0)
		log = null;
	if (dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		return -errno;
	for (i = 0; i <= s->nr_fds; i++) {
		high[i] = fcntl(i < s->nr_fds ? s->fds[i] : lock, F_DUPFD,
				HIGH_FD);
		if (high[i] < 0)
			return -errno;
	}
	for (i = 0; i <= s->nr_fds; i++)
		if (dup2(high[i], FIRST_FD + (int)i) < 0)
			return -errno;
	close_range(FIRST_FD + s->nr_fds + 1, 2 * HIGH_FD - 1, 0);
	return 0;
}

/* The number of this process as others know it. */
static pid_t outer_pid(void)
{
	char text[16] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 ?
	       (pid_t)strtol(text, NULL, 10) : getpid();
}

static void write_pid(int file, pid_t pid)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", pid);

	if (pwrite(file, text, (size_t)n, 0) != n || ftruncate(file, n))
		note("cannot note the number of process %d", pid);
}

/* As many files as it wants, or as this process may allow it. */
static int set_limits(const struct spawn *s)
{
	const struct rlimit size = { s->file_size, s->file_size };
	struct rlimit files = { s->files, s->files };

	if (s->file_size) {
		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &size))
			return -errno;
	}
	if (!s->files || !setrlimit(RLIMIT_NOFILE, &files))
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) ? -errno : 0;
}

/*
 * The program is opened before rights are given up: it may lie where only root
 * can go.
 */
static void run(const struct spawn *s, int file, int lock, bool own)
{
	static char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	int program = open(s->argv[0], O_PATH | O_CLOEXEC);
	sigset_t none;
	int rc;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	write_pid(file, outer_pid());
	spare_memory_killer(!s->trusted);
	program = fcntl(program, F_DUPFD_CLOEXEC, 2 * HIGH_FD);
	rc = give_fds(s, lock);
	if (!rc)
		rc = set_limits(s);
	if (!rc && own)
		rc = sandbox_enter(s);
	if (!rc)
		rc = drop_privileges(s);
	if (!rc)
		rc = syscall(SYS_execveat, program, "", s->argv, environment,
			     AT_EMPTY_PATH) ? -errno : 0;
	dprintf(2, "cannot run %s: %s\n", s->argv[0], strerror(-rc));
	_exit(127);
}

/* As fork(2); *own: it has namespaces of its own. */
static pid_t start(const struct spawn *s, bool *own)
{
	*own = false;
	if (!s->trusted && !getuid())
		return sandbox_fork(own);
	return fork();
}

/*
 * The process holds the lock by a descriptor that cannot write: the number in the
 * file says whom this daemon signals.
 */
pid_t service_spawn(const struct spawn *s)
{
	int file = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			0600);
	int lock = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	pid_t pid = -EBUSY;
	bool own;

	if (file < 0 || lock < 0) {
		pid = -errno;
	} else if (!flock(lock, LOCK_EX | LOCK_NB)) {
		pid = start(s, &own);
		if (!pid && s->share && !own)
			_exit(127);
		if (!pid)
			run(s, file, lock, own);
		if (pid < 0)
			pid = -errno;
		else
			write_pid(file, pid);
		if (pid > 0 && s->share && !own)
			pid = -EPERM;
	}
	if (file >= 0)
		close(file);
	if (lock >= 0)
		close(lock);
	return pid;
}

/* --- Finding ---------------------------------------------------------------- */

pid_t service_running(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[16] = "";
	bool held;

	if (fd < 0)
		return 0;
	held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	if (held && read(fd, text, sizeof(text) - 1) < 0)
		held = false;
	close(fd);
	return held ? (pid_t)strtol(text, NULL, 10) : 0;
}

void service_kill(const char *path)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	pid_t pid = service_running(path);
	int i;

	if (pid > 1)
		kill(pid, SIGKILL);
	for (i = 0; i < KILL_WAIT && service_running(path); i++)
		nanosleep(&pause, NULL);
}

static void process_ended(struct watch *w, uint32_t mask, struct rl *rl)
{
	struct service *s = container_of(w, struct service, watch), **p;

	(void)mask;
	watch_close(&s->watch);
	if (s->kill_at) {
		for (p = &ending; *p != s; p = &(*p)->next)
			;
		*p = s->next;
	} else {
		s->ended(s, rl);
	}
	free(s);
}

struct service *service_watch(const char *path, void *owner,
			      void (*ended)(struct service *s, struct rl *rl))
{
	struct service *s = calloc(1, sizeof(*s));
	pid_t pid = service_running(path);
	int fd;

	if (!s || pid <= 1)
		goto none;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		goto none;
	/* Is it still the same process? */
	if (service_running(path) != pid ||
	    watch_add(&s->watch, fd, EPOLLIN, process_ended)) {
		close(fd);
		goto none;
	}
	s->owner = owner;
	s->ended = ended;
	snprintf(s->path, sizeof(s->path), "%s", path);
	return s;
none:
	free(s);
	return NULL;
}

/* --- Ending ----------------------------------------------------------------- */

void service_signal(const struct service *s, int sig)
{
	syscall(SYS_pidfd_send_signal, s->watch.fd, sig, NULL, 0);
}

void service_end(struct service *s, int sig, unsigned int ms, uint32_t domid)
{
	if (!s)
		return;
	s->domid = domid;
	if (sig)
		service_signal(s, sig);
	s->kill_at = now_ms() + ms;
	s->next = ending;
	ending = s;
}

void service_forget(struct service *s)
{
	if (!s)
		return;
	watch_close(&s->watch);
	free(s);
}

bool services_ending(uint32_t domid)
{
	const struct service *s;

	for (s = ending; s && s->domid != domid; s = s->next)
		;
	return s;
}

uint64_t services_advance(void)
{
	uint64_t now = now_ms(), next = 0;
	struct service *s;

	for (s = ending; s; s = s->next) {
		if (s->kill_at <= now) {
			service_signal(s, SIGKILL);
			s->kill_at = now + 1000;
		}
		if (!next || s->kill_at < next)
			next = s->kill_at;
	}
	return next;
}
