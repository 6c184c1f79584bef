"""The one loop: frames flow from a source, through a stylizer, to a sink.

Reading, converting for the encoder and encoding run in threads of their own, with small bounded queues
between them and the main thread, which feeds the network: all of it overlaps, and memory does not grow
with the clip. The main thread alone answers signals, through `stop`. This file knows protocols, and no
class behind them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidstyle.channel import WAIT, Abandoned, Channel
from vidstyle.frame import Frame, Pixels, StreamInfo


class Source(Protocol):
    """An iterable of frames with known facts."""

    @property
    def info(self) -> StreamInfo:
        """The facts that are known before the first frame."""
        ...

    @property
    def damage(self) -> int:
        """Places so far where something of the video was lost."""
        ...

    def give_up(self) -> None:
        """End a read that waits; from another thread, when nobody wants frames any more."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...


StateT = TypeVar("StateT")
"""The state that a stylizer's calls hand on: a value."""

ConvertedT = TypeVar("ConvertedT")
"""The form in which a sink writes a frame."""

Arrays: TypeAlias = Mapping[str, NDArray[np.generic]]
"""A state as arrays by name, as it can be kept in a file."""


@dataclass(frozen=True, repr=False)
class Checkpoint:
    """A moment between two calls, from which a run can go on."""

    frames: int
    """Frames painted until then, from the first one on."""
    state: Callable[[], Arrays]
    """Returns the stylizer's state after them; waits for what is still in flight."""
    first: int = 0
    """Index of the first frame that the source yields."""
    piece: int | None = None
    """Index of the frame with which the piece begins that is written; None: it begins after the frames painted until then."""


class Stylizer(Protocol[StateT]):
    """Something that paints batches of frames; its state is a value, not an attribute."""

    def batch(self, height: int, width: int) -> int:
        """Return the number of frames of a size, pixels, that suits a call best."""
        ...

    @property
    def depth(self) -> int:
        """Calls in flight that keep it busy while a result is taken; 0 where `start` does it all."""
        ...

    def start(
        self, frames: Sequence[Frame], state: StateT | None
    ) -> tuple[Callable[[], Sequence[Pixels]], StateT]:
        """Begin to paint frames, which the caller leaves as they are.

        Returns:
            A function that waits for as many painted ones (H, W, 3) of the same size, and the next state.
        """
        ...

    def pack(self, state: StateT) -> Arrays:
        """Return a state as arrays; wait for what it waits for."""
        ...

    def unpack(self, arrays: Arrays) -> StateT:
        """Return the state that `pack` made arrays of."""
        ...


class Sink(Protocol[ConvertedT]):
    """Where frames end. Leaving without `commit` discards."""

    @property
    def checkpoint_frames(self) -> int | None:
        """Frames from one checkpoint to the next, at least; None: it takes none."""
        ...

    def convert(self, frame: Frame) -> ConvertedT:
        """Convert the next frame to the form that `write` takes, in a thread other than `write`'s."""
        ...

    def write(self, converted: ConvertedT) -> None:
        """Take the next converted frame."""
        ...

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint after the last written frame, in `write`'s thread."""
        ...

    def give_up(self) -> None:
        """End a write that waits; from another thread, when the run has failed."""
        ...

    def commit(self) -> None:
        """Make the output whole and visible."""
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
    resumed: int = 0
    """Frames among them that an earlier run had painted."""
    rate: float | None = None
    """Frames a second; None where that is not known yet. What was before the first frames of this run, as loading
    and reading ahead, does not count: it does not grow with the clip."""

    @property
    def left(self) -> float | None:
        """Seconds to the end, an estimate; None where nothing is known of it."""
        if not self.total or not self.rate:
            return None
        return max(0, self.total - self.frames) / self.rate


SETTLED = 1.0
"""Seconds of painting after which its pace is known: frames come in bursts."""


