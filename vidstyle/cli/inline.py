"""Pictures in the terminal itself, where it is known to show them: kitty's graphics protocol, or iTerm2's inline images.

A terminal is known by what it says of itself in the environment. It is asked nothing, since one that does not know the question
would print it.
"""

from __future__ import annotations

import base64
import os
import struct
import sys
from collections.abc import Iterator, Mapping

import cv2

from vidstyle.frame import Pixels

_KITTY = {"xterm-kitty", "xterm-ghostty"}
"""Values of TERM."""

_ITERM = {"iTerm.app", "WezTerm", "mintty"}
"""Values of TERM_PROGRAM."""

_CHUNK = 4096
"""Characters of one command of kitty's protocol, at most."""

_COLUMN = 8
"""Pixels of a column, where the terminal does not say it."""


def protocol(environment: Mapping[str, str]) -> str | None:
    """Return how a terminal of an environment shows pictures: kitty, iterm2, or None: it may not."""
    term = environment.get("TERM", "")
    # A multiplexer stands between, and shows the codes as text.
    if term.startswith(("screen", "tmux", "dumb")) or {"TMUX", "STY"} & environment.keys():
        return None
    if term in _KITTY:
        return "kitty"
    iterm = environment.get("TERM_PROGRAM") in _ITERM or environment.get("LC_TERMINAL") == "iTerm2"
    return "iterm2" if iterm else None


def show(picture: Pixels) -> None:
    """Show a picture (H, W, 3) uint8 on standard output, no wider than the terminal; nothing where none can be shown."""
    how = protocol(os.environ) if sys.stdout.isatty() else None
    if how is None:
        return
    height, width, _ = picture.shape
    room = _room()
    if width > room:
        size = room, max(1, round(height * room / width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    png = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    print("".join(codes(png, how)), flush=True)


def codes(png: bytes, how: str) -> Iterator[str]:
    """Yield the codes that make a terminal show a picture, a PNG, by one of the protocols of `protocol`."""
    data = base64.b64encode(png).decode()
    if how == "iterm2":
        yield f"\x1b]1337;File=inline=1;size={len(png)}:{data}\x07"
        return
    head = "a=T,f=100,q=2,"  # q=2: no answer, which the shell would take for typed
    for at in range(0, len(data), _CHUNK):
        more = int(at + _CHUNK < len(data))
        yield f"\x1b_G{head}m={more};{data[at : at + _CHUNK]}\x1b\\"
        head = ""


def _room() -> int:
    """Return the width of the terminal, pixels."""
    try:
        import fcntl
        import termios

        told = fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8))
        _, columns, width, _ = struct.unpack("4H", told)
    except (ImportError, OSError):
        columns = width = 0
    return width or _COLUMN * (columns or 80)
