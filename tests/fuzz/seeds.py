#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the first inputs of a fuzzer, good ones, from which it goes on.

seeds.py NAME DIRECTORY
"""
import struct
import sys
from pathlib import Path

ABI_VERSION = 1
BASE = 0x1000000


def phdr(kind, offset, filesz, memsz, paddr):
    return struct.pack("<IIQQQQQQ", kind, 7, offset, 0xffffffff80000000 + paddr,
                       paddr, filesz, memsz, 4096)


def image(relocatable=1):
    """A guest with two segments and a note, all in a few hundred bytes."""
    note = struct.pack("<III8s", 8, 32, 1, b"Ringlet\0") + struct.pack(
        "<IIQQQ", ABI_VERSION, relocatable, BASE + 16, 0x200000, 0)
    start = 64 + 3 * 56
    body = start + len(note)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    return (header + phdr(1, body, 64, 64, BASE) +
            phdr(1, body + 64, 32, 0x3000, BASE + 0x1000) +
            phdr(4, start, len(note), len(note), 0) + note + bytes(range(96)))


def elf():
    return [image(), image(0), image()[:200]]


def builder():
    result = []
    # The last one's reserved region is where the image would like to lie.
    for flags, memory, reserved in ((0, 32 << 20, 10), (1, 24 << 20, 10),
                                    (6, 36 << 20, 10), (9, 8, 10),
                                    (0, 32 << 20, BASE >> 18)):
        choice = struct.pack("<IHBB4BI", memory, 12, 1, flags, reserved, 2, 1,
                             9, 5000)
        result.append(choice + b"console=hvc0" + image())
    return result


def tag(kind, data):
    text = struct.pack("<II", kind, 8 + len(data)) + data
    return text + bytes(-len(text) % 8)


def rsdp(revision):
    data = bytearray(b"RSD PTR \0RINGLE" + bytes([revision]) +
                     struct.pack("<I", 0xe0000))
    data[8] = -sum(data[:20]) & 255
    if revision:
        data += struct.pack("<IQBxxx", 36, 0xe0000, 0)
        data[32] = -sum(data) & 255
    return bytes(data)


def multiboot2():
    def info(*tags):
        text = b"".join(tags) + tag(0, b"")
        return struct.pack("<II", 8 + len(text), 0) + text

    memory = tag(6, struct.pack("<II", 24, 0) + b"".join(
        struct.pack("<QQII", *entry) for entry in (
            (0, 0x9fc00, 1, 0), (0x100000, 1 << 30, 1, 0),
            (0xfec00000, 0x1000, 2, 0))))
    modules = [tag(3, struct.pack("<II", 0x200000 * n, 0x200000 * n + 0x1000) +
                   b"one two=3\0") for n in (1, 2)]
    screen = tag(8, struct.pack("<QIIIBBH", 0xb8000, 160, 80, 25, 16, 2, 0))
    return [info(memory), info(tag(1, b"console=com1\0"), tag(2, b"GRUB\0"),
                               *modules, memory, screen, tag(14, rsdp(0)),
                               tag(15, rsdp(2)))]


def fdt(root):
    """A flattened tree of (name, {property: bytes}, [children])."""
    names, body = b"", b""

    def node(name, properties, children):
        nonlocal names, body
        text = name.encode() + b"\0"
        body += struct.pack(">I", 1) + text + bytes(-len(text) % 4)
        for key, value in properties.items():
            body += struct.pack(">III", 3, len(value), len(names))
            body += value + bytes(-len(value) % 4)
            names += key.encode() + b"\0"
        for child in children:
            node(*child)
        body += struct.pack(">I", 2)

    node(*root)
    body += struct.pack(">I", 9)
    return struct.pack(">10I", 0xd00dfeed, 56 + len(body) + len(names), 56,
                       56 + len(body), 40, 17, 16, 0, len(names),
                       len(body)) + bytes(16) + body + names


def boot_domains():
    def domain(name, cpus):
        return (name, {"compatible": b"ringlet,domain\0",
                       "memory": struct.pack(">II", 0, 65536),
                       "cpus": struct.pack(">I", cpus)},
                [("module@1", {"compatible": b"multiboot,kernel\0",
                               "module-index": struct.pack(">I", 1),
                               "bootargs": b"console=hvc0\0"}, []),
                 ("module@2", {"compatible": b"multiboot,ramdisk\0",
                               "module-name": b"ramdisk\0"}, [])])

    return [fdt(("", {}, [("chosen", {}, [domain("one", 1)])])),
            fdt(("", {"model": b"x\0"},
                 [("chosen", {}, [domain("one", 2), domain("two", 1)])]))]


def hypercall():
    """Programs: every call once from each pCPU, with faults between."""
    result = []
    for seed in range(4):
        text = bytes([seed * 3])
        for nr in range(80):
            text += bytes([nr & 1, nr, 1] + [seed * 17 + nr + i & 127
                                             for i in range(5)])
            text += bytes([10 | nr & 1, nr % 40, 0, 2])
        result.append(text)
    return result


def cmdline():
    return [b"console=com1,vga loglvl=all dom0_mem=512M,max:1G noreboot",
            b"com1=115200,8n1 com2=auto maxcpus=2 dom0_max_vcpus=4",
            b"guest_loglvl=none/all -- x = 0x10 console=none"]


def config():
    good = b'name = "web"\nkernel = "/boot/vmlinux"\nmemory = 512\n'
    return [good, good + b"""ramdisk = '/r' ; vcpus = 0x2 # two
