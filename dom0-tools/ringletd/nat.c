// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network that works without being set up: bridge ringlet0, whose domains
 * reach whatever domain 0 reaches, with domain 0's addresses.
 *
 * It is made when the first interface needs it, and left alone when there is a
 * bridge of this name already. What it needs of programs is nft, for the
 * translation of addresses, and dnsmasq, which tells domains theirs: without
 * them domains reach domain 0 and each other.
 */
#include "devices.h"
#include "device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NETWORK	"192.168.177"

static const char rules[] =
	"table ip ringlet {\n"
	"  chain postrouting {\n"
	"    type nat hook postrouting priority srcnat;\n"
	"    ip saddr " NETWORK ".0/24 ip daddr != " NETWORK ".0/24 masquerade\n"
	"  }\n"
	"  chain forward {\n"
	"    type filter hook forward priority filter;\n"
	"    iifname != \"" RL_DEFAULT_BRIDGE "\" oifname \"" RL_DEFAULT_BRIDGE "\" ct state established,related accept\n"
	"    iifname != \"" RL_DEFAULT_BRIDGE "\" oifname \"" RL_DEFAULT_BRIDGE "\" drop\n"
	"  }\n"
	"}\n";

static void nat_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/devices/%s", rl_run_dir(), name);
}

static int set_address(int s, struct ifreq *r, unsigned long request,
		       const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	inet_pton(AF_INET, text, &a.sin_addr);
	memcpy(&r->ifr_addr, &a, sizeof(a));
	return ioctl(s, request, r);
}

/* Bridge, address, up; packets go from one network to the other. */
static int make_bridge(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), fd, rc = 0;
	struct ifreq r = { .ifr_flags = 0 };

	strcpy(r.ifr_name, RL_DEFAULT_BRIDGE);
	if (s < 0 || ioctl(s, SIOCBRADDBR, RL_DEFAULT_BRIDGE) ||
	    set_address(s, &r, SIOCSIFADDR, NETWORK ".1") ||
	    set_address(s, &r, SIOCSIFNETMASK, "255.255.255.0") ||
	    ioctl(s, SIOCGIFFLAGS, &r))
		rc = -errno;
	r.ifr_flags |= IFF_UP;
	if (!rc && ioctl(s, SIOCSIFFLAGS, &r))
		rc = -errno;
	if (s >= 0)
		close(s);
	fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);
	if (!rc && (fd < 0 || write(fd, "1", 1) != 1))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Give nft its rules. */
static void translate(void)
{
	char program[PATH_LEN], *argv[] = { program, (char *)"-f", (char *)"-",
					    NULL };
	int in[2], status = -1;
	pid_t pid;

	if (!rl_program("nft", program, sizeof(program)) ||
	    pipe2(in, O_CLOEXEC)) {
		note("there is no nft (Debian's package nftables): domains in %s reach domain 0 and each other only",
		     RL_DEFAULT_BRIDGE);
		return;
	}
	pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		execv(program, argv);
		_exit(127);
	}
	if (write(in[1], rules, sizeof(rules) - 1) < 0)
		note("cannot write to nft: %s", strerror(errno));
	close(in[0]);
	close(in[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		note("nft did not take the rules for %s: domains there reach domain 0 and each other only",
		     RL_DEFAULT_BRIDGE);
}

/* Addresses and names, by dnsmasq if there is one. It gives up its rights. */
static void serve_addresses(void)
{
	char program[PATH_LEN], leases[PATH_LEN + 24], log[PATH_LEN];
	char path[PATH_LEN], file[PATH_LEN];
	char *argv[] = {
		program, (char *)"--keep-in-foreground",
		(char *)"--conf-file=/dev/null", (char *)"--pid-file=",
		(char *)"--user=nobody",
		(char *)"--interface=" RL_DEFAULT_BRIDGE,
		(char *)"--except-interface=lo", (char *)"--bind-interfaces",
		(char *)"--dhcp-range=" NETWORK ".2," NETWORK ".254", leases,
		(char *)"--dhcp-no-override", NULL
	};
	struct spawn s = {
		.argv = argv,
		.trusted = true,
		.log = log,
		.path = path,
	};

	nat_path("dnsmasq.pid", path, sizeof(path));
	if (service_running(path) ||
	    !rl_program("dnsmasq", program, sizeof(program)))
		return;
	nat_path("dnsmasq.leases", file, sizeof(file));
	snprintf(leases, sizeof(leases), "--dhcp-leasefile=%s", file);
	snprintf(log, sizeof(log), "%s/dnsmasq.log", rl_log_dir());
	if (service_spawn(&s) < 0)
		note("cannot start %s", program);
}

/* Several children may be here at once, for several interfaces. */
int nat_prepare(char *why, size_t size)
{
	char path[PATH_LEN];
	int lock, rc = 0;
	bool ours;

	nat_path("network", path, sizeof(path));
	ours = !access(path, F_OK);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0 || flock(lock, LOCK_EX)) {
		snprintf(why, size, "cannot write %s: %s", path,
			 strerror(errno));
		return -1;
	}
	if (!if_nametoindex(RL_DEFAULT_BRIDGE)) {
		rc = make_bridge();
		if (!rc)
			translate();
		ours = true;
	}
	if (!rc && ours)
		serve_addresses();
	else
		unlink(path);
	close(lock);
	if (rc)
		snprintf(why, size, "cannot make the network %s: %s",
			 RL_DEFAULT_BRIDGE, strerror(-rc));
	return rc;
}
