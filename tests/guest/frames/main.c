// SPDX-License-Identifier: GPL-2.0-only
/*
 * frames: a frame that changes its owner takes nothing along.
 *
 * The two classic ways to read another guest's memory: a translation that was
 * not flushed everywhere when the frame went, and a frame that was given on
 * unscrubbed. A control domain maps pages of a domain, on two vCPUs and in two
 * roots; when the mapping ends, and the frame becomes a third party's, no old
 * address may reach it, and its new owner must find zeroes.
 */
#include "guest.h"

const char test_title[] = "frames that change their owner";

#define SECOND		1000000000UL
#define WINDOW		0x0000018000000000UL
#define ROUNDS		6
#define SECRET		0x5ec2e7005ec2e700UL

/* Counts in its first word, says in the second what it found at the start. */
OTHER_CODE(counter,
	   "mov 0x800(%rdi), %rax\n\t"
	   "mov %rax, 8(%rdi)\n"
	   "1:\tincq (%rdi)\n\t"
	   "pause\n\t"
	   "jmp 1b");

static u64 second_root;

/* What the second vCPU does: read WINDOW without a pause, until it faults. */
static volatile u32 reader_go, reader_busy, reader_faults, reader_stop;
static volatile u32 ended, reader_stale;

static void reader_main(void *arg)
{
	u64 value;
	u32 over;

	(void)arg;
	CHECK_EQ(ringlet_load_root(second_root), 0);
	while (!reader_stop) {
		if (!reader_go) {
			ringlet_yield();
			continue;
		}
		over = ended;
		if (try_read(WINDOW, &value)) {
			reader_stale += over;
			reader_busy++;
		} else {
			reader_faults++;
			reader_go = 0;
		}
	}
	reader_stop = 2;
}

static void map_window(u64 gpa, u64 flags)
{
	map_page(guest.root, WINDOW, gpa, flags);
	map_page(second_root, WINDOW, gpa, flags);
}

/* Frames of a new domain are all zero, whatever they were before. */
static void check_scrubbed(u32 domid, u64 pages)
{
	u64 gfn, frame, i;

	for (gfn = 0; gfn < pages; gfn++) {
		const volatile u64 *p;

		if (ringlet_domctl_map(domid, gfn, 1, &frame) != 1) {
			failure("page %lu cannot be mapped", gfn);
			return;
		}
		p = (const volatile u64 *)(frame << 12);
		for (i = 0; i < PAGE_SIZE / 8; i++)
			if (p[i]) {
				failure("page %lu of a new domain has %#lx at %#lx",
					gfn, p[i], i * 8);
				break;
			}
		CHECK_EQ(ringlet_domctl_unmap(frame, 1), 1);
	}
}

/* A domain that only has memory, which we fill and which then is others'. */
static u32 hoard(const char *name, u64 pages, u64 pattern)
{
	struct ringlet_domain_create c = { .vcpus = 1, .max_pages = pages };
	u64 frame, i;
	s64 rc;

	memcpy(c.name, name, strlen(name));
	rc = ringlet_domctl_create(&c);
	if (rc < 0) {
		failure("domctl_create gave %ld", rc);
		finish();
	}
	CHECK_EQ(populate((u32)rc, pages), 0);
	for (i = 0; pattern && i < pages; i++) {
		if (ringlet_domctl_map((u32)rc, i, 1, &frame) != 1)
			continue;
		memset((void *)(frame << 12), (int)pattern, PAGE_SIZE);
		CHECK_EQ(ringlet_domctl_unmap(frame, 1), 1);
	}
	return (u32)rc;
}

static void test_scrub(void)
{
	struct ringlet_sysinfo info;
	u64 pages;
	u32 a, b;

	CHECK_EQ(ringlet_sysctl_info(&info), 0);
	/* Most of what is free, so that the second gets the first one's. */
	pages = info.free_pages * 2 / 3;
	if (pages > 8192)
		pages = 8192;
	a = hoard("first", pages, 0xa5);
	CHECK_EQ(ringlet_domctl_destroy(a), 0);
	b = hoard("second", pages, 0);
	check_scrubbed(b, pages);
	CHECK_EQ(ringlet_domctl_destroy(b), 0);
}