class _Rate:
    """Frames a second of a run, from its first painted frames on."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def __call__(self, frames: int, seconds: float) -> float | None:
        """Return the rate when `frames` are painted `seconds` after the start; None: it is not known yet."""
        before, began = self._first = self._first or (frames, seconds)
        return (frames - before) / (seconds - began) if seconds - began >= SETTLED else None


@dataclass(frozen=True)
class Summary:
    """Counts and time of a finished run."""

    frames: int
    seconds: float
    damaged: int
    """Places of the input that were damaged: frames, packets, a missing end."""
    resumed: int = 0
    """Frames among them that an earlier run had painted."""


_MAX_FRAMES, _CHANNEL_BYTES = 8, 2**25
"""Frames in a queue, and about as many bytes of 8-bit ones. Encoders take some frames at once and then wait: two frames in each
queue were too few to keep the others busy, which cost 4 % of a pass-through run at 1280x720."""


def _no_op() -> None:
    """Helper threads check nothing while they wait."""


def _read(source: Source, channel: Channel[Frame]) -> None:
    with contextlib.suppress(Abandoned):
        try:
            for frame in source:
                channel.put(frame, _no_op)
            channel.put(None, _no_op)
        except Abandoned:
            raise
        except BaseException as error:  # it is raised again in the main thread
            channel.put(error, _no_op)


def _convert(
    sink: Sink[ConvertedT],
    frames: Channel[Frame | Checkpoint],
    converted: Channel[ConvertedT | Checkpoint],
) -> None:
    with contextlib.suppress(Abandoned):
        try:
            while (item := frames.get(_no_op)) is not None:
                converted.put(item if isinstance(item, Checkpoint) else sink.convert(item), _no_op)
            converted.put(None, _no_op)
        except Abandoned:
            raise
        except BaseException as error:  # it is raised again where frames are written
            converted.put(error, _no_op)


def _write(
    sink: Sink[ConvertedT],
    channel: Channel[ConvertedT | Checkpoint],
    failure: list[BaseException],
) -> None:
    try:
        while (item := channel.get(_no_op)) is not None:
            if isinstance(item, Checkpoint):
                sink.checkpoint(item)
            else:
                sink.write(item)
    except Abandoned:
        pass
    except BaseException as error:
        failure.append(error)


def _gather(channel: Channel[Frame], count: int, check: Callable[[], None]) -> list[Frame]:
    """Return the next frames; fewer are the last ones."""
    frames: list[Frame] = []
    while len(frames) < count and (frame := channel.get(check)) is not None:
        frames.append(frame)
    return frames


def _room(info: StreamInfo, batch: int) -> int:
    """Return the number of frames that a queue holds."""
    frame_bytes = info.height * info.width * 3
    return max(2 * batch, min(_MAX_FRAMES, _CHANNEL_BYTES // frame_bytes))


def run(  # noqa: PLR0912, PLR0915 - one loop reads better whole
    source: Source,
    stylizer: Stylizer[StateT],
    sink: Sink[ConvertedT],
    *,
    batch: int | None = None,
    low_latency: bool = False,
    begin: Checkpoint | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Summary:
    """Paint every frame of a source into a sink and commit it.

    Args:
        source: the frames, read in a thread.
        stylizer: the painter, called in this thread.
        sink: takes the frames in threads; committed at the end.
        batch: frames per call of the stylizer, fewer at the end; None: what suits it.
        low_latency: a frame per call, and no queue longer than a frame.
        begin: where an earlier run with the same arguments was cut off: the sink has its frames, and gets
            them unpainted, for their times alone. Frames and progress are counted from the clip's first frame on.
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
    inward, outward = Channel[Frame](ahead), Channel[Frame | Checkpoint](room)
    converted = Channel[ConvertedT | Checkpoint](room)
    failure: list[BaseException] = []

    def check() -> None:
        if failure:
            raise failure[0]
        if stop:
            stop()

    jobs: tuple[tuple[Callable[..., None], tuple[object, ...]], ...] = (
        (_read, (source, inward)),
        (_convert, (sink, outward, converted)),
        (_write, (sink, converted, failure)),
    )
    helpers = [
        threading.Thread(target=target, args=args, daemon=True, name=target.__name__)
        for target, args in jobs
    ]
    done, damaged = begin.first if begin else 0, 0
    resumed = begin.frames if begin else 0
    marked = resumed if begin is None or begin.piece is None else begin.piece
    rate = _Rate()
    in_flight: deque[tuple[list[Frame], Callable[[], Sequence[Pixels]], StateT]] = deque()

    def hand_on(frames: Sequence[Frame]) -> None:
        nonlocal done, damaged
        for frame in frames:
            outward.put(frame, check)
            damaged += frame.damaged
        done += len(frames)
        if on_progress:
            seconds = time.monotonic() - started
            known = rate(done, seconds) if done > resumed else None
            on_progress(Progress(done, source.info.frames, seconds, min(done, resumed), known))

    def take() -> None:
        """Hand the oldest call's frames on."""
        nonlocal marked
        frames, finish, after = in_flight.popleft()
        painted = zip(frames, finish(), strict=True)
        hand_on([replace(frame, pixels=pixels) for frame, pixels in painted])
        if sink.checkpoint_frames and done - marked >= sink.checkpoint_frames:
            marked = done
            outward.put(Checkpoint(done, partial(stylizer.pack, after)), check)

    try:
        for helper in helpers:
            helper.start()
        state: StateT | None = None
        ended = False
        while done < resumed and not ended:
            frames = _gather(inward, min(size, resumed - done), check)
            ended = not frames
            hand_on(frames)
        if begin:
            state = stylizer.unpack(begin.state())
        while not ended:
            if in_flight and inward.empty():  # the source is slow: no frame waits for the next one
                take()
                continue
            frames = _gather(inward, size, check)
            ended = len(frames) < size
            if frames:
                finish, state = stylizer.start(frames, state)
                in_flight.append((frames, finish, state))
            while len(in_flight) > (0 if ended else stylizer.depth):
                take()
        outward.put(None, check)
        while helpers[-1].is_alive():
            check()
            helpers[-1].join(WAIT)
        check()
    except BaseException:
        source.give_up()
        sink.give_up()
        raise
    finally:
        for channel in (inward, outward, converted):
            channel.abandon()
        # A writer inside the encoder must come back before its file may be closed.
        for helper in helpers:
            if helper.ident is not None:  # it was started
                helper.join()
    sink.commit()
    return Summary(done, time.monotonic() - started, damaged + source.damage, min(done, resumed))
