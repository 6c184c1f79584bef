"""The stylizer: frames in, painted frames out, and a state that goes in and comes out.

Its stages, in the order in which they run:

1. split: a call's frames are parted at cuts; a new shot begins with nothing but the look-ahead.
2. statistics: the pool of the shot says with what statistics its frames are painted.
3. paint: the engine paints.
4. steady: at a stability above 0 the paintings follow what moves, and get back the sharpness lost by that.
5. colors: the paintings get those of the frames, where the look says so: of the shot, or of each frame alone.
6. strength, blend: where one is below 1 they are mixed with the frames themselves.

Before the first, a look with a stroke scales the frames, and after the fourth the paintings come back to their size. Stages 1 to 4, and the
colors of a shot, see the frames of a shot; those after it see a frame alone, and stand together in `Stylizer._finished`: a stage that needs one frame only belongs there. A stage is left out where the look or the engine does
not ask for it. Two things hold whatever is chosen: a stage that is left at its default changes no pixel, and a strength or
blend of 0 is the frame itself to the bit. A strength below 1 begins before all of them, where the network knows a style in which
it leaves a photo as it is: what is painted then is a mixture of that one and the look's. Nothing is hidden between two calls, so that chunks, seeks and tests need nothing else
than the state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from itertools import islice

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.fields import brief
from vidstyle.flow.finder import flow_finder
from vidstyle.frame import Frame, Pixels
from vidstyle.images.colors import LIGHTS, with_light_of
from vidstyle.runtime.engine import Engine, Following, Painting, Statistics, Vector
from vidstyle.runtime.padding import crop, pad
from vidstyle.runtime.select import find_accelerator
from vidstyle.stylize import recolor
from vidstyle.stylize.look import Look
from vidstyle.stylize.packing import Arrays, pack, unpack
from vidstyle.stylize.pooling import Pool, uneven
from vidstyle.stylize.recolor import ColorState
from vidstyle.stylize.shots import SHORTEST, Thumbnail, samples_ahead, split
from vidstyle.stylize.stabilizer import Stabilizer
from vidstyle.stylize.state import State
from vidstyle.stylize.strength import blend, close, tones_first, weaker
from vidstyle.stylize.stroke import enlarged, scaled, working_size
from vidstyle.stylize.style import Style

Lookahead = Callable[[int], Iterable[Pixels]]
"""Yields frames (H, W, 3) of a clip from the one with an index on, some two a second."""

Finish = Callable[[], list[Pixels]]
"""Waits for painted frames and returns them. They may be the caller's own arrays: write into none of them."""

_SETTLING = 20
"""Frames after a change of style in which its statistics are still followed quickly."""

_OWN_STYLE: Vector = np.empty(0, np.float32)


