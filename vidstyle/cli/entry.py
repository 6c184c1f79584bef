"""Where the command begins: before anything is imported that may not find the memory it needs."""

from __future__ import annotations

import contextlib
import os

from vidstyle.memory import check_room
from vidstyle.shortage import shortage

_ADDRESSES = 400 << 20
"""Bytes that the libraries map. Where they do not fit, OpenBLAS ends the process, and OpenCV says that NumPy is not installed."""


def main() -> None:
    """Import the command and run it; too little memory for its libraries is told in a line, with exit 2."""
    try:
        # That of NumPy and that of OpenCV map 180 MB a thread together, which here have nothing to do.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # Of a damaged picture it would write a line of its own above ours.
        os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
        check_room(_ADDRESSES)
        from vidstyle.cli.app import main as command
    except Exception as error:
        said = shortage(error)
        if said is None:
            raise
        with contextlib.suppress(OSError):
            os.write(
                2,
                f"vidstyle: memory, threads or open files do not suffice to begin ({said})\n".encode(),
            )
        os._exit(2)
    command()