/* One frame: mapped, used on all vCPUs, unmapped, and somebody else's. */
static void one_round(u32 round)
{
	struct other a, b;
	u32 faults = reader_faults, i;
	u64 frame, value, start;

	if (!other_start(&a, counter, (size_t)(counter_end - counter)))
		return;
	frame = a.frames[5];		/* its data page */
	a.data[0x800 / 8] = SECRET + round;
	map_window(frame << 12, PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX);
	CHECK(try_read(WINDOW + 0x800, &value) && value == SECRET + round);
	/* Only we two run, so that the reader is in the middle of it. */
	CHECK_EQ(ringlet_domctl_pause(a.domid), 0);
	if (guest.vcpus > 1) {
		reader_busy = 0;
		reader_go = 1;
		CHECK(wait_count(&reader_busy, 1000, 10 * SECOND));
	}
	/* Our tables go on naming it: the hypervisor must see to it. */
	CHECK_EQ(ringlet_domctl_unmap(frame, 1), 1);
	a.frames[5] = 0;
	ended = 1;
	for (start = now(); now() - start < 2000000;)
		;
	CHECK_EQ(reader_stale, 0);
	other_end(&a);
	ended = 0;
	if (try_read(WINDOW + 0x800, &value))
		failure("round %u: an unmapped frame can be read: %#lx", round,
			value);
	if (try_write(WINDOW + 0x808, SECRET))
		failure("round %u: an unmapped frame can be written", round);
	if (guest.vcpus > 1)
		CHECK(wait_count(&reader_faults, faults + 1, 10 * SECOND));

	if (!other_start(&b, counter, (size_t)(counter_end - counter)))
		return;
	for (i = 0; i < 1000 && !b.data[0]; i++)
		ringlet_yield();
	CHECK(b.data[0] != 0);
	if (b.data[1])
		failure("round %u: a new domain finds %#lx", round, b.data[1]);
	CHECK(other_alive(&b));
	other_end(&b);
	map_window(0, 0);
	flush(RINGLET_ROOT_ALL, WINDOW, PAGE_SIZE, 0);
}

/*
 * Memory is taken away from a domain that is using it. It does not get any further;
 * we still have the page, for as long as we have it mapped, and it can be given
 * another one, which is empty.
 */
static void test_less_memory(void)
{
	struct ringlet_domain_info info;
	u64 frame, start = now();
	struct other o;
	u32 i;

	if (!other_start(&o, counter, (size_t)(counter_end - counter)))
		return;
	for (i = 0; i < 1000 && !o.data[0]; i++)
		ringlet_yield();
	CHECK(o.data[0] != 0);
	o.data[2] = SECRET;
	CHECK_EQ(ringlet_domctl_depopulate(o.domid, 5, 1, 0), 1);
	while (other_alive(&o) && now() - start < 10 * SECOND)
		ringlet_yield();
	CHECK(!other_alive(&o));
	CHECK_EQ(o.data[2], SECRET);
	CHECK_EQ(ringlet_domctl_map(o.domid, 5, 1, &frame), -RINGLET_ENOENT);
	while (ringlet_domctl_populate(o.domid, 5, 1, 0) == -RINGLET_EAGAIN)
		ringlet_yield();
	CHECK_EQ(ringlet_domctl_map(o.domid, 5, 1, &frame), 1);
	CHECK(frame != o.frames[5]);
	CHECK_EQ(((const volatile u64 *)(frame << 12))[2], 0);
	CHECK_EQ(o.data[2], SECRET);
	CHECK_EQ(ringlet_domctl_unmap(frame, 1), 1);
	/* All of it, page tables as well; the shared page stays. */
	CHECK_EQ(ringlet_domctl_depopulate(o.domid, 0, 64, 0), OTHER_FRAMES);
	CHECK_EQ(ringlet_domctl_info(o.domid, &info), o.domid);
	CHECK_EQ(info.pages, 0);
	other_end(&o);
}

void test_main(void)
{
	u32 round;

	if (!guest.control)
		return;
	second_root = root_new();
	if (guest.vcpus > 1)
		CHECK_EQ(cpu_start(1, reader_main, NULL), 0);
	events_on();
	for (round = 0; round < ROUNDS; round++)
		one_round(round);
	for (round = 0; round < ROUNDS; round++)
		test_less_memory();
	if (guest.vcpus > 1) {
		reader_stop = 1;
		CHECK(wait_count(&reader_stop, 2, 10 * SECOND));
	}
	events_off();
	test_scrub();
}
