"""Paints frames: `prepare` a style once, `start` batches of frames, or `step` through them.

State is a value that goes in and comes out, so that chunks, seeks and tests need nothing hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels, StreamInfo
from vidstyle.images.files import read_picture
from vidstyle.runtime.engine import Engine, Painting
from vidstyle.runtime.padding import crop, pad, padded_size
from vidstyle.stylize.pooling import Pool
from vidstyle.stylize.style import fit_style

_LAG = 5
"""Frames before a frame that are not yet in its pool: as many as a CPU has under way at most."""


@dataclass(frozen=True, repr=False)
class PreparedStyle:
    """A style as the network takes it."""

    vector: NDArray[np.float32]
    """(S,) gains, shifts, amounts of kernels and palette; none where the network has one style."""


OWN_STYLE = PreparedStyle(np.empty(0, np.float32))
"""The style of a network that has but one."""


def mix_styles(styles: Sequence[PreparedStyle], shares: Sequence[float]) -> PreparedStyle:
    """Mix prepared styles by shares that sum to 1.

    Gains, shifts, kernels and palettes are mixed (Dumoulin et al. 2017, section 3.3), so the picture goes from
    one style to the other without a step.
    """
    mixed = sum(share * style.vector for share, style in zip(shares, styles, strict=True))
    return PreparedStyle(np.asarray(mixed, np.float32))


@dataclass(frozen=True, repr=False)
class State:
    """What one batch leaves to the next."""

    pool: Pool
    """Of the calls that are known to have ended."""
    calls: tuple[tuple[Painting, int], ...]
    """The last ones and how many frames each paints, oldest first: waiting for them would cost time."""


class NetworkStylizer:
    """Paints with a network; the frames of a shot share their normalisation statistics."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine that runs the network; see `vidstyle.runtime.select`."""
        self.engine = engine

    def expect(self, info: StreamInfo) -> None:
        """Begin to get ready for the frames of a video, say while a style is prepared."""
        self.expect_size(info.height, info.width, deep=info.bits > 8)

    def expect_size(self, height: int, width: int, *, deep: bool) -> None:
        """Begin to get ready for frames of a size and depth; see `Engine.expect`."""
        self.engine.expect(padded_size(height), padded_size(width), deep=deep)

    def ready(self, height: int, width: int, *, deep: bool) -> bool:
        """See `Engine.ready`."""
        return self.engine.ready(padded_size(height), padded_size(width), deep=deep)

    def prepare(self, style: Path | str | Pixels, *, scale: float = 1.0) -> PreparedStyle:
        """Encode a style picture, a file or pixels (H, W, 3).

        Args:
            style: the picture.
            scale: of the picture; with a larger one its strokes are larger.

        Raises:
            InputError: the file is missing or no picture.
            ValueError: pixels of another type or shape.
        """
        picture = style if isinstance(style, np.ndarray) else read_picture(Path(style))
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"expected a uint8 picture (H, W, 3), got {picture.dtype} {picture.shape}"
            )
        return PreparedStyle(self.engine.encode(fit_style(picture, scale)))

    def batch(self, height: int, width: int) -> int:
        """See `Engine.batch`."""
        return self.engine.batch(height, width)

    @property
    def depth(self) -> int:
        """See `Engine.depth`."""
        return self.engine.depth

    def begin(self, frames: Sequence[Pixels], prepared: PreparedStyle) -> State:
        """Return a state that knows what frames (H, W, 3) of a shot look like; see `Beginner`."""
        size = self.batch(*frames[0].shape[:2])
        paintings = [
            self.engine.paint([pad(f) for f in frames[n : n + size]], prepared.vector, None)
            for n in range(0, len(frames), size)
        ]
        pool = Pool()
        for painting in paintings:
            pool = pool.add(painting.statistics())
        # A single one may be all that was seen before something sudden.
        return State(pool.settled() if len(frames) > 1 else pool, ())

    def start(
        self, frames: Sequence[Pixels], prepared: PreparedStyle, state: State | None = None
    ) -> tuple[Callable[[], list[Pixels]], State]:
        """Begin to paint frames (H, W, 3) of one size, in order; see `step`.

        The frames must stay as they are until they are painted.

        Returns:
            What waits for the painted frames and returns them; the state for the next call.
        """
        height, width, _ = frames[0].shape
        pool, calls = (state.pool, state.calls) if state else (Pool(), ())
        # The same frames are waited for on every machine, however many it has under way.
        while len(calls) > self.depth and sum(count for _, count in calls[1:]) >= _LAG:
            pool, calls = pool.add(calls[0][0].statistics()), calls[1:]
        given = pool.given
        painting = self.engine.paint([pad(f) for f in frames], prepared.vector, given)

        def finish() -> list[Pixels]:
            return [crop(p, height, width) for p in painting.frames()]

        return finish, State(pool, (*calls, (painting, len(frames))))

    def step(
        self, frames: Sequence[Pixels], prepared: PreparedStyle, state: State | None = None
    ) -> tuple[Pixels, State]:
        """Paint frames (H, W, 3) of one size, in order.

        Returns:
            The painted frames (N, H, W, 3); the state for the next call.
        """
        finish, state = self.start(frames, prepared, state)
        return np.stack(finish()), state


class IdentityStylizer:
    """Leaves frames as they are: `--style identity` tests the pipeline exactly."""

    depth = 0

    def batch(self, height: int, width: int) -> int:
        """Return 1: nothing is gained by waiting for more."""
        return 1

    def start(
        self, frames: Sequence[Pixels], prepared: None, state: None
    ) -> tuple[Callable[[], Sequence[Pixels]], None]:
        """Return what returns the frames."""
        return lambda: frames, None
