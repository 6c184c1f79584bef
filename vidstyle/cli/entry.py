"""Where the command begins: before anything is imported that may not find the memory it needs."""

from __future__ import annotations

import contextlib
import os

from vidstyle.memory import check_room
from vidstyle.shortage import shortage

ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "ERROR"}
"""Set unless the user has, before the imports: the threads of NumPy and OpenCV map 180 MB each together, which here have nothing to do; and
OpenCV would write a line of its own about a damaged picture above ours."""

_ADDRESSES = 400 << 20
"""Bytes that the libraries map. Where they do not fit, OpenBLAS ends the process, and OpenCV says that NumPy is not installed."""


def main() -> None:
    """Import the command and run it; too little memory for its libraries is told in a line, with exit 2."""
    try:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
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
