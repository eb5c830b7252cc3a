# SPDX-License-Identifier: GPL-2.0-only
"""A virtual machine that boots a GRUB image, seen through its serial port.

Every test that runs the hypervisor uses this. It boots as a person would: the
firmware starts GRUB, GRUB loads what its menu says. Nothing is passed to QEMU
that a real machine would not have.
"""
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
# Machines that are busy need more time: RINGLET_TEST_SLOW=2 doubles each limit.
SLOW = float(os.environ.get("RINGLET_TEST_SLOW", "1"))
# What starts GRUB: options of QEMU.
FIRMWARE = {"bios": [], "uefi": ["-bios", "/usr/share/ovmf/OVMF.fd"]}
# The hypervisor's or a Linux's last words.
PANIC = (r"PANIC on CPU \d+:\s*\n[^\n]*|Ringlet cannot start: [^\n]*|"
         r"Kernel panic - not syncing[^\n]*")


class Failure(Exception):
    """What a test expected did not happen."""


class EmulatorCrash(Failure):
    """QEMU was killed by a signal of its own: no fault of what it ran."""


def iso(name, config, files, small=True):
    """Make the image NAME.iso; files maps paths on it to files. Its path."""
    directory = BUILD / "tests/iso"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.iso"
    menu = directory / f"{name}.cfg"
    menu.write_text(config)
    subprocess.run([TOP / "scripts/iso.sh"] + (["--small"] if small else [])
                   + [path, menu] + [f"{k}={v}" for k, v in files.items()],
                   check=True)
    menu.unlink()
    return path


GRUB_HEADER = """serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
set timeout=0
set default=0
"""


def ringlet_menu(options, kernel_arguments="", initrd=False):
    """A GRUB menu that starts Ringlet with a domain 0."""
    text = GRUB_HEADER + 'menuentry "Ringlet" {\n'
    text += f"\tmultiboot2 /boot/ringlet {options}\n"
    text += f"\tmodule2 /boot/kernel {kernel_arguments}\n"
    if initrd:
        text += "\tmodule2 /boot/initrd\n"
    return text + "\tboot\n}\n"


class Machine:
    """One QEMU. Use as a context manager; it is gone at the end.

    Boots the CD image; with None, what 'devices' says (such as -kernel). With
    'icount' the machine's clock counts its instructions (QEMU's -icount): it takes
    the same time whatever else the host does, and its CPUs take turns.
    """

    def __init__(self, image, cpus=2, memory=2048, log=None, devices=(),
                 machine="q35", firmware="bios", cpu="max", icount=None):
        self.command = [
            "qemu-system-x86_64", "-machine", machine, "-cpu", cpu,
            *FIRMWARE[firmware], "-accel", "tcg", "-smp", str(cpus), "-m", str(memory),
            "-display", "none", "-monitor", "none", "-no-reboot",
            "-chardev", "stdio,id=console,signal=off",
            "-serial", "chardev:console",
            *(("-icount", icount) if icount else ()),
            *(devices or ("-nic", "none")),
            *shlex.split(os.environ.get("RINGLET_QEMU_OPTIONS", ""))]
        if image:
            self.command += ["-boot", "d", "-drive",
                             f"file={image},media=cdrom,readonly=on,format=raw"]
        self.log_path = Path(log) if log else BUILD / "tests/log/machine.log"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.process = None
        self.log = None

    def __enter__(self):
        self.log = open(self.log_path, "w", encoding="utf-8",
                        errors="replace")
        self.process = pexpect.spawn(
            self.command[0], self.command[1:], timeout=60, encoding="utf-8",
            codec_errors="replace", echo=False, dimensions=(24, 500),
            searchwindowsize=20000)
        self.process.logfile_read = self.log
        self.process.delaybeforesend = 0
        return self

    def __exit__(self, *unused):
        # QEMU ends in order, which takes its time on a busy host.
        self.process.kill(signal.SIGTERM)
        end = time.monotonic() + 10 * SLOW
        while self.process.isalive() and time.monotonic() < end:
            time.sleep(0.05)
        self.process.kill(signal.SIGKILL)
        self.process.wait()
        self.process.close()
        self.log.close()

    def note(self, text):
        """Say in the log what the test is doing."""
        self.log.write(f"\n--- {text} ---\n")
        self.log.flush()

    def expect(self, pattern, limit=60, panic=True, name=None):
        """Wait until the console shows pattern. Returns the match object.

        A panic, unless it is expected (panic=False), or the end of QEMU fails
        at once. Failures say 'name' if the pattern would say nothing to people.
        """
        name = name or repr(pattern)
        patterns = [pattern, pexpect.EOF, pexpect.TIMEOUT]
        if panic:
            patterns.append(PANIC)
        index = self.process.expect(patterns, timeout=limit * SLOW)
        if index == 0:
            return self.process.match
        if index == 1:
            self.process.close()
            if self.process.signalstatus in (signal.SIGSEGV, signal.SIGABRT):
                raise EmulatorCrash("QEMU crashed: signal "
                                    f"{self.process.signalstatus}")
            raise Failure(f"QEMU ended; the console never showed {name}")
        if index == 2:
            raise Failure(f"the console did not show {name} "
                          f"within {limit * SLOW:.0f} s")
        # Registers and stack follow the first line.
        match = self.process.match
        self.read_for(2)
        raise Failure(f"panic: {match[0].strip()}")

    def expect_end(self, limit=60):
        """Wait until the machine is off (or has restarted: -no-reboot)."""
        index = self.process.expect([pexpect.EOF, pexpect.TIMEOUT],
                                    timeout=limit * SLOW)
        if index:
            raise Failure(f"the machine is still on after {limit * SLOW:.0f} s")

    def read_for(self, seconds):
        """Read on for a while; whatever comes goes to the log. The text."""
        text, end = "", time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                text += self.process.read_nonblocking(4096, 0.2)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
        return text

    def send(self, text):
        """Type text. Slowly: a UART's FIFO has 16 bytes."""
        for start in range(0, len(text), 8):
            self.process.send(text[start:start + 8])
            time.sleep(0.02)


