// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cores of domains: what is in the file, where debuggers look for it, and what
 * becomes of the domain; and the walk of page tables, which are a guest's and may
 * be anything.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
/* That header's and the hypervisor's. */
#undef PAGE_SHIFT
#undef PAGE_SIZE
#undef PAGE_MASK
#include "dump.h"
#include "dump_walk.h"
#include "harness.h"
#include "image.h"

#define PAGE		4096UL
#define KERNEL_MAP	0xffffffff80000000UL
#define INFO		"OSRELEASE=6.12.0\nPAGESIZE=4096\nSYMBOL(x)=1\n"

/* --- The file ------------------------------------------------------------- */

static uint8_t *core;
static size_t core_size;

static void load_core(const char *name)
{
	FILE *f = fopen(path(name), "r");

	ck_assert_ptr_nonnull(f);
	free(core);
	fseek(f, 0, SEEK_END);
	core_size = (size_t)ftell(f);
	rewind(f);
	core = malloc(core_size);
	ck_assert_uint_eq(fread(core, 1, core_size, f), core_size);
	fclose(f);
}

static const Elf64_Phdr *phdr(unsigned int i)
{
	return (const Elf64_Phdr *)(core + sizeof(Elf64_Ehdr)) + i;
}

/* What a debugger finds at an address. */
static const uint8_t *at(uint64_t va)
{
	unsigned int i, n = ((const Elf64_Ehdr *)core)->e_phnum;

	for (i = 0; i < n; i++)
		if (phdr(i)->p_type == PT_LOAD && va >= phdr(i)->p_vaddr &&
		    va - phdr(i)->p_vaddr < phdr(i)->p_filesz) {
			ck_assert_uint_le(phdr(i)->p_offset +
					  phdr(i)->p_filesz, core_size);
			return core + phdr(i)->p_offset + va -
			       phdr(i)->p_vaddr;
		}
	return NULL;
}

/* The data of the nth note with this name, or NULL. */
static const void *note_of(const char *name, unsigned int type, unsigned int n)
{
	size_t done = 0, data;
	const Elf64_Nhdr *h;

	ck_assert_uint_eq(phdr(0)->p_type, PT_NOTE);
	while (done < phdr(0)->p_filesz) {
		h = (const void *)(core + phdr(0)->p_offset + done);
		data = done + sizeof(*h) + ((h->n_namesz + 3U) & ~3U);
		if (!strcmp((const char *)(h + 1), name) && h->n_type == type &&
		    !n--)
			return core + phdr(0)->p_offset + data;
		done = data + ((h->n_descsz + 3U) & ~3U);
	}
	return NULL;
}

static void check_registers(const struct fake_domain *d)
{
	const void *note = note_of("CORE", NT_PRSTATUS, 0);
	struct user_regs_struct regs;
	struct elf_prstatus status;

	ck_assert_ptr_nonnull(note);
	memcpy(&status, note, sizeof(status));
	ck_assert_int_eq(status.pr_pid, 1);
	memcpy(&regs, &status.pr_reg, sizeof(regs));
	ck_assert_uint_eq(regs.rip, d->context.rip);
	ck_assert_uint_eq(regs.rsp, d->context.rsp);
	ck_assert_uint_eq(regs.rsi, d->context.rsi);
	ck_assert_uint_eq(regs.cs, RINGLET_KERNEL_CS);
	ck_assert_ptr_null(note_of("CORE", NT_PRSTATUS, 1));
}

/* Linux's map of its kernel: 1 GiB from physical address 0 on, by large pages. */
static void map_kernel(struct fake_domain *d)
{
	uint64_t *tables = (uint64_t *)(fake_memory_of(d) + 400 * PAGE);
	unsigned int i;

	tables[511] = 401 * PAGE | 3;
	tables[512 + 510] = 402 * PAGE | 3;
	for (i = 0; i < 512; i++)
		tables[1024 + i] = (uint64_t)i << 21 | 0x83;
	d->context.root = 400 * PAGE;
}

/*
 * A running domain: its registers, its memory where it is and where its kernel has
 * it; a page that it does not have is a hole between others.
 */
