"""Whether there is room for what a native library will map: some end the process, or wait for ever, where there is not."""

from __future__ import annotations

import mmap
import os


def check_room(size: int) -> None:
    """Map so many bytes of addresses, and give them back.

    Raises:
        OSError: they do not fit, as under `ulimit -v`.
    """
    if os.name == "posix":
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        mmap.mmap(-1, size, private, mmap.PROT_READ).close()
