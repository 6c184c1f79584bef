"""The engine of photorealistic transfer: a frame's colors become a picture's, by one map for all pixels of a shot.

The map is an optimal transport of color distributions: the linear one of their means and covariances (Pitié and
Kokaram 2007, "The Linear Monge-Kantorovitch Linear Colour Mapping"), then slices of what is left (Pitié, Kokaram
and Dahyot 2005, "N-Dimensional Probability Density Function Transfer"). It is followed slowly over a shot,
so that nothing flickers, and it knows no places, so that no edge moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import UsageError
from vidstyle.flow.warp import LONGEST
from vidstyle.frame import Pixels
from vidstyle.images.colors import moments, transport_map
from vidstyle.images.masks import Mask
from vidstyle.runtime.engine import Following, Statistics, Vector

Colors = NDArray[np.float32]
"""(N, 3) RGB in [0, 1]."""

Cube = NDArray[np.float32]
"""(n, n, n, 3): what is added to a color, by its blue, green and red."""

_NODES = 17
"""Nodes of the cube along each axis."""

_SAMPLES = 64
"""Side of the grid of pixels that a picture's colors are read from."""

_SLICES = 12
"""Rotations after the linear map."""

_RANKS = np.linspace(0.01, 0.99, 33)
"""At which distributions along an axis are compared. What lies beyond goes with the last one."""

_ALIKE = 4
"""Decimals to which colors are distinguished."""

_VARIED = 0.06
"""Standard deviation of a frame's colors below which the map fades."""

_RIDGE = 1e-3
"""Added to variances: a picture of few colors does not stretch them without end."""

_STEEPEST = 3.0
"""How much contrast may grow along an axis, and shrink: what is beyond shows grain, and bands."""

_EVERY, _FADE = 8, 0.1
"""Frames from one map to the next; how far each frame goes to the mean of the maps."""

_MAPS = 16
"""Maps in the mean of a shot, after which old ones fade."""


_FEW = 32
"""Places of a part of the grid below which the colors of the whole are read."""


def sample(picture: Pixels, where: Mask | None = None) -> Colors:
    """Return the colors of a picture (H, W, 3), or of where a mask of any size is above 1/2, thinned out to as many."""
    max_value = np.float32(np.iinfo(picture.dtype).max)
    small = cv2.resize(picture, (_SAMPLES, _SAMPLES), interpolation=cv2.INTER_AREA)
    colors = small.reshape(-1, 3).astype(np.float32) / max_value
    if where is not None:
        inside = cv2.resize(where, (_SAMPLES, _SAMPLES), interpolation=cv2.INTER_AREA).ravel() > 0.5
        if inside.sum() >= _FEW:
            part = colors[inside]
            colors = part[np.linspace(0, len(part) - 1, len(colors)).round().astype(int)]
    return cast(Colors, colors)


def transport(source: Colors, target: Colors, frame: Colors | None = None) -> Cube:
    """Return the map that brings one distribution of colors to another.

    A frame of hardly more than one color, a title or a fade, tells nothing of what its colors would be, and is
    left as it is.

    Args:
        source: the one.
        target: the other.
        frame: all colors of the frame, where the source is a part of it, which may well have one color.
    """
    axis = np.linspace(0, 1, _NODES)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    nodes = np.stack([red, green, blue], -1).reshape(-1, 3)
    (center, have), (aim, want) = (moments(c.astype(np.float64)) for c in (source, target))
    gains, axes = transport_map(have, want, _RIDGE)
    bounded = gains.clip(1 / _STEEPEST, _STEEPEST)
    gain, reached = ((axes * g) @ axes.T for g in (bounded, bounded / gains))
    bounded_target = (target - aim) @ reached + aim
    moved = (np.concatenate([source, nodes]) - center) @ gain + aim
    rng = np.random.default_rng(1)
    for _ in range(_SLICES):
        rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        turned, target_turned = moved @ rotation, bounded_target @ rotation
        for n in range(3):
            turned[:, n] += _shift(turned[:, n], turned[: len(source), n], target_turned[:, n])
        moved = turned @ rotation.T
    shown = have if frame is None or frame is source else moments(frame.astype(np.float64))[1]
    varied = min(1.0, float(np.sqrt(np.trace(shown))) / _VARIED)
    change = varied * (moved[len(source) :] - nodes).reshape(_NODES, _NODES, _NODES, 3)
    return _smooth(change.astype(np.float32))


