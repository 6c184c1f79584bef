"""The one loop: frames flow from a source, through a stylizer, to a sink.

Reading, converting for the encoder and encoding run in threads of their own, with small bounded queues
between them and the main thread, which feeds the network: all of it overlaps, and memory does not grow
with the clip. The main thread alone answers signals, through `stop`. This file knows protocols, and no
class behind them.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import TracebackType
from typing import Any, Protocol, Self

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

    def give_up(self) -> None:
        """End a read that waits; from another thread, when nobody wants frames any more."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...


class Stylizer(Protocol):
    """Something that paints batches of frames; its state is a value, not an attribute."""

    def batch(self, height: int, width: int) -> int:
        """Return how many frames of a size suit a call best."""
        ...

    @property
    def depth(self) -> int:
        """Calls under way that keep it busy while a result is taken; 0 where `start` does it all."""
        ...

    def start(
        self, frames: Sequence[Pixels], prepared: Any, state: Any
    ) -> tuple[Callable[[], Sequence[Pixels]], Any]:
        """Begin to paint frames (H, W, 3), which the caller leaves as they are.

        Returns what waits for as many frames of the same size, and the next state.
        """
        ...


class Sink(Protocol):
    """Where frames end. Leaving without `commit` discards."""

    def convert(self, frame: Frame) -> Any:
        """Make of the next frame what `write` takes. In a thread other than `write`'s."""
        ...

    def write(self, converted: Any) -> None:
        """Take the next converted frame."""
        ...

    def give_up(self) -> None:
        """End a write that waits; from another thread, when the run has failed."""
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


_MOST_FRAMES, _LANE_BYTES = 8, 2**25
"""Frames in a queue, and about as many bytes of 8-bit ones. Encoders take some frames at once and then wait: two frames in each
queue were too few to keep the others busy, which cost 4 % of a pass-through run at 1280x720."""


class _Abandoned(Exception):
    """Raised in a helper thread when the main thread has given up."""


