"""FFmpeg's own words, which PyAV keeps silent unless it is asked to listen."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, cast

import av

_one_at_a_time = threading.RLock()


@contextlib.contextmanager
def listening(level: int) -> Iterator[list[tuple[int, str, str]]]:
    """Collect what FFmpeg says in this thread: level, who says it, and the words.

    Keep it short: meanwhile the threads of all decoders wait for Python when they have something to say.

    Args:
        level: the least important that is wanted, such as `av.logging.ERROR`.
    """
    capture = cast(Any, av.logging).Capture
    # The first one keeps what other threads say from the log.
    with _one_at_a_time, capture(local=False), capture() as said:
        before = av.logging.get_level(), av.logging.get_skip_repeated()
        av.logging.set_level(level)
        av.logging.set_skip_repeated(False)  # the same words may be a reason a second time
        try:
            yield said
        finally:
            av.logging.set_level(before[0])
            av.logging.set_skip_repeated(before[1])
