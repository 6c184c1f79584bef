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