class Stylizer:
    """Paints with an engine, whatever that is."""

    def __init__(
        self,
        engine: Engine,
        *,
        device: str = "auto",
        made_by: str = "",
        photo: Style | None = None,
    ) -> None:
        """Take the engine.

        Args:
            engine: see `runtime.select` and `runtime.engine`.
            device: where a flow by RAFT is sought: auto, or a torch device.
            made_by: of the styles that the engine can read; see `Style`.
            photo: the style in which it paints a frame nearly as it is; None: there is none.
        """
        self.engine, self.photo = engine, photo
        self._device = device
        self.made_by = made_by
        self._stabilizers: dict[str, Stabilizer] = {}

    @property
    def rises(self) -> bool:
        """Whether the end of a fade from black begins a shot; see `Following`."""
        return self.engine.following is None or self.engine.following.rises

    def batch(self, height: int, width: int) -> int:
        """Return the number of frames of a size, pixels, that suits a call best."""
        return self.engine.batch(height, width)

    def depth(self, look: Look) -> int:
        """Return the number of calls in flight that keep it busy while a result is taken."""
        return max(1, self.engine.depth) if look.stability else self.engine.depth

    def start(
        self,
        frames: Sequence[Pixels],
        look: Look,
        state: State | None = None,
        *,
        lookahead: Lookahead | None = None,
    ) -> tuple[Finish, State]:
        """Begin to paint frames (H, W, 3) of one size, in order.

        Args:
            frames: uint8 or uint16, which must stay as they are until they are painted.
            look: how.
            state: of the call before; None: these are the first.
            lookahead: yields coming frames, where they can be read.

        Returns:
            A function that waits for the painted frames, of the size and dtype as they came; and the state for
            the next call.

        Raises:
            UsageError: the look's style does not belong to the engine.
        """
        self.check(look)
        painted_look = self.weakened(look)
        style = self.check(painted_look)
        state = state or State()
        followed = look.colors in recolor.FOLLOWED
        full, first = frames, state.frames
        size = working_size(full[0], look.stroke)
        if size != full[0].shape[:2]:
            frames = [scaled(frame, size) for frame in full]
        if self.engine.following is None and not look.stability and not followed:
            _, finish = self._begun(frames, style, None, describe=False)
            finish = self._finished(full, frames, finish, look)
            return finish, replace(state, frames=first + len(frames))
        finishes: list[Finish] = []
        for part, shot, index in split(frames, state.shot, first, rises=self.rises):
            if shot.fresh:
                pool, colors = self._pool_ahead(index, state, shot.now, look, style, lookahead)
                state = replace(state, pool=pool, calls=(), motion=None, begun=index, colors=colors)
            finish, state = self._paint(part, painted_look, style, state)
            finishes.append(finish)
            state = replace(state, shot=shot.shot)

        def finish_all() -> list[Pixels]:
            return [p for finish in finishes for p in finish()]

        state = replace(state, frames=first + len(frames), style=painted_look.style)
        return self._finished(full, frames, finish_all, look), state

    def step(
        self, frames: Sequence[Pixels], look: Look, state: State | None = None
    ) -> tuple[list[Pixels], State]:
        """Paint frames (H, W, 3) of one size, in order: `start`, and wait."""
        finish, state = self.start(frames, look, state)
        return finish(), state

    def stream(self, frames: Iterable[Pixels], look: Look, batch: int) -> Iterator[Pixels]:
        """Paint frames (H, W, 3) of a clip lazily, `batch` in a call, several calls in flight."""
        remaining = iter(frames)
        calls: deque[Finish] = deque()
        state: State | None = None
        while some := list(islice(remaining, batch)):
            finish, state = self.start(some, look, state)
            calls.append(finish)
            if len(calls) > self.depth(look):
                yield from calls.popleft()()
        for finish in calls:
            yield from finish()

    def bind(self, look: Look, lookahead: Lookahead | None = None) -> BoundStylizer:
        """Return a stylizer bound to one look, as `pipeline.run` takes it."""
        return BoundStylizer(self, look, lookahead)

    def close(self) -> None:
        """Give back threads and memory, the engine's too."""
        for stabilizer in self._stabilizers.values():
            stabilizer.close()
        self._stabilizers.clear()
        self.engine.close()

    def check(self, look: Look) -> Vector:
        """Return the values of a look's style.

        Raises:
            UsageError: it does not belong to the engine.
        """
        if not isinstance(look, Look):
            raise UsageError(f"expected a Look, got {brief(look)}; make one, Look(style)")
        if not self.engine.takes_pictures:
            if look.style is not None:
                raise UsageError(
                    "a network of one style takes no other; leave the look's style out"
                )
            return _OWN_STYLE
        if look.style is None:
            raise UsageError("expected a look with a style, got none; see Model.style")
        if look.style.made_by != self.made_by:
            raise UsageError(
                f"expected a style made by this model ({self.made_by}), got one by "
                f"{look.style.made_by}; read the picture anew"
            )
        return look.style.values

    def weakened(self, look: Look) -> Look:
        """Return the look that is painted, at a strength of 1: the style is a weaker one where the network knows how.

        What is painted in it then goes through `mixed`.
        """
        if look.strength == look.blend == 1:
            return look
        style = look.style
        if look.strength < 1 and self.photo is not None and style is not None:
            style = weaker(style, self.photo, look.strength)
        return replace(look, style=style, strength=1.0, blend=1.0)

    def mixed(self, frame: Pixels, painted: Pixels, look: Look) -> Pixels:
        """Mix a frame (H, W, 3) and what was painted of it in the `weakened` look, as the look says."""
        if look.strength < 1:
            if self.photo is not None:
                painted = close(frame, painted, look.strength)
            elif self.engine.strokes:
                painted = tones_first(frame, painted, look.strength)
            else:
                painted = blend(frame, painted, look.strength)
        return blend(frame, painted, look.blend)

    def _pool_ahead(
        self,
        index: int,
        state: State,
        now: Thumbnail,
        look: Look,
        style: Vector,
        lookahead: Lookahead | None,
    ) -> tuple[Pool | None, ColorState | None]:
        """Return the pool of a shot that begins, and its colors: empty, or filled from the look-ahead."""
        following = self.engine.following
        if following is None:
            return None, None
        pool = Pool(following)
        if lookahead is None or index - state.begun < SHORTEST:
            return pool, None
        ahead = lookahead(index)
        if look.stroke is not None:
            ahead = (scaled(f, working_size(f, look.stroke)) for f in ahead)
        samples = [self._padded(f) for f in samples_ahead(now, ahead)]
        if not samples:
            return pool, None
        size = self.batch(*samples[0].shape[:2])
        parts = [samples[n : n + size] for n in range(0, len(samples), size)]
        paintings = [uneven(self.engine.paint(p, style, None), p, following) for p in parts]
        for painting in paintings:
            pool = pool.add(painting.statistics())
        pool = replace(pool, frames=0)
        # A single one may be all that was seen before something sudden.
        pool = pool.settled() if len(samples) > 1 and pool.described else pool
        if look.colors not in recolor.FOLLOWED:
            return pool, None
        painted = [pixels for painting in paintings for pixels in painting.frames()]
        return pool, recolor.learned(look.colors, samples, painted)

    def _paint(
        self, frames: list[Pixels], look: Look, style: Vector, state: State
    ) -> tuple[Finish, State]:
        """Begin to paint frames of one shot: stages 2 to 4."""
        following, pool, calls = self.engine.following, state.pool, state.calls
        settling = state.settling
        if state.style is not None and state.style is not look.style and state.style != look.style:
            settling = _SETTLING
        if following and pool:
            pool, calls = self._ended(following, pool, calls)
            if settling:  # each style has statistics of its own
                pool = pool.loosened(len(frames))
        statistics = pool.statistics if pool else None
        due = bool(pool and pool.due(len(frames)))
        painting, finish = self._begun(frames, style, statistics, describe=due)
        motion = None
        if look.stability:
            finish, motion = self._stabilizer(look.flow).start(
                frames, finish, look.stability, state.motion
            )
        colors = None
        if look.colors in recolor.FOLLOWED:
            colors = state.colors
            if colors is None or colors.way != look.colors:
                colors = recolor.new_state(look.colors)
            finish, colors = recolor.start(frames, finish, colors, settling=settling > 0)
        state = replace(
            state,
            pool=pool,
            colors=colors,
            calls=(*calls, (painting, len(frames))) if following else (),
            motion=motion,
            settling=max(0, settling - len(frames)),
        )
        return finish, state

    def _ended(
        self, following: Following, pool: Pool, calls: tuple[tuple[Painting, int], ...]
    ) -> tuple[Pool, tuple[tuple[Painting, int], ...]]:
        """Take the statistics of the calls that lie as far back as the engine wants.

        They are the same ones on every machine, however many calls it has in flight.
        """
        in_flight = self.engine.depth if following.lag else 0
        while len(calls) > in_flight and sum(count for _, count in calls[1:]) >= following.lag:
            pool, calls = pool.add(calls[0][0].statistics()), calls[1:]
        return pool, calls

    def _begun(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool,
    ) -> tuple[Painting, Finish]:
        """Begin to paint frames of any size; see `Engine.paint`."""
        height, width, _ = frames[0].shape
        padded = [self._padded(frame) for frame in frames]
        painting = self.engine.paint(padded, style, statistics, describe=describe)
        painting = uneven(painting, padded, self.engine.following)
        return painting, lambda: [crop(p, height, width) for p in painting.frames()]

    def _padded(self, frame: Pixels) -> Pixels:
        return pad(frame, self.engine.multiple)

    def _finished(
        self, frames: Sequence[Pixels], scaled_ones: Sequence[Pixels], finish: Finish, look: Look
    ) -> Finish:
        """Add the stages that see a frame alone: frames, and what was painted of them, which may have another size."""

        def finished(frame: Pixels, small: Pixels, painted: Pixels) -> Pixels:
            if painted.shape[0] < frame.shape[0]:
                painted = enlarged(painted, small, frame)
            elif painted.shape[0] > frame.shape[0]:
                painted = scaled(painted, frame.shape[:2])
            if look.colors in LIGHTS:
                painted = with_light_of(painted, frame, look.colors)
            return self.mixed(frame, painted, look)

        return lambda: [*map(finished, frames, scaled_ones, finish())]

    def _stabilizer(self, flow: str) -> Stabilizer:
        if flow not in self._stabilizers:
            device = self._device
            if device == "auto" and flow != "dis":
                device = find_accelerator()[0] or "cpu"
            find = flow_finder(flow, device.removeprefix("torch-"), quick=True)
            self._stabilizers[flow] = Stabilizer(find)
        return self._stabilizers[flow]


