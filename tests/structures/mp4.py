"""MP4 and QuickTime: boxes in boxes, and the tables of samples."""

from __future__ import annotations

from tests.structures.anatomy import Anatomy, Number, Part
from tests.structures.parameters import read_parameters

_HOLDERS = {"moov", "trak", "mdia", "minf", "stbl", "edts", "moof", "traf", "mvex", "udta", "dinf"}
_ENTRIES = {"avc1": 78, "hvc1": 78, "hev1": 78, "mp4v": 78, "mp4a": 28, "tx3g": 38}
"""Sample entries with boxes behind so many bytes."""

_FIELDS = {
    "mvhd": "version:4 made:4 changed:4 timescale:4 duration:4 rate:4 volume:2",
    "tkhd": "version:4 made:4 changed:4 id:4 reserved:4 duration:4 reserved:8 layer:2 group:2 volume:2 "
    "reserved:2 a:4 b:4 u:4 c:4 d:4 v:4 x:4 y:4 w:4 width:4 height:4",
    "mdhd": "version:4 made:4 changed:4 timescale:4 duration:4 language:2",
    "hdlr": "version:4 predefined:4 kind:4",
    "mfhd": "version:4 sequence:4",
    "trex": "version:4 id:4 entry:4 duration:4 size:4 flags:4",
    "avc1": "reserved:6 reference:2 version:2 revision:2 vendor:4 temporal:4 spatial:4 width:2 height:2 "
    "horizontal:4 vertical:4 size:4 frames:2",
    "mp4a": "reserved:6 reference:2 version:2 revision:2 vendor:4 channels:2 bits:2 compression:2 packet:2 "
    "rate:4",
}
_TABLES = {
    "stts": "count:4 delta:4",
    "ctts": "count:4 offset:4",
    "stsc": "chunk:4 samples:4 entry:4",
    "stsz": "size:4",
    "stco": "offset:4",
    "co64": "offset:8",
    "stss": "sample:4",
    "elst": "duration:4 time:4 rate:4",
    "trun": "duration:4 size:4 offset:4",
}


def walk(found: Anatomy, data: bytes) -> None:
    """Find all boxes."""
    _boxes(found, data, 0, len(data), ())


def _fields(kind: str, fields: str) -> list[tuple[str, int]]:
    return [(f"{kind} {name}", int(size)) for name, size in (f.split(":") for f in fields.split())]


def _boxes(found: Anatomy, data: bytes, start: int, end: int, sizes: tuple[Number, ...]) -> None:
    while start + 8 <= end:
        length = int.from_bytes(data[start : start + 4], "big")
        kind = data[start + 4 : start + 8].decode("latin-1")
        if not 8 <= length <= end - start:
            return
        last, body = start + length, start + 8
        found.parts.append(Part(f"{kind} box", start, last, sizes))
        size = found.number(f"{kind} box size", start, 4)
        found.number(f"{kind} box type", start + 4, 4)
        inner = (*sizes, size)
        if kind in _HOLDERS:
            _boxes(found, data, body, last, inner)
        elif kind in {"stsd", "dref"}:
            found.row(body, (f"{kind} version", 4), (f"{kind} count", 4))
            _boxes(found, data, body + 8, last, inner)
        elif kind in _ENTRIES:
            found.row(body, *_fields(kind, _FIELDS["mp4a" if kind == "mp4a" else "avc1"]))
            _boxes(found, data, body + _ENTRIES[kind], last, inner)
        elif kind in _TABLES:
            _table(found, kind, body, last)
        elif kind in _FIELDS:
            found.row(body, *_fields(kind, _FIELDS[kind]))
        elif kind == "tfdt":
            wide = 8 if data[body] else 4
            found.row(body, ("tfdt version", 4), ("tfdt time", wide))
        elif kind == "avcC":
            found.words(kind, body, body + 4)
            found.bits(body + 4, ("avcC reserved", 6), ("avcC length", 2))
            _sets(found, data, body + 5, last, 1)
        elif kind == "hvcC":
            found.words(kind, body, body + 21)
            found.bits(body + 21, ("hvcC rates", 6), ("hvcC length", 2))
            _arrays(found, data, body + 22)
        elif kind != "mdat":
            found.words(kind, body, last)
        start = last


def _table(found: Anatomy, kind: str, body: int, last: int) -> None:
    """Add a table; in a `trun` the columns vary, and those of all samples are the most usual."""
    heads = {"stsz": ["sizes", "count"], "trun": ["count", "begin"]}.get(kind, ["count"])
    start = found.row(body, (f"{kind} version", 4), *((f"{kind} {head}", 4) for head in heads))
    columns = _fields(kind, _TABLES[kind])
    while start + sum(size for _, size in columns) <= last:
        start = found.row(start, *columns)
    if kind == "trun":
        found.words(kind, start, last)


def _sets(found: Anatomy, data: bytes, start: int, last: int, kinds: int) -> int:
    """Add sets with their counts and lengths: SPS, and after them PPS."""
    found.number("avcC sets", start, 1)
    for _ in range(data[start] & 31):
        found.number("avcC set length", start + 1, 2)
        length = int.from_bytes(data[start + 1 : start + 3], "big")
        read_parameters(found, data, start + 3, start + 3 + length)
        start += 2 + length
    return _sets(found, data, start + 1, last, kinds - 1) if kinds else start


def _arrays(found: Anatomy, data: bytes, start: int) -> None:
    found.number("hvcC arrays", start, 1)
    place = start + 1
    for _ in range(data[start]):
        found.row(place, ("hvcC kind", 1), ("hvcC sets", 2))
        sets = int.from_bytes(data[place + 1 : place + 3], "big")
        place += 3
        for _ in range(sets):
            found.number("hvcC set length", place, 2)
            length = int.from_bytes(data[place : place + 2], "big")
            read_parameters(found, data, place + 2, place + 2 + length)
            place += 2 + length


def configuration(found: Anatomy, data: bytes, start: int) -> None:
    """Add an avcC that lies elsewhere, as in Matroska."""
    found.words("avcC", start, start + 4)
    _sets(found, data, start + 5, len(data), 1)
