"""Timelines of a video: when its shots begin and how loud it is, and what a timeline makes of it in one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

import cv2
import numpy as np

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels, StreamInfo
from vidstyle.images.grid import grid, labeled
from vidstyle.media.address import Location
from vidstyle.media.loudness import RATE, levels
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.stylize.crossfade import TimelineStylizer, own_style
from vidstyle.stylize.cues import Cue, style_name
from vidstyle.stylize.look import Look
from vidstyle.stylize.shots import Shot, thumbnail
from vidstyle.stylize.style import Style
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.stylize.timeline import Levels, Timeline

Stop = Callable[[], None]

_SIDE = 160
"""Width, pixels, at which shots are sought: their frames are compared at less."""


def check_source(timeline: Timeline, source: Location) -> None:
    """Refuse what would have to be read twice.

    Raises:
        UsageError: it is standard input.
    """
    if is_pipe(source) and (timeline.by_shots or timeline.by_sound):
        raise UsageError(
            "shots and sound of standard input are not known beforehand; give times and numbers, or name a file"
        )


@dataclass(frozen=True)
class Clip:
    """A video that a timeline is for."""

    source: Location
    reading: Reading
    info: StreamInfo
    """Of what is read."""

    @property
    def start(self) -> Fraction:
        """Where it begins, seconds, in time of the input."""
        return self.reading.start or Fraction(0)

    @property
    def end(self) -> Fraction | None:
        """Where it ends, seconds, in time of the input; None: that is not known."""
        frames, rate = self.info.frames, self.info.frame_rate
        return self.start + frames / rate if frames and rate else None


class StyleReaders(Protocol):
    """Reads the styles of a video."""

    @property
    def rises(self) -> bool:
        """Whether the end of a fade from black begins a shot for what paints."""
        ...

    def check(self, styles: Sequence[object]) -> None:
        """Refuse styles that cannot be read, as far as that is soon known."""
        ...

    def read(
        self, styles: Sequence[object], info: StreamInfo, cue: Cue | None = None
    ) -> tuple[Stylizer, Style | None]:
        """Return what paints in some styles, of a cue or of all the video, and what it has read; None: its style is its own."""
        ...


def ready(
    timeline: Timeline,
    styles: Sequence[object],
    look: Look,
    readers: StyleReaders,
    clip: Clip,
    stop: Stop | None,
) -> TimelineStylizer:
    """Return what paints a clip by a timeline whose styles are yet to be read.

    Args:
        timeline: checked by `check_source` and `Timeline.check_beginning`.
        styles: before the first cue; none where that says how it begins.
        look: before the first cue, but for its style.
        readers: read styles.
        clip: the video.
        stop: called often; raises to stop.

    Raises:
        UsageError: see `known`.
        InputError: see `known`; or a style cannot be read.
    """
    stylizers: dict[str, Stylizer] = {}

    def note(read: tuple[Stylizer, Style | None]) -> Style:
        stylizer, style = read
        stylizers[stylizer.made_by] = stylizer
        return style or own_style(stylizer)

    # What is missing is said before styles are read, or a network is made: either may take long.
    for sources in (styles, *(cue.sources for cue in timeline.cues)):
        if sources:
            readers.check(sources)
    timeline = known(timeline, clip, stop, rises=readers.rises)
    if styles:
        timeline = replace(timeline, style_name=style_name(styles))
        look = replace(look, style=note(readers.read(styles, clip.info)))
    timeline = timeline.read(lambda cue: note(readers.read(cue.sources, clip.info, cue)), look)
    return TimelineStylizer(stylizers, timeline, clip.start)


def fitted(
    timeline: Timeline, stylizers: Mapping[str, Stylizer], clip: Clip, stop: Stop | None
) -> TimelineStylizer:
    """Return what paints a clip by a timeline, with what that needs of the clip.

    Args:
        timeline: its styles are read.
        stylizers: see `TimelineStylizer`.
        clip: the video.
        stop: called often; raises to stop.

    Raises:
        UsageError: see `known`; or a style is of no stylizer.
        InputError: see `known`.
    """
    rises = all(stylizer.rises for stylizer in stylizers.values())
    return TimelineStylizer(stylizers, known(timeline, clip, stop, rises=rises), clip.start)


def known(timeline: Timeline, clip: Clip, stop: Stop | None, *, rises: bool = True) -> Timeline:
    """Return a timeline with what it needs of a clip, held to the clip's end.

    Its shots are found in a pass over all of the input, whose pictures are made small; its sound in another.

    Args:
        timeline: checked by `check_source`.
        clip: the video.
        stop: called often; raises to stop.
        rises: the end of a fade from black begins a shot, too.

    Raises:
        UsageError: a cue is beyond the end, or there are not as many shots.
        InputError: there is no sound, or the input cannot be read a second time.
    """
    _check_end(timeline, clip)
    source, reading = clip.source, clip.reading
    again = replace(reading, start=None, end=None, hwaccel=None, alpha=False)
    if timeline.by_sound:
        with Video.open(source, again, stop=stop, look_only=True) as video:
            timeline = timeline.heard(Levels(levels(video, stop), RATE))
    if timeline.by_shots:
        small = again if reading.is_raw else replace(again, size=(_SIDE, -1))
        with Video.open(source, small, stop=stop, look_only=True) as video:
            timeline = timeline.placed(list(_shots(video, rises, stop)))
    _check_end(timeline, clip)
    return timeline


def _check_end(timeline: Timeline, clip: Clip) -> None:
    times = [cue.at for cue in timeline.cues if cue.at is not None]
    end = clip.end
    if not times or end is None or max(times) < end:
        return
    if clip.reading.end is not None and not is_pipe(clip.source):
        # A part of the input may be tried with the timeline of all of it.
        whole = replace(clip.reading, start=None, end=None, hwaccel=None, alpha=False)
        with Video.open(clip.source, whole, look_only=True) as video:
            end = Clip(clip.source, whole, video.info).end
    for cue in timeline.cues:
        if cue.at is not None and end is not None and cue.at >= end:
            raise UsageError(
                f"the cue at {cue.name} is beyond the end of the input at {float(end):.2f} s"
            )


def _shots(video: Video, rises: bool, stop: Stop | None) -> Iterator[Fraction]:
    """Yield when the shots of an input begin, seconds."""
    # At another rate a picture may be shown half a frame early.
    early = 1 / (2 * video.reading.fps) if video.reading.fps else Fraction(0)
    shot: Shot | None = None
    for frame in video.read(alpha=False):
        if stop:
            stop()
        now = thumbnail(frame.pixels)
        if shot is None:
            shot, same = Shot.first(now), False
            yield Fraction(0)
            continue
        shot, same = shot.follow(now, rises=rises)
        if not same:
            yield frame.pts * frame.time_base - early


_EVEN, _ACROSS, _CELL = 12, 6, 240
"""Moments besides those of the cues, pictures in a row, and their width, pixels."""

_MOST = 60


def strip(painter: TimelineStylizer, clip: Clip) -> Pixels:
    """Return a picture (H, W, 3) uint8 of moments in the looks of their times: even ones, and around each cue.

    Each frame is painted by itself, as large as in the video.

    Raises:
        InputError: the input cannot be read again.
    """
    cells = []
    start = clip.start
    with Video.open(clip.source, clip.reading) as video:
        for time in _moments(painter.timeline, start, clip.end or start):
            frame = next(video.read(time - start, alpha=False), None)
            if frame is None:
                continue
            finish, _ = painter.start([frame], None)
            (painted,) = finish()
            shown = start + frame.pts * frame.time_base
            minutes, seconds = divmod(float(shown), 60)
            text = f"{int(minutes)}:{seconds:04.1f} {painter.timeline.told_at(shown)}"
            cells.append(labeled(_small(painted), text))
    if not cells:
        raise InputError(f"cannot show {clip.source}: no frame of it could be read again")
    return grid([cells[n : n + _ACROSS] for n in range(0, len(cells), _ACROSS)])


def _moments(timeline: Timeline, start: Fraction, end: Fraction) -> Sequence[Fraction]:
    """Return times: of each cue the middle of its fade, and its end; and between them even ones."""
    marked = {
        time
        for cue in timeline.cues
        if cue.at is not None
        for time in (cue.at + cue.fade / 2, cue.at + cue.fade)
        if start <= time < end
    }
    apart = (end - start) / _EVEN
    for number in range(_EVEN):
        time = start + number * apart
        if all(abs(time - other) > apart / 3 for other in marked):
            marked.add(time)
    return sorted(marked)[:_MOST]


def _small(picture: Pixels) -> Pixels:
    """Return a picture in 8 bits, of the width of a cell."""
    height, width, _ = picture.shape
    size = _CELL, max(1, round(height * _CELL / width))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), picture.dtype)
    return (small // 257 if small.dtype == np.uint16 else small).astype(np.uint8)
