// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate's pages: built once for each pCPU, written only through the direct
 * map. The level-3, level-2 and level-1 tables of slot 256 belong to the pCPU
 * and are shared by its level-4 pages and its hypervisor root.
 */
#include "cpu.h"
#include "domain.h"
#include "frame.h"
#include "gate.h"
#include "paging.h"
#include "panic.h"
#include "x86/segments.h"

#define PTE_P		(1UL << 0)
#define PTE_W		(1UL << 1)
#define PTE_A		(1UL << 5)
#define PTE_D		(1UL << 6)
#define PTE_NX		(1UL << 63)
#define PTE_ADDR	0x000ffffffffff000UL

#define GATE_TABLE	(PTE_P | PTE_W | PTE_A)
#define GATE_RX		(PTE_P | PTE_A)
#define GATE_RO		(PTE_P | PTE_A | PTE_NX)
#define GATE_RW		(PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX)

extern const struct gate_addresses {
	u64 load;		/* physical address of the text */
	u64 size;
	u64 idt_stubs, syscall, cstar;
	u64 debug, nmi, double_fault, machine_check, page_fault;
} gate_addresses;

struct idt_entry {
	u16 offset0;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset16;
	u32 offset32;
	u32 reserved;
};

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap;
} __attribute__((packed));

/* What is per pCPU, by hypervisor aliases. */
static struct gate_pages {
	u64 *l1;
	u64 *gdt;
	u32 ldt_count;		/* descriptors in the LDT that is loaded */
	u8 *stacks[5];
} gates[MAX_PCPUS];

static const u32 stack_offsets[5] = {
	GATE_STACK_ENTRY, GATE_STACK_NMI, GATE_STACK_DF, GATE_STACK_MC,
	GATE_STACK_DB,
};

static struct idt_entry *idt;	/* one for all pCPUs */

static void *page_alloc(void)
{
	mfn_t mfn = frame_alloc_hv(0);

	if (mfn.n == MFN_NONE.n)
		panic("no memory for the gate");
	return mfn_to_virt(mfn);
}

static u64 pte(const void *va, u64 flags)
{
	return (virt_to_mfn(va).n << PAGE_SHIFT) | flags;
}

static void set_page(u64 *l1, u32 offset, const void *va, u64 flags)
{
	WRITE_ONCE(l1[offset >> PAGE_SHIFT], pte(va, flags));
}

static void idt_set(u32 vector, u64 address, u32 ist, u32 dpl)
{
	idt[vector] = (struct idt_entry){
		.offset0 = (u16)address,
		.selector = SEL_HV_CS,
		.ist = ist,
		.type = 0x8e | dpl << 5,
		.offset16 = (u16)(address >> 16),
		.offset32 = (u32)(address >> 32),
	};
}

static void idt_init(void)
{
	u32 i;

	idt = page_alloc();
	for (i = 0; i < 256; i++)
		idt_set(i, gate_addresses.idt_stubs + i * 16, 0, 0);
	idt_set(1, gate_addresses.debug, IST_DB, 0);
	idt_set(2, gate_addresses.nmi, IST_NMI, 0);
	idt_set(3, gate_addresses.idt_stubs + 3 * 16, 0, 3);
	idt_set(4, gate_addresses.idt_stubs + 4 * 16, 0, 3);
	idt_set(14, gate_addresses.page_fault, 0, 0);
	idt_set(8, gate_addresses.double_fault, IST_DF, 0);
	idt_set(18, gate_addresses.machine_check, IST_MC, 0);
	idt_set(RINGLET_TRAP_INT80, gate_addresses.idt_stubs + RINGLET_TRAP_INT80 * 16,
		0, 3);
}

/* Descriptors (SDM vol. 3, 3.4.5) with Accessed set: the GDT is read only. */
static void gdt_init(u64 *gdt)
{
	u64 tss = GATE_BASE + GATE_TSS;

	gdt[SEL_GUEST_CS >> 3] = 0x00afbb000000ffff;
	gdt[SEL_GUEST_SS >> 3] = 0x00cfb3000000ffff;
	gdt[SEL_USER32_CS >> 3] = 0x00cffb000000ffff;
	gdt[SEL_USER_DS >> 3] = 0x00cff3000000ffff;
	gdt[SEL_USER_CS >> 3] = 0x00affb000000ffff;
	gdt[SEL_HV_CS >> 3] = 0x00af9b000000ffff;
	gdt[SEL_HV_SS >> 3] = 0x00cf93000000ffff;
	gdt[SEL_TSS >> 3] = 0x0000890000000000 | (sizeof(struct tss) - 1) |
			    (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	gdt[(SEL_TSS >> 3) + 1] = tss >> 32;
}

static void tss_init(struct tss *tss)
{
	memset(tss, 0, sizeof(*tss));
	tss->rsp[0] = GATE_BASE + GATE_STACK_ENTRY + PAGE_SIZE;
	tss->ist[IST_NMI - 1] = GATE_BASE + GATE_STACK_NMI + PAGE_SIZE;
	tss->ist[IST_DF - 1] = GATE_BASE + GATE_STACK_DF + PAGE_SIZE;
	tss->ist[IST_MC - 1] = GATE_BASE + GATE_STACK_MC + PAGE_SIZE;
	tss->ist[IST_DB - 1] = GATE_BASE + GATE_STACK_DB + PAGE_SIZE;
	tss->iomap = sizeof(*tss);	/* no bitmap: no ports at IOPL 0 */
}

static void load_tables(u64 gdt)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) gdtr = { GDT_ENTRIES * 8 - 1, gdt },
	  idtr = { 256 * 16 - 1, GATE_BASE + GATE_IDT };

	__asm__ volatile("lgdt %0\n\tlidt %1" : : "m"(gdtr), "m"(idtr));
}

