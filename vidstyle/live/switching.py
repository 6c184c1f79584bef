"""Changes between styles of any networks while a stream goes on: the next one is loaded beside it, then fades in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import cast

import cv2
import numpy as np

from vidstyle.errors import VidstyleError
from vidstyle.frame import Pixels
from vidstyle.live.controls import Command, Fade
from vidstyle.live.painter import LivePainter

Load = Callable[[str, float, float], LivePainter]
"""Loads a style by its name, with a strength and a stability."""

_MOST = 4
"""Painters that are kept: each has some tens of megabytes, and takes a second to load."""


class SwitchingPainter:
    """A `LivePainter` for each style, of which one paints, or two while one fades into the other."""

    def __init__(
        self,
        style: str,
        load: Load,
        on_error: Callable[[VidstyleError], None],
        *,
        strength: float = 1.0,
        stability: float = 0.0,
    ) -> None:
        """Load the first style.

        Args:
            style: its name.
            load: called in one thread or another, never in two at once.
            on_error: told why a later style could not be loaded; the one before stays.
            strength: 0 to 1.
            stability: 0 to 1.

        Raises:
            VidstyleError: it cannot be loaded.
        """
        self._load, self._on_error = load, on_error
        self._values = {"strength": strength, "stability": stability}
        self._painter = load(style, strength, stability)
        self._kept = {style: self._painter}
        self._next: LivePainter | None = None
        self._wished: str | None = None
        self._loading: Future[LivePainter] | None = None
        self._loader = ThreadPoolExecutor(1, "style")
        self._share = Fade(np.zeros(1, np.float32))
        """Of the next one in what is shown."""

    def close(self) -> None:
        """Give back what the painters hold; what is being loaded is waited for."""
        self._loader.shutdown(wait=True)
        if self._loading and not self._loading.exception():
            self._loading.result().model.close()
        for painter in self._kept.values():
            painter.model.close()

    def forget(self) -> None:
        """See `LivePainter.forget`."""
        self._painter.forget()

    def expect(self, height: int, width: int) -> None:
        """See `LivePainter.expect`."""
        for painter in (self._painter, self._next):
            if painter:
                painter.expect(height, width)

    def ready(self, height: int, width: int) -> bool:
        """See `LivePainter.ready`."""
        return all(p.ready(height, width) for p in (self._painter, self._next) if p)

    def paint(self, pixels: Pixels, size: tuple[int, int], now: float) -> Pixels:
        """See `LivePainter.paint`."""
        if self._next is None:
            self._begin(size, now)
        painted = self._painter.paint(pixels, size, now)
        if self._next is None:
            return painted
        other = self._next.paint(pixels, size, now)
        share = float(self._share.at(now)[0])
        if share >= 1:
            self._painter, self._next = self._next, None
            return other
        return cast(Pixels, cv2.addWeighted(painted, 1 - share, other, share, 0))

    def obey(self, command: Command, now: float) -> str:
        """See `LivePainter.obey`; a style is changed to as soon as it is loaded, and the last one that was wished counts."""
        if command.what == "style":
            self._wished = str(command.value)
            return f"style {self._wished}"
        for painter in self._kept.values():
            said = painter.obey(command, now)
        if command.what in self._values:
            self._values[command.what] = getattr(self._painter, command.what)
        return said

    def _begin(self, size: tuple[int, int], now: float) -> None:
        """Begin to fade into the style that is wished, if it can be painted at a size."""
        self._take_loaded(now)
        if self._wished is None or self._loading:
            return
        painter = self._kept.get(self._wished)
        if painter is None:
            values = self._values["strength"], self._values["stability"]
            self._loading = self._loader.submit(self._load, self._wished, *values)
            self._loading_name = self._wished
        elif painter is self._painter:
            self._wished = None
        elif painter.ready(*size):
            self._kept[self._wished] = self._kept.pop(self._wished)  # as the last one used
            painter.forget()
            self._next, self._wished = painter, None
            self._share = Fade(np.zeros(1, np.float32))
            self._share.to(np.ones(1, np.float32), now)
        else:
            painter.expect(*size)

    def _take_loaded(self, now: float) -> None:
        if not self._loading or not self._loading.done():
            return
        loaded, self._loading = self._loading, None
        try:
            painter = loaded.result()
        except VidstyleError as error:
            if self._wished == self._loading_name:
                self._wished = None
            self._on_error(error)
            return
        for what, value in self._values.items():  # that may have changed since
            painter.obey(Command(what, value), now)
        self._kept[self._loading_name] = painter
        for name in [n for n, p in self._kept.items() if p not in (painter, self._painter)]:
            if len(self._kept) > _MOST:
                self._kept.pop(name).model.close()
