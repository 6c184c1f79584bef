"""Side data of decoded pictures: what FFmpeg hangs on a frame beside its pixels."""

from __future__ import annotations

from typing import Any, cast

import av
from av.sidedata.sidedata import Type


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
