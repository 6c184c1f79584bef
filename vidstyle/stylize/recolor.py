"""The frames' own colors for their painting: by the light of each frame alone, or by one map that is followed over a shot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels
from vidstyle.images.colors import levels_table, transport_map
from vidstyle.runtime.engine import Following, Vector
from vidstyle.stylize.pooling import Pool

FOLLOWED = ("linear", "histogram")
"""Ways with colors whose map depends on the frames of a shot."""

_SIDE = 90
"""Rows, or columns where those are fewer, of the grid of pixels that statistics are taken of."""

_RIDGE = 1e-3
"""Added to variances: paintings of few colors are not stretched without end."""

_STEEPEST = 3.0
"""How much contrast may grow along an axis, and shrink."""

_FOLLOWING = Following(
    lag=0,
    # As the statistics of a network: who walks in is hardly seen in the rest of the picture.
    settled=32,
    slow=600,
    quick=8,
    misfit=0.4,
    share=1.0,
)


@dataclass(frozen=True, repr=False)
class ColorState:
    """The colors of a shot, of its frames and their paintings."""

    way: str
    """Which of `FOLLOWED`."""
    pool: Callable[[], Pool]
    """Waits for them."""


def new_state(way: str) -> ColorState:
    """Return the state of a shot that begins."""
    return ColorState(way, lambda: Pool(_FOLLOWING))


def restored(way: str, mean: Vector, described: float) -> ColorState:
    """Return the state that a pool was kept of."""
    pool = Pool(_FOLLOWING, mean, mean, described)
    return ColorState(way, lambda: pool)


def learned(way: str, frames: Sequence[Pixels], painted: Sequence[Pixels]) -> ColorState:
    """Return the state of a shot of which some frames (H, W, 3) and their paintings are known before."""
    own = [_describe(way, *pair) for pair in zip(frames, painted, strict=True)]
    pool = Pool(_FOLLOWING).add(own)
    if len(own) > 1:
        pool = pool.settled()
    return ColorState(way, lambda: pool)


def start(
    frames: Sequence[Pixels],
    finish: Callable[[], list[Pixels]],
    before: ColorState,
    *,
    settling: bool = False,
) -> tuple[Callable[[], list[Pixels]], ColorState]:
    """Begin to give paintings the colors of their frames.

    Args:
        frames: (H, W, 3), the next of a shot.
        finish: waits for their paintings.
        before: of the frames before them.
        settling: the style has just changed, and with it what is known of its colors.

    Returns:
        A function that waits for the result, and the state for the next frames.
    """
    call = _Call(list(frames), finish, before, settling)
    return call.result, ColorState(before.way, call.pool)


class _Call:
    """Paintings that wait for their colors, which are known in the order of the frames."""

    def __init__(
        self,
        frames: list[Pixels],
        finish: Callable[[], list[Pixels]],
        before: ColorState,
        settling: bool,
    ) -> None:
        self._work: tuple[list[Pixels], Callable[[], list[Pixels]], ColorState] | None = (
            frames,
            finish,
            before,
        )
        self._settling = settling
        self._result: list[Pixels] = []
        self._pool = Pool(_FOLLOWING)

    def result(self) -> list[Pixels]:
        """Wait for the result, and hand it over."""
        self._do()
        result, self._result = self._result, []
        return result

    def pool(self) -> Pool:
        """Wait for the statistics of the shot with these frames."""
        self._do()
        return self._pool

    def _do(self) -> None:
        if self._work is None:
            return
        frames, finish, before = self._work
        pool = before.pool()
        for frame, painted in zip(frames, finish(), strict=True):
            if self._settling:
                pool = pool.loosened(1)
            pool = pool.add([_describe(before.way, frame, painted)])
            self._result.append(_mapped(before.way, painted, pool.shown))
        self._pool = pool
        self._work = None  # what lies before is needed no more


def _describe(way: str, frame: Pixels, painted: Pixels) -> Vector:
    """Return what the colors of a frame and of its painting are, one after the other."""
    step = max(1, round(min(frame.shape[:2]) / _SIDE))
    both = [np.ascontiguousarray(p[::step, ::step]) for p in (frame, painted)]
    if way == "histogram":
        return np.concatenate([_shares(p[..., channel]) for p in both for channel in range(3)])
    return np.concatenate([_moments(p.reshape(-1, 3)) for p in both])


def _shares(levels: Pixels) -> Vector:
    """Return the shares (256,) of levels, those of 16 bits as of 8."""
    bits = 8 if levels.dtype == np.uint16 else 0
    counts = np.bincount((levels >> bits).ravel(), minlength=256)
    return np.asarray(counts / levels.size, np.float32)


def _moments(points: Pixels) -> Vector:
    """Return the mean (3,) of colors (N, 3), and of their products (9,), in units of white."""
    colors = points.astype(np.float32) / np.float32(np.iinfo(points.dtype).max)
    return np.concatenate([colors.mean(0), (colors.T @ colors / np.float32(len(colors))).ravel()])


def _mapped(way: str, painted: Pixels, shown: Vector | None) -> Pixels:
    """Give a painting (H, W, 3) the colors that statistics ask for."""
    if shown is None:
        return painted
    top = np.iinfo(painted.dtype).max
    if way == "linear":
        return np.asarray(cv2.transform(painted, _linear_map(shown, top)), painted.dtype)
    content, own = shown.astype(np.float64).reshape(2, 3, 256)
    tables = np.stack([levels_table(h, w, 0.5) for h, w in zip(own, content, strict=True)], -1)
    if painted.dtype == np.uint8:
        rounded = tables.round().astype(np.uint8)[:, None]
        return np.asarray(cv2.LUT(painted, rounded), np.uint8)
    at = np.arange(65536) / 257
    mapped = np.empty_like(painted)
    for channel in range(3):
        fine = np.interp(at, np.arange(256), tables[:, channel]) * 257
        mapped[..., channel] = fine.round().astype(np.uint16)[painted[..., channel]]
    return mapped


def _linear_map(shown: Vector, top: int) -> NDArray[np.float64]:
    """Return the map (3, 4) of painted colors to those of the frames, levels up to `top`."""
    content, own = shown.astype(np.float64).reshape(2, 12)
    have, want = (s[3:].reshape(3, 3) - np.outer(s[:3], s[:3]) for s in (own, content))
    gains, axes = transport_map(have, want, _RIDGE)
    matrix = (axes * gains.clip(1 / _STEEPEST, _STEEPEST)) @ axes.T
    return np.column_stack([matrix, top * (content[:3] - matrix @ own[:3])])
