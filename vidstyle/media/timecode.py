"""Timecodes of SMPTE ST 12: hours, minutes, seconds and frames."""

from __future__ import annotations

import re
from fractions import Fraction


def timecode_after(timecode: str, rate: int, seconds: Fraction) -> str | None:
    """Return the timecode that many seconds later.

    Args:
        timecode: such as 01:00:00:00.
        rate: frames a second, rounded.
        seconds: how much later.

    Returns:
        None for drop-frame timecodes: the numbers that they leave out are not worth a mistake.
    """
    numbers = re.fullmatch(r"(\d+):(\d+):(\d+):(\d+)", timecode)
    if numbers is None:
        return None
    hours, minutes, whole, frame = map(int, numbers.groups())
    count = ((hours * 60 + minutes) * 60 + whole) * rate + frame + round(seconds * rate)
    whole, frame = divmod(count, rate)
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02}:{minutes:02}:{whole:02}:{frame:02}"
