// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tools as people use them: the command and the daemon run as processes, on
 * a hypervisor of the test (dom0-tools/tests/fake.c), whose guests the test
 * plays. What is asked: do verbs do what they say, does each failure have its
 * sentence, does a daemon that is killed lose anything.
 */
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
#include <json-c/json.h>
#include "daemon.h"
#include "harness.h"
#include "image.h"

/* --- Sentences ------------------------------------------------------------ */

START_TEST(says_who_is_wrong)
{
	fake->open_error = EACCES;
	FAILS("only root may control domains", "list");
	fake->open_error = ENOENT;
	FAILS("not running under Ringlet", "list");
	FAILS("not running under Ringlet", "create", "-q", "web.cfg");
	fake->open_error = 0;
	fake->abi_version = 2;
	FAILS("the running Ringlet has version 2 of the ABI, these tools are for version 1", "list");
	fake->abi_version = RINGLET_ABI_VERSION;
	FAILS("ringletd is not running", "create", "-q", "web.cfg");
	FAILS("ringletd is not running", "console", "web");
	FAILS("there is no domain 'web'", "pause", "web");
	FAILS("there is no domain 7", "destroy", "7");
	FAILS("there is no domain 7000", "destroy", "7000");
	FAILS("domain 0 cannot be destroyed", "destroy", "0");
	FAILS("domain 0 cannot be paused", "pause", "Domain-0");
	FAILS("domain 0 is not ended from here", "shutdown", "0");
}
END_TEST

START_TEST(explains_usage)
{
	ck_assert_int_eq(RINGLET("frobnicate"), 2);
	SAYS("there is no verb 'frobnicate'");
	ck_assert_int_eq(RINGLET("list", "-x"), 2);
	SAYS("there is no option '-x'");
	ck_assert_int_eq(RINGLET("list", "--frob"), 2);
	SAYS("there is no option '--frob'");
	ck_assert_int_eq(RINGLET("destroy"), 2);
	SAYS("an argument is missing");
	ck_assert_int_eq(RINGLET("destroy", "a", "b"), 2);
	SAYS("too many arguments");
	ck_assert_int_eq(RINGLET("create"), 2);
	SAYS("the configuration file is missing");
	ck_assert_int_eq(RINGLET("shutdown", "-a", "web"), 2);
	OK("help");
	SAYS("vm-list");
	OK("help", "create");
	SAYS("--dryrun");
	OK("list", "--help");
	OK("--version");
	SAYS("ABI version 1");
}
END_TEST

START_TEST(checks_without_hypervisor)
{
	fake->open_error = ENOENT;
	OK("create", "-n", "web.cfg", "memory=48");
	SAYS("\"name\": \"web\"");
	SAYS("\"memory\": 48");
	FAILS("cannot read configuration file none.cfg: No such file", "create", "-n", "none.cfg");
	FAILS("cannot read kernel", "create", "-n", "web.cfg", "kernel=none");
	FAILS("cannot read ramdisk", "create", "-n", "web.cfg", "ramdisk=none");
	FAILS("did you mean 'memory'?", "create", "-n", "web.cfg", "mem0ry=5");
	FAILS("kernel cannot be moved and ends at 17 MiB", "create", "-n", "web.cfg", "memory=4");
}
END_TEST

START_TEST(refuses_images)
{
	static struct image im;

	image_make(&im);
	image_note(&im)->abi_version = 9;
	write_file("vmlinux", &im, sizeof(im));
	FAILS("kernel is for version 9 of the Ringlet ABI", "create", "-q", "web.cfg");
	image_make(&im);
	image_nhdr(&im)->n_type = 77;
	write_file("vmlinux", &im, sizeof(im));
	FAILS("kernel has no Ringlet note", "create", "-q", "web.cfg");
	FAILS("'maxvcpus' must be at least 'vcpus': they are 2 and 3", "create",
	      "-q", "web.cfg", "vcpus=3", "maxvcpus=2");
	image_make(&im);
	write_file("vmlinux", &im, sizeof(im));
	ck_assert_int_eq(truncate(path("initrd"), 40 << 20), 0);
	FAILS("ramdisk", "create", "-q", "web.cfg");
	SAYS("has 40 MiB, the domain has only memory = 32 MiB");
	ck_assert_ptr_null(fake_find("web"));
	ck_assert(!exists("domains/web.json"));
}
END_TEST