class _Lane:
    """A bounded queue that both ends can leave: errors travel down it, `abandon` frees its waiters."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(size)
        self._abandoned = threading.Event()

    def put(self, item: Any, check: Callable[[], None]) -> None:
        """Wait for room; None is the end, an exception is raised at the other end."""
        while True:
            check()
            if self._abandoned.is_set():
                raise _Abandoned
            try:
                return self._queue.put(item, timeout=_WAIT)
            except queue.Full:
                continue

    def get(self, check: Callable[[], None]) -> Any:
        """Wait for the next item; None is the end."""
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

    def empty(self) -> bool:
        return self._queue.empty()

    def abandon(self) -> None:
        self._abandoned.set()


def _go_on() -> None:
    """What helper threads look at while they wait: nothing."""


def _read(source: Source, lane: _Lane) -> None:
    with contextlib.suppress(_Abandoned):
        try:
            for frame in source:
                lane.put(frame, _go_on)
            lane.put(None, _go_on)
        except _Abandoned:
            raise
        except BaseException as error:  # it is raised again in the main thread
            lane.put(error, _go_on)


def _convert(sink: Sink, frames: _Lane, converted: _Lane) -> None:
    with contextlib.suppress(_Abandoned):
        try:
            while (frame := frames.get(_go_on)) is not None:
                converted.put(sink.convert(frame), _go_on)
            converted.put(None, _go_on)
        except _Abandoned:
            raise
        except BaseException as error:  # it is raised again where frames are written
            converted.put(error, _go_on)


def _write(sink: Sink, lane: _Lane, failure: list[BaseException]) -> None:
    try:
        while (converted := lane.get(_go_on)) is not None:
            sink.write(converted)
    except _Abandoned:
        pass
    except BaseException as error:
        failure.append(error)


def paint(
    stylizer: Stylizer, prepared: Any, frames: Iterable[Pixels], batch: int
) -> Iterator[Pixels]:
    """Paint frames from memory in this thread, calls overlapping as in `run`."""
    remaining = iter(frames)
    calls: deque[Callable[[], Sequence[Pixels]]] = deque()
    state: Any = None
    while some := list(islice(remaining, batch)):
        finish, state = stylizer.start(some, prepared, state)
        calls.append(finish)
        if len(calls) > stylizer.depth:
            yield from calls.popleft()()
    for finish in calls:
        yield from finish()


def _gather(lane: _Lane, count: int, check: Callable[[], None]) -> list[Frame]:
    """Return the next frames; fewer are the last ones."""
    frames: list[Frame] = []
    while len(frames) < count and (frame := lane.get(check)) is not None:
        frames.append(frame)
    return frames


def _room(info: StreamInfo, batch: int) -> int:
    """Return how many frames a queue takes."""
    frame_bytes = info.height * info.width * 3
    return max(2 * batch, min(_MOST_FRAMES, _LANE_BYTES // frame_bytes))


def run(  # noqa: PLR0915 - one loop reads better whole
    source: Source,
    stylizer: Stylizer,
    prepared: Any,
    sink: Sink,
    *,
    batch: int | None = None,
    low_latency: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Summary:
    """Paint every frame of a source into a sink and commit it.

    Args:
        source: the frames, read in a thread.
        stylizer: the painter, called in this thread.
        prepared: the style, as the stylizer's `prepare` made it.
        sink: takes the frames in threads; committed at the end.
        batch: frames per call of the stylizer, fewer at the end; None: what suits it.
        low_latency: a frame per call, and no queue longer than a frame.
        on_progress: called after every batch.
        stop: called often; raises to stop. Nothing is committed then.

    Returns:
        Counts and time.

    Raises:
        Exception: whatever source, stylizer, sink or `stop` raise, after the threads have ended.
    """
    started = time.monotonic()
    size = batch or (1 if low_latency else stylizer.batch(source.info.height, source.info.width))
    room = 1 if low_latency else _room(source.info, size)
    # A network is what the others wait for: frames read far ahead of it would only delay the first.
    ahead = min(room, 2 * size) if stylizer.depth else room
    inward, outward, converted = _Lane(ahead), _Lane(room), _Lane(room)
    failure: list[BaseException] = []

    def check() -> None:
        if failure:
            raise failure[0]
        if stop:
            stop()

    helpers = [
        threading.Thread(target=target, args=args, daemon=True, name=target.__name__)
        for target, args in (
            (_read, (source, inward)),
            (_convert, (sink, outward, converted)),
            (_write, (sink, converted, failure)),
        )
    ]
    done = damaged = 0
    under_way: deque[tuple[list[Frame], Callable[[], Sequence[Pixels]]]] = deque()

    def take() -> None:
        """Hand the oldest call's frames on."""
        nonlocal done, damaged
        frames, finish = under_way.popleft()
        for frame, pixels in zip(frames, finish(), strict=True):
            outward.put(replace(frame, pixels=pixels), check)
            damaged += frame.damaged
        done += len(frames)
        if on_progress:
            on_progress(Progress(done, source.info.frames, time.monotonic() - started))

    for helper in helpers:
        helper.start()
    try:
        state: Any = None
        ended = False
        while not ended:
            if under_way and inward.empty():  # the source is slow: no frame waits for the next one
                take()
                continue
            frames = _gather(inward, size, check)
            ended = len(frames) < size
            if frames:
                finish, state = stylizer.start([f.pixels for f in frames], prepared, state)
                under_way.append((frames, finish))
            while len(under_way) > (0 if ended else stylizer.depth):
                take()
        outward.put(None, check)
        while helpers[-1].is_alive():
            check()
            helpers[-1].join(_WAIT)
        check()
    except BaseException:
        source.give_up()
        sink.give_up()
        raise
    finally:
        for lane in (inward, outward, converted):
            lane.abandon()
        # A writer inside the encoder must come back before its file may be closed.
        for helper in helpers:
            helper.join()
    sink.commit()
    return Summary(done, time.monotonic() - started, damaged + source.damage)