def _shift(
    points: NDArray[np.float64], source: NDArray[np.float64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the shift (N,) of points (N,) when one distribution on a line becomes another."""
    have, want = (np.quantile(values, _RANKS) for values in (source, target))
    # Where many are alike, a letterbox, they go together to the middle of what they stand for.
    places, group = np.unique(have.round(_ALIKE), return_inverse=True)
    shifts = np.bincount(group, want - have) / np.bincount(group)
    return np.interp(points.round(_ALIKE), places, shifts)


def _smooth(cube: Cube) -> Cube:
    """Blur along the three axes: neighboring colors stay neighbors."""
    kernel = np.array([1, 4, 6, 4, 1], np.float32) / 16
    for axis in range(3):
        line = np.moveaxis(cube, axis, 0)
        padded = np.concatenate([line[:1]] * 2 + [line] + [line[-1:]] * 2)
        line = np.stack([(padded[n : n + 5].T @ kernel).T for n in range(len(line))])
        cube = np.moveaxis(line, 0, axis)
    return cast(Cube, np.ascontiguousarray(cube))


def apply(cube: Cube, frame: Pixels) -> Pixels:
    """Map the colors of a frame (H, W, 3), uint8 or uint16, between the cube's nodes linearly."""
    max_value = np.float32(np.iinfo(frame.dtype).max)
    red, green, blue = cv2.split(frame.astype(np.float32) * ((_NODES - 1) / max_value))
    below = np.minimum(np.floor(blue), _NODES - 2)
    # The slices of the cube, side by side, are a picture that OpenCV interpolates in.
    slices = np.ascontiguousarray(cube.transpose(1, 0, 2, 3)).reshape(_NODES, _NODES**2, 3)
    column = below * np.float32(_NODES) + red
    near = cv2.remap(slices, column, green, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    far = cv2.remap(
        slices, column + _NODES, green, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    share = blue - below
    change = cv2.blendLinear(near, far, 1 - share, share)
    mapped = cv2.scaleAdd(change, float(max_value), frame.astype(np.float32))
    return cast(Pixels, np.clip(np.round(mapped), 0, max_value).astype(frame.dtype))


@dataclass(frozen=True, repr=False)
class _Graded:
    """See `Painting`."""

    calls: list[Future[Pixels]]
    described: Cube | None

    def frames(self) -> list[Pixels]:
        """Wait for the frames; see `Painting.frames`."""
        return [call.result() for call in self.calls]

    def statistics(self) -> list[Vector | None]:
        """Return the first frame's map, where it was described; see `Painting.statistics`."""
        return [self.described, *[None] * (len(self.calls) - 1)]


class ColorTransferEngine:
    """Gives frames a picture's colors. A frame's statistics are its map, (n, n, n, 3)."""

    name = "the CPU (colors alone)"
    device = "cpu"
    precision = "f32"
    multiple = 1
    takes_pictures = True
    strokes = False
    following = Following(
        # A map takes 50 ms of a core, so few frames are described, and the map is followed slowly.
        lag=0,
        rises=False,  # the map of a black frame changes nothing, and is left slowly
        every=_EVERY,
        fade=_FADE,
        settled=_MAPS,
        slow=_MAPS,
        quick=_MAPS,
        misfit=1.0,
        share=1.0,
    )
    depth = 2

    def __init__(self, where: Callable[[Pixels], Mask] | None = None) -> None:
        """Take what finds the part of a frame whose colors are compared; None: all of it."""
        self._where = where
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="colors")

    def batch(self, height: int, width: int) -> int:
        """Return 1: nothing is gained by waiting for more."""
        return 1

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """Do nothing: it is always ready."""

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """Return True."""
        return True

    def encode(self, picture: Pixels) -> Vector:
        """Return the colors (N, 3) of a picture (H, W, 3)."""
        return sample(picture)

    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> _Graded:
        """Begin to map the colors of frames (H, W, 3); see `Engine.paint`.

        All get the map that is given, whatever its share: there is no other where none is described.

        Raises:
            UsageError: they are larger than OpenCV can map.
        """
        if max(frames[0].shape) > LONGEST:
            raise UsageError(f"expected sides of {LONGEST} pixels at most for photoreal")
        own = None
        if describe or statistics is None:
            whole = sample(frames[0])
            part = sample(frames[0], self._where(frames[0])) if self._where else whole
            own = transport(part, style, whole)
        cube = own if statistics is None else statistics[0]
        assert cube is not None  # noqa: S101 - one of the two is there
        return _Graded([self._pool.submit(apply, cube, frame) for frame in frames], own)

    def close(self) -> None:
        """End its threads."""
        self._pool.shutdown()