START_TEST(refuses_for_want_of_memory)
{
	fake->free_pages = 20 << 8;
	FAILS("not enough memory for domain 'web': it needs 32 MiB and some for the hypervisor, 20 MiB are free",
	      "create", "-q", "web.cfg");
	ck_assert_ptr_null(fake_find("web"));
	ck_assert(!exists("domains/web.json"));
}
END_TEST

/* --- Life ----------------------------------------------------------------- */

START_TEST(creates_and_destroys)
{
	struct fake_domain *d;
	unsigned char *memory;

	OK("create", "web.cfg");
	SAYS("Parsing config from web.cfg");
	d = fake_find("web");
	ck_assert_ptr_nonnull(d);
	memory = fake_memory_of(d);
	ck_assert(d->started);
	ck_assert_uint_eq(d->pauses, 0);
	ck_assert_uint_eq(d->info.pages, (32 << 8) + 1);
	ck_assert_uint_eq(d->info.shared_gfn, 32 << 8);
	ck_assert_uint_eq(d->bus_gfn, (32 << 8) + 2);
	ck_assert_uint_eq(d->ports, 1);
	ck_assert_uint_eq(d->context.rip, IMAGE_BASE + 0x100);
	ck_assert_uint_eq(memory[IMAGE_BASE], image_byte(IMAGE_TEXT));
	ck_assert(exists("domains/web.json"));
	FAILS("the name 'web' is in use", "create", "-q", "web.cfg");

	OK("list");
	SAYS("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	SAYS("web                                          1    32");
	OK("list", "--json");
	SAYS("\"memory_mib\": 32");
	OK("vm-list");
	ck_assert_ptr_null(strstr(output, "Domain-0"));
	OK("domid", "web");
	ck_assert_str_eq(output, "1\n");
	OK("domname", "1");
	ck_assert_str_eq(output, "web\n");
	OK("uptime", "web");
	OK("vcpu-list", "--json");
	OK("info");
	SAYS("total_memory           : 1024");
	OK("info", "--json");
	OK("perf", "web");
	SAYS("hypercalls");
	SAYS("4711");
	OK("perf", "--json", "web");
	OK("perf", "-e", "web");
	SAYS("0f 32");

	OK("vcpu-set", "web", "1");
	FAILS("domain 'web' can have at most 1 vCPUs", "vcpu-set", "web", "2");
	OK("pause", "web");
	ck_assert_uint_eq(d->pauses, 1);
	OK("unpause", "web");
	FAILS("domain 1 is not paused", "unpause", "web");
	FAILS("does not listen to requests", "shutdown", "web");
	OK("dest", "web");
	WAIT_FOR(!exists("domains/web.json"));
	ck_assert_ptr_null(fake_find("web"));
	ck_assert_uint_eq(fake->free_pages, 100 << 8);
	OK("create", "-q", "-p", "web.cfg", "name=other");
	ck_assert_uint_eq(fake_find("other")->pauses, 1);
}
END_TEST

START_TEST(shares_cpus)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg", "vcpus=3", "cpus=[\"0\", \"all,^0\"]",
	   "cpus_soft=1", "cap=250", "cpu_weight=512");
	d = fake_find("web");
	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(d->info.cap, 250);
	ck_assert_uint_eq(d->affinity[0].hard[0], 1);
	ck_assert_uint_eq(d->affinity[1].hard[0], 2);
	ck_assert_uint_eq(d->affinity[2].hard[0], 3);
	ck_assert_uint_eq(d->affinity[2].soft[0], 2);
	OK("vcpu-list", "web");
	SAYS("Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n"
	     "web                                  1     0     0   ---       0.0  0 / 1\n"
	     "web                                  1     1     0   ---       0.0  1 / 1\n"
	     "web                                  1     2     0   ---       0.0  all / 1\n");
	OK("vcpu-list", "--json", "web");
	SAYS("\"hard_affinity\": \"all\"");
	OK("vcpu-pin", "web", "0", "-", "0-1");
	ck_assert_uint_eq(d->affinity[0].hard[0], 1);
	ck_assert_uint_eq(d->affinity[0].soft[0], 3);
	OK("vcpu-pin", "-f", "web", "all", "1", "-");
	ck_assert_uint_eq(d->affinity[0].hard[0], 2);
	ck_assert_uint_eq(d->affinity[2].hard[0], 2);
	FAILS("it has 0 to 2, and 'all'", "vcpu-pin", "web", "3", "all");
	FAILS("this host has 0 to 1", "vcpu-pin", "web", "0", "1-2");
	FAILS("names no CPU", "vcpu-pin", "web", "0", "0,^0");
	FAILS("there is no domain 'x'", "vcpu-pin", "x", "0", "0");
	ck_assert_int_eq(RINGLET("vcpu-pin", "web", "0"), 2);

	OK("sched-credit2");
	SAYS("Name                                ID Weight  Cap\n"
	     "Domain-0                             0    256    0\n"
	     "web                                  1    512  250\n");
	OK("sched-credit2", "-d", "web", "-w", "100", "-c", "0");
	ck_assert_uint_eq(d->info.weight, 100);
	ck_assert_uint_eq(d->info.cap, 0);
	OK("sched-credit2", "--json", "--domain=web");
	SAYS("\"weight\": 100");
	FAILS("a weight must be 1 to 65535", "sched-credit2", "-d", "web",
	      "-w", "0");
	FAILS("must be 0 to 100 percent for each of its vCPUs: it is 301",
	      "sched-credit2", "-d", "web", "-c", "301");
	ck_assert_int_eq(RINGLET("sched-credit2", "-w", "5"), 2);
	SAYS("which domain?");
	FAILS("could run nowhere", "create", "-q", "web.cfg", "name=nowhere",
	      "cpus=7");
	ck_assert_ptr_null(fake_find("nowhere"));
}
END_TEST

