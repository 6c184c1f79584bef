"""The size of a picture by its first bytes: known before anything is decoded, which a small file can make large."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

Size = tuple[int, int]
"""Width and height, pixels."""


def read_size(data: bytes) -> Size | None:
    """Return the size that a picture in a file says it has, by its format's header; not turned as its EXIF says.

    It knows what OpenCV decodes: PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000, AVIF, PNM, PFM, HDR and Sun raster.

    Args:
        data: the file's bytes.

    Returns:
        None: another format, or a header that is cut.
    """
    for magic, read in _READERS:
        if magic.match(data):
            try:
                width, height = read(data)
            except (struct.error, StopIteration, ValueError, TypeError):
                return None
            return (width, height) if width > 0 and height > 0 else None
    return None


def is_deep(data: bytes) -> bool:
    """Return whether a picture may have levels of more than 8 bits, which take twice to four times the memory to decode."""
    if data.startswith(_PNG):
        return data[24:25] == b"\x10"
    return not data.startswith((b"\xff\xd8", b"RIFF", b"GIF8", b"BM"))


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


def _png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg(data: bytes) -> Size:
    place = 2
    while True:
        while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] == b"\xff":
            place += 1  # bytes that fill
        marker, length = struct.unpack_from(">HH", data, place)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker < 0xFF00 or length < 2:
            raise ValueError
        place += 2 + length


_FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}
"""Markers of a JPEG's frame, which has the size."""


def _webp(data: bytes) -> Size:
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _gif(data: bytes) -> Size:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> Size:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return width, abs(height)


_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 16: "Q", 17: "q"}
"""TIFF's kinds of whole numbers."""


def _tiff(data: bytes) -> Size:
    order = "<" if data.startswith(b"II") else ">"
    big = struct.unpack_from(f"{order}H", data, 2) == (43,)
    (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, place)
    place += 8 if big else 2
    found = {}
    for _ in range(min(count, 4096)):
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag in (256, 257):
            (found[tag],) = struct.unpack_from(
                order + _INTEGERS.get(kind, ""), data, place + (12 if big else 8)
            )
        place += 20 if big else 12
    return found.get(256, 0), found.get(257, 0)


def _jpeg2000(data: bytes) -> Size:
    place = data.index(b"\xff\x4f\xff\x51")
    right, bottom, left, top = struct.unpack_from(">IIII", data, place + 8)
    return right - left, bottom - top


def _avif(data: bytes) -> Size:
    sizes = [struct.unpack_from(">II", data, m.end() + 4) for m in re.finditer(b"ispe", data)]
    return max(w for w, _ in sizes), max(h for _, h in sizes)


def _words(data: bytes) -> Iterator[bytes]:
    """Yield the words of a text header, without its comments."""
    for line in data[:4096].splitlines():
        yield from line.partition(b"#")[0].split()


def _pnm(data: bytes) -> Size:
    words = _words(data[2:])
    return int(next(words)), int(next(words))


def _pam(data: bytes) -> Size:
    words = list(_words(data))
    return int(words[words.index(b"WIDTH") + 1]), int(words[words.index(b"HEIGHT") + 1])


def _hdr(data: bytes) -> Size:
    match = re.search(rb"\n[-+]([XY]) (\d+) [-+]([XY]) (\d+)\n", data[:65536])
    sizes = {match[1]: int(match[2]), match[3]: int(match[4])} if match else {}
    return sizes.get(b"X", 0), sizes.get(b"Y", 0)


def _sun(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 4)
    return width, height


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