static void load_segments(u64 gdt)
{
	/*
	 * LTR writes the Busy bit: by an address where the GDT is writable. The
	 * LDT after reset is not empty, it is 64 KiB at address 0 (SDM vol. 3,
	 * 10.1.1): a guest's memory, with call gates to its liking.
	 */
	load_tables(gdt);
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %1, %%ss\n\t"
			 "movl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs\n\t"
			 "lldt %w2\n\t"
			 "ltr %w3"
			 : : "i"(SEL_HV_CS), "r"(SEL_HV_SS), "r"(0),
			     "r"(SEL_TSS)
			 : "rax", "memory");
	load_tables(GATE_BASE + GATE_GDT);
}

static void syscall_init(void)
{
	wrmsr(MSR_STAR, (u64)SEL_USER32_CS << 48 | (u64)SEL_HV_CS << 32);
	wrmsr(MSR_LSTAR, gate_addresses.syscall);
	wrmsr(MSR_CSTAR, gate_addresses.cstar);
	/* DF TF NT AC IF; RF and VM are cleared by SYSCALL itself */
	wrmsr(MSR_SFMASK, 0x44700);
	wrmsr(MSR_SYSENTER_CS, 0);
}

/* A read-only view of the entry stack in every 64 KiB of four GiB. */
static void stack_views(u64 *l3, const void *stack)
{
	u64 *l2 = page_alloc(), *l1 = page_alloc();
	u32 i;

	for (i = GATE_STACK_ENTRY >> PAGE_SHIFT & 15; i < 512; i += 16)
		l1[i] = pte(stack, GATE_RO);
	for (i = 0; i < 512; i++)
		l2[i] = pte(l1, GATE_TABLE);
	for (i = 0; i < 4; i++)
		l3[(GATE_STACK_VIEWS >> 30) + i] = pte(l2, GATE_TABLE);
}

static void tables_init(struct pcpu *p, u64 *l1, const void *stack)
{
	u64 *l3 = page_alloc(), *l2 = page_alloc(), *hv_l4;
	u32 i;

	l2[0] = pte(l1, GATE_TABLE);
	l3[0] = pte(l2, GATE_TABLE);
	stack_views(l3, stack);
	hv_l4 = phys_to_virt(p->hv_cr3 & PTE_ADDR);
	WRITE_ONCE(hv_l4[SLOT_GATE], pte(l3, GATE_TABLE));
	for (i = 0; i < ROOT_SLOTS; i++)
		WRITE_ONCE(p->l4[i][SLOT_GATE], pte(l3, GATE_TABLE));
}

void gate_init_pcpu(struct pcpu *p)
{
	struct gate_pages *g = &gates[p->id];
	u64 *l1 = page_alloc();
	struct tss *tss = page_alloc();
	u32 i, off;

	vtlb_pcpu_init(p);
	g->l1 = l1;
	g->gdt = page_alloc();
	p->gate = page_alloc();
	p->roots = page_alloc();
	if (!idt)
		idt_init();

	for (off = 0; off < (u32)gate_addresses.size; off += PAGE_SIZE)
		l1[off >> PAGE_SHIFT] = (gate_addresses.load + off) | GATE_RX;
	set_page(l1, GATE_IDT, idt, GATE_RO);
	set_page(l1, GATE_GDT, g->gdt, GATE_RO);
	set_page(l1, GATE_TSS, tss, GATE_RO);
	set_page(l1, GATE_CONST, p->gate, GATE_RO);
	set_page(l1, GATE_ROOTS, p->roots, GATE_RO);
	for (i = 0; i < ARRAY_SIZE(stack_offsets); i++) {
		g->stacks[i] = page_alloc();
		set_page(l1, stack_offsets[i], g->stacks[i], GATE_RW);
	}

	gdt_init(g->gdt);
	tss_init(tss);
	p->gate->pcpu = p;
	p->gate->hv_cr3 = p->hv_cr3;
	p->gate->hv_stack = p->stack_top;
	p->gate->l4_base = p->l4_base.n << PAGE_SHIFT;
	tables_init(p, l1, g->stacks[0]);
	write_cr3(p->hv_cr3);
	load_segments((u64)g->gdt);
	syscall_init();
}