extra = "console=hvc0 \\"q\\"\\t"
root="/dev/vda1"; on_poweroff = "preserve"
on_reboot='destroy'
on_crash = "restart"
cpu_weight = 512
uuid = "01234567-89ab-cdef-0123-456789abcdef"
disk = [ "/a.img,raw,xvdb,ro", "format=qcow2, vdev=xvda, direct-io-safe,no-discard, target=/b,c" ]
disk += [ 'phy:/dev/sdb,sdz,w', 'vg/lv,,d7' ]
vif = [ '', 'mac=00:16:3e:01:02:03,bridge=br0,vifname=tap0,rate=10Mb/s@20ms,mtu=9000,devid=5', "script=x,ip=10.0.0.1" ]
p9 = [ ] ; virtiofs = [ 'tag=a,path=/a,access=ro' ] ; rng = 1 ; vsock_cid = 3
cloud_init = "/srv/seed"
""", good + b'cmdline = "x"\nmaxmem = 600\nbootloader = "pygrub"\n']


def dm():
    """Drivers that set up a source of entropy, a disk and a balloon, and use them."""
    def ask(number, device, *body):
        data = b"".join(struct.pack("<I", word) if word < 1 << 32 else
                        struct.pack("<Q", word - (1 << 32)) for word in body)
        return bytes([1, number, device, len(data)]) + data + bytes([3] * 3)

    def queue(device, flags, index=0):
        return ask(0x80, device, index) + ask(10, device, index, 0, 64, flags,
                                              *((1 << 32) + at for at in (
                                                  0x1000, 0x1800, 0x2000)))

    def start(device, features, flags=0, more=b""):
        return (ask(2, device) + ask(3, device, 0, 2) + ask(5, device, 0, 0, 8) +
                ask(8, device, 1) + ask(8, device, 3) +
                ask(4, device, 0, 2, features, 1, 0, 0) +
                ask(8, device, 11) + queue(device, flags) + more +
                ask(8, device, 15))

    def poke(offset, value):
        return bytes([5]) + struct.pack("<HH", offset, value)

    # A descriptor of 4096 bytes at 0x4000 that the device writes.
    request = (poke(0, 0x4000) + poke(8, 0x1000) + poke(12, 2) +
               poke(0x802, 1) + bytes([6]))
    # Pages 5, 6 and 0: given back, or wanted.
    pages = (poke(0, 0x4000) + poke(8, 12) + poke(12, 0) + poke(0x3000, 5) +
             poke(0x3004, 6) + poke(0x802, 1) + bytes([6]))
    return [start(2, 1, 0, queue(2, 0, 1)) + pages + bytes([12, 1, 9, 3]) +
            poke(0x802, 2) + bytes([6, 7, 12, 0, 9, 9, 6]) + ask(8, 2, 0),
            start(1, 0) + request + ask(8, 1, 0) + bytes([8, 1, 1]),
            start(0, 0x200, 1) + request + poke(0x1002, 1) + bytes([7]) +
            ask(8, 0, 0) + bytes([9, 30, 9, 200, 4, 40]) + bytes(range(40)),
            ask(8, 0, 3) + bytes([8, 0, 0]) + ask(8, 0, 0) +
            bytes([2, 0x80, 0, 5, 0, 0, 0, 0]) + bytes(64)]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    make = {"elf": elf, "builder": builder, "multiboot2": multiboot2,
            "boot_domains": boot_domains, "cmdline": cmdline,
            "hypercall": hypercall, "config": config, "dm": dm}.get(sys.argv[1])
    if not make:
        sys.exit(f"seeds.py: there is no fuzzer '{sys.argv[1]}'")
    directory = Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(make()):
        (directory / f"seed-{number}").write_bytes(data)


main()