START_TEST(has_all_of_a_domain)
{
	struct fake_domain *d;
	const Elf64_Ehdr *header;
	struct image im;
	uint8_t *memory;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	memory = fake_memory_of(d);
	memcpy(memory + 100 * PAGE, INFO, sizeof(INFO));
	memset(memory + 300 * PAGE, 0x5a, 3 * PAGE);
	mprotect(memory + 301 * PAGE, PAGE, PROT_NONE);
	d->context.r15 = 0x1515;
	map_kernel(d);
	OK("dump-core", "web", "web.core");
	SAYS("web.core: ");
	SAYS(" 1 vCPUs");
	mprotect(memory + 301 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	ck_assert_uint_eq(d->pauses, 0);
	load_core("web.core");
	header = (const Elf64_Ehdr *)core;
	ck_assert_int_eq(memcmp(header->e_ident, ELFMAG, SELFMAG), 0);
	ck_assert_uint_eq(header->e_type, ET_CORE);
	ck_assert_uint_eq(header->e_machine, EM_X86_64);
	check_registers(d);
	ck_assert_str_eq(note_of("VMCOREINFO", 0, 0), INFO);
	/* Physical: all of it, with the shared page behind it. */
	ck_assert_uint_eq(phdr(1)->p_vaddr, 0);
	ck_assert_uint_ge(phdr(1)->p_filesz, d->info.shared_gfn * PAGE);
	ck_assert_mem_eq(at(300 * PAGE), memory + 300 * PAGE, PAGE);
	ck_assert_uint_eq(*at(301 * PAGE), 0);
	ck_assert_mem_eq(at(302 * PAGE), memory + 302 * PAGE, PAGE);
	/* Virtual: where the tables map the kernel. */
	image_make(&im);
	ck_assert_ptr_nonnull(at(d->context.rip));
	ck_assert_mem_eq(at(KERNEL_MAP + image_phdr(&im, 0)->p_paddr),
			 im.bytes + image_phdr(&im, 0)->p_offset, PAGE);
	ck_assert_ptr_null(at(KERNEL_MAP - 1));
}
END_TEST

/* What a debugger makes of it: registers, and memory by both addresses. */
START_TEST(gdb_reads_it)
{
	struct fake_domain *d;
	const char *text;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	map_kernel(d);
	memset(fake_memory_of(d) + 300 * PAGE, 0x5a, PAGE);
	d->context.r15 = 0x15151515;
	OK("dump-core", "web", "web.core");
	ck_assert_int_eq(system("gdb -q -nx -batch -c web.core -ex 'p/x $r15' "
				"-ex 'x/xg 0x12c000' -ex 'x/xg 0xffffffff8012c008' "
				"-ex 'info threads' >gdb.out 2>&1 </dev/null"), 0);
	text = read_file("gdb.out");
	ck_assert_msg(strstr(text, "$1 = 0x15151515"), "%s", text);
	ck_assert_msg(strstr(text, "0x12c000:\t0x5a5a5a5a5a5a5a5a"), "%s", text);
	ck_assert_msg(strstr(text, "0xffffffff8012c008:\t0x5a5a5a5a5a5a5a5a"),
		      "%s", text);
}
END_TEST

/* A core is sparse: a domain's memory is mostly zero. */
START_TEST(is_sparse)
{
	struct stat st;

	OK("create", "-q", "web.cfg");
	OK("dump-core", "web", "web.core");
	ck_assert_int_eq(stat(path("web.core"), &st), 0);
	ck_assert_uint_gt((size_t)st.st_size, 32UL << 20);
	ck_assert_uint_lt((size_t)st.st_blocks * 512, 4UL << 20);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(paused_stays_paused)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	OK("pause", "web");
	OK("dump-core", "web", "web.core");
	ck_assert_uint_eq(d->pauses, 1);
}
END_TEST

START_TEST(failures_have_sentences)
{
	struct rlimit small = { 2 << 20, 2 << 20 };
	struct fake_domain *d;

	FAILS("there is no domain 'web'", "dump-core", "web", "web.core");
	FAILS("domain 0 cannot be dumped", "dump-core", "0", "web.core");
	ck_assert_int_eq(RINGLET("dump-core", "web"), 2);
	OK("create", "-q", "web.cfg");
	d = fake_find("web");
	write_file("there", "x", 1);
	FAILS("there is a file there already: give another name, or -f",
	      "dump-core", "web", "there");
	OK("dump-core", "-f", "web", "there");
	FAILS("cannot write no/such/place: No such file",
	      "dump-core", "web", "no/such/place");
	FAILS("a core can be written to a file only: /dev/null is none",
	      "dump-core", "-f", "web", "/dev/null");
	ck_assert_int_eq(access("/dev/null", F_OK), 0);
	signal(SIGXFSZ, SIG_IGN);
	memset(fake_memory_of(d) + (4 << 20), 1, PAGE);
	setrlimit(RLIMIT_FSIZE, &small);
	FAILS("there is no room for a core of domain 'web' in full",
	      "dump-core", "web", "full");
	ck_assert(!exists("full"));
	ck_assert_uint_eq(d->pauses, 0);
}
END_TEST

/* --- on_crash ------------------------------------------------------------- */

START_TEST(crash_leaves_a_core)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg", "on_crash=coredump-destroy");
	d = fake_find("web");
	memset(fake_memory_of(d) + 300 * PAGE, 0x5a, PAGE);
	fake_end(d, RINGLET_SHUTDOWN_CRASH, "");
	WAIT_FOR(!exists("domains/web.json"));
	ck_assert_ptr_null(fake_find("web"));
	load_core("state/dump/web.core");
	ck_assert_uint_eq(*at(300 * PAGE), 0x5a);
	ck_assert_msg(strstr(read_file("console-web.log"),
			     "state/dump/web.core"), "no word of it");
}
END_TEST

