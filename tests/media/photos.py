"""Photos as cameras write them: stored as the sensor lies, with EXIF that says how they are turned."""

from __future__ import annotations

import struct
import zlib

import cv2

from tests.clips import pattern

TURNED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: p.swapaxes(0, 1)[:, ::-1],
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: p.swapaxes(0, 1)[::-1],
}
"""EXIF's orientation (CIPA DC-008, 4.6.5) -> the stored picture (H, W, 3) as it is shown."""


def exif(orientation: int) -> bytes:
    """An EXIF block that holds the orientation alone."""
    entry = struct.pack(">HHHIHH", 1, 0x112, 3, 1, orientation, 0)
    return b"MM\0*\0\0\0\x08" + entry + bytes(4)


def photo(ending: str, orientation: int) -> bytes:
    """A picture of 48x32 with EXIF, as a file's bytes."""
    made, data = cv2.imencode(ending, cv2.cvtColor(pattern(0, 48, 32), cv2.COLOR_RGB2BGR))
    assert made
    block, data = exif(orientation), data.tobytes()
    if ending == ".jpg":
        segment = b"Exif\0\0" + block
        return data[:2] + struct.pack(">HH", 0xFFE1, len(segment) + 2) + segment + data[2:]
    if ending == ".png":
        chunk = b"eXIf" + block
        chunk = struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return data[:33] + chunk + data[33:]
    image = data[12:]  # .webp: its chunks go into the extended form, whose header tells of the EXIF
    header = struct.pack("<4sIB3x", b"VP8X", 10, 8)
    header += struct.pack("<I", 47)[:3] + struct.pack("<I", 31)[:3]
    body = b"WEBP" + header + image + struct.pack("<4sI", b"EXIF", len(block)) + block
    return struct.pack("<4sI", b"RIFF", len(body)) + body