# Messages of the hypervisor come between any two characters of domain 0's.
MESSAGES = r"(?:\(RL\) \[[^\n]*\n)*"


def among_messages(text):
    """A regular expression for text on the console of domain 0."""
    return "".join(re.escape(character) + MESSAGES for character in text)


class Shell:
    """A shell prompt on a machine's console."""

    def __init__(self, machine, prompt):
        """prompt: a regular expression that only the prompt matches."""
        self.machine = machine
        self.prompt = prompt
        self.count = 0

    def run(self, command, limit=60):
        """Run a command. Returns (exit status, what it printed)."""
        self.count += 1
        # The marks are typed in two parts, so that the echo does not match.
        self.machine.send(f"echo be''gin-{self.count}; {command}; "
                          f"echo do''ne-{self.count} $?\n")
        self.machine.expect(among_messages(f"begin-{self.count}") + r"\r*\n",
                            limit, name=f"the start of '{command}'")
        match = self.machine.expect(among_messages(f"done-{self.count} ") +
                                    rf"(\d+){MESSAGES}\r*\n", limit,
                                    name=f"the end of '{command}'")
        text = self.machine.process.before.replace("\r", "").strip()
        self.machine.expect(self.prompt, limit)
        return int(match[1]), text

    def check(self, command, limit=60):
        """Run a command that must succeed. Returns what it printed."""
        status, text = self.run(command, limit)
        if status:
            raise Failure(f"'{command}' returned {status}: {text}")
        return text


def check_text(pattern, text, what):
    """Fail unless text has pattern somewhere."""
    if not re.search(pattern, text, re.M):
        raise Failure(f"{what}: no {pattern!r} in:\n{text}")


def main(test):
    """Run a test that is a program of its own: exit status and a reason.

    Where QEMU itself crashed the test runs once more: QEMU 7.2 does so, seldom,
    when domain 0 moves PCI devices (docs/untested.md).
    """
    try:
        try:
            test()
        except EmulatorCrash as crash:
            print(f"{crash}; the test is run again")
            test()
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
    except subprocess.CalledProcessError as error:
        print(f"FAILED: {error}")
        sys.exit(1)
