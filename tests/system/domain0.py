# SPDX-License-Identifier: GPL-2.0-only
"""Domain 0 on build/ringlet.iso, as a person would see it on the terminal."""
import contextlib
import json
import os
import re
import tempfile
from pathlib import Path

from machine import BUILD, Failure, Machine, Shell, iso, ringlet_menu

PROMPT = r"dom0:[^\n#]*# "
NATIVE_PROMPT = r"native:[^\n#]*# "
EXAMPLE = "/usr/share/ringlet/example"


def log_path(name):
    return os.environ.get("RINGLET_TEST_LOG",
                          BUILD / f"tests/log/{name}.console")


@contextlib.contextmanager
def devices():
    """QEMU options for a disk and two network cards, as domain 0 has them."""
    with tempfile.TemporaryDirectory() as directory:
        disk, sata = Path(directory) / "virtio.img", Path(directory) / "sata.img"
        for path in (disk, sata):
            with open(path, "wb") as image:
                image.truncate(64 << 20)
        yield ["-drive", f"file={disk},if=none,id=disk,format=raw",
               "-device", "virtio-blk-pci,drive=disk",
               "-drive", f"file={sata},if=none,id=sata,format=raw",
               "-device", "ide-hd,drive=sata,bus=ide.1",
               "-netdev", "user,id=net0", "-device",
               "virtio-net-pci,netdev=net0,mac=52:54:00:00:00:01",
               "-netdev", "user,id=net1", "-device",
               "e1000,netdev=net1,mac=52:54:00:00:00:02"]


@contextlib.contextmanager
def domain0(name, *numbers, **options):
    """Boot an entry of the menu to domain 0's shell. Yields (machine, shell)."""
    with devices() as found, domain0_on(name, found, *numbers, **options) as both:
        yield both


@contextlib.contextmanager
def domain0_on(name, options, cpus=2, memory=2048, limit=180, entry=0,
               image=BUILD / "ringlet.iso", **machine_options):
    """The same on a machine with other devices: options of QEMU."""
    with Machine(image, cpus=cpus, memory=memory, log=log_path(name),
                 devices=options, **machine_options) as machine:
        if entry:
            machine.expect("The highlighted entry will be executed", limit)
            machine.send("\x0e" * entry + "\r")  # Ctrl-N: down
        machine.expect(r"\(RL\) [^\n]*Ringlet \d", limit)
        machine.expect(r"\(RL\) [^\n]*\b%s CPUs are up" % cpus, limit)
        machine.expect(r"Linux version 6\.12", limit)
        machine.expect(r"This is domain 0 of Ringlet", limit)
        machine.expect(PROMPT, limit)
        yield machine, Shell(machine, PROMPT)


def image_with(name, files, options="loglvl=info", arguments=""):
    """An image of domain 0 with more files on it, which mount_files() shows."""
    menu = ringlet_menu(f"console=com1 {options}", f"console=hvc0 {arguments}",
                        initrd=True)
    return iso(name, menu, {
        "boot/ringlet": BUILD / "ringlet",
        "boot/kernel": BUILD / "image/vmlinux",
        "boot/initrd": BUILD / "image/initrd-dom0.gz", **files})


# Domain 0's further CPUs come up when its devices are found: where one CPU of
# QEMU 7.2 uses a device's memory while another changes where that is, the access
# may go to a wrong device, and QEMU ends (docs/untested.md).
ONE_CPU_AT_FIRST = "maxcpus=1"


class DomU:
    """A domain's shell on its console, while domain 0's shell waits behind it."""

    DETACH = "\x1d"

    def __init__(self, machine, dom0, name):
        self.machine, self.dom0, self.name = machine, dom0, name
        self.shell = Shell(machine, rf"{name}:[^\n#]*# ")

    def create(self, arguments):
        """With the example's files and these keys; domain 0's shell is left."""
        self.machine.send(f"ringlet create -c {EXAMPLE}/example.cfg "
                          f"'name=\"{self.name}\"' "
                          f"'extra=\"console=hvc0 host={self.name}\"' "
                          f"{arguments}\n")
        self.machine.expect(f"This is domain '{self.name}'", 300)
        self.machine.expect(self.shell.prompt, 60)
        self.leave()

    def leave(self):
        self.machine.send(self.DETACH)
        self.machine.expect(self.dom0.prompt, 30)

    def check(self, command, limit=90):
        """Run a command in the domain, and come back to domain 0."""
        self.machine.send(f"ringlet console {self.name}\n")
        self.machine.expect(rf"This is domain '{self.name}'", 120)
        self.machine.send("\n")
        self.machine.expect(self.shell.prompt, 30)
        self.shell.check("true")
        text = self.shell.check(command, limit)
        self.leave()
        return text


def take_cpus_up(shell, cpus):
    """Take up the CPUs that ONE_CPU_AT_FIRST left out."""
    for cpu in range(1, cpus):
        shell.check(f"echo 1 >/sys/devices/system/cpu/cpu{cpu}/online")


def mount_files(shell):
    """Mount the CD that domain 0 was booted from. The directory."""
    shell.check("mkdir -p /mnt && mount -t iso9660 -o ro /dev/sr0 /mnt")
    return "/mnt"


def mount_disk(shell, name):
    """Make a file system on a disk of domain 0, and mount it as /NAME."""
    shell.check(f"mke2fs /dev/{name} && mkdir /{name} && "
                f"mount -t ext4 /dev/{name} /{name}", 120)


def without_messages(text):
    """What a command printed, without what the hypervisor said meanwhile."""
    return re.sub(r"\(RL\) \[[^\n]*(\n|$)", "", text)


def from_json(text):
    """JSON from the console."""
    try:
        return json.loads(without_messages(text))
    except ValueError as error:
        raise Failure(f"{error}: {text}") from error


def domains(shell):
    """What 'ringlet list --json' says, by name."""
    return {d["name"]: d for d in from_json(shell.check("ringlet list --json"))}


def wait_for(shell, what, true, limit=60):
    """Ask for the list until true(domains) holds. Returns the domains."""
    for _ in range(limit):
        found = domains(shell)
        if true(found):
            return found
        shell.check("sleep 1")
    raise Failure(f"{what}: not so after {limit} s: {found}")


def memory(shell):
    """KiB: free and the hypervisor's own; the latter without domain 0's."""
    text = shell.check("ringlet info --json >/tmp/info; ringlet list --json "
                       ">/tmp/list; cat /tmp/info; echo ===; cat /tmp/list")
    info, domain = (from_json(part) for part in text.split("==="))
    own = info["hypervisor_memory_kib"]
    return (info["free_memory_kib"] + own,
            own - domain[0]["hypervisor_pages"] * 4)


def settle(shell, all_pages, own=None):
    """Wait for what still ends. The hypervisor's own memory then, which may be up
    to 'own'; Failure when pages are lost."""
    for _ in range(20):
        found = memory(shell)
        if found[0] == all_pages and (own is None or found[1] <= own):
            break
        shell.check("sleep 1")
    if found[0] != all_pages:
        raise Failure(f"{all_pages - found[0]} KiB are lost")
    return found[1]
