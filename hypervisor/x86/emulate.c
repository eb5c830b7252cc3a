// SPDX-License-Identifier: GPL-2.0-only
/*
 * The net under a port: instructions that a guest kernel should have replaced by
 * a call cause general protection faults in ring 1. Those that make sense are
 * carried out here, and counted by address, so that a site that was missed is a
 * number instead of a dead boot. Domain 0's port I/O is the regular user.
 *
 * The bytes are copied once, through the guest's own tables with the right to
 * execute; what another vCPU does to them afterwards does not matter.
 */
#include "copy.h"
#include "cpu.h"
#include "cpuid.h"
#include "domain.h"
#include "platform.h"
#include "printk.h"
#include "traps.h"
#include "x86/segments.h"

#define MAX_INSN 15
/* Elements of one INS or OUTS before the guest may take an event. */
#define STRING_BATCH 256

struct insn {
	u8 bytes[MAX_INSN];
	size_t avail, len;
	bool rep, opsize, addr32;
	u8 rex;
	u8 opcode;
	bool two;		/* 0F escape */
	u8 modrm;
};

static bool fetch(struct insn *in, u8 *byte)
{
	if (in->len >= in->avail)
		return false;
	*byte = in->bytes[in->len++];
	return true;
}

/* Prefixes and opcode. False: cut short or too long. */
static bool decode_opcode(struct insn *in)
{
	u8 b;

	while (fetch(in, &b)) {
		switch (b) {
		case 0x66:
			in->opsize = true;
			continue;
		case 0x67:
			in->addr32 = true;
			continue;
		case 0xf2:
		case 0xf3:
			in->rep = true;
			continue;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0xf0:
			continue;
		}
		if ((b & 0xf0) == 0x40) {
			in->rex = b;
			if (!fetch(in, &b))
				return false;
		}
		if (b == 0x0f) {
			in->two = true;
			return fetch(in, &in->opcode);
		}
		in->opcode = b;
		return true;
	}
	return false;
}

static u64 *reg(struct cpu_regs *r, u32 n)
{
	switch (n) {
	case 0: return &r->rax;
	case 1: return &r->rcx;
	case 2: return &r->rdx;
	case 3: return &r->rbx;
	case 4: return &r->rsp;
	case 5: return &r->rbp;
	case 6: return &r->rsi;
	case 7: return &r->rdi;
	case 8: return &r->r8;
	case 9: return &r->r9;
	case 10: return &r->r10;
	case 11: return &r->r11;
	case 12: return &r->r12;
	case 13: return &r->r13;
	case 14: return &r->r14;
	default: return &r->r15;
	}
}

static u32 port_in(const struct vcpu *v, u16 port, u32 bytes)
{
	if (!v->domain->control || platform_port_denied(port, bytes))
		return ~0U;
	switch (bytes) {
	case 1:
		return inb(port);
	case 2:
		return inw(port);
	default:
		return inl(port);
	}
}

static void port_out(const struct vcpu *v, u16 port, u32 bytes, u32 value)
{
	if (!v->domain->control || platform_port_denied(port, bytes))
		return;
	switch (bytes) {
	case 1:
		outb(port, (u8)value);
		break;
	case 2:
		outw(port, (u16)value);
		break;
	default:
		outl(port, value);
		break;
	}
}

/* IN and OUT; opcode bit 0: not byte, bit 1: out, bit 3: port in DX. */
static bool do_in_out(struct vcpu *v, struct insn *in)
{
	struct cpu_regs *r = &v->regs;
	u32 bytes = !(in->opcode & 1) ? 1 : in->opsize ? 2 : 4, value;
	u16 port = (u16)r->rdx;
	u8 imm;

	if (!(in->opcode & 8)) {
		if (!fetch(in, &imm))
			return false;
		port = imm;
	}
	if (in->opcode & 2) {
		port_out(v, port, bytes, (u32)r->rax);
		return true;
	}
	value = port_in(v, port, bytes);
	switch (bytes) {
	case 1:
		r->rax = (r->rax & ~0xffUL) | (value & 0xff);
		break;
	case 2:
		r->rax = (r->rax & ~0xffffUL) | (value & 0xffff);
		break;
	default:
		r->rax = value;
		break;
	}
	return true;
}

/*
 * INS and OUTS, in batches: rcx, rsi, rdi and memory advance together, so that
 * the instruction can be begun again after each element.
 */
static bool do_string_io(struct vcpu *v, struct insn *in)
{
	struct cpu_regs *r = &v->regs;
	u32 bytes = !(in->opcode & 1) ? 1 : in->opsize ? 2 : 4, i, value;
	bool out = in->opcode & 2;
	u64 *index = out ? &r->rsi : &r->rdi;
	s64 step = r->rflags & RFLAGS_DF ? -(s64)bytes : (s64)bytes;
	u16 port = (u16)r->rdx;

	if (in->addr32)
		return false;
	for (i = 0; i < STRING_BATCH; i++) {
		if (in->rep && !r->rcx)
			return true;
		value = 0;
		if (out) {
			if (copy_from_kernel(v, &value, *index, bytes))
				return false;
			port_out(v, port, bytes, value);
		} else {
			value = port_in(v, port, bytes);
			if (copy_to_kernel(v, *index, &value, bytes))
				return false;
		}
		*index += (u64)step;
		if (!in->rep)
			return true;
		r->rcx--;
	}
	/* More to do: the same instruction again. */
	in->len = 0;
	return true;
}

