"""Boxes put into the sample entry of an mp4's video, as cameras and stores put them there."""

from __future__ import annotations

import struct
from pathlib import Path


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def full_box(name: bytes, content: bytes) -> bytes:
    return box(name, bytes(4) + content)


def stereo(mode: int) -> bytes:
    """1: top and bottom, 2: side by side."""
    return full_box(b"st3d", bytes([mode]))


def sphere(form: bytes, pose: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    """A projection, and yaw, pitch and roll in 1/65536 degrees."""
    head = full_box(b"prhd", struct.pack(">3i", *pose))
    return box(b"sv3d", full_box(b"svhd", b"m\0") + box(b"proj", head + form))


EQUIRECTANGULAR = full_box(b"equi", bytes(16))
IN_PART = full_box(b"equi", struct.pack(">4I", 0, 0, 2**30, 2**30))
CUBEMAP = full_box(b"cbmp", struct.pack(">2I", 0, 4))


def dolby_vision(profile: int, compatibility: int) -> bytes:
    return box(b"dvcC", bytes([1, 0, profile << 1, 13, compatibility << 4]) + bytes(19))


def _with(body: bytes, added: bytes) -> bytes:
    made, at = b"", 0
    while at < len(body):
        size, name = struct.unpack(">I4s", body[at : at + 8])
        content = body[at + 8 : at + size]
        if name in {b"moov", b"trak", b"mdia", b"minf", b"stbl"}:
            content = _with(content, added)
        elif name == b"stsd" and content[12:16] in {b"avc1", b"hvc1"}:
            (entry,) = struct.unpack(">I", content[8:12])
            grown = struct.pack(">I", entry + len(added)) + content[12 : 8 + entry] + added
            content = content[:8] + grown + content[8 + entry :]
        made += box(name, content)
        at += size
    return made


def put_boxes(source: Path, added: bytes, made: Path) -> Path:
    """Write a copy of an mp4, whose index comes last, with boxes added to its video's description."""
    made.write_bytes(_with(source.read_bytes(), added))
    return made


def alias(path: str) -> bytes:
    """A data reference to another file: an alias record of the Macintosh, with a path from the root or its folder."""
    name = path.encode() + bytes(len(path) % 2)
    levels = struct.pack(">2H", 1, 1)  # up to the folder of both, and down again
    record = bytes(130) + levels + bytes(16) + struct.pack(">2H", 2, len(path)) + name
    return full_box(b"alis", record + struct.pack(">2H", 0xFFFF, 0))


def url(path: str) -> bytes:
    """A data reference to another file: an address."""
    return full_box(b"url ", f"file://{path}".encode() + b"\0")


def refer(body: bytes, reference: bytes, header: bytes) -> bytes:
    """Let the data of a track lie elsewhere, in an mp4 whose index comes last.

    Args:
        body: the file.
        reference: one of the above.
        header: of the track's kind, such as b"vmhd".
    """
    made, at = b"", 0
    while at < len(body):
        size, name = struct.unpack(">I4s", body[at : at + 8])
        content = body[at + 8 : at + size]
        if name in {b"moov", b"trak", b"mdia", b"dinf"} or (name == b"minf" and header in content):
            content = refer(content, reference, header)
        elif name == b"dref":
            content = content[:4] + struct.pack(">I", 1) + reference
        made += box(name, content)
        at += size
    return made
