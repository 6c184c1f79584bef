"""PNG and APNG, RIFF (AVI and WebP), and GIF: chunks one after the other."""

from __future__ import annotations

import zlib

from tests.structures.anatomy import Anatomy, Number, Part

_PNG = {
    "IHDR": "width:4 height:4 depth:1 color:1 compression:1 filter:1 interlace:1",
    "acTL": "frames:4 plays:4",
    "fcTL": "sequence:4 width:4 height:4 x:4 y:4 delay:2 denominator:2 dispose:1 blend:1",
    "fdAT": "sequence:4",
}
_RIFF = {
    "VP8X": "flags:1 reserved:3 width:3 height:3",
    "ANIM": "background:4 loops:2",
    "ANMF": "x:3 y:3 width:3 height:3 duration:3 flags:1",
    "VP8 ": "tag:3 start:3 width:2 height:2",
    "VP8L": "signature:1 size:4",
    "ALPH": "flags:1",
    "avih": "period:4 rate:4 padding:4 flags:4 frames:4 initial:4 streams:4 buffer:4 width:4 height:4",
    "strh": "type:4 handler:4 flags:4 priority:2 language:2 initial:4 scale:4 rate:4 start:4 length:4 "
    "buffer:4 quality:4 sample:4 left:2 top:2 right:2 bottom:2",
}
_BITMAP = "size:4 width:4 height:4 planes:2 bits:2 codec:4 bytes:4"
_INDEX = "id:4 flags:4 offset:4 length:4"
_GIF_PICTURE = "left:2 top:2 width:2 height:2 flags:1"


def _row(found: Anatomy, kind: str, fields: str, start: int, last: int, *, little: bool) -> int:
    for each in fields.split():
        name, size = each.split(":")
        if start + int(size) > last:
            break
        start = found.row(start, (f"{kind} {name}", int(size)), little=little)
    return start


def png(found: Anatomy, data: bytes) -> None:
    """Find all chunks of a PNG."""
    start = 8
    while start + 12 <= len(data):
        length = int.from_bytes(data[start : start + 4], "big")
        kind = data[start + 4 : start + 8].decode("latin-1")
        last = start + 12 + length
        found.parts.append(Part(f"{kind} chunk", start, last))
        names = (f"{kind} length", 4), (f"{kind} type", 4)
        body = _row(found, kind, _PNG.get(kind, ""), found.row(start, *names), last, little=False)
        found.words(kind, body, min(body + 8, last - 4))
        found.number(f"{kind} checksum", last - 4, 4)
        start = last


def repair_png(data: bytearray) -> None:
    """Make the checksums of the chunks right, as far as their lengths lead."""
    start = 8
    while start + 12 <= len(data):
        end = start + 8 + int.from_bytes(data[start : start + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[start + 4 : end]).to_bytes(4, "big")
        start = end + 4


def riff(found: Anatomy, data: bytes) -> None:
    """Find all chunks of an AVI or a WebP."""
    _chunks(found, data, 0, len(data), ())


def _chunks(found: Anatomy, data: bytes, start: int, end: int, sizes: tuple[Number, ...]) -> None:
    stream = ""
    while start + 8 <= end:
        kind = data[start : start + 4].decode("latin-1")
        length = int.from_bytes(data[start + 4 : start + 8], "little")
        body = start + 8
        last = min(end, body + length + length % 2)
        name = "movi chunk" if kind[:2].isdecimal() else kind
        found.parts.append(Part(f"{name} chunk", start, last, sizes))
        found.number(f"{name} type", start, 4)
        size = found.number(f"{name} size", start + 4, 4, little=True)
        inner = (*sizes, size)
        if kind in {"RIFF", "LIST"}:
            found.number(f"{name} kind", body, 4)
            _chunks(found, data, body + 4, last, inner)
        elif kind == "ANMF":
            _chunks(
                found, data, _row(found, kind, _RIFF[kind], body, last, little=True), last, inner
            )
        elif kind == "idx1":
            while body + 16 <= last:
                body = _row(found, kind, _INDEX, body, last, little=True)
        elif kind == "strf" and stream == "vids":
            body = _row(found, "bitmap", _BITMAP, body, last, little=True)
            found.words("bitmap", body, last, little=True)
        elif kind in _RIFF:
            stream = data[body : body + 4].decode("latin-1")
            _row(found, kind, _RIFF[kind], body, last, little=True)
        elif name != "movi chunk":
            found.words(kind, body, min(last, body + 32), little=True)
        start = last


def gif(found: Anatomy, data: bytes) -> None:
    """Find all blocks of a GIF."""
    names = ("gif width", 2), ("gif height", 2), ("gif flags", 1), ("gif background", 1)
    start = found.row(6, *names, ("gif aspect", 1), little=True)
    start += _palette(data[10])
    while start < len(data) and data[start] != 0x3B:
        first = start
        found.number("gif block", start, 1)
        if data[start] == 0x2C:
            flags = data[start + 9]
            start = _row(found, "picture", _GIF_PICTURE, start + 1, len(data), little=True)
            start += _palette(flags)
            start = found.row(start, ("gif code size", 1))
            name = "gif picture"
        else:
            name = f"gif extension {data[start + 1]:x}"
            found.number("gif label", start + 1, 1)
            start += 2
            if data[first + 1] == 0xF9:
                found.row(
                    start + 1, (f"{name} flags", 1), (f"{name} delay", 2), (f"{name} clear", 1)
                )
            else:
                found.words(name, start + 1, start + 1 + data[start])
        while data[start]:
            found.number("gif sub-block length", start, 1)
            start += 1 + data[start]
        start += 1
        found.parts.append(Part(name, first, start))


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 128 else 0
