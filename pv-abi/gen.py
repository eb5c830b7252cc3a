#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make everything that depends on the list of hypercalls from hypercalls.tbl.

gen.py header      numbers and guest stubs (include/ringlet/hypercall.h)
gen.py prototypes  the hypervisor's prototypes
gen.py dispatch    the hypervisor's dispatch
gen.py names       trace names, a C array initializer
gen.py shapes      permission and kinds of arguments, for fuzzers; the same
gen.py reference   the reference page of docs/, Markdown
"""
import re
import sys
from pathlib import Path

TABLE = Path(__file__).resolve().parent / "hypercalls.tbl"
KEYS = {"name", "nr", "perm", "args", "ret", "err", "doc"}
NARROW = {"u32", "domid", "port"}
C_TYPE = {"u32": "ringlet_u32", "domid": "ringlet_u32", "port": "ringlet_u32"}


def fail(line, text):
    sys.exit(f"{TABLE.name}:{line}: {text}")


def parse():
    calls, stanza, start = [], {}, 0

    def finish():
        if not stanza:
            return
        for key in ("name", "nr", "perm", "args", "ret", "doc"):
            if key not in stanza:
                fail(start, f"'{key}' is missing in this stanza")
        args = []
        for item in stanza["args"].split():
            m = re.fullmatch(r"(\w+):(u32|u64|port|domid|gpa|va|ptr\((\w+)\))", item)
            if not m:
                fail(start, f"argument '{item}' is not name:type")
            args.append((m[1], m[2], m[3]))
        if len(args) > 6:
            fail(start, "more than six arguments")
        if stanza["perm"] not in ("any", "control"):
            fail(start, f"perm '{stanza['perm']}' is neither any nor control")
        calls.append(dict(stanza, args=args, nr=int(stanza["nr"]),
                          err=stanza.get("err", [])))

    key = None
    for number, line in enumerate(TABLE.read_text().splitlines() + [""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            finish()
            stanza, key = {}, None
        elif line[0].isspace():
            if key is None:
                fail(number, "continuation of nothing")
            if key == "err":
                stanza["err"][-1] += " " + line.strip()
            else:
                stanza[key] += " " + line.strip()
        else:
            key, colon, value = line.partition(":")
            if not colon or key not in KEYS:
                fail(number, f"unknown key '{key}'")
            if not stanza:
                start = number
            if key == "err":
                stanza.setdefault("err", []).append(value.strip())
            elif key in stanza:
                fail(number, f"'{key}' stands twice in this stanza")
            else:
                stanza[key] = value.strip()
    for index, call in enumerate(sorted(calls, key=lambda c: c["nr"])):
        if call["nr"] != index:
            fail(0, f"number {index} is missing or stands twice")
    return calls


def c_type(kind, struct):
    if struct == "bytes":
        return "void *"
    if struct:
        return f"struct {struct} *"
    return C_TYPE.get(kind, "ringlet_u64") + " "


def stub(call):
    args = call["args"]
    params = ", ".join(f"{c_type(k, s)}{n}" for n, k, s in args) or "void"
    regs = ["D", "S", "d"]
    moves, clobbers = [], []
    # A call that was restarted has its progress in its arguments.
    outputs = ['"=a"(ret)']
    inputs = [f'"0"((ringlet_s64)RINGLET_HC_{call["name"]})']
    for i in range(len(args)):
        if i < 3:
            outputs.append(f'"+{regs[i]}"(a{i})')
        else:
            reg = ("r10", "r8", "r9")[i - 3]
            moves.append(f'"movq %[a{i}], %%{reg}\\n\\t" ')
            inputs.append(f'[a{i}] "m"(a{i})')
            clobbers.append(f'"{reg}"')
    out = [f"static inline ringlet_s64 ringlet_{call['name']}({params})", "{",
           "\tringlet_s64 ret;"]
    for i, (name, _, _) in enumerate(args):
        out.append(f"\tringlet_u64 a{i} = (ringlet_u64){name};")
    out += ["", f"\t__asm__ volatile({''.join(moves)}RINGLET_CALL_INSN",
            f"\t\t: {', '.join(outputs)}", f"\t\t: {', '.join(inputs)}",
            "\t\t: " + ", ".join(['"rcx"', '"r11"', '"memory"', '"cc"'] + clobbers) + ");",
            "\treturn ret;", "}"]
    return "\n".join(out)


HEADER = """/* SPDX-License-Identifier: MIT */
/*
 * Ringlet ABI: hypercall numbers and guest stubs. Made by pv-abi/gen.py from
 * pv-abi/hypercalls.tbl: change that file instead. What each call does and
 * returns: docs/hypercalls.md.
 */
#ifndef RINGLET_HYPERCALL_H
#define RINGLET_HYPERCALL_H

#include "domctl.h"
#include "event.h"
#include "memory.h"
#include "physdev.h"
#include "trace.h"
#include "x86.h"

