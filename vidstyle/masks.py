"""Masks of a video: pictures, which hold for all of it, clips, which have one for each moment, and masks that are found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from vidstyle.errors import UsageError
from vidstyle.fields import STYLE, Between, OneOf, UpTo, brief, check, documented
from vidstyle.frame import Frame, StreamInfo
from vidstyle.images.masks import Mask, along_edges, fitted, mask_of, read_mask
from vidstyle.images.naming import NAMES, part_of, steepened
from vidstyle.media.containers import ONLY_READ, PICTURES, is_sequence
from vidstyle.media.inputs import check_input, fingerprint, input_files, is_animated_webp
from vidstyle.media.moments import Moments
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.pipeline import Arrays
from vidstyle.stylize.finding import FoundMask, Segmenter, once
from vidstyle.stylize.layers import MaskSource

log = logging.getLogger(__name__)

_AUTO = "auto:"

_PLACES = ("sky", "vegetation", "water", "building", "ground")
"""Of `images.naming.NAMES`."""

FOUND = {
    "auto:person": ("person", False),
    "auto:background": ("person", True),
    "auto:face": ("face", False),
    **{f"{_AUTO}{name}": (name, False) for name in _PLACES},
}
"""Masks that are found: what is looked for, and whether all else is meant."""

_KEPT = tuple(name.removeprefix(_AUTO) for name in FOUND)


@STYLE
@documented
@dataclass(frozen=True)
class Masks:
    """Where a video is painted. What no mask covers stays as it is, to the bit.

    Raises:
        UsageError: a value is out of its range, or goes without a mask.
    """

    mask: tuple[str, ...] = ()
    """Paint where the mask is white: a picture, a clip or numbered pictures, of any size; or auto:person, auto:background, auto:face, auto:sky,
    auto:vegetation, auto:water, auto:building or auto:ground. One for all styles, or one for each; later ones are on top."""
    invert: bool = False
    """Paint where the masks are black."""
    feather: Annotated[float, Between(0, 500)] = 0.0
    """Width in pixels, to both sides, over which a mask's edge becomes soft; soft edges follow those of the picture."""
    keep: Annotated[str | None, OneOf(*_KEPT)] = None
    """Keep people, the background, faces, the sky and so on unpainted: the same as a `mask` auto:person and so on with `invert`."""

    def __post_init__(self) -> None:
        given = [self.mask] if isinstance(self.mask, str | Path) else self.mask
        object.__setattr__(self, "mask", tuple(map(str, given)))
        check(self)
        if self.keep:
            if self.mask or self.invert:
                raise UsageError(
                    f"`keep` {self.keep} is `mask` {_AUTO}{self.keep} with `invert`: give either"
                )
            for name, value in (("mask", (_AUTO + self.keep,)), ("invert", True), ("keep", None)):
                object.__setattr__(self, name, value)
        for name in ("invert", "feather"):
            if getattr(self, name) and not self.mask:
                raise UsageError(f"`{name}` changes masks; give a `mask`")
        if any(is_pipe(Path(name)) for name in self.mask):
            raise UsageError("expected a file for `mask`, got standard input")
        for name in self.mask:
            if not name or (name.startswith(_AUTO) and name not in FOUND):
                known = ", ".join(FOUND)
                raise UsageError(f"expected a file for `mask`, or {known}, got {name or 'nothing'}")

    def check_count(self, styles: int, *, weighted: bool = False) -> None:
        """Refuse masks that do not fit so many styles.

        Args:
            styles: their number.
            weighted: they have shares, by which they are mixed.

        Raises:
            UsageError: they are neither one for all nor one for each; or one for each of styles that are mixed.
        """
        if len(self.mask) not in {0, 1, styles}:
            each = f" or one for each of {styles} styles" if styles > 1 else ""
            raise UsageError(f"expected one `mask`{each}, got {len(self.mask)}")
        if weighted and len(self.mask) > 1:
            raise UsageError(
                "`style_weights` mix styles; with a `mask` for each they are not mixed"
            )

    @property
    def files(self) -> list[Path]:
        """The files that they are read from.

        Raises:
            InputError: one is missing.
        """
        paths = [Path(name) for name in self.mask if name not in FOUND]
        for path in paths:
            check_input(path)
        return [file for path in paths for file in input_files(path)]

    @property
    def fingerprint(self) -> str:
        """What tells them from others; empty without any."""
        return " ".join(n if n in FOUND else fingerprint(Path(n)) for n in self.mask)

    def open(
        self,
        info: StreamInfo,
        reading: Reading,
        opened: ExitStack,
        stop: Callable[[], None] | None = None,
    ) -> list[MaskSource]:
        """Open them.

        Args:
            info: of the video.
            reading: of the video: its start is where the masks begin too.
            opened: closes them.
            stop: called while a file is waited for; raises to stop.

        Raises:
            InputError: one cannot be read.
            MissingPackageError: one is to be found, and the networks for that are not there.
        """
        found = _finders(self.mask)
        return [
            self._found(name, found[FOUND[name][0]])
            if name in FOUND
            else self._open(Path(name), info, reading, opened, stop)
            for name in self.mask
        ]

    def live(self) -> MaskSource | None:
        """Return the one mask of a live source; None without any.

        Raises:
            UsageError: there are several, or it is a clip, whose times are not those of a live source.
            InputError: it cannot be read.
            MissingPackageError: it is to be found, and the networks for that are not there.
        """
        self.check_count(1)
        for name in self.mask:
            if name in FOUND:
                return self._found(name, _finders(self.mask)[FOUND[name][0]])
            check_input(Path(name))
            if not _is_picture(Path(name)):
                raise UsageError(
                    f"expected a picture or {', '.join(FOUND)} for a live `mask`, got {name}"
                )
            return self._still(Path(name))
        return None

    def _found(self, name: str, segmenter: Segmenter) -> MaskSource:
        kind, others = FOUND[name]
        fit = _Fit(None, replace(self, invert=self.invert != others))
        if kind in _PLACES:
            return FoundMask(segmenter, lambda mask, frame: fit(steepened(mask), frame))
        return FoundMask(segmenter, fit)

    def _open(
        self,
        path: Path,
        info: StreamInfo,
        reading: Reading,
        opened: ExitStack,
        stop: Callable[[], None] | None,
    ) -> MaskSource:
        if _is_picture(path):
            return self._still(path)
        # Numbered pictures have no times: the n-th is of the n-th frame.
        fps = (reading.fps or info.frame_rate) if is_sequence(path) else None
        reading_mask = Reading(fps=fps, keep_rotation=reading.keep_rotation, hdr="passthrough")
        moments = opened.enter_context(Moments(path, reading_mask, stop=stop))
        fit = _Fit(str(path), self)
        return _Clip(moments, reading.start or Fraction(0), fit, str(path))

    def _still(self, path: Path) -> MaskSource:
        mask = read_mask(path)
        if (mask.min() == 1) if self.invert else not mask.any():
            log.warning("the mask %s leaves nothing to paint", path)
        return _Still(mask, _Fit(str(path), self))


