"""What a picture says of itself: known before anything is decoded, which a small file can make large or long."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple


class Header(NamedTuple):
    """The size of a picture, and what it takes to decode it.

    Where a file says something twice, it is the most: a decoder may heed either.
    """

    width: int
    """Pixels, not turned as its EXIF says."""
    height: int
    pixel_bytes: int = 8
    """Memory that a pixel takes until it is RGB, bytes: of the decoder, its result and copies, as measured."""
    scans: int = 1
    """Passes over the pixels, of a progressive JPEG."""


def read_header(data: bytes) -> Header | None:
    """Read the header of a picture in a file.

    It knows what OpenCV decodes: PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000, AVIF, PNM, PFM, HDR and Sun raster.

    Args:
        data: the file's bytes.

    Returns:
        None: another format, or a header that is cut or makes no sense.
    """
    for magic, read in _READERS:
        if magic.match(data):
            try:
                header = read(data)
            except (struct.error, StopIteration, ValueError, TypeError, IndexError):
                return None
            return header if header.width > 0 and header.height > 0 else None
    return None


MAX_INFLATED = 2**25
"""Bytes of the texts and color profiles of a PNG: a thousand times as many as they are in the file, at most."""


def inflates_too_much(data: bytes) -> bool:
    """Return whether the compressed texts and color profiles of a PNG are more than `MAX_INFLATED`.

    Args:
        data: the file's bytes, of any format.
    """
    if not data.startswith(_PNG):
        return False
    total, view = 0, memoryview(data)
    for text in re.finditer(rb"zTXt|iTXt|iCCP", data):
        (length,) = struct.unpack_from(">I", data, text.start() - 4)
        start = data.find(b"\0", text.end()) + 2  # behind a name, and the method
        if text[0] == b"iTXt":  # behind a flag, a language and the name in it, too
            start = data.find(b"\0", data.find(b"\0", start + 1) + 1) + 1
        total += _OVERHEAD
        try:
            compressed = view[start : text.end() + length]
            total += len(zlib.decompressobj().decompress(compressed, MAX_INFLATED))
        except zlib.error:
            total += _DAMAGED
        if total > MAX_INFLATED:
            return True
    return False


_OVERHEAD = 2**10
"""Bytes as which a text itself is counted: millions of empty ones take time, too."""

_DAMAGED = 2**20
"""Bytes as which one is counted that is damaged somewhere, or not compressed."""


def is_opaque(data: bytes) -> bool:
    """Return whether a picture surely has no transparency: JPEG, and PNG that says so."""
    if data.startswith(_PNG):
        head = data[: max(0, data.find(b"IDAT"))]
        return len(head) > 25 and head[25] in (0, 2, 3) and b"tRNS" not in head
    return data.startswith(b"\xff\xd8")


def is_upright_png(data: bytes) -> bool:
    """Return whether a picture is a PNG that asks nobody to turn it."""
    return data.startswith(_PNG) and b"eXIf" not in data and b"exif" not in data


_PNG = b"\x89PNG\r\n\x1a\n"


def _png(data: bytes) -> Header:
    width, height = struct.unpack_from(">II", data, 16)
    is_animated = b"acTL" in data[: data.find(b"IDAT")]
    return Header(width, height, 16 if is_animated or data[24] == 16 else 8)


def _jpeg(data: bytes) -> Header:
    width = height = colors = scans = 0
    in_one_scan = True
    place, marker = 2, 0
    for _ in range(_MAX_SEGMENTS):
        if not (found := _MARKER.search(data, place)):
            break  # a cut file
        marker = found[0][-1]
        if marker == _END:
            break
        (length,) = struct.unpack_from(">H", data, found.end())
        if marker in _FRAMES:
            size = struct.unpack_from(">HHB", data, found.end() + 3)
            height, width, colors = map(max, (height, width, colors), size)
            in_one_scan = marker in _SEQUENTIAL
        elif marker == _SCAN:
            scans += 1
            in_one_scan &= data[found.end() + 2] == colors
        place = found.end() + length
    else:
        raise ValueError
    # What comes in several scans is kept until the last one, 16 bits a color.
    return Header(width, height, 8 if in_one_scan else 3 + 2 * colors, max(1, scans))


_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""Of a segment, behind the data of a scan or others."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame, which has the size."""

_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC9})
"""Those of frames that are not progressive."""

_SCAN, _END = 0xDA, 0xD9

_MAX_SEGMENTS = 20_000
"""In a JPEG; a file of the largest size has 8,192 of the longest ones."""