START_TEST(shows_what_is_used)
{
	struct json_object *table, *json;
	struct fake_domain *d;
	const char *second;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	d->info.cpu_time = 12 * 1000000000ULL;
	OK("top", "-b", "-n", "1");
	SAYS("      NAME  STATE    CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS\n");
	SAYS("       web  ------         12");
	ck_assert_ptr_null(strstr(output, "domains:"));
	OK("top", "--json", "-i", "2", "-d", "0.1");
	second = strstr(output, "}\n{");
	ck_assert_ptr_nonnull(second);
	table = json_tokener_parse(second + 2);
	ck_assert_ptr_nonnull(table);
	json = json_object_array_get_idx(json_object_object_get(table,
								"domains"), 1);
	ck_assert_str_eq(json_object_get_string(
			 json_object_object_get(json, "name")), "web");
	/* It has used nothing since the first table. */
	ck_assert(json_object_get_double(
		  json_object_object_get(json, "cpu_percent")) == 0);
	json_object_put(table);
	FAILS("this is not a terminal: use -b", "top");
	ck_assert_int_eq(RINGLET("top", "-d", "soon"), 2);
	SAYS("the delay must be 0.1 to 86400 seconds: it is 'soon'");
	ck_assert_int_eq(RINGLET("top", "-n", "0"), 2);
}
END_TEST