def mask_files(mask: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """Return one mask, or several, as `Masks` takes them.

    Raises:
        UsageError: it is no name of a file.
    """
    several = mask if isinstance(mask, list | tuple) else [mask]
    for each in several:
        if not isinstance(each, str | Path):
            raise UsageError(f"expected a `mask` in a file, or auto:person, got {brief(each)}")
    return tuple(map(str, several))


@STYLE
@documented
@dataclass(frozen=True)
class LiveMask(Masks):
    """Where a live source is painted: in one mask, whose `live` is asked for. What it does not cover stays as it is.

    Raises:
        UsageError: a value is out of its range, or goes without a mask; or there are several masks.
    """

    mask: Annotated[tuple[str, ...], UpTo(1)] = ()
    """Paint where the mask is white: a picture of any size; or auto:person, auto:background, auto:face, auto:sky, auto:vegetation, auto:water,
    auto:building or auto:ground. One for all styles."""


def _finders(names: Iterable[str]) -> dict[str, Segmenter]:
    """Return what finds masks, by kind."""
    wanted = {FOUND[name][0] for name in names if name in FOUND}
    if not wanted:
        return {}
    from vidstyle.runtime.segmenter import SEGMENTERS

    found = {kind: once(SEGMENTERS[kind]()) for kind in wanted if kind not in _PLACES}
    if places := wanted.intersection(_PLACES):
        from vidstyle.runtime.namer import RegionNamer

        namer = once(RegionNamer())
        found |= {kind: _place(kind, namer) for kind in places}
    return found


def _place(name: str, find: Segmenter) -> Segmenter:
    """Return what finds the places of a name, with what finds those of all."""
    others = [[other] for other in NAMES if other != name]
    return lambda frame: part_of(find(frame), [name], others)


def _is_picture(path: Path) -> bool:
    if is_sequence(path) or path.suffix.lower() not in {*PICTURES, *ONLY_READ, ".webp"}:
        return False
    return not is_animated_webp(path)


class _Fit:
    """Fits masks to frames, and says once that they have another size."""

    def __init__(self, name: str | None, options: Masks) -> None:
        """Take the name of a file, of which the size is told, and the options."""
        self._name, self._options = name, options
        self._source: Mask | Frame | None = None
        self._mask: Mask | None = None
        self._told = False

    def __call__(self, source: Mask | Frame, frame: Frame) -> Mask:
        """Return a mask, or a frame of a clip of masks, as a frame needs it."""
        height, width = frame.pixels.shape[:2]
        if self._mask is None or source is not self._source or self._mask.shape != (height, width):
            mask = mask_of(source.pixels, source.alpha) if isinstance(source, Frame) else source
            if self._name and mask.shape != (height, width) and not self._told:
                self._told = True
                size = f"{mask.shape[1]}x{mask.shape[0]}"
                log.warning(
                    "the mask %s is resized from %s to %dx%d", self._name, size, width, height
                )
            options = self._options
            self._mask = fitted(mask, height, width, invert=options.invert, feather=options.feather)
            self._source = source
        return along_edges(self._mask, frame.pixels)


@dataclass(frozen=True)
class _Still:
    """A mask for all frames."""

    mask: Mask
    fit: _Fit

    def at(self, frame: Frame, memory: Arrays) -> tuple[Mask, Arrays]:
        """See `MaskSource`."""
        return self.fit(self.mask, frame), memory


@dataclass
class _Clip:
    """A clip of masks: the one that is shown at a frame's time. It warns once if the clip is shorter than the video."""

    moments: Moments
    start: Fraction
    fit: _Fit
    name: str
    warned: bool = False

    def at(self, frame: Frame, memory: Arrays) -> tuple[Mask, Arrays]:
        """See `MaskSource`."""
        time = self.start + frame.pts * frame.time_base
        shown = self.moments.at(time)
        end = self.moments.end
        if end is not None and time >= end and not self.warned:
            self.warned = True
            log.warning(
                "the mask %s ends at %.2f s, before the video; its last frame is used from there on",
                *(self.name, float(end)),
            )
        return self.fit(shown, frame), memory
