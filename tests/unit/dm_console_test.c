// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel of a domain, a terminal or a socket: do bytes arrive on both sides, is a
 * guest that writes never kept waiting, and do what is too much, hanging up and a
 * killed manager end no more than they must.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "dm_fake.h"

#define DEV		4
#define ATTACH		"\"op\":\"attach\",\"dev\":4,\"kind\":\"console\""
#define RX_RING		(32ULL << 20)
#define TX_RING		(33ULL << 20)
#define RX_DATA		(34ULL << 20)
#define TX_DATA		(35ULL << 20)
#define VERSION_1	(1ULL << 32)
#define NEEDS_RESET	0x40u

static struct vq rx, tx;
static int line;			/* of the test: what a program has */

/* What ringletd makes: a terminal, whose ends the manager has, and its name. */
static void attach_terminal(void)
{
	struct termios raw;
	int fds[2];

	fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fds[0], 0);
	ck_assert(!grantpt(fds[0]) && !unlockpt(fds[0]));
	fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert(!tcgetattr(fds[1], &raw));
	cfmakeraw(&raw);
	ck_assert(!tcsetattr(fds[1], TCSANOW, &raw));
	line = open(ptsname(fds[0]), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(line, 0);
	ck_assert_str_eq(manager_ask(ATTACH, fds, 2), "");
}

static struct sockaddr_un address(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	fake_path(a.sun_path, sizeof(a.sun_path), "channel");
	return a;
}

static int connect_socket(void)
{
	struct sockaddr_un a = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert(!connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static void attach_socket(void)
{
	struct sockaddr_un a = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(a.sun_path);
	ck_assert(!bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 1));
	ck_assert_str_eq(manager_ask(ATTACH, &fd, 1), "");
	line = connect_socket();
}

static void start_driver(void)
{
	struct ringlet_vmsg_features f = { .count = 2, .bits = { 0, 1 } }, r;

	ck_assert_uint_eq(dev_features(DEV), VERSION_1);
	ck_assert_uint_eq(dev_set_status(DEV, 1), 1);
	ck_assert_uint_eq(dev_set_status(DEV, 3), 3);
	ck_assert(bus_ask(0, DEV, RINGLET_VMSG_SET_FEATURES, &f, sizeof(f), &r,
			  sizeof(r)));
	ck_assert_uint_eq(dev_set_status(DEV, 11), 11);
	rx = (struct vq){ .dev = DEV, .size = 64, .base = RX_RING };
	tx = (struct vq){ .dev = DEV, .index = 1, .size = 64, .base = TX_RING };
	ck_assert(vq_bind(&rx) && vq_set(&rx) && vq_bind(&tx) && vq_set(&tx));
	ck_assert_uint_eq(dev_set_status(DEV, 15), 15);
}

static void setup(void)
{
	fake_begin();
	manager_run();
	ck_assert_str_eq(manager_start(), "");
}

static void teardown(void)
{
	int status = manager_end();

	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status),
		      "the manager ended with %#x: %s", status, fake_log());
	close(line);
	fake_end();
}

/* --- The guest's side -------------------------------------------------------- */

static void offer_buffer(unsigned int head, uint32_t len)
{
	struct vq_piece p = { RX_DATA + 4096 * head, len, true };

	vq_add(&rx, head, &p, 1);
	vq_kick(&rx);
}

static void guest_reads(const char *text, unsigned int head)
{
	ck_assert_int_eq(vq_done(&rx, 5000), (int)head);
	ck_assert_uint_eq(rx.used_len[head], strlen(text));
	ck_assert_mem_eq(fake_memory(RX_DATA + 4096 * head), text,
			 strlen(text));
}

/* It does not go on before that is taken. */
static void guest_writes(const void *data, uint32_t len)
{
	struct vq_piece p = { TX_DATA, len, false };

	memcpy(fake_memory(TX_DATA), data, len);
	vq_add(&tx, 0, &p, 1);
	vq_kick(&tx);
	ck_assert_int_eq(vq_done(&tx, 5000), 0);
}

/* --- The other one ------------------------------------------------------------ */

static size_t take(char *buf, size_t size, size_t wanted)
{
	size_t len = 0;
	ssize_t n;

	(void)UNTIL((n = read(line, buf + len, size - len),
		     len += n > 0 ? (size_t)n : 0, len >= wanted), 5000);
	return len;
}