START_TEST(prints_figures)
{
	struct fake_domain *d;
	const char *text;

	OK("create", "-q", "web.cfg", "name=we\"b");
	d = fake_find("we\"b");
	d->info.cpu_time = 12000000345ULL;
	OK("metrics");
	SAYS("# TYPE ringlet_domain_cpu_seconds_total counter\n");
	SAYS("ringlet_domain_cpu_seconds_total{domain=\"we\\\"b\"} 12.000000345\n");
	SAYS("ringlet_domain_events_total{domain=\"we\\\"b\",event=\"hypercalls\"} 4711\n");
	SAYS("ringlet_domains ");
	/* Each metric is described once, with its samples behind that. */
	text = strstr(output, "# TYPE ringlet_domain_memory_bytes gauge\n");
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text + 1, "# TYPE ringlet_domain_memory_bytes"));
	write_file("all.prom", "old", 3);
	OK("metrics", "-o", "all.prom");
	ck_assert_str_eq(output, "");
	ck_assert_ptr_nonnull(strstr(read_file("all.prom"), "ringlet_cpus 2\n"));
	FAILS("cannot write", "metrics", "-o", "no/such/place");
	OK("info");
	SAYS("xen_major              : ");
	SAYS("threads_per_core       : ");
}
END_TEST

START_TEST(acts_on_ends)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	fake_print(d, "last words");
	d->listens = true;
	OK("shutdown", "-w", "web");
	ck_assert_ptr_null(fake_find("web"));
	ck_assert_msg(strstr(read_file("console-web.log"), "last words"),
		      "last output is missing");

	OK("create", "-q", "web.cfg", "on_crash=preserve");
	d = fake_find("web");
	fake_end(d, RINGLET_SHUTDOWN_KILLED, "returned to a wrong address");
	WAIT_FOR(strstr(read_file("domains/web.json"), "ended"));
	OK("list", "web");
	SAYS("---sc-");
	OK("list", "--json", "web");
	SAYS("returned to a wrong address");
	ck_assert(strstr(read_file("console-web.log"),
			 "killed by Ringlet: returned to a wrong address"));
	OK("destroy", "web");
	WAIT_FOR(!exists("domains/web.json"));
}
END_TEST

START_TEST(restarts)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	fake_print(d, "first life\r\n");
	fake->busy_names = 2;
	d->listens = true;
	OK("reboot", "-w", "web");
	WAIT_FOR((d = fake_find("web")) && d->info.domid == 2 && !d->pauses);
	WAIT_FOR(strstr(read_file("domains/web.json"), "running"));
	ck_assert_ptr_nonnull(strstr(read_file("console-web.log"),
				     "first life\r\n"));
	unlink("vmlinux");
	fake_end(d, RINGLET_SHUTDOWN_REBOOT, "");
	WAIT_FOR(!exists("domains/web.json"));
	ck_assert(strstr(read_file("ringletd.log"),
			 "cannot restart domain 'web': cannot read kernel"));
}
END_TEST

/* A client that goes away takes its half-built domain with it. */
START_TEST(undoes_interrupted_create)
{
	char *argv[] = { (char *)"ringlet", (char *)"create",
			 (char *)"web.cfg", NULL };
	pid_t pid;

	fake->populate_delay = 200;
	optind = 0;
	pid = start_command(argv, 0);
	WAIT_FOR(fake_find("web") && fake_find("web")->info.pages);
	kill(pid, SIGINT);
	waitpid(pid, NULL, 0);
	WAIT_FOR(!fake_find("web") && !exists("domains/web.json"));
	ck_assert_uint_eq(fake->free_pages, 100 << 8);
}
END_TEST

/* So does a daemon that is killed while it builds, when the next one starts. */
START_TEST(undoes_create_of_killed_daemon)
{
	char *argv[] = { (char *)"ringlet", (char *)"create",
			 (char *)"web.cfg", NULL };
	pid_t pid;

	fake->populate_delay = 200;
	optind = 0;
	pid = start_command(argv, 0);
	WAIT_FOR(fake_find("web") && fake_find("web")->info.pages);
	stop_daemon(SIGKILL);
	ck_assert_int_eq(finish_command(pid), 1);
	SAYS("ringletd ended the connection");
	fake->populate_delay = 0;
	start_daemon();
	WAIT_FOR(!fake_find("web") && !exists("domains/web.json"));
}
END_TEST