START_TEST(crash_leaves_a_core_and_restarts)
{
	struct fake_domain *d;
	unsigned int domid;

	OK("create", "-q", "web.cfg", "on_crash=coredump-restart");
	d = fake_find("web");
	domid = d->info.domid;
	fake_end(d, RINGLET_SHUTDOWN_KILLED, "it was wrong");
	WAIT_FOR((d = fake_find("web")) && d->info.domid != domid &&
		 !d->pauses);
	load_core("state/dump/web.core");
	/* What cannot be written does not keep it from its next life. */
	ck_assert_int_eq(chmod(path("state/dump"), 0), 0);
	ck_assert_int_eq(rename(path("state"), path("was")), 0);
	write_file("state", "", 0);
	domid = d->info.domid;
	fake_end(d, RINGLET_SHUTDOWN_KILLED, "it was wrong");
	WAIT_FOR((d = fake_find("web")) && d->info.domid != domid &&
		 !d->pauses);
	ck_assert_msg(strstr(read_file("console-web.log"),
			     "there is no core of it: cannot make the directory"),
		      "no word of it");
}
END_TEST

/* A daemon that is killed while it dumps: the next one begins again. */
START_TEST(dumps_again_after_a_kill)
{
	struct fake_domain *d;

	OK("create", "-q", "web.cfg", "on_crash=coredump-destroy");
	d = fake_find("web");
	stop_daemon(SIGKILL);
	fake_end(d, RINGLET_SHUTDOWN_CRASH, "");
	start_daemon();
	WAIT_FOR(!exists("domains/web.json"));
	load_core("state/dump/web.core");
}
END_TEST

/* --- The walk ------------------------------------------------------------- */

#define WALK_PAGES	1024UL
#define WALK_MAX	8
#define P		3UL		/* present, writable */
#define LARGE		0x80UL
#define ROOT		1UL

static uint64_t tables[WALK_PAGES][512];
static Elf64_Phdr found[WALK_MAX];
static struct dump_walk walked;

static void walk_tables(uint64_t pages)
{
	walked = (struct dump_walk){
		.memory = (const uint8_t *)tables, .pages = pages,
		.segments = found, .max = WALK_MAX,
	};
	dump_walk(&walked, ROOT * PAGE);
}

/* Tables 1, 2, 3, 4 for one slot; the last has what the test writes. */
static uint64_t *chain(unsigned int slot)
{
	memset(tables, 0, sizeof(tables));
	tables[ROOT][slot] = 2 * PAGE | P;
	tables[2][0] = 3 * PAGE | P;
	tables[3][0] = 4 * PAGE | P;
	return tables[4];
}

static void check_found(unsigned int i, uint64_t va, uint64_t gpa, uint64_t size)
{
	ck_assert_uint_lt(i, walked.nr);
	ck_assert_uint_eq(found[i].p_vaddr, va);
	ck_assert_uint_eq(found[i].p_paddr, gpa);
	ck_assert_uint_eq(found[i].p_offset, RL_DUMP_MEMORY + gpa);
	ck_assert_uint_eq(found[i].p_filesz, size);
	ck_assert_uint_eq(found[i].p_memsz, size);
}

