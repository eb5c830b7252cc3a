# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's debugger port: a hand in the machine's physical memory.

For tests that must damage what no guest can reach. The machine stands still
while a Debugger is open and goes on after it.
"""
import re
import socket
import struct
import time

from machine import Failure


class Debugger:
    """A connection to -gdb unix:PATH. Use as a context manager."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.data = b""

    def __enter__(self):
        # The memory commands below take physical addresses.
        answer = self.ask("Qqemu.PhyMemMode:1")
        if answer != "OK":
            raise Failure("QEMU's debugger port has no physical memory mode")
        return self

    def __exit__(self, *unused):
        self.ask("D")
        self.socket.close()
        time.sleep(0.1)

    def packet(self):
        """The next answer. Acknowledgements and stop reports are skipped."""
        while True:
            match = re.search(rb"\$([^#]*)#[0-9a-f]{2}", self.data)
            if match:
                self.data = self.data[match.end():]
                self.socket.sendall(b"+")
                if not match[1].startswith(b"T"):
                    return match[1].decode()
                continue
            more = self.socket.recv(65536)
            if not more:
                raise Failure("QEMU closed its debugger port")
            self.data += more

    def ask(self, text):
        body = text.encode()
        self.socket.sendall(b"$%s#%02x" % (body, sum(body) & 0xff))
        return self.packet()

    def monitor(self, command):
        """What a command of QEMU's monitor prints."""
        answer, text = self.ask("qRcmd," + command.encode().hex()), ""
        while answer.startswith("O") and answer != "OK":
            text += bytes.fromhex(answer[1:]).decode()
            answer = self.packet()
        return text

    def read_table(self, address):
        """The 512 entries of the page table at a physical address."""
        data = ""
        for offset in range(0, 4096, 1024):
            data += self.ask(f"m{address + offset:x},400")
        return struct.unpack("<512Q", bytes.fromhex(data))

    def write_u64(self, address, value):
        answer = self.ask(f"M{address:x},8:{struct.pack('<Q', value).hex()}")
        if answer != "OK":
            raise Failure(f"cannot write at {address:#x}: {answer}")
