# SPDX-License-Identifier: GPL-2.0-only
"""A Linux domain with several vCPUs, and their number changed from outside."""
import gzip
import subprocess
from pathlib import Path

from domain0 import (EXAMPLE, PROMPT, domains, from_json, mount_files,
                     wait_for)
from machine import BUILD, Shell, check_text

# So many vCPUs wait long for the few CPUs of a busy machine.
PATIENCE = "rcupdate.rcu_cpu_stall_timeout=300"
# What a kernel says would stand in the midst of what is printed.
QUIET = "dmesg -n 1"
ONLINE = "cat /sys/devices/system/cpu/online"
# Where vCPUs wait long for a CPU, Linux 6.12 also counts a CPU's deadline server,
# which is no task, when it asks whether a CPU that goes down is empty: upstream
# commit 52d15521eb75 is not in it.
WARNINGS = ("dmesg | grep -E 'WARNING|BUG|detected (expedited )?stall|Oops' | "
            "grep -v sched_cpu_dying || true")


def initrd(directory):
    """The example's initial RAM disk with the load program. Its path."""
    root = Path(directory) / "root"
    (root / "usr/bin").mkdir(parents=True)
    program = root / "usr/bin/load"
    program.write_bytes((BUILD / "tests/linux/load").read_bytes())
    program.chmod(0o755)
    more = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root,
                          input=b"usr/bin/load\n", stdout=subprocess.PIPE,
                          check=True).stdout
    path = Path(directory) / "initrd"
    path.write_bytes((BUILD / "image/initrd-domu.gz").read_bytes() +
                     gzip.compress(more))
    return path


class Guest:
    """A domain NAME of that RAM disk, which lies on the CD as NAME.initrd."""

    def __init__(self, machine, shell, name):
        self.machine, self.shell, self.name = machine, shell, name
        self.prompt = rf"{name}:[^\n#]*# "
        self.guest = Shell(machine, self.prompt)
        self.files = mount_files(shell)
        shell.check(QUIET)

    def command(self, vcpus, maxvcpus, memory):
        return (f"ringlet create -c {EXAMPLE}/example.cfg "
                f"'name=\"{self.name}\"' vcpus={vcpus} maxvcpus={maxvcpus} "
                f"'ramdisk=\"{self.files}/{self.name}.initrd\"' memory={memory} "
                f"'extra=\"console=hvc0 host={self.name} {PATIENCE}\"'")

    def create(self, vcpus, maxvcpus, memory, limit=300):
        """Create it; its console is open afterwards. The shell in it."""
        self.machine.send(self.command(vcpus, maxvcpus, memory) + "\n")
        self.machine.expect(self.prompt, limit)
        self.guest.check(QUIET)
        return self.guest

    def leave(self):
        """Back to domain 0's shell."""
        self.machine.send("\x1d")
        self.machine.expect(PROMPT)

    def set_vcpus(self, count, limit=60):
        """Change their number from domain 0, while the console waits."""
        self.leave()
        self.shell.check(f"ringlet vcpu-set {self.name} {count}")
        wait_for(self.shell, f"{count} vCPUs online",
                 lambda d: d[self.name]["vcpus_online"] == count, limit)
        self.machine.send(f"ringlet console {self.name}\n\n")
        self.machine.expect(self.prompt)

    def report(self):
        """Print what it and domain 0 have cost the hypervisor so far."""
        info = from_json(self.shell.check("ringlet info --json"))
        listed = domains(self.shell)
        for who in (self.name, "Domain-0"):
            perf = from_json(self.shell.check(f"ringlet perf --json {who}"))
            longest = perf["hv_longest"] / float(info["cpu_mhz"])
            print(f"{who}: {perf['hv_entries']} entries of the hypervisor, "
                  f"{longest:.0f} us at most at once; "
                  f"{listed[who]['hypervisor_pages']} pages of it, and "
                  f"{listed[who]['shadow_pages']} shadow pages in use")


def check_online(shell, count, who):
    want = "0" if count == 1 else f"0-{count - 1}"
    check_text(rf"(?m)^{want}\r*$", shell.check(ONLINE), f"CPUs of {who}")


def check_no_warnings(shell):
    check_text("^$", shell.check(WARNINGS).strip(), "warnings")