def _webp(data: bytes) -> Header:
    kind = data[12:16]
    if kind == b"VP8X":
        return Header(
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
            16 if data[20] & 2 else 8,  # an animation
        )
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    width, height = struct.unpack_from("<HH", data, 26)
    return Header(width & 0x3FFF, height & 0x3FFF)


def _gif(data: bytes) -> Header:
    width, height = struct.unpack_from("<HH", data, 6)
    return Header(width, height, 16)


def _bmp(data: bytes) -> Header:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return Header(width, abs(height), 12)


_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q", 17: "q"}
"""TIFF's kinds of whole numbers."""


_WIDTH, _HEIGHT, _BITS, _SAMPLES = 256, 257, 258, 277
"""Tags of TIFF."""


def _tiff(data: bytes) -> Header:
    order = "<" if data.startswith(b"II") else ">"
    big = struct.unpack_from(f"{order}H", data, 2) == (43,)
    offset = order + ("Q" if big else "I")
    (place,) = struct.unpack_from(offset, data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + ("Q" if big else "H"), data, place)
    place += 8 if big else 2
    found = {_WIDTH: 0, _HEIGHT: 0, _BITS: 1, _SAMPLES: 1}
    for _ in range(min(entries, 4096)):
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag in found:
            form, at = order + _INTEGERS.get(kind, ""), place + (12 if big else 8)
            (count,) = struct.unpack_from(offset, data, place + 4)
            if count * struct.calcsize(form) > (8 if big else 4):  # the values lie elsewhere
                (at,) = struct.unpack_from(offset, data, at)
            (value,) = struct.unpack_from(form, data, at)
            found[tag] = max(found[tag], value)
        place += 20 if big else 12
    sample_bytes = -(-found[_SAMPLES] * found[_BITS] // 8)
    return Header(found[_WIDTH], found[_HEIGHT], max(8, 2 * sample_bytes))


def _jpeg2000(data: bytes) -> Header:
    width = height = samples = 0
    for start in re.finditer(rb"\xff\x4f\xff\x51", data):
        size = struct.unpack_from(">IIII16xH", data, start.end() + 4)
        right, bottom, left, top, count = size
        width, height = max(width, right - left), max(height, bottom - top)
        samples = max(samples, count)
    return Header(width, height, max(16, 6 * samples))


def _avif(data: bytes) -> Header:
    sizes = [struct.unpack_from(">II", data, m.end() + 4) for m in re.finditer(b"ispe", data)]
    has_more = b"auxC" in data or data[8:12] == b"avis"  # opacity, or an animation
    return Header(max(w for w, _ in sizes), max(h for _, h in sizes), 32 if has_more else 16)


def _words(data: bytes) -> Iterator[bytes]:
    """Yield the words of a text header, without its comments."""
    for line in data[:4096].splitlines():
        yield from line.partition(b"#")[0].split()


def _pnm(data: bytes) -> Header:
    words = _words(data[2:])
    return Header(int(next(words)), int(next(words)), 32 if data[1:2] in b"Ff" else 16)


def _pam(data: bytes) -> Header:
    words = list(_words(data))
    width, height = (
        max(int(value) for key, value in pairwise(words) if key == name)
        for name in (b"WIDTH", b"HEIGHT")
    )
    return Header(width, height, 16)


def _hdr(data: bytes) -> Header:
    width = height = 0
    for match in re.finditer(rb"\n[-+]([XY])\s*(\d{1,10})\s*[-+]([XY])\s*(\d{1,10})", data):
        sizes = {match[1]: int(match[2]), match[3]: int(match[4])}
        width, height = max(width, sizes.get(b"X", 0)), max(height, sizes.get(b"Y", 0))
    return Header(width, height, 24)


def _sun(data: bytes) -> Header:
    width, height = struct.unpack_from(">II", data, 4)
    return Header(width, height, 16)


_READERS = tuple(
    (re.compile(magic, re.DOTALL), read)
    for magic, read in (
        (re.escape(_PNG), _png),
        (rb"\xff\xd8", _jpeg),
        (rb"RIFF....WEBP", _webp),
        (rb"GIF8[79]a", _gif),
        (rb"BM", _bmp),
        (rb"II[*+]\0|MM\0[*+]", _tiff),
        (rb"\0\0\0\x0cjP  \r\n|\xff\x4f\xff\x51", _jpeg2000),
        (rb"....ftyp", _avif),
        (rb"P7", _pam),
        (rb"P[1-6Ff]", _pnm),
        (rb"#\?R", _hdr),
        (rb"\x59\xa6\x6a\x95", _sun),
    )
)
"""The beginning of a format's files -> how its size is read."""