void gate_load_descriptors(struct pcpu *p, const struct vcpu *v)
{
	u64 *gdt = gates[p->id].gdt;
	u32 i;

	for (i = 0; i < 3; i++)
		WRITE_ONCE(gdt[RINGLET_GDT_TLS_MIN + i], v->tls[i]);
	/* Read-only data, DPL 3, byte granular: the limit is the value. */
	WRITE_ONCE(gdt[RINGLET_GDT_CPUNODE],
		   0x0040f10000000000 | (v->cpunode & 0xffff) |
		   (u64)(v->cpunode >> 16 & 0xf) << 48);
}

void gate_load_ldt(struct pcpu *p, const struct vcpu *v)
{
	struct gate_pages *g = &gates[p->id];
	u32 count = v ? v->ldt_count : 0, i, sel = 0;
	const u64 va = GATE_BASE + GATE_LDT;

	if (!count && !g->ldt_count)
		return;
	g->ldt_count = count;
	for (i = 0; i < LDT_PAGES; i++) {
		u64 *l1 = &g->l1[(GATE_LDT >> PAGE_SHIFT) + i];
		u64 entry = i * 512 < count ? pte(v->ldt[i], GATE_RO) : 0;

		if (*l1 == entry)
			continue;
		WRITE_ONCE(*l1, entry);
		/* Segment registers are loaded from it before CR3 is. */
		invlpg(va + i * PAGE_SIZE);
	}
	if (count) {
		sel = SEL_LDT;
		g->gdt[sel >> 3] = 0x0000820000000000 | (count * 8 - 1) |
				   (va & 0xffffff) << 16 |
				   (va >> 24 & 0xff) << 56;
		g->gdt[(sel >> 3) + 1] = va >> 32;
	}
	__asm__ volatile("lldt %w0" : : "r"(sel) : "memory");
}

void gate_update(struct pcpu *p, struct vcpu *v)
{
	struct gate_const *c = p->gate;

	c->syscall_entry = READ_ONCE(v->domain->entry_syscall);
	c->pf_entry = READ_ONCE(v->domain->traps[14]);
	c->kernel_gs = v->kernel_gs;
}

void gate_set_vcpu(struct pcpu *p, struct vcpu *v)
{
	struct gate_const *c = p->gate;

	gate_load_ldt(p, v);
	if (!v) {
		WRITE_ONCE(gates[p->id].l1[GATE_VCPU_PAGE >> PAGE_SHIFT], 0);
		c->regs_end = 0;
		return;
	}
	gate_update(p, v);
	c->regs_end = (u64)(&v->regs + 1);
	c->root_tag = (u64)v->domain->id << 48 | 1;
	gate_load_descriptors(p, v);
	set_page(gates[p->id].l1, GATE_VCPU_PAGE, v->page, GATE_RW);
}

void gate_wipe_stacks(struct pcpu *p)
{
	u32 i;

	/* The tops: nothing deeper is ever used (gate.S). */
	for (i = 0; i < ARRAY_SIZE(stack_offsets); i++)
		memset(gates[p->id].stacks[i] + PAGE_SIZE - 512, 0, 512);
}

static bool may_be_writable(u32 offset)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(stack_offsets); i++)
		if (offset == stack_offsets[i])
			return true;
	return offset == GATE_VCPU_PAGE;
}

/* Does another pCPU's gate map this frame writable too? */
static bool shared_writable(const struct pcpu *p, u64 entry)
{
	u32 i, n;

	for (i = 0; i < nr_pcpus; i++)
		for (n = 0; i != p->id && n < 512; n++) {
			u64 other = READ_ONCE(gates[i].l1[n]);

			if ((other & (PTE_P | PTE_W)) == (PTE_P | PTE_W) &&
			    !((other ^ entry) & PTE_ADDR))
				return true;
		}
	return false;
}

const char *gate_check(struct pcpu *p, u64 *va)
{
	const u64 *hv_l4 = phys_to_virt(p->hv_cr3 & PTE_ADDR);
	const char *wrong = paging_check(p->hv_cr3, va);
	u32 slot, i;

	if (wrong)
		return wrong;
	for (i = 0; i < 512; i++) {
		u64 entry = READ_ONCE(gates[p->id].l1[i]);

		*va = GATE_BASE + (u64)i * PAGE_SIZE;
		if ((entry & (PTE_P | PTE_W)) != (PTE_P | PTE_W))
			continue;
		if (!may_be_writable(i << PAGE_SHIFT))
			return "a gate page that must be read only";
		if (shared_writable(p, entry))
			return "writable on two CPUs";
	}
	for (slot = 0; slot < ROOT_SLOTS; slot++) {
		const u64 *l4 = p->l4[slot];

		*va = GATE_BASE;
		if (l4[SLOT_GATE] != hv_l4[SLOT_GATE])
			return "not this CPU's gate in a guest's root";
		for (i = SLOT_GATE + 1; i < SLOT_COMMON; i++) {
			*va = 0xffffUL << 48 | (u64)i << 39;
			if (READ_ONCE(l4[i]))
				return "mapped in a guest's root";
		}
	}
	return NULL;
}