/* MOV to CR3 loads a root and flushes it. */
static bool mov_to_cr3(struct vcpu *v, u64 value)
{
	u64 root = value & PAGE_MASK & ~(1UL << 63), progress = 0;

	if (vtlb_load_root(v, root))
		return false;
	while (vtlb_flush(v->domain, root, 0, 1UL << 47, 0, &progress) ==
	       -ERESTART_HV)
		;
	return true;
}

static bool do_mov_cr(struct vcpu *v, struct insn *in)
{
	struct cpu_regs *r = &v->regs;
	u64 *gpr;
	u32 cr;

	if (!fetch(in, &in->modrm) || in->modrm >> 6 != 3)
		return false;
	cr = (in->modrm >> 3 & 7) | (in->rex & 4 ? 8 : 0);
	gpr = reg(r, (in->modrm & 7) | (in->rex & 1 ? 8 : 0));
	if (in->opcode == 0x20) {
		switch (cr) {
		case 0:
			*gpr = read_cr0();
			return true;
		case 2:
			*gpr = READ_ONCE(v->page->cr2);
			return true;
		case 3:
			*gpr = vtlb_loaded_root(v).n << PAGE_SHIFT;
			return true;
		case 4:
			*gpr = read_cr4();
			return true;
		case 8:
			*gpr = 0;
			return true;
		default:
			return false;
		}
	}
	switch (cr) {
	case 0:
	case 4:
		return true;		/* ours do not change */
	case 2:
		v->page->cr2 = *gpr;
		return true;
	case 3:
		return mov_to_cr3(v, *gpr);
	default:
		return false;
	}
}

static bool do_msr(struct vcpu *v, bool write)
{
	struct cpu_regs *r = &v->regs;
	u64 value = (u64)(u32)r->rdx << 32 | (u32)r->rax;

	if (write)
		return guest_wrmsr(v, (u32)r->rcx, value);
	if (!guest_rdmsr(v, (u32)r->rcx, &value))
		return false;
	r->rax = (u32)value;
	r->rdx = value >> 32;
	return true;
}

static bool do_two_byte(struct vcpu *v, struct insn *in)
{
	switch (in->opcode) {
	case 0x06:		/* CLTS */
	case 0x09:		/* WBINVD */
		return true;
	case 0x20:
	case 0x22:
		return do_mov_cr(v, in);
	case 0x30:
		return do_msr(v, true);
	case 0x32:
		return do_msr(v, false);
	case 0x01:
		if (!fetch(in, &in->modrm))
			return false;
		/* XSETBV: the only value is the one that is there. */
		return in->modrm == 0xd1 && (u32)v->regs.rcx == 0 &&
		       ((u64)(u32)v->regs.rdx << 32 | (u32)v->regs.rax) ==
			       cpu_info.xcr0;
	default:
		return false;
	}
}

static bool execute(struct vcpu *v, struct insn *in)
{
	if (in->two)
		return do_two_byte(v, in);
	switch (in->opcode) {
	case 0x6c:
	case 0x6d:
	case 0x6e:
	case 0x6f:
		return do_string_io(v, in);
	case 0xe4:
	case 0xe5:
	case 0xe6:
	case 0xe7:
	case 0xec:
	case 0xed:
	case 0xee:
	case 0xef:
		return do_in_out(v, in);
	case 0xfa:		/* CLI */
		v->page->vif = 0;
		return true;
	case 0xfb:		/* STI */
		v->page->vif = 1;
		return true;
	case 0xf4:		/* HLT */
		if (READ_ONCE(v->page->vif) && !READ_ONCE(v->page->pending))
			sched_block(v);
		return true;
	default:
		return false;
	}
}

static bool is_port_io(const struct insn *in)
{
	return !in->two && ((in->opcode & 0xf4) == 0xe4 ||
			    (in->opcode & 0xfc) == 0x6c);
}

static void record(struct domain *d, u64 rip, const struct insn *in, u8 len)
{
	struct ringlet_emulated *e;
	u32 i;

	lock(&d->emulated_lock);
	for (i = 0; i < RINGLET_EMULATED_MAX; i++) {
		e = &d->emulated[i];
		if (e->count && e->rip == rip) {
			e->count++;
			break;
		}
		if (!e->count) {
			e->rip = rip;
			e->count = 1;
			e->length = len;
			memcpy(e->bytes, in->bytes, len);
			break;
		}
	}
	unlock(&d->emulated_lock);
}

bool emulate_gp(struct vcpu *v)
{
	struct domain *d = v->domain;
	struct cpu_regs *r = &v->regs;
	struct insn in = { .len = 0 };
	u64 rip = r->rip;
	size_t len;

	in.avail = copy_code_from_guest(v, in.bytes, rip, MAX_INSN, false);
	if (!decode_opcode(&in))
		return false;
	len = in.len;
	if (!execute(v, &in))
		return false;
	r->rip = rip + in.len;
	r->rflags &= ~(u64)RFLAGS_RF;
	if (is_port_io(&in))
		perf_inc(d, emulated_io);
	else
		perf_inc(d, emulated_other);
	record(d, rip, &in, (u8)MAX(len, in.len));
	return true;
}
