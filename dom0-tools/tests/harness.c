// SPDX-License-Identifier: GPL-2.0-only
/* Running the tools in a test: see harness.h. */
#include "harness.h"
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t daemon_pid;
char output[1 << 16];

void sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

const char *path(const char *name)
{
	static char buf[4][256];
	static unsigned int n;

	n = (n + 1) % 4;
	snprintf(buf[n], sizeof(buf[n]), "%s/%s", fake->dir, name);
	return buf[n];
}

void write_file(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(path(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

const char *read_file(const char *name)
{
	static char text[1 << 20];
	FILE *f = fopen(path(name), "r");
	size_t n = 0;

	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = 0;
	return text;
}

bool exists(const char *name)
{
	return !access(path(name), F_OK);
}

/* Check's handlers, which a child inherits, would end the whole test. */
static void own_signals(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

/* Start "ringlet ..." with its output in a file; returns the process. */
pid_t start_command(char **argv, int in)
{
	int argc = 0, out;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	own_signals();
	out = open(path("output"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	while (argv[argc])
		argc++;
	exit(ringlet_main(argc, argv));
}

int finish_command(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	strcpy(output, read_file("output"));
	ck_assert_msg(WIFEXITED(status), "command ended with %d: %s", status,
		      output);
	return WEXITSTATUS(status);
}

int ringlet(const char *first, ...)
{
	char *argv[16] = { (char *)"ringlet", (char *)first };
	int in = open("/dev/null", O_RDONLY);
	unsigned int i = 2;
	va_list args;
	pid_t pid;

	va_start(args, first);
	while (i < 15 && (argv[i] = va_arg(args, char *)))
		i++;
	va_end(args);
	optind = 0;
	pid = start_command(argv, in);
	close(in);
	return finish_command(pid);
}

/* A connection to the daemon, or -1. */
int connect_daemon(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path("ringletd.sock"));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static bool answers(void)
{
	int fd = connect_daemon();

	close(fd);
	return fd >= 0;
}

void start_daemon_quietly(void)
{
	char *argv[] = { (char *)"ringletd", (char *)"-F",
			 (char *)"--log-size=32", NULL };
	int log;

	fflush(NULL);
	daemon_pid = fork();
	ck_assert_int_ge(daemon_pid, 0);
	if (!daemon_pid) {
		own_signals();
		optind = 0;
		log = open(path("ringletd.log"),
			   O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(log, 2);
		exit(ringletd_main(3, argv));
	}
}

void start_daemon(void)
{
	start_daemon_quietly();
	WAIT_FOR(answers());
}

int stop_daemon(int sig)
{
	int status;

	kill(daemon_pid, sig);
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	daemon_pid = 0;
	return status;
}

void setup(void)
{
	static const char config[] =
		"name = \"web\"\nkernel = \"vmlinux\"\nramdisk = \"initrd\"\n"
		"memory = 32\nextra = \"console=hvc0\"\n";
	static struct image im;

	fake_start();
	ck_assert_int_eq(chdir(fake->dir), 0);
	image_make(&im);
	write_file("vmlinux", &im, sizeof(im));
	write_file("initrd", "initial RAM disk", 16);
	write_file("web.cfg", config, sizeof(config) - 1);
}

void teardown(void)
{
	int status = 0;

	if (daemon_pid)
		status = stop_daemon(SIGTERM);
	ck_assert_msg(!status, "ringletd ended with %d: %s", status,
		      read_file("ringletd.log"));
	ck_assert_int_eq(chdir("/"), 0);
	fake_stop();
}

void setup_daemon(void)
{
	setup();
	start_daemon();
}
