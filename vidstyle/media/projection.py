"""360 degree and 3D video: how its pictures lie on a sphere and hold two views, from input to output.

PyAV cannot tell a muxer of either. Matroska's takes the views as a tag. All else is written into the
finished file, into room that a longer name of the track has kept: nothing behind it moves.
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av

from vidstyle.media.side_data import side_data_of

log = logging.getLogger(__name__)

_SHAPES = {0: "equirectangular", 1: "cubemap", 2: "equirectangular in part"}
_OTHER_SHAPES = {3: "half equirectangular", 4: "rectilinear", 5: "fisheye"}

_VIEWS = {
    1: ("side by side", "left_right", "right_left"),
    2: ("top and bottom", "top_bottom", "bottom_top"),
    3: ("one after the other", "block_lr", "block_rl"),
    4: ("checkerboard", "checkerboard_lr", "checkerboard_rl"),
    6: ("in rows", "row_interleaved_lr", "row_interleaved_rl"),
    7: ("in columns", "col_interleaved_lr", "col_interleaved_rl"),
}
"""AVStereo3DType -> what it is, and Matroska's names of it: left view first, right view first."""

_ROOM = "\ue000"
"""Begins the room in a name: no name of a user holds it."""

_LARGEST_HEADER = 2**24
"""Bytes of a Matroska file in which its tracks must begin and end."""