@dataclass(frozen=True)
class BoundStylizer:
    """A stylizer in one look."""

    stylizer: Stylizer
    look: Look
    lookahead: Lookahead | None = None

    def batch(self, height: int, width: int) -> int:
        """Return the number of frames of a size, pixels, that suits a call best."""
        return self.stylizer.batch(height, width)

    @property
    def depth(self) -> int:
        """Calls in flight that keep it busy."""
        return self.stylizer.depth(self.look)

    def start(self, frames: Sequence[Frame], state: State | None) -> tuple[Finish, State]:
        """Begin to paint frames; see `Stylizer.start`."""
        pixels = [frame.pixels for frame in frames]
        return self.stylizer.start(pixels, self.look, state, lookahead=self.lookahead)

    @property
    def name(self) -> str:
        """What computes it, for people."""
        return self.stylizer.engine.name

    def ahead(self, lookahead: Lookahead | None) -> BoundStylizer:
        """Return it with a look-ahead."""
        return replace(self, lookahead=lookahead)

    def settings(self) -> dict[str, str]:
        """Return all that decides what it paints."""
        style = self.stylizer.weakened(self.look).style
        return {f.name: str(getattr(self.look, f.name)) for f in fields(self.look)} | {
            "network": f"{self.stylizer.made_by} on {self.name}",
            "style": sha256(style.values.tobytes()).hexdigest() if style else "",
        }

    def pack(self, state: State) -> Arrays:
        """Return a state as arrays; see `packing.pack`."""
        return pack(state)

    def unpack(self, arrays: Arrays) -> State:
        """Return the state that `pack` made arrays of."""
        return unpack(arrays, self.stylizer.engine.following, self.stylizer.weakened(self.look))
