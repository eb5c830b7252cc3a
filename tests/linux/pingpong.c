// SPDX-License-Identifier: GPL-2.0-only
/*
 * Round trips of one byte over TCP, for tests/bench/devices and tests/system/ten.
 *
 * Usage: pingpong ADDRESS PORT COUNT	prints "pingpong: NS ns" for one round trip
 *        pingpong PORT			answers, until it is killed
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP	50

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int make_socket(struct sockaddr_in *a, const char *address,
		       const char *port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_port = htons((in_port_t)atoi(port));
	a->sin_addr.s_addr = inet_addr(address);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

static void send_at_once(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int serve(const char *port)
{
	struct sockaddr_in a;
	int listener = make_socket(&a, "0.0.0.0", port), fd;
	char byte;

	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(listener, 5))
		return fail("pingpong: bind");
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (!fork()) {
			send_at_once(fd);
			while (read(fd, &byte, 1) == 1 &&
			       write(fd, &byte, 1) == 1)
				;
			_exit(0);
		}
		close(fd);
	}
	return fail("pingpong: accept");
}

static int trips(int fd, int count)
{
	char byte = 0;

	while (count--)
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			return -1;
	return 0;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ask(const char *address, const char *port, int count)
{
	struct sockaddr_in a;
	int fd = make_socket(&a, address, port);
	double start;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fail("pingpong: connect");
	send_at_once(fd);
	if (trips(fd, WARM_UP))
		return fail("pingpong");
	start = now_ns();
	if (trips(fd, count))
		return fail("pingpong");
	printf("pingpong: %.0f ns\n", (now_ns() - start) / count);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return serve(argv[1]);
	if (argc == 4 && atoi(argv[3]) > 0)
		return ask(argv[1], argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: pingpong PORT | ADDRESS PORT COUNT\n");
	return 2;
}
