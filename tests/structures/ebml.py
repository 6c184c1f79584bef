"""Matroska and WebM: ids and lengths of elements, and what the leaves hold."""

from __future__ import annotations

from tests.structures.anatomy import Anatomy, Number, Part
from tests.structures.mp4 import configuration

_HOLDERS = {
    "1a45dfa3": "EBML",
    "18538067": "Segment",
    "114d9b74": "SeekHead",
    "4dbb": "Seek",
    "1549a966": "Info",
    "1654ae6b": "Tracks",
    "ae": "TrackEntry",
    "e0": "Video",
    "e1": "Audio",
    "55b0": "Colour",
    "1f43b675": "Cluster",
    "a0": "BlockGroup",
    "1c53bb6b": "Cues",
    "bb": "CuePoint",
    "b7": "CueTrackPositions",
    "1043a770": "Chapters",
    "45b9": "EditionEntry",
    "b6": "ChapterAtom",
    "80": "ChapterDisplay",
    "1941a469": "Attachments",
    "61a7": "AttachedFile",
    "1254c367": "Tags",
    "7373": "Tag",
    "63c0": "Targets",
    "67c8": "SimpleTag",
}
_BLOCKS = {"a3", "a1"}
_PRIVATE = "63a2"


def walk(found: Anatomy, data: bytes) -> None:
    """Find all elements."""
    _elements(found, data, 0, len(data), ())


def _elements(found: Anatomy, data: bytes, start: int, end: int, sizes: tuple[Number, ...]) -> None:
    while start + 2 <= end:
        id_bytes = 9 - data[start].bit_length()
        kind = data[start : start + id_bytes].hex()
        name = _HOLDERS.get(kind, kind)
        length_at = start + id_bytes
        length_bytes = 9 - data[length_at].bit_length()
        size = Number(f"{name} length", length_at * 8 + length_bytes, 7 * length_bytes)
        body = length_at + length_bytes
        last = body + size.get(data)
        if last > end:
            return
        found.parts.append(Part(f"{name} element", start, last, sizes))
        found.numbers.append(size)
        found.number(f"{name} length marker", length_at, 1)
        found.number(f"{name} id", start, id_bytes)
        if kind in _HOLDERS:
            _elements(found, data, body, last, (*sizes, size))
        elif kind in _BLOCKS:
            found.row(body, (f"{name} track", 1), (f"{name} time", 2), (f"{name} flags", 1))
            found.words(f"{name} payload", body + 4, min(last, body + 12))
        elif kind == _PRIVATE and data[body : body + 1] == b"\1":
            configuration(found, data, body)
        elif 0 < last - body <= 8:
            found.number(f"{name} value", body, last - body)
        else:
            found.words(name, body, last)
        start = last