START_TEST(finishes_restart_of_killed_daemon)
{
	OK("create", "-q", "web.cfg");
	fake->populate_delay = 200;
	fake_end(fake_find("web"), RINGLET_SHUTDOWN_REBOOT, "");
	WAIT_FOR(fake_find("web") && fake_find("web")->info.domid == 2);
	stop_daemon(SIGKILL);
	fake->populate_delay = 0;
	start_daemon();
	WAIT_FOR(fake_find("web") && fake_find("web")->info.domid == 3 &&
		 !fake_find("web")->pauses);
}
END_TEST

START_TEST(keeps_domains_when_killed)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	stop_daemon(SIGKILL);
	fake_print(d, "said while nobody listened\r\n");
	start_daemon();
	WAIT_FOR(strstr(read_file("console-web.log"), "nobody listened"));
	stop_daemon(SIGTERM);
	fake_end(d, RINGLET_SHUTDOWN_REBOOT, "");
	start_daemon();
	WAIT_FOR((d = fake_find("web")) && d->info.domid == 2 && !d->pauses);
}
END_TEST

/* Numbered lines through many kills: each one once, and in order. */
START_TEST(loses_no_line_when_killed)
{
	struct fake_domain *d;
	const char *p, *log;
	unsigned int i;
	char line[32];

	stop_daemon(SIGTERM);
	OK("help");
	start_daemon();
	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	for (i = 0; i < 1500; i++) {
		snprintf(line, sizeof(line), "line %05u\n", i);
		fake_print(d, line);
		if (i % 100 == 99) {
			stop_daemon(SIGKILL);
			start_daemon();
		}
	}
	WAIT_FOR(!d->out_len);
	WAIT_FOR(strstr(read_file("console-web.log"), "line 01499\n"));
	log = read_file("console-web.log");
	for (i = 0, p = log; i < 1500; i++) {
		snprintf(line, sizeof(line), "line %05u\n", i);
		ck_assert_msg(!strncmp(p, line, 11), "%u: '%.30s'", i, p);
		p += 11;
	}
}
END_TEST

/* Killed when it holds the only copy of some output. */
START_TEST(recovers_output_taken_by_killed_daemon)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	fake_print(d, "before\n");
	WAIT_FOR(strstr(read_file("console-web.log"), "before\n"));
	fake->kill_reader = true;
	fake_print(d, "precious\n");
	waitpid(daemon_pid, NULL, 0);
	ck_assert(!strstr(read_file("console-web.log"), "precious"));
	start_daemon();
	fake_print(d, "behind\n");
	WAIT_FOR(strstr(read_file("console-web.log"), "behind\n"));
	ck_assert_str_eq(read_file("console-web.log"),
			 "before\nprecious\nbehind\n");
}
END_TEST

/* What a client sends, and a part of the reply. */
static const char *const nonsense[][2] = {
	{ "garbage", "not understood" },
	{ "", "not understood" },
	{ "[]", "not understood" },
	{ "{\"op\":null}", "not understood" },
	{ "{\"op\":[5]}", "not understood" },
	{ "{\"op\":\"create\"}", "no configuration" },
	{ "{\"op\":\"create\",\"config\":[]}", "no configuration" },
	{ "{\"op\":\"create\",\"config\":{\"name\":null}}", "neither a string nor a number" },
	{ "{\"op\":\"create\",\"config\":{\"name\":\"../x\"}}", "cannot be the name" },
	{ "{\"op\":\"create\",\"config\":{\"name\":\"x\"}}", "has no kernel" },
	{ "{\"op\":\"console\"}", "there is no domain ''" },
	{ "{\"op\":\"console\",\"domain\":{}}", "there is no domain" },
};

START_TEST(answers_nonsense)
{
	static char text[RL_REQUEST_MAX + 4096];
	ssize_t n, len = 0;
	int fd = connect_daemon();

	memset(text, 'x', sizeof(text));
	if (_i) {
		snprintf(text, sizeof(text), "%s\n", nonsense[_i - 1][0]);
		ck_assert_int_gt(send(fd, text, strlen(text), MSG_NOSIGNAL), 0);
	} else {
		send(fd, text, sizeof(text), MSG_NOSIGNAL);
	}
	while ((n = recv(fd, text + len, sizeof(text) - 1 - (size_t)len, 0)) >
	       0)
		len += n;
	text[len] = 0;
	if (_i)
		ck_assert_msg(strstr(text, nonsense[_i - 1][1]), "%s", text);
	close(fd);
	OK("create", "-q", "web.cfg");
}
END_TEST

