"""Files that a browser sends: as many bytes as are allowed, whole or not at all."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from aiohttp import web

from vidstyle.web.session import Limits

_AT_ONCE = 1 << 20
"""Bytes that are written at a time, in a thread."""


class Refused(Exception):
    """An upload is not taken."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def receive(request: web.Request, path: Path, most: int, limits: Limits) -> None:
    """Write the body of a request into a new file, which is removed unless it becomes whole.

    Raises:
        Refused: it is too large, or does not end.
        ConnectionError: the browser is gone.
    """
    await _check_room(request.content_length or 0, path, most, limits)
    whole = False
    file = await asyncio.to_thread(path.open, "xb")
    try:
        written, held = 0, bytearray()
        while chunk := await _next(request, limits.silence):
            held += chunk
            if written + len(held) > most:
                raise _too_large(most)
            if len(held) >= _AT_ONCE:
                await _check_room(len(held), path, most, limits)
                await asyncio.to_thread(file.write, bytes(held))
                written += len(held)
                held.clear()
        await asyncio.to_thread(file.write, bytes(held))
        whole = written + len(held) > 0
        if not whole:
            raise Refused(400, "the file is empty")
        if request.content_length not in {None, written + len(held)}:
            whole = False
            raise Refused(400, "the file did not arrive whole")
    finally:
        # Not awaited: where the browser is gone this task has been cancelled.
        file.close()
        if not whole:
            path.unlink(missing_ok=True)


async def _next(request: web.Request, silence: float) -> bytes:
    try:
        return await asyncio.wait_for(request.content.readany(), silence)
    except TimeoutError:
        raise Refused(408, f"nothing came for {silence:g} seconds") from None


async def _check_room(size: int, path: Path, most: int, limits: Limits) -> None:
    if size > most:
        raise _too_large(most)
    usage = await asyncio.to_thread(shutil.disk_usage, path.parent)
    if size + limits.spare > usage.free:
        raise Refused(507, f"there is no room for {size / 1e6:.0f} MB in {path.parent.parent}")


def _too_large(most: int) -> Refused:
    return Refused(413, f"expected a file of {most / 2**20:g} MiB at most")
