"""What is at an address, read like a file.

FFmpeg itself opens no address here: Python asks the server, so that certificates are checked, a redirection leads to
no other protocol, and a server that says nothing answers to a signal. Python's own client takes a while to import;
this file is for those who have an address.
"""

from __future__ import annotations

import base64
import http.client
import queue
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from vidstyle.errors import InputError
from vidstyle.media.address import Address
from vidstyle.media.pipes import Feed

_SILENCE = 20.0
"""Seconds without a byte after which a server is taken to be lost."""

_CHUNK, _AHEAD = 2**18, 16
"""Bytes that are read at a time, and how many such are read ahead."""

_NEAR = 2**20
"""Bytes that are rather read and thrown away than asked for anew."""

_RESTARTS = 16
"""Times that a server is asked anew from the beginning, if it gives no parts."""

_WAIT = 0.1
"""Seconds between two looks whether a read is to end."""


class AddressReader(Feed):
    """What is at an address, as PyAV reads it; from anywhere, if need be by asking anew."""

    def __init__(self, address: Address, stop: Callable[[], None] | None = None) -> None:
        """Ask the server; `stop` is called while it is waited for, and raises to end that.

        Raises:
            InputError: there is nothing, or no server.
        """
        super().__init__(stop)
        self.name = str(address)
        self._address = address
        self._position = 0
        self._restarts = 0
        self._download = _Download(address, 0)
        self._begin()

    def _begin(self) -> None:
        self._chunk = self._next()
        self._at = self._download.start
        if self.stopped:
            self._download.close()
            raise self.stopped
        if self.failure:
            raise InputError(f"cannot read {self.name}: {self.failure}")
        self.head = self._chunk

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; none at the end, once it is given up, or if the server fails: see `failure`."""
        if self._position >= (self._download.size or self._position + 1):
            return b""
        ahead = self._position - self._at
        if ahead < 0 or (ahead > _NEAR and self._download.in_parts):
            self._restart()
        while self._chunk:
            skipped = self._position - self._at
            if skipped < len(self._chunk):
                data = self._chunk[skipped : skipped + size]
                self._position += len(data)
                return data
            self._at += len(self._chunk)
            self._chunk = self._next()
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, as of a file; -1 where that cannot be."""
        size = self._download.size
        position = offset + {0: 0, 1: self._position, 2: size or 0}[whence]
        if position < 0 or (whence == 2 and size is None):
            return -1
        self._position = position
        return position

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._position

    def _restart(self) -> None:
        self._restarts += not self._download.in_parts
        if self._restarts > _RESTARTS:
            self.failure = "the server gives no parts of it; download it first"
            self._chunk = b""
            return
        self.failure = None
        self._download.close()
        self._download = _Download(self._address, self._position)
        self._chunk = self._next()
        self._at = self._download.start

    def _next(self) -> bytes:
        deadline = time.monotonic() + _SILENCE
        while not self.is_over and time.monotonic() < deadline:
            try:
                item = self._download.chunks.get(timeout=_WAIT)
            except queue.Empty:
                continue
            if isinstance(item, bytes):
                return item
            self.failure = item.text
            break
        else:
            if not self.is_over:
                self.failure = f"nothing came for {_SILENCE:g} seconds"
        self._download.close()
        return b""

    def give_up(self) -> None:
        """End the read that waits, and all to come; from another thread."""
        super().give_up()
        self._download.close()


@dataclass(frozen=True)
class _Failure:
    text: str


class _Download:
    """An answer of a server, read in a thread: a name that is looked up, and a handshake, answer no signal."""

    def __init__(self, address: Address, start: int) -> None:
        self._address = address
        self.start = start
        """Place of the first byte. Like what follows, it is known once something has come."""
        self.size: int | None = None
        """Bytes of all of it, where that is known."""
        self.in_parts = False
        """The server gives any part that it is asked for."""
        self.chunks: queue.Queue[bytes | _Failure] = queue.Queue(_AHEAD)
        self._closed = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="download").start()

    def close(self) -> None:
        """End it."""
        self._closed.set()

    def _run(self) -> None:
        try:
            with _opener().open(self._request(), timeout=_SILENCE) as answer:
                self._take_facts(answer)
                while not self._closed.is_set() and (chunk := answer.read1(_CHUNK)):
                    self._put(chunk)
                if answer.length and not self._closed.is_set():
                    raise ConnectionError("the connection was lost")
            self._put(b"")
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._put(_Failure(_reason(error)))

    def _request(self) -> urllib.request.Request:
        parts = urlsplit(self._address.url)
        user, _, host = parts.netloc.rpartition("@")
        url = urlunsplit(parts._replace(netloc=host, fragment=""))
        asked = {"User-Agent": "vidstyle", "Range": f"bytes={self.start}-"}
        request = urllib.request.Request(url, headers=asked)  # noqa: S310 - `located` has checked it
        if user:
            word = base64.b64encode(unquote(user).encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {word}")
        return request

    def _take_facts(self, answer: Any) -> None:
        where = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if answer.status == http.HTTPStatus.PARTIAL_CONTENT and where:
            self.in_parts = True
            self.start = int(where[1])
            self.size = None if where[2] == "*" else int(where[2])
        else:
            self.start, self.size = 0, answer.length

    def _put(self, item: bytes | _Failure) -> None:
        while not self._closed.is_set():
            try:
                return self.chunks.put(item, timeout=_WAIT)
            except queue.Full:
                continue


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens http and https alone, redirections too: without handlers for file, ftp and data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in _REDIRECTIONS:
            return "the server sends to an address that is not read"
        return f"the server says {error.code} {error.reason}"
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, TimeoutError):
        return f"nothing came for {_SILENCE:g} seconds"
    return str(getattr(inner, "strerror", None) or inner)


_REDIRECTIONS = {301, 302, 303, 307, 308}