@dataclass(frozen=True)
class Projection:
    """What a container says of the sphere and of the two views; false where there is neither."""

    sphere: tuple[int, ...] | None = None
    """FFmpeg's AVSphericalMapping: shape; yaw, pitch, roll in 1/65536 degrees; what lies outside
    at the left, top, right and bottom in 1/2**32 of the sphere; padding of a cube's faces."""
    views: int | None = None
    """FFmpeg's AVStereo3DType, other than one view."""
    right_first: bool = False

    def __bool__(self) -> bool:
        return self.sphere is not None or self.views is not None

    def __str__(self) -> str:
        parts = []
        if self.sphere is not None:
            shape = (_SHAPES | _OTHER_SHAPES).get(self.sphere[0], "unknown")
            parts.append(f"360 degree projection ({shape})")
        if self.views is not None:
            what = _VIEWS[self.views][0] if self.views in _VIEWS else "unknown"
            parts.append(f"3D tag ({what}{', right eye first' if self.right_first else ''})")
        return " and ".join(parts)

    def held_by(self, muxer: str, *, piped: bool) -> Projection:
        """Return the part that an output can hold.

        Args:
            muxer: FFmpeg's name of it.
            piped: the output cannot be written to once it is finished.
        """
        sphere = self.sphere if self.sphere and self.sphere[0] in _SHAPES else None
        views = {
            "mp4": () if piped or self.right_first else (1, 2),
            "mov": () if piped or self.right_first else (1, 2),
            "webm": (1, 2),
            "matroska": tuple(_VIEWS),
        }
        if muxer not in views:
            return Projection()
        kept = self.views if self.views in views[muxer] else None
        return Projection(None if piped else sphere, kept, self.right_first)

    def without(self, held: Projection) -> Projection:
        """Return what is left of it when `held` is kept."""
        return Projection(
            None if held.sphere is not None else self.sphere,
            None if held.views is not None else self.views,
            self.right_first,
        )

    def kept_by(self, muxer: str, tags: dict[str, str], *, piped: bool) -> Projection:
        """Return the part that an output can hold, with room for it; warn of the rest.

        Args:
            muxer: FFmpeg's name of it.
            tags: of its video stream, before the header is written; the room is added to them.
            piped: the output cannot be written to once it is finished.
        """
        held = self.held_by(muxer, piped=piped)
        if lost := self.without(held):
            seekable = self.without(self.held_by(muxer, piped=False))
            log.warning("%s is dropped: %s cannot hold it", lost, muxer if seekable else "a pipe")
        if held:
            held._reserve(tags, muxer)
        return held

    def _reserve(self, tags: dict[str, str], muxer: str) -> None:
        if muxer in {"mp4", "mov"}:
            room = len(_boxes(self))
            # MOV counts the bytes of a name in one, and a character may take four.
            name = tags.get("handler_name", "VideoHandler")[: (255 - room) // 4]
            tags["handler_name"] = _roomy(name, room)
            return
        if self.views is not None:
            tags["stereo_mode"] = _VIEWS[self.views][2 if self.right_first else 1]
        if self.sphere is not None:
            room = len(_projection_element(self.sphere)) + 16  # sizes may take more bytes
            tags["title"] = _roomy(tags.get("title", ""), room)

    def write(self, path: Path, muxer: str) -> bool:
        """Write it into a finished file for which it was `kept_by`; False where the room is missing.

        Raises:
            OSError: the disk refused.
        """
        with path.open("rb+") as file:
            if muxer in {"mp4", "mov"}:
                return _write_boxes(file, _boxes(self))
            return self.sphere is None or _write_element(file, _projection_element(self.sphere))


def _roomy(name: str, room: int) -> str:
    return name + _ROOM + "~" * (room - len(_ROOM.encode()))


def projection_of(picture: av.VideoFrame) -> Projection:
    """Read it from a decoded frame, where FFmpeg keeps it as C structures."""
    sphere = views = None
    right_first = False
    data = side_data_of(picture, "SPHERICAL")
    if data is not None:
        sphere = struct.unpack("I3i5I", data[:36])
    data = side_data_of(picture, "STEREO3D")
    if data is not None:
        kind, flags = struct.unpack("Ii", data[:8])
        views, right_first = kind or None, bool(flags & 1)
    return Projection(sphere, views, right_first)


# --- ISO base media: Google's Spherical Video V2


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def _full_box(name: bytes, content: bytes) -> bytes:
    return _box(name, bytes(4) + content)


def _boxes(projection: Projection) -> bytes:
    boxes = b""
    if projection.views is not None:
        boxes += _full_box(b"st3d", bytes([{1: 2, 2: 1}[projection.views]]))
    if projection.sphere is not None:
        shape, yaw, pitch, roll, left, top, right, bottom, padding = projection.sphere
        if shape == 1:
            form = _full_box(b"cbmp", struct.pack(">2I", 0, padding))
        else:
            form = _full_box(b"equi", struct.pack(">4I", top, bottom, left, right))
        pose = _full_box(b"prhd", struct.pack(">3i", yaw, pitch, roll))
        made_by = _full_box(b"svhd", b"vidstyle\0")
        boxes += _box(b"sv3d", made_by + _box(b"proj", pose + form))
    return boxes


def _split(boxes: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(boxes):
        size, name = struct.unpack_from(">I4s", boxes, at)
        yield name, boxes[at + 8 : at + size]
        at += max(size, 8)


def _write_boxes(file: BinaryIO, boxes: bytes) -> bool:
    end, at = file.seek(0, 2), 0
    while at < end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if name == b"moov":
            old = file.read(size - 8)
            new = _with_boxes(old, boxes)
            if len(new) != len(old) or new == old:
                return False
            file.seek(at + 8)
            file.write(new)
            return True
        at += size or end
    return False


def _with_boxes(content: bytes, boxes: bytes) -> bytes:
    """Return the content of a box with the room in its track's name given to its sample entry."""

    def rebuilt(name: bytes, inner: bytes) -> bytes:
        if name in {b"moov", b"trak"}:
            return _with_boxes(inner, boxes)
        if name == b"mdia" and _ROOM.encode() in dict(_split(inner))[b"hdlr"]:
            return _with_boxes_in_media(inner, boxes)
        return inner

    return b"".join(_box(name, rebuilt(name, inner)) for name, inner in _split(content))


def _with_boxes_in_media(content: bytes, boxes: bytes) -> bytes:
    def rebuilt(name: bytes, inner: bytes) -> bytes:
        if name in {b"minf", b"stbl"}:
            return _with_boxes_in_media(inner, boxes)
        if name == b"hdlr" and _ROOM.encode() in inner:
            return _shortened(inner)
        if name == b"stsd":
            (size,) = struct.unpack_from(">I", inner, 8)
            entry = struct.pack(">I", size + len(boxes)) + inner[12 : 8 + size] + boxes
            return inner[:8] + entry + inner[8 + size :]
        return inner

    return b"".join(_box(name, rebuilt(name, inner)) for name, inner in _split(content))


def _shortened(handler: bytes) -> bytes:
    fixed, text = handler[:24], handler[24:]
    name = text.split(_ROOM.encode())[0]
    if text.endswith(b"\0"):
        return fixed + name + b"\0"
    return fixed + bytes([len(name) - 1]) + name[1:]  # MOV counts its bytes instead


# --- Matroska

_CRC, _VOID, _NAME, _VIDEO, _PROJECTION = b"\xbf", b"\xec", b"\x53\x6e", b"\xe0", b"\x76\x70"
_TRACKS, _ENTRY, _SEGMENT = b"\x16\x54\xae\x6b", b"\xae", b"\x18\x53\x80\x67"


def _element(name: bytes, content: bytes) -> bytes:
    length = next(n for n in range(1, 9) if len(content) < 2 ** (7 * n) - 1)
    return name + (len(content) | 1 << 7 * length).to_bytes(length, "big") + content


def _void(size: int) -> bytes:
    """Return an element of nothing that takes `size` bytes: 3 to 16000."""
    return _VOID + (0x4000 | (size - 3)).to_bytes(2, "big") + bytes(size - 3)


def _projection_element(sphere: tuple[int, ...]) -> bytes:
    shape, yaw, pitch, roll, left, top, right, bottom, padding = sphere
    content = _element(b"\x76\x71", b"\2" if shape == 1 else b"\1")
    if shape == 1:
        content += _element(b"\x76\x72", struct.pack(">3I", 0, 0, padding))
    elif shape == 2:
        content += _element(b"\x76\x72", struct.pack(">5I", 0, top, bottom, left, right))
    for name, angle in ((b"\x76\x73", yaw), (b"\x76\x74", pitch), (b"\x76\x75", roll)):
        if angle:
            content += _element(name, struct.pack(">d", angle / 65536))
    return _element(_PROJECTION, content)


def _elements(data: bytes, at: int = 0) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Yield name, header, and begin and end of the content of each element."""
    while at + 2 <= len(data):
        start, length = at, 9 - data[at].bit_length()
        name, at = data[at : at + length], at + length
        length = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
        at += length
        yield name, data[start:at], at, at + size
        at += size


def _write_element(file: BinaryIO, projection: bytes) -> bool:
    head = file.read(_LARGEST_HEADER)
    segment = next((begin for name, _, begin, _ in _elements(head) if name == _SEGMENT), len(head))
    for name, _, begin, end in _elements(head, segment):
        if name == _TRACKS and end <= len(head):
            old = head[begin:end]
            new = _with_projection(old, projection)
            if len(new) != len(old) or new == old:
                return False
            file.seek(begin)
            file.write(new)
            return True
    return False


def _with_projection(tracks: bytes, projection: bytes) -> bytes:
    made = b""
    checked = False
    for name, header, begin, end in _elements(tracks):
        content = tracks[begin:end]
        if name == _CRC:
            checked = True
            continue
        if name == _ENTRY and _ROOM.encode() in content:
            content = _in_entry(content, projection)
        made += header + content
    return (_element(_CRC, struct.pack("<I", zlib.crc32(made))) if checked else b"") + made


def _in_entry(entry: bytes, projection: bytes) -> bytes:
    made = b""
    for name, header, begin, end in _elements(entry):
        content = entry[begin:end]
        if name == _NAME:
            content = content.split(_ROOM.encode())[0]
            made += _element(name, content) if content else b""
        elif name == _VIDEO:
            made += _element(name, content + projection)
        else:
            made += header + content
    return made + _void(len(entry) - len(made))
