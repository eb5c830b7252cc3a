/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor: instructions that C has no words for, the features we need,
 * and the control registers every pCPU runs with.
 */
#ifndef HV_CPU_H
#define HV_CPU_H

/* Bits of control registers and MSRs; SDM volume 3, 2.5 and volume 4. */
#define CR0_PE		0x00000001
#define CR0_MP		0x00000002
#define CR0_EM		0x00000004
#define CR0_TS		0x00000008
#define CR0_ET		0x00000010
#define CR0_NE		0x00000020
#define CR0_WP		0x00010000
#define CR0_AM		0x00040000
#define CR0_NW		0x20000000
#define CR0_CD		0x40000000
#define CR0_PG		0x80000000
#define CR4_PAE		0x00000020
#define CR4_MCE		0x00000040
#define CR4_OSFXSR	0x00000200
#define CR4_OSXMMEXCPT	0x00000400
#define CR4_FSGSBASE	0x00010000
#define CR4_OSXSAVE	0x00040000
#define CR4_SMEP	0x00100000

#define MSR_APIC_BASE		0x0000001b
#define MSR_PRED_CMD		0x49
#define MSR_ARCH_CAPABILITIES	0x10a
#define MSR_SYSENTER_CS		0x174
#define MSR_PAT			0x00000277
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SFMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define EFER_SCE	0x001
#define EFER_LME	0x100
#define EFER_LMA	0x400
#define EFER_NXE	0x800

/*
 * Linux's value, so that domain 0's cache bits mean what it thinks:
 * PAT PCD PWT = 0 WB, 1 WC, 2 UC-, 3 UC, 4 WB, 5 WP, 6 UC-, 7 WT.
 */
#define PAT_VALUE	0x0407050600070106

#ifndef __ASSEMBLER__
#include "types.h"

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((u32)value),
			 "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* The TSC, read after all earlier loads and instructions have completed. */
static inline u64 rdtsc_ordered(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return (u64)hi << 32 | lo;
}

#define CR_ACCESSORS(n) \
static inline u64 read_cr##n(void) \
{ \
	u64 v; \
	__asm__ volatile("movq %%cr" #n ", %0" : "=r"(v) :: "memory"); \
	return v; \
} \
static inline void write_cr##n(u64 v) \
{ \
	__asm__ volatile("movq %0, %%cr" #n :: "r"(v) : "memory"); \
}
CR_ACCESSORS(0)
CR_ACCESSORS(2)
CR_ACCESSORS(3)
CR_ACCESSORS(4)

static inline u64 xgetbv(u32 index)
{
	u32 lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(index));
	return (u64)hi << 32 | lo;
}

static inline void xsetbv(u32 index, u64 value)
{
	__asm__ volatile("xsetbv" :: "c"(index), "a"((u32)value),
			 "d"((u32)(value >> 32)) : "memory");
}

/* XSAVE areas: xsave_order() frames, aligned; extended state we enable. */
static inline void xsave(void *area)
{
	__asm__ volatile("xsave64 (%0)" :: "r"(area), "a"(-1), "d"(-1)
			 : "memory");
}

static inline void xrstor(const void *area)
{
	__asm__ volatile("xrstor64 (%0)" :: "r"(area), "a"(-1), "d"(-1)
			 : "memory");
}

#define write_dr(n, v) \
	__asm__ volatile("movq %0, %%dr" #n :: "r"((u64)(v)) : "memory")
#define read_dr(n) \
({ \
	u64 dr_value; \
	__asm__ volatile("movq %%dr" #n ", %0" : "=r"(dr_value)); \
	dr_value; \
})

/* Clear the CPU's internal buffers; any writable data selector does. */
static inline void cpu_verw(void)
{
	u16 selector;

	__asm__ volatile("movw %%ss, %0; verw %0" : "=m"(selector) :: "cc");
}

static inline void invlpg(u64 va)
{
	__asm__ volatile("invlpg (%0)" :: "r"(va) : "memory");
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" ::: "memory");
}

static inline u8 inb(u16 port)
{
	u8 v;

	__asm__ volatile("inb %w1, %b0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u16 inw(u16 port)
{
	u16 v;

	__asm__ volatile("inw %w1, %w0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline u32 inl(u16 port)
{
	u32 v;

	__asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

static inline void outb(u16 port, u8 v)
{
	__asm__ volatile("outb %b0, %w1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void outw(u16 port, u16 v)
{
	__asm__ volatile("outw %w0, %w1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 v)
{
	__asm__ volatile("outl %0, %w1" :: "a"(v), "Nd"(port) : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

/*
 * Wait for an interrupt and take it. STI holds interrupts off for one more
 * instruction, so none is lost between a caller's last look and HLT.
 */
static inline void cpu_wait(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

/* Stop this pCPU for ever; an NMI only wakes it to stop again. */
static inline void __noreturn cpu_stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

/* What the boot processor has; the others must have it too (cpu_init). */
struct cpu_info {
	char vendor[13];
	char model[49];
	u32 signature;		/* CPUID.1:EAX */
	u32 phys_bits;
	u64 phys_mask;		/* address bits of a page-table entry */
	u64 xcr0;		/* state components we enable */
	u32 xsave_size;		/* bytes of an XSAVE area for xcr0 */
};
extern struct cpu_info cpu_info;

struct cpu_features {
	bool smep;
	bool rdtscp;
	bool rdrand;
	bool rdseed;
	bool invariant_tsc;
	bool pcid;
	bool ibpb;		/* IA32_PRED_CMD.IBPB */
	bool md_clear;		/* VERW clears buffers */
	bool meltdown;		/* user mode may read supervisor mappings */
};
extern struct cpu_features cpu_has;

/*
 * Fill cpu_info and cpu_has, panic with a sentence if something that we need is missing.
 * Boot processor, once.
 */
void cpu_identify(void);

/*
 * Control registers, EFER, XCR0 and PAT of this pCPU. Panics if it is not like
 * the boot processor.
 */
void cpu_init(void);

/* 2^order frames hold an XSAVE area. */
u32 xsave_order(void);
/* Make a zeroed area the state of a CPU after reset (SDM volume 1, 13.6). */
void xsave_init(void *area);
#endif

#endif /* HV_CPU_H */