static void line_reads(const char *text)
{
	char buf[256];

	ck_assert_uint_eq(take(buf, sizeof(buf), strlen(text)), strlen(text));
	ck_assert_mem_eq(buf, text, strlen(text));
}

static void line_writes(const char *text)
{
	ck_assert_int_eq(write(line, text, strlen(text)), (int)strlen(text));
}

/* --- Tests ---------------------------------------------------------------------- */

static void (*const attach[])(void) = { attach_terminal, attach_socket };

START_TEST(carries_bytes)
{
	attach[_i]();
	start_driver();
	offer_buffer(0, 4096);
	/* A socket's first bytes also show that it was accepted. */
	line_writes("to the guest");
	guest_reads("to the guest", 0);
	guest_writes("from the guest\r\n", 16);
	line_reads("from the guest\r\n");
	/* What there is no buffer for waits. */
	line_writes("abcdef");
	fake_pump(50);
	offer_buffer(1, 4);
	guest_reads("abcd", 1);
	offer_buffer(2, 4);
	guest_reads("ef", 2);
	ck_assert(dev_reset(DEV));
	start_driver();
	offer_buffer(0, 64);
	line_writes("again");
	guest_reads("again", 0);
}
END_TEST

/* Nobody reads: the guest is not kept waiting, and what comes first is kept. */
START_TEST(never_waits)
{
	static char noise[60000], back[60000];
	unsigned int i;

	for (i = 0; i < sizeof(noise); i++)
		noise[i] = (char)('a' + i % 26);
	attach[_i]();
	start_driver();
	offer_buffer(0, 64);
	line_writes("x");
	guest_reads("x", 0);
	for (i = 0; i < 50; i++)
		guest_writes(noise, sizeof(noise));
	ck_assert_uint_eq(take(back, sizeof(back), sizeof(back)), sizeof(back));
	ck_assert_mem_eq(back, noise, sizeof(noise));
}
END_TEST

START_TEST(socket_is_for_one)
{
	char byte;
	int other;

	attach_socket();
	start_driver();
	guest_writes("lost", 4);
	offer_buffer(0, 64);
	line_writes("x");
	guest_reads("x", 0);
	other = connect_socket();
	ck_assert(UNTIL(!read(other, &byte, 1), 5000));
	close(other);
	close(line);
	fake_pump(200);
	line = connect_socket();
	offer_buffer(1, 64);
	line_writes("y");
	guest_reads("y", 1);
	guest_writes("to the second", 13);
	line_reads("to the second");
}
END_TEST

START_TEST(manager_killed)
{
	attach_terminal();
	start_driver();
	offer_buffer(0, 64);
	line_writes("x");
	guest_reads("x", 0);
	offer_buffer(1, 64);
	manager_kill();
	close(line);
	manager_run();
	ck_assert_str_eq(manager_start(), "");
	attach_terminal();
	line_writes("new");
	guest_reads("new", 1);
	guest_writes("old", 3);
	line_reads("old");
}
END_TEST

START_TEST(hostile_guest)
{
	struct vq_piece p = { FAKE_PAGES << 12, 64, false };

	attach_terminal();
	start_driver();
	vq_add(&tx, 0, &p, 1);
	vq_kick(&tx);
	ck_assert(UNTIL(dev_status(DEV) & NEEDS_RESET, 2000));
	ck_assert(dev_reset(DEV));
	start_driver();
	guest_writes("well", 4);
	line_reads("well");
	p.write = true;
	vq_add(&rx, 0, &p, 1);
	vq_kick(&rx);
	line_writes("x");
	ck_assert(UNTIL(dev_status(DEV) & NEEDS_RESET, 2000));
	ck_assert(dev_reset(DEV));
	ck_assert_ptr_nonnull(strstr(manager_ask("\"op\":\"attach\",\"dev\":6,\"kind\":\"console\"",
						 NULL, 0),
				     "a console needs a listening socket"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ringlet-dm's consoles");
	TCase *t = tcase_create("console");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, carries_bytes, 0, 2);
	tcase_add_loop_test(t, never_waits, 0, 2);
	tcase_add_test(t, socket_is_for_one);
	tcase_add_test(t, manager_killed);
	tcase_add_test(t, hostile_guest);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
