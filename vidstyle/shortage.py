"""Too little memory, threads or descriptors: how such an error is told from a bug. It imports almost nothing."""

from __future__ import annotations

import errno

_WORDS = (
    *(
        "defaultcpuallocator",
        "out of memory",
        "insufficient memory",
        "cannot allocate memory",
        "bad_alloc",
    ),
    *("failed to map segment", "resource temporarily unavailable", "can't start new thread"),
    *(
        "can't alloc",
        "could not allocate",
        "unable to allocate",
        "failed to allocate",
        "not enough memory",
    ),
    *("too many open files", "cannot create thread", "pthread_create failed"),
)
"""What Python, the system, OpenCV, torch and OpenVINO say."""

_NUMBERS = {errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN}


def shortage(error: BaseException) -> str | None:
    """Return the line in which an error, or its cause, says that memory of the CPU or a GPU, threads or descriptors did not suffice.

    Returns:
        None: it is another error.
    """
    seen: BaseException | None = error
    while seen is not None:
        lines = str(seen).splitlines()
        for line in lines:
            if any(words in line.lower() for words in _WORDS):
                return line.strip()
        if isinstance(seen, MemoryError) or (isinstance(seen, OSError) and seen.errno in _NUMBERS):
            return lines[0] if lines else "no more is known"
        seen = seen.__cause__ or seen.__context__
    return None
