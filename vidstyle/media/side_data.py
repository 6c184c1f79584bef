"""Side data: what FFmpeg hangs on a decoded picture beside its pixels, and on a stream beside its codec."""

from __future__ import annotations

import re
from typing import Any, cast

import av
from av.sidedata.sidedata import Type

from vidstyle.media.ffmpeg_log import listening

_STREAM = re.compile(r" {2}Stream #\d+:(\d+)")
_SECTION = re.compile(r" {4}(\S.*):$")
_ITEM = re.compile(r" {6}([^:]+?): ?(.*)")


def _unknown(cls: type[Type], value: int) -> Type:
    """Make a member for a type that FFmpeg knows and PyAV does not."""
    member = cast(Any, object.__new__(cls))
    member._name_, member._value_ = f"UNKNOWN_{value}", value
    return cast(Type, cls._value2member_map_.setdefault(value, member))


# PyAV looks up the types of all of a frame's side data when it is asked for any, and raises where
# one is not in its table, such as EXIF. `_missing_` is the hook of `enum` for such values: it is
# not called for those that PyAV, now or later, knows by itself.
cast(Any, Type)._missing_ = classmethod(_unknown)


def side_data_of(picture: av.VideoFrame, name: str) -> bytes | None:
    """Return the bytes of a decoded picture's side data of one type, None where it has none.

    Args:
        picture: as decoded.
        name: FFmpeg's name of the type without its prefix, such as DISPLAYMATRIX.
    """
    data: Any = picture.side_data.get(name)
    return None if data is None else bytes(data)


def stream_side_data(container: Any, index: int) -> dict[str, str]:
    """Return a stream's side data in FFmpeg's words, name -> value, which are all that PyAV gives of it.

    Args:
        container: an open input.
        index: of the stream.
    """
    with listening(av.logging.INFO):
        lines = container.dumps_format().splitlines()
    found: dict[str, str] = {}
    stream = section = None
    for line in lines:
        if match := _STREAM.match(line):
            stream, section = int(match[1]), None
        elif match := _SECTION.match(line):
            section = match[1]
        elif stream == index and section == "Side data" and (match := _ITEM.match(line)):
            found[match[1]] = match[2].strip()
    return found
