// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes over vsock(7), as BusyBox has nothing for it: one side sends back what it
 * gets, the other one compares.
 *
 * Usage: vsock listen PORT
 *        vsock send CID PORT BYTES
 *
 * The listener serves one connection. Exit status 0: all came back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>

#define CHUNK	16384

static int listen_on(unsigned int port)
{
	struct sockaddr_vm a = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_ANY,
		.svm_port = port,
	};
	int s = socket(AF_VSOCK, SOCK_STREAM, 0), c;
	char buf[CHUNK];
	ssize_t n, m, sent;

	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(s, 1))
		return -1;
	c = accept(s, NULL, NULL);
	if (c < 0)
		return -1;
	while ((n = read(c, buf, sizeof(buf))) > 0) {
		for (sent = 0; sent < n; sent += m) {
			m = write(c, buf + sent, (size_t)(n - sent));
			if (m <= 0)
				return -1;
		}
	}
	return n ? -1 : 0;
}

static int send_to(unsigned int cid, unsigned int port, size_t bytes)
{
	struct sockaddr_vm a = {
		.svm_family = AF_VSOCK,
		.svm_cid = cid,
		.svm_port = port,
	};
	int s = socket(AF_VSOCK, SOCK_STREAM, 0);
	char out[CHUNK], in[CHUNK];
	size_t done, got, i;
	ssize_t n;

	if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	for (done = 0; done < bytes; done += CHUNK) {
		for (i = 0; i < CHUNK; i++)
			out[i] = (char)((done + i) * 2654435761U >> 24);
		if (write(s, out, CHUNK) != CHUNK)
			return -1;
		for (got = 0; got < CHUNK; got += (size_t)n) {
			n = read(s, in + got, CHUNK - got);
			if (n <= 0)
				return -1;
		}
		if (memcmp(in, out, CHUNK)) {
			fprintf(stderr, "vsock: other bytes came back at %zu\n",
				done);
			exit(1);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int rc;

	if (argc == 3 && !strcmp(argv[1], "listen")) {
		rc = listen_on((unsigned int)atoi(argv[2]));
	} else if (argc == 5 && !strcmp(argv[1], "send")) {
		rc = send_to((unsigned int)strtoul(argv[2], NULL, 10),
			     (unsigned int)atoi(argv[3]),
			     strtoul(argv[4], NULL, 10));
	} else {
		fprintf(stderr, "usage: vsock listen PORT | vsock send CID PORT BYTES\n");
		return 2;
	}
	if (rc)
		perror("vsock");
	return rc ? 1 : 0;
}