START_TEST(adopts_unknown_domains)
{
	struct fake_domain *d = fake_add("boot");

	fake_print(d, "hello\n");
	WAIT_FOR(strstr(read_file("console-boot.log"), "hello\n"));
	fake_end(d, RINGLET_SHUTDOWN_POWEROFF, "");
	WAIT_FOR(!fake_find("boot"));
}
END_TEST

/* --- Consoles ------------------------------------------------------------- */

static pid_t attach(const char *verb, const char *what, int *in)
{
	char *argv[] = { (char *)"ringlet", (char *)verb, (char *)what,
			 (char *)"-c", NULL };
	int pipefd[2];
	pid_t pid;

	if (strcmp(verb, "create"))
		argv[3] = NULL;
	ck_assert_int_eq(pipe2(pipefd, O_CLOEXEC), 0);
	optind = 0;
	unlink("output");
	pid = start_command(argv, pipefd[0]);
	close(pipefd[0]);
	*in = pipefd[1];
	return pid;
}

START_TEST(attaches)
{
	struct fake_domain *d;
	int in, other;
	pid_t pid, second;

	pid = attach("create", "web.cfg", &in);
	WAIT_FOR((d = fake_find("web")) && !d->pauses);
	fake_print(d, "booting\r\nlogin: ");
	WAIT_FOR(strstr(read_file("output"), "login: "));
	ck_assert_int_eq(write(in, "root\n", 5), 5);
	WAIT_FOR(d->in_len == 5);
	ck_assert_mem_eq(d->in, "root\n", 5);
	ck_assert_int_eq(write(in, "ab\x1d" "c", 4), 4);
	ck_assert_int_eq(finish_command(pid), 0);
	WAIT_FOR(d->in_len == 7);

	second = attach("console", "web", &other);
	WAIT_FOR(strstr(read_file("output"), "booting\r\nlogin: "));
	fake_print(d, "more\n");
	WAIT_FOR(strstr(read_file("output"), "more\n"));
	OK("destroy", "web");
	close(in);
	ck_assert_int_eq(finish_command(second), 0);
	close(other);
	FAILS("there is no domain 'web'", "console", "web");
	FAILS("that of the machine", "console", "0");
}
END_TEST

START_TEST(stays_attached_over_restart)
{
	struct fake_domain *d;
	pid_t pid;
	int in;

	pid = attach("create", "web.cfg", &in);
	WAIT_FOR((d = fake_find("web")) && !d->pauses);
	fake_end(d, RINGLET_SHUTDOWN_REBOOT, "");
	WAIT_FOR((d = fake_find("web")) && d->info.domid == 2 && !d->pauses);
	fake_print(d, "second life\n");
	WAIT_FOR(strstr(read_file("output"), "second life\n"));
	fake_end(d, RINGLET_SHUTDOWN_POWEROFF, "");
	ck_assert_int_eq(finish_command(pid), 0);
	SAYS("has ended: reboot; action: restart");
	SAYS("has ended: power off; action: destroy");
	close(in);
}
END_TEST

/* More input than the guest takes waits, and arrives in order. */
START_TEST(keeps_input_in_order)
{
	struct fake_domain *d;
	char text[6001];
	size_t got = 0, i;
	pid_t pid;
	int in;

	for (i = 0; i < 6000; i++)
		text[i] = (char)('a' + i % 26);
	pid = attach("create", "web.cfg", &in);
	WAIT_FOR((d = fake_find("web")) && !d->pauses);
	ck_assert_int_eq(write(in, text, 6000), 6000);
	while (got < 6000) {
		WAIT_FOR(d->in_len);
		pthread_mutex_lock(&fake->lock);
		ck_assert_mem_eq(d->in, text + got, d->in_len);
		got += d->in_len;
		d->in_len = 0;
		pthread_mutex_unlock(&fake->lock);
	}
	ck_assert_int_eq(write(in, "\x1d", 1), 1);
	ck_assert_int_eq(finish_command(pid), 0);
	close(in);
}
END_TEST

