"""The standard streams of the command: messages that cannot fail, text of files that cannot command, output that must arrive."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import Any, TextIO

from vidstyle.cli.spelling import spelled
from vidstyle.errors import ClosedPipeError, OutputError

_UNSAFE = re.compile(
    # C0, DEL and C1; marks that turn the direction of writing; separators of lines; what cannot be encoded.
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str, *, keep: str = "") -> str:
    r"""Return a text whose control characters are written out, as \x1b.

    A name that a folder or a file holds may otherwise command the terminal. Bytes of names that are no text are
    written as bytes.

    Args:
        text: any.
        keep: characters that stay as they are.
    """

    def written(match: re.Match[str]) -> str:
        character = match[0]
        if character in keep:
            return character
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte of a name that is no text
            code -= 0xDC00
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

    return _UNSAFE.sub(written, text)


def say(text: str) -> None:
    """Print a line for people on standard error, fields called as the command line does."""
    print(f"vidstyle: {printable(spelled(text))}", file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Print a line on standard output that is not what the command is for: it may be lost."""
    with contextlib.suppress(OSError):
        os.write(1, f"{printable(text)}\n".encode())


class _Terminal(io.RawIOBase):
    """Standard error; what cannot be written there is lost, and nothing is raised."""

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2

    def isatty(self) -> bool:
        return os.isatty(2)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        left = memoryview(data)
        with contextlib.suppress(OSError):
            while left:
                left = left[os.write(2, left) :]
        return len(data)


class _Messages(io.TextIOWrapper):
    """Lines for people, on standard error."""

    def write(self, text: str) -> int:
        """Write a text, its control characters written out."""
        super().write(printable(text, keep="\n\t"))
        return len(text)


class _Output(io.RawIOBase):
    """Standard output; it fails once, and what comes after that is lost.

    Raises:
        ClosedPipeError: nobody reads it.
        OutputError: it cannot be written, or is closed.
    """

    _failed = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def isatty(self) -> bool:
        return os.isatty(1)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self._failed:
            return len(data)
        self._failed = True
        try:
            written = os.write(1, data)
            self._failed = False
        except BrokenPipeError as error:
            raise ClosedPipeError("nobody reads standard output") from error
        except OSError as error:
            raise OutputError(f"cannot write standard output: {error.strerror}") from error
        return written


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


drawing: TextIO = sys.stderr
"""Standard error for what moves the cursor on purpose."""


def open_streams() -> None:
    """Make `sys.stdin`, `sys.stdout` and `sys.stderr` what a command needs, whatever it was started with."""
    global drawing  # noqa: PLW0603 - there is one terminal
    _occupy_closed()
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it stays open
    terminal: Any = _Terminal()
    encoding = _encoding(sys.stderr)
    drawing = io.TextIOWrapper(
        terminal,
        encoding,
        "backslashreplace",
        write_through=True,
    )
    sys.stderr = _Messages(terminal, encoding, "backslashreplace", write_through=True)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output()),
        _encoding(sys.stdout),
        "backslashreplace",
        line_buffering=os.isatty(1),
    )


def _occupy_closed() -> None:
    """Open what stands at the numbers of closed streams, so that no file of ours comes there.

    The wrong way round, so that to read or to write them is an error as before. Standard error swallows.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                opened = os.open(os.devnull, mode)
                if opened != number:
                    os.dup2(opened, number)
                    os.close(opened)
