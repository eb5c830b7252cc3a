# SPDX-License-Identifier: GPL-2.0-only
"""One Linux in two places: on the bare machine and in a domain.

Programs of an initramfs run in both and print a verdict each; what differs must
stand in a list, with its reason in docs/linux.md.
"""
import re
from pathlib import Path

from domain0 import log_path
from machine import BUILD, SLOW, Failure, Machine

# The bare machine's CPU. QEMU 7.2 reads the stack of a far return in ring 3 with the
# kernel's rights: with SMAP that faults, and Linux is not the same afterwards
# (x86/sysret_ss_attrs_64). Domains have no SMAP anyway.
CPU = "max,-smap"
# The kernel of guest-patches/linux-6.12/build.sh test.
KERNEL = BUILD / "linux-test/vmlinux"
PROMPT = r"domU:[^\n#]*# "
# For the programs: a busy machine lengthens their limits, too.
ENVIRONMENT = f"SLOW={max(1, round(SLOW))}"


def natively(name, initrd, cpus=1, memory=1024, cpu=CPU,
             extra="", icount=None, kernel=KERNEL):
    """A bare machine that starts Linux; its shell comes on the console."""
    return Machine(None, cpus=cpus, memory=memory, cpu=cpu, icount=icount,
                   log=Path(log_path(name)).with_suffix(".native.console"),
                   devices=("-nic", "none", "-kernel", str(kernel), "-append",
                            "console=ttyS0 loglevel=5 no_timer_check "
                            + extra,
                            "-initrd", str(initrd)))


def verdicts(machine, prefix, limit, early=r"(?!)"):
    """What a program on the console says: {name: verdict}. It prints lines
    'PREFIX: NAME VERDICT', each within 'limit' seconds, then 'PREFIX: end'. 'early':
    what is on the console when it has ended without."""
    found = {}
    while True:
        match = machine.expect(rf"{prefix}: (?:(\S+) (\w+)\r*\n|(end))|{early}",
                               limit)
        if match[3]:
            machine.expect(PROMPT, 60)
            return found
        if not match[1]:
            raise Failure(f"the {prefix}s ended early, after "
                          f"{list(found)[-1:] or 'none of them'}")
        found[match[1]] = match[2]


def differences(path):
    """Lines 'NAME WORD...' of a file: {name: words}."""
    return {words[0]: tuple(words[1:])
            for words in map(str.split, path.read_text().splitlines())
            if words and not words[0].startswith("#")}


def said(path):
    """What the hypervisor, after the domain was made, and the kernels complained
    about on the console that was logged at 'path'."""
    text = path.read_text(errors="replace").replace("\r", "")
    text = text[text.find("ringlet create"):]
    return re.findall(r"^kernel: [^\n]*|\(RL\) \[[^\n]*", text, re.M)