/*
 * A client that reads nothing: others go on, the log is cut at its size, and
 * the domain's output is taken at all times.
 */
START_TEST(slow_client_blocks_nobody)
{
	struct fake_domain *d;
	pid_t slow, pid;
	struct stat st;
	char line[256];
	int in, other;
	unsigned int i;

	slow = attach("create", "web.cfg", &in);
	WAIT_FOR((d = fake_find("web")) && !d->pauses);
	kill(slow, SIGSTOP);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = 0;
	for (i = 0; i < 8000; i++)
		fake_print(d, line);
	fake_print(d, "the end\n");
	WAIT_FOR(strstr(read_file("console-web.log"), "the end\n"));
	ck_assert_int_eq(stat(path("console-web.log"), &st), 0);
	ck_assert_int_le(st.st_size, 32 << 10);
	ck_assert_int_eq(stat(path("console-web.log.1"), &st), 0);
	ck_assert_int_le(st.st_size, 32 << 10);
	pid = attach("console", "web", &other);
	WAIT_FOR(strstr(read_file("output"), "the end\n"));
	ck_assert_int_eq(write(other, "\x1d", 1), 1);
	ck_assert_int_eq(finish_command(pid), 0);
	kill(slow, SIGCONT);
	kill(slow, SIGKILL);
	waitpid(slow, NULL, 0);
	close(in);
	close(other);
}
END_TEST

START_TEST(remembers_dmesg)
{
	strcpy(fake->log, "one\ntwo\n");
	fake->log_len = 8;
	OK("dmesg");
	ck_assert_str_eq(output, "one\ntwo\n");
	OK("dmesg", "-c");
	strcpy(fake->log + 8, "three\n");
	fake->log_len = 14;
	OK("dmesg", "--json");
	ck_assert_ptr_null(strstr(output, "two"));
	SAYS("three");
}
END_TEST

START_TEST(runs_once)
{
	char *argv[] = { (char *)"ringletd", (char *)"-F", NULL };
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		freopen(path("output"), "w", stderr);
		optind = 0;
		exit(ringletd_main(2, argv));
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	strcpy(output, read_file("output"));
	SAYS("ringletd is running already (process ");
}
END_TEST

static void add(Suite *s, const char *name, void (*begin)(void),
		const TTest *const *tests)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, begin, teardown);
	tcase_set_timeout(t, 120);
	for (; *tests; tests++)
		tcase_add_test(t, *tests);
	if (begin == setup_daemon)
		tcase_add_loop_test(t, answers_nonsense, 0,
				    sizeof(nonsense) / sizeof(nonsense[0]) + 1);
	suite_add_tcase(s, t);
}

int main(void)
{
	const TTest *const alone[] = {
		says_who_is_wrong, explains_usage, checks_without_hypervisor,
		NULL
	};
	const TTest *const with_daemon[] = {
		refuses_images, refuses_for_want_of_memory,
		creates_and_destroys, shares_cpus, shows_what_is_used,
		prints_figures,
		acts_on_ends, restarts,
		undoes_interrupted_create, undoes_create_of_killed_daemon,
		finishes_restart_of_killed_daemon, keeps_domains_when_killed,
		loses_no_line_when_killed,
		recovers_output_taken_by_killed_daemon,
		adopts_unknown_domains, attaches,
		stays_attached_over_restart, keeps_input_in_order,
		slow_client_blocks_nobody, remembers_dmesg, runs_once, NULL
	};
	Suite *s = suite_create("tools_daemon");
	SRunner *sr;
	int failed;

	add(s, "alone", setup, alone);
	add(s, "daemon", setup_daemon, with_daemon);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