"""


def header(calls):
    out = HEADER
    for c in calls:
        out += f"#define RINGLET_HC_{c['name']}".ljust(44) + f"{c['nr']}\n"
    out += "#define RINGLET_NR_HYPERCALLS".ljust(44) + f"{len(calls)}\n"
    out += """
/*
 * Set in the number when a kernel passes on a call of its user: pointers then
 * reach only memory that the guest's tables give to ring 3.
 */
#define RINGLET_HC_USER				0x80000000

#ifndef __ASSEMBLER__

struct ringlet_multicall {
	ringlet_u64 nr;
	ringlet_u64 args[6];
	ringlet_s64 ret;		/* [HV] */
};
RINGLET_ASSERT_SIZE(ringlet_multicall, 64);

/* How a stub gets to the hypercall page; a kernel may define its own way. */
#ifndef RINGLET_CALL_INSN
#define RINGLET_CALL_INSN "movabsq $0xffff800000000000, %%rcx\\n\\tcall *%%rcx"
#endif

"""
    out += "\n\n".join(stub(c) for c in calls)
    return out + "\n\n#endif /* __ASSEMBLER__ */\n#endif /* RINGLET_HYPERCALL_H */"


def prototypes(calls):
    out = ["/* Made by pv-abi/gen.py from pv-abi/hypercalls.tbl. */"]
    for c in calls:
        params = "".join(f", {'u32' if k in NARROW else 'u64'} {n}" for n, k, _ in c["args"])
        out.append(f"s64 hc_{c['name']}(struct vcpu *v{params});")
    return "\n".join(out)


def dispatch(calls):
    out = ["/* Made by pv-abi/gen.py from pv-abi/hypercalls.tbl. */"]
    out += ["static s64 hypercall_dispatch(struct vcpu *v, u32 nr, const u64 a[6])", "{",
            "\tswitch (nr) {"]
    for c in calls:
        out.append(f"\tcase {c['nr']}:")
        if c["perm"] == "control":
            out.append("\t\tif (!domain_is_control(v->domain))\n\t\t\treturn -EPERM;")
        wide = [f"a[{i}]" for i, (_, k, _) in enumerate(c["args"]) if k in NARROW]
        if wide:
            out.append(f"\t\tif (({' | '.join(wide)}) >> 32)\n\t\t\treturn -EINVAL;")
        params = "".join(f", {'(u32)' if k in NARROW else ''}a[{i}]"
                         for i, (_, k, _) in enumerate(c["args"]))
        out.append(f"\t\treturn hc_{c['name']}(v{params});")
    return "\n".join(out + ["\tdefault:", "\t\treturn -ENOSYS;", "\t}", "}"])


def names(calls):
    return "\n".join(f'\t[{c["nr"]}] = "{c["name"]}",' for c in calls)


def shapes(calls):
    """A letter for the permission (a, c), then one for each argument."""
    letters = {"u32": "u", "u64": "q", "port": "p", "domid": "d", "gpa": "g", "va": "v"}
    return "\n".join(f'\t[{c["nr"]}] = "{c["perm"][0]}' +
                     "".join(letters.get(k, "b") for _, k, _ in c["args"]) + '",'
                     for c in calls)


def reference(calls):
    out = ["# Hypercalls", "",
           "Made by `pv-abi/gen.py` from `pv-abi/hypercalls.tbl`. How a call is made, and the",
           "structures named here: [abi.md](abi.md) and the headers in",
           "`pv-abi/include/ringlet/`.", ""]
    for c in calls:
        args = ", ".join(f"{n}: {s + ' *' if s else k}" for n, k, s in c["args"])
        out += [f"## {c['nr']} {c['name']}({args})", "", c["doc"], "",
                f"Returns {c['ret']}."]
        if c["perm"] == "control":
            out += ["Only for the control domain."]
        errors = list(c["err"])
        if c["perm"] == "control":
            errors.append("EPERM the caller is not the control domain")
        if any(k.startswith("ptr") for _, k, _ in c["args"]):
            errors.append("EFAULT a pointer is not to memory of the guest")
        if any(k in NARROW for _, k, _ in c["args"]):
            errors.append("EINVAL a 32-bit argument has higher bits set")
        if errors:
            out += ["", "| error | when |", "|---|---|"]
            out += [f"| {e.split(' ', 1)[0]} | {e.split(' ', 1)[1]} |" for e in errors]
        out.append("")
    return "\n".join(out).rstrip()


def main():
    makers = {"header": header, "prototypes": prototypes, "dispatch": dispatch,
              "names": names, "shapes": shapes, "reference": reference}
    if len(sys.argv) != 2 or sys.argv[1] not in makers:
        sys.exit(__doc__)
    print(makers[sys.argv[1]](parse()))


if __name__ == "__main__":
    main()
