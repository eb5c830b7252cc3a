# SPDX-License-Identifier: GPL-2.0-only
"""What a machine's screen shows, as text: read through QEMU's monitor."""
import json
import re
import socket
import tempfile
import time
from pathlib import Path

from machine import BUILD, SLOW, Failure

TEXT_MEMORY, COLUMNS, ROWS = 0xb8000, 80, 25
GLYPH_WIDTH, GLYPH_HEIGHT = 8, 16
FONT = BUILD / "generated/font.h"


class Screen:
    """The monitor of one QEMU, which gets 'options'."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name)
        self.options = ["-qmp", f"unix:{self.path}/qmp,server=on,wait=off"]
        self.stream = None
        return self

    def __exit__(self, *unused):
        if self.stream:
            self.stream.close()
        self.directory.cleanup()

    def command(self, name, **arguments):
        """Run a QMP command."""
        if not self.stream:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(30 * SLOW)
            connection.connect(str(self.path / "qmp"))
            self.stream = connection.makefile("rw", encoding="utf-8")
            connection.close()
            self.command("qmp_capabilities")
        self.stream.write(json.dumps({"execute": name,
                                      "arguments": arguments}) + "\n")
        self.stream.flush()
        for line in self.stream:
            answer = json.loads(line)
            if "return" in answer:
                return
            if "error" in answer:
                raise Failure(f"QEMU: {name}: {answer['error']}")
        raise Failure(f"QEMU ended while it was asked for {name}")

    def vga_text(self):
        """Rows of the VGA text screen."""
        path = self.path / "text"
        self.command("pmemsave", val=TEXT_MEMORY, size=COLUMNS * ROWS * 2,
                     filename=str(path))
        cells = path.read_bytes()[::2].decode("latin-1").replace("\0", " ")
        return [cells[i * COLUMNS:(i + 1) * COLUMNS] for i in range(ROWS)]

    def pixels(self):
        """(width, height, rows of pixels: light or not)."""
        path = self.path / "screen"
        self.command("screendump", filename=str(path))
        header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", path.read_bytes())
        if not header:
            raise Failure("screendump is not a picture")
        width, height = int(header[1]), int(header[2])
        data = path.read_bytes()[header.end():]
        return width, height, [
            [data[(y * width + x) * 3] > 127 for x in range(width)]
            for y in range(height)]

    def framebuffer_text(self):
        """Rows of text on the framebuffer, read by the font; '?' is no glyph."""
        glyphs = {}
        rows = re.findall(r"\{((?:0x[0-9a-f]{2},){16})\}", FONT.read_text())
        for code, row in enumerate(rows, ord(" ")):
            glyphs[tuple(int(b, 16) for b in row.split(",")[:-1])] = chr(code)
        width, height, pixels = self.pixels()
        return ["".join(
            glyphs.get(tuple(
                sum(pixels[y + i][x + j] << (7 - j) for j in range(GLYPH_WIDTH))
                for i in range(GLYPH_HEIGHT)), "?")
            for x in range(0, width - GLYPH_WIDTH + 1, GLYPH_WIDTH))
            for y in range(0, height - GLYPH_HEIGHT + 1, GLYPH_HEIGHT)]


def text_of(screen, text):
    """What the screen shows, as text or pixels, when it has come to rest."""
    read = screen.vga_text if text else screen.framebuffer_text
    before = None
    for _ in range(20):
        now = read()
        if now == before:
            return "".join(now)
        before = now
        time.sleep(0.2 * SLOW)
    raise Failure("the screen does not come to rest")
