"""NUT: start codes, headers with checksums, and the first bytes of frames."""

from __future__ import annotations

import re

from tests.structures.anatomy import Anatomy, Part
from tests.structures.checksums import crc32_big

_STARTS = {
    "4e4d7a561f5f04ad": "main",
    "4e5311405bf2f9db": "stream",
    "4e4be4adeeca4569": "syncpoint",
    "4e58dd672f23e64e": "index",
    "4e49ab68b596ba78": "info",
}
_ANY = re.compile(b"|".join(re.escape(bytes.fromhex(code)) for code in _STARTS))


def walk(found: Anatomy, data: bytes) -> None:
    """Find all headers."""
    for name, start, body, last in _headers(data):
        found.parts.append(Part(f"{name} header", start, last))
        found.number(f"{name} start code", start, 8)
        for place in range(start + 8, body):
            found.number(f"{name} pointer", place, 1)
        for place in range(body, min(last - 4, body + 48)):
            found.number(f"{name} byte", place, 1)
        found.number(f"{name} checksum", last - 4, 4)
        if name == "syncpoint":
            found.row(last, ("frame code", 1), ("frame head", 1), ("frame head", 1))


def repair(data: bytearray) -> None:
    """Make the checksums of the headers right."""
    for _, _, body, last in _headers(data):
        data[last - 4 : last] = crc32_big(data[body : last - 4], 0).to_bytes(4, "big")


def _headers(data: bytes | bytearray) -> list[tuple[str, int, int, int]]:
    """Return name, start, start of what is summed, and end of each header."""
    found = []
    for match in _ANY.finditer(data):
        place, pointer = match.end(), 0
        while place < len(data):
            pointer = pointer << 7 | data[place] & 127
            place += 1
            if not data[place - 1] & 128:
                break
        body = place + 4 * (pointer > 4096)
        last = place + pointer + 4 * (pointer > 4096)
        if body + 4 <= last <= len(data):
            found.append((_STARTS[match[0].hex()], match.start(), body, last))
    return found