START_TEST(joins_what_is_contiguous)
{
	uint64_t *t = chain(300), va = 0xffff960000000000UL;

	t[0] = 100 * PAGE | P;
	t[1] = 101 * PAGE | P;
	t[2] = 200 * PAGE | P;
	t[4] = 201 * PAGE | P;
	t[5] = WALK_PAGES * PAGE | P;		/* not in its memory */
	t[6] = 500 * PAGE;			/* not present */
	walk_tables(WALK_PAGES);
	ck_assert_uint_eq(walked.nr, 3);
	ck_assert(!walked.cut);
	check_found(0, va, 100 * PAGE, 2 * PAGE);
	check_found(1, va + 2 * PAGE, 200 * PAGE, PAGE);
	check_found(2, va + 4 * PAGE, 201 * PAGE, PAGE);
}
END_TEST

START_TEST(cuts_large_pages_off)
{
	chain(511);
	tables[3][1] = LARGE | P;
	tables[2][5] = LARGE | P;		/* 1 GiB at 0 */
	walk_tables(WALK_PAGES - 24);
	ck_assert_uint_eq(walked.nr, 2);
	check_found(0, 0xffffff8000200000UL, 0, 512 * PAGE);
	check_found(1, 0xffffff8140000000UL, 0, (WALK_PAGES - 24) * PAGE);
}
END_TEST

START_TEST(kernel_comes_first)
{
	uint64_t *t = chain(272);

	t[7] = 50 * PAGE | P;
	tables[ROOT][511] = tables[ROOT][272];
	/* Ring 3's, and the hypervisor's, which a guest's tables do not decide. */
	tables[ROOT][5] = tables[ROOT][260] = tables[ROOT][272];
	walk_tables(WALK_PAGES);
	ck_assert_uint_eq(walked.nr, 2);
	check_found(0, 0xffffff8000007000UL, 50 * PAGE, PAGE);
	check_found(1, 0xffff880000007000UL, 50 * PAGE, PAGE);
}
END_TEST

/* Every table names itself, everywhere: 512^3 translations. */
START_TEST(ends_in_loops)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		tables[ROOT][i] = ROOT * PAGE | P;
	walk_tables(WALK_PAGES);
	ck_assert(walked.cut);
	ck_assert_uint_le(walked.nr, WALK_MAX);
}
END_TEST

START_TEST(knows_its_memory)
{
	chain(300);
	tables[ROOT][300] = WALK_PAGES * PAGE | P;
	walk_tables(WALK_PAGES);
	ck_assert_uint_eq(walked.nr, 0);
	walk_tables(1);				/* the root is not in it */
	ck_assert_uint_eq(walked.nr, 0);
	walk_tables(0);
	ck_assert_uint_eq(walked.nr, 0);
}
END_TEST

START_TEST(tells_of_too_much)
{
	uint64_t *t = chain(300);
	unsigned int i;

	for (i = 0; i < WALK_MAX + 1; i++)
		t[2 * i] = 9 * PAGE | P;
	walk_tables(WALK_PAGES);
	ck_assert_uint_eq(walked.nr, WALK_MAX);
	ck_assert(walked.cut);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tools_dump");
	TCase *t = tcase_create("core");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup_daemon, teardown);
	tcase_add_test(t, has_all_of_a_domain);
	tcase_add_test(t, gdb_reads_it);
	tcase_add_test(t, is_sparse);
	tcase_add_test(t, paused_stays_paused);
	tcase_add_test(t, failures_have_sentences);
	tcase_add_test(t, crash_leaves_a_core);
	tcase_add_test(t, crash_leaves_a_core_and_restarts);
	tcase_add_test(t, dumps_again_after_a_kill);
	suite_add_tcase(s, t);
	t = tcase_create("walk");
	tcase_add_test(t, joins_what_is_contiguous);
	tcase_add_test(t, cuts_large_pages_off);
	tcase_add_test(t, kernel_comes_first);
	tcase_add_test(t, ends_in_loops);
	tcase_add_test(t, knows_its_memory);
	tcase_add_test(t, tells_of_too_much);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
