"""The one loop: frames flow from a source, through a stylizer, to a sink.

Reading and writing run in threads of their own, with small bounded queues to the main thread, which
computes: decode, network and encode overlap, and memory does not grow with the clip. The main
thread alone answers signals, through `stop`. This file knows protocols, and no class behind them.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from vidstyle.frame import Frame, Pixels, StreamInfo


class Source(Protocol):
    """An iterable of frames with known facts."""

    @property
    def info(self) -> StreamInfo:
        """What is known before the first frame."""
        ...

    @property
    def damage(self) -> int:
        """Places so far where something of the video was lost."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...


class Stylizer(Protocol):
    """Something that paints batches of frames; its state is a value, not an attribute."""

    def step(self, frames: Pixels, prepared: Any, state: Any) -> tuple[Pixels, Any]:
        """Paint frames (N, H, W, 3); return as many of the same size, and the next state."""
        ...


class Sink(Protocol):
    """Where frames end. Leaving without `commit` discards."""

    def write(self, frame: Frame) -> None:
        """Take the next frame."""
        ...

    def commit(self) -> None:
        """Make what was written whole and visible."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    frames: int
    """Frames painted so far."""
    total: int | None
    """Frames to expect, where that is known."""
    seconds: float
    """Time since the start."""


@dataclass(frozen=True)
class Summary:
    """What a finished run did."""

    frames: int
    seconds: float
    damaged: int
    """Places of the input that were damaged: frames, packets, a missing end."""


_WAIT = 0.1
"""Seconds between two looks at `stop` while a queue is empty or full."""


class _Abandoned(Exception):
    """Raised in a helper thread when the main thread has given up."""


class _Lane:
    """A bounded queue that both ends can leave: errors travel down it, `abandon` frees its waiters."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[Frame | BaseException | None] = queue.Queue(size)
        self._abandoned = threading.Event()

    def put(self, item: Frame | BaseException | None, check: Callable[[], None]) -> None:
        while True:
            check()
            if self._abandoned.is_set():
                raise _Abandoned
            try:
                return self._queue.put(item, timeout=_WAIT)
            except queue.Full:
                continue

    def get(self, check: Callable[[], None]) -> Frame | None:
        while True:
            check()
            if self._abandoned.is_set():
                raise _Abandoned
            try:
                item = self._queue.get(timeout=_WAIT)
            except queue.Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    def abandon(self) -> None:
        self._abandoned.set()


def _read(source: Source, lane: _Lane) -> None:
    with contextlib.suppress(_Abandoned):
        try:
            for frame in source:
                lane.put(frame, lambda: None)
            lane.put(None, lambda: None)
        except _Abandoned:
            raise
        except BaseException as error:  # it is raised again in the main thread
            lane.put(error, lambda: None)


def _write(sink: Sink, lane: _Lane, failure: list[BaseException]) -> None:
    try:
        while (frame := lane.get(lambda: None)) is not None:
            sink.write(frame)
    except _Abandoned:
        pass
    except BaseException as error:
        failure.append(error)


def run(
    source: Source,
    stylizer: Stylizer,
    prepared: Any,
    sink: Sink,
    *,
    batch: int = 4,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Summary:
    """Paint every frame of a source into a sink and commit it.

    Args:
        source: the frames, read in a thread.
        stylizer: the painter, called in this thread.
        prepared: the style, as the stylizer's `prepare` made it.
        sink: takes the frames in a thread; committed at the end.
        batch: frames per call of the stylizer; fewer at the end.
        on_progress: called after every batch.
        stop: called often; raises to stop. Nothing is committed then.

    Returns:
        Counts and time.

    Raises:
        Exception: whatever source, stylizer, sink or `stop` raise, after the threads have ended.
    """
    started = time.monotonic()
    inward, outward = _Lane(2 * batch), _Lane(2 * batch)
    failure: list[BaseException] = []

    def check() -> None:
        if failure:
            raise failure[0]
        if stop:
            stop()

    reader = threading.Thread(target=_read, args=(source, inward), daemon=True, name="reader")
    writer = threading.Thread(
        target=_write, args=(sink, outward, failure), daemon=True, name="writer"
    )
    done = damaged = 0
    state: Any = None
    reader.start()
    writer.start()
    try:
        ended = False
        while not ended:
            frames: list[Frame] = []
            while len(frames) < batch and not ended:
                frame = inward.get(check)
                if frame is None:
                    ended = True
                else:
                    frames.append(frame)
            if not frames:
                break
            one = frames[0].pixels[None]  # no copy
            pixels = one if len(frames) == 1 else np.stack([f.pixels for f in frames])
            painted, state = stylizer.step(pixels, prepared, state)
            for frame, pixels in zip(frames, painted, strict=True):
                outward.put(replace(frame, pixels=pixels), check)
                damaged += frame.damaged
            done += len(frames)
            if on_progress:
                on_progress(Progress(done, source.info.frames, time.monotonic() - started))
        outward.put(None, check)
        while writer.is_alive():
            check()
            writer.join(_WAIT)
        check()
    finally:
        inward.abandon()
        outward.abandon()
        # A writer inside the encoder must come back before its file may be closed.
        reader.join()
        writer.join()
    sink.commit()
    return Summary(done, time.monotonic() - started, damaged + source.damage)
