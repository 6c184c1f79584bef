"""Styles as values: read from a picture once, mixed, saved, handed in with each call."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from vidstyle.disk.pending import write_whole
from vidstyle.errors import InputError, UsageError
from vidstyle.fields import STYLE, Between, OneOf, any_file, brief, check, documented
from vidstyle.frame import Pixels
from vidstyle.runtime.engine import Vector

STYLE_SIDE = 320
"""Short side, pixels, to which a style picture is scaled: the height of the training pictures."""

_SIZES = 0.8, 1.2, 1.6
"""Scales at which a network reads a picture: the mean of its vectors is nearer to the style than each of them (docs/experiments/any_style.md)."""

SCALES = 0.25, 4.0
"""Smallest and largest scale of a style picture."""

_LONGEST = 4
"""Long side over the short one, at most."""


_MAX_BYTES = 2**30
"""Of a style in a file, unpacked; the largest one, of patches, has half of it."""


def fit_style(picture: Pixels, scale: float = 1.0) -> Pixels:
    """Scale a picture (H, W, 3) to a short side of `scale * STYLE_SIDE`; a long one is center-cut."""
    longest = _LONGEST * min(picture.shape[:2])
    top, left = (max(0, side - longest) // 2 for side in picture.shape[:2])
    picture = picture[top : top + longest, left : left + longest]
    height, width, _ = picture.shape
    short = round(scale * STYLE_SIDE)
    factor = short / min(height, width)
    size = (max(short, round(width * factor)), max(short, round(height * factor)))
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=interpolation))


def readings(picture: Pixels, scale: float = 1.0) -> list[Pixels]:
    """Return a picture (H, W, 3) at the sizes at which a network reads it; the mean of its vectors is the style's.

    Args:
        picture: of any size.
        scale: see `fit_style`; no reading is larger than the largest of `SCALES`.
    """
    return [fit_style(picture, min(scale * size, SCALES[1])) for size in _SIZES]


@dataclass(frozen=True, eq=False, repr=False)
class Style:
    """A style as a model takes it: `Model.style` makes it of a picture, `mix` of others.

    It can be compared, pickled, and kept in a file.
    """

    values: Vector
    """(S,) gains, shifts, amounts of kernels and palette of a network; (N, 3) colors of a photoreal model;
    (N, C, size, size) patches of one that swaps them."""
    made_by: str
    """The digest of the network that reads it, or photoreal: another one cannot."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Style):
            return NotImplemented
        return self.made_by == other.made_by and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.made_by, self.values.tobytes()))

    def __repr__(self) -> str:
        return f"Style({'x'.join(map(str, self.values.shape))} of {self.made_by})"

    def save(self, path: str | Path) -> None:
        """Write it to a file, an .npz of NumPy's, in the place of an older one.

        Raises:
            UsageError: what is there is no file.
            OutputError: it cannot be written.
        """
        data = io.BytesIO()
        np.savez(data, values=self.values, made_by=np.array(self.made_by))
        write_whole(Path(path), data.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Style:
        """Read what `save` wrote.

        Raises:
            InputError: there is no such file, or it holds no style.
        """
        from zipfile import BadZipFile

        try:
            with np.load(path, allow_pickle=False) as held:
                if sum(part.file_size for part in held.zip.infolist()) > _MAX_BYTES:
                    raise ValueError
                return cls(held["values"].astype(np.float32), str(held["made_by"]))
        except OSError as error:
            raise InputError(f"cannot read the style {path}: {error.strerror or error}") from error
        except (ValueError, KeyError, BadZipFile, TypeError, AttributeError) as error:
            raise InputError(f"{path} holds no style; expected a file of Style.save") from error


FOUND = "names"
"""The `regions` that are found."""


@STYLE
@documented
@dataclass(frozen=True)
class StyleOptions:
    """How style pictures are read and mixed.

    Raises:
        UsageError: a value is out of its range.
    """

    style_scale: Annotated[float, Between(*SCALES)] = 1.0
    """Factor by which style pictures are enlarged when they are read: their strokes become larger."""
    style_weights: Annotated[tuple[float, ...] | None, Between(0)] = None
    """Shares of several styles, with any sum; equal by default."""
    patch_size: Annotated[int | None, Between(1, 15)] = None
    """Of `method` swap: side of a patch, places of 4 pixels; larger patches keep more of the style's own shapes. By default 3."""
    patch_stride: Annotated[int | None, Between(1, 15)] = None
    """Of `method` swap: places from patch to patch, `patch_size` at most; larger strides are faster, and show a grid. By default a quarter of the
    size, at least 1."""
    regions: Annotated[str | None, OneOf(FOUND, is_file=any_file)] = None
    """Of `method` photoreal: names finds sky, person, vegetation, water, building, ground and other in picture and video, and each
    gets the colors of its own; or a map of the picture, in the colors that paint's `save_regions` writes. By default the whole frame
    gets those of the whole picture."""

    def __post_init__(self) -> None:
        check(self)
        if self.regions == "":
            raise UsageError("expected names, or a map of the picture, for `regions`, got nothing")
        size, stride = self.patch
        if stride > size:
            raise UsageError(
                f"expected a `patch_stride` up to the `patch_size`, {size}, got {stride}"
            )

    @property
    def patch(self) -> tuple[int, int]:
        """Side and stride of the patches that are swapped."""
        size = self.patch_size or 3
        return size, self.patch_stride or max(1, size // 4)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read beside the styles."""
        return () if self.regions in (None, FOUND) else (Path(str(self.regions)),)

    def shares(self, count: int) -> tuple[float, ...]:
        """Return the share of 1 of each of `count` styles; see `normalized`."""
        if not count and self.style_weights:
            raise UsageError(
                "`style_weights` are the shares of styles given as `style`; a cue has its own weights"
            )
        return normalized(self.style_weights, count)


def normalized(weights: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """Return the share of 1 of each of `count` styles or pictures; weights of any sum, None: equal ones.

    Raises:
        UsageError: there is no style, there are not as many weights, one is negative or no number, or all are 0.
    """
    if not count:
        raise UsageError("expected a style, got none")
    try:
        weights = (1.0,) * count if weights is None else tuple(map(float, weights))
    except (TypeError, ValueError) as error:
        raise UsageError(f"expected a list of style weights, got {brief(weights)}") from error
    if not (all(math.isfinite(w) and w >= 0 for w in weights) and sum(weights) > 0):
        raise UsageError(
            "expected style weights of 0 or more that are not all 0, got "
            + ", ".join(f"{w:g}" for w in weights)
        )
    if len(weights) != count:
        raise UsageError(f"expected {count} style weights, one a style, got {len(weights)}")
    return tuple(w / sum(weights) for w in weights)


def mix(styles: Sequence[Style], weights: Sequence[float] | None = None) -> Style:
    """Mix styles of one model.

    A network's gains, shifts, kernels and palettes are averaged (Dumoulin et al. 2017, section 3.3), so the
    picture goes from one style to the other without a step; of colors and patches, so many of each are drawn.

    Args:
        styles: one at least.
        weights: of each, of any sum; None: equal ones.

    Raises:
        UsageError: there are no styles, they are of different models, or the weights do not fit.
    """
    for style in (several := styles if isinstance(styles, Sequence) else [styles]):
        if not isinstance(style, Style) or several is not styles:
            raise UsageError(
                f"expected a list of styles that Model.style returned, got {type(style).__name__}"
            )
    each = normalized(weights, len(styles))
    if len({style.made_by for style in styles}) > 1:
        raise UsageError("expected styles of one model, got some of different ones")
    values = [style.values for style in styles]
    if values[0].ndim == 1:
        mixed = sum(share * v for share, v in zip(each, values, strict=True))
    else:
        rng = np.random.default_rng(1)
        counts = [round(share * len(values[0])) for share in each]
        drawn = [v[rng.permutation(len(v))[:n]] for v, n in zip(values, counts, strict=True)]
        mixed = np.concatenate(drawn)
    return Style(np.asarray(mixed, np.float32), styles[0].made_by)
