"""A clip in a file, painted by optimization: frames in, frames out, and everything else as it was."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import torch

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels, StreamInfo
from vidstyle.masks import Masks
from vidstyle.media.atomic_output import check_output
from vidstyle.media.codecs import Encoding
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.album import Album
from vidstyle.optimize.clipregions import find_clip_regions
from vidstyle.optimize.config import MIN_SIDE, VideoConfig
from vidstyle.optimize.kept import KeptFrames
from vidstyle.optimize.painting import style_sides
from vidstyle.optimize.plan import Plan, check_timeline
from vidstyle.optimize.playback import Playback, play
from vidstyle.optimize.regionfiles import FoundRegions
from vidstyle.optimize.settings import digest
from vidstyle.optimize.video import FrameStep, paint_frames
from vidstyle.pipeline import Summary
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import normalized
from vidstyle.stylize.timeline import Timeline
from vidstyle.timelines import Clip


def paint_video(
    source: Path,
    styles: Sequence[Pixels],
    perceptual: Perceptual,
    output: Path,
    config: VideoConfig | None = None,
    *,
    shares: Sequence[float] | None = None,
    look: Look | None = None,
    timeline: Timeline | None = None,
    masks: Masks | None = None,
    regions: FoundRegions | None = None,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    resume: bool = False,
    device: torch.device | str = "cpu",
    on_step: Callable[[FrameStep], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Summary:
    """Paint a video in the style of pictures, each frame by optimization; sound and time stay as they are.

    Args:
        source: the video.
        styles: (H, W, 3) uint8 RGB, of any size; none where the timeline says how it begins.
        perceptual: the perceptual network; see `vidstyle.zoo.features`.
        output: the file to make.
        config: the knobs.
        shares: of the styles, of any sum; None: equal ones.
        look: its `strength` and `blend` are taken.
        timeline: how styles, strength and blend change over time; None: not at all.
        masks: where it is painted; None: everywhere. With a mask for each style there is a painting for each, and later ones lie
            on top.
        regions: which are found in it, and painted like those of the styles; None: none.
        reading: what to read of the video; its size is `config.size`.
        encoding: codec and quality.
        overwrite: replace an output that exists.
        resume: keep the painted frames in a folder beside the output, OUT.resume, until it is finished; and go on after those
            that a run with the same options left there.
        device: a torch device.
        on_step: called after every step.
        stop: called often; what it raises stops the run, and nothing is left behind but what `resume` keeps.

    Returns:
        Counts and time.

    Raises:
        UsageError: what is to go on was left by a run with other options, which are named, or has several masks; or a timeline
            changes something else.
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    config, masks, look = config or VideoConfig(), masks or Masks(), look or Look()
    regions = regions or FoundRegions()
    if styles or shares is not None or timeline is None:
        normalized(shares, len(styles))
    check_places(masks, len(styles), timeline)
    if timeline:
        check_timeline(timeline, has_style=bool(styles))
    if is_pipe(source):
        raise UsageError("a clip that is painted by optimization is read more than once: no pipe")
    if resume and len(masks.mask) > 1:
        raise UsageError("`resume` goes on with one painting; expected one mask at most with it")
    check_output(output, overwrite=overwrite)
    info, reading = _sized(source, reading or Reading(), config.size)
    plans = [
        plan.known(Clip(source, reading, info), stop)
        for plan in _plans(styles, shares, look, timeline, apart=len(masks.mask) > 1)
    ]
    for plan in plans:
        regions.check_clip(len(plan.pictures))
    knobs = _knobs(config, plans)
    if masks.mask:  # so that nothing happens to what is not painted
        reading = replace(reading, precise=True)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="vidstyle-")))
        frames = Album(folder / "frames")
        with FileSource(source, reading, stop=stop) as clip:
            where = masks.open(clip.info, reading, opened, stop)
            times = []
            for number, frame in enumerate(clip):
                if stop:
                    stop()
                frames[number] = frame.pixels
                times.append((reading.start or 0) + frame.pts * frame.time_base)
        albums, kept = [], None
        moments = [[plan.at(time) for time in times] for plan in plans]
        for number, (plan, how) in enumerate(zip(plans, knobs, strict=True), 1):

            def report(step: FrameStep, number: int = number) -> None:
                if stop:
                    stop()
                if on_step:
                    on_step(replace(step, painting=number, paintings=len(plans)))

            if resume:
                kept = KeptFrames(
                    output, _settings(frames, plan, perceptual, how, regions), len(frames)
                )
                opened.callback(kept.close)
            albums.append(kept.painted if kept else Album(folder / f"painted{number}"))
            places = find_clip_regions(
                *(regions, frames, plan.pictures, perceptual, Album(folder / f"regions{number}")),
                stop=stop,
            )
            paint_frames(
                *(frames, albums[-1], plan.pictures, moments[number - 1], perceptual, how),
                regions=places,
                device=device,
                on_step=report,
                begun=kept.done if kept else 0,
                on_frame=kept.add if kept else None,
            )
        with (
            FileSource(source, reading, stop=stop) as clip,
            FileSink(
                output,
                clip.info,
                encoding=encoding or Encoding(),
                passthrough=clip.passthrough,
                overwrite=overwrite,
                odd="pad",
            ) as sink,
        ):
            playbacks = [
                Playback(album, config.finish, [moment.shown for moment in some])
                for album, some in zip(albums, moments, strict=True)
            ]
            summary = play(clip, playbacks, where, sink, stop=stop)
        if kept:
            kept.finished = True
        return summary


def check_places(masks: Masks, styles: int, timeline: Timeline | None) -> None:
    """Refuse masks that are not as many as the styles, or several with a timeline.

    Raises:
        UsageError: they are.
    """
    if timeline and len(masks.mask) > 1:
        raise UsageError("a timeline changes one style; with it give one `mask`")
    masks.check_count(styles or 1)


def _plans(
    styles: Sequence[Pixels],
    shares: Sequence[float] | None,
    look: Look,
    timeline: Timeline | None,
    *,
    apart: bool,
) -> list[Plan]:
    """Return the plan of each painting of a clip: one of all styles, or, apart, one of each."""
    if apart:
        return [Plan.of([style], None, look) for style in styles]
    return [Plan.of(styles, shares, look, timeline)]


def _knobs(config: VideoConfig, plans: Sequence[Plan]) -> list[VideoConfig]:
    """Return the knobs of each painting of a clip.

    Raises:
        UsageError: scales that do not fit.
    """
    count = sum(len(plan.pictures) for plan in plans)
    style_sides(config, config.size, count)
    if len(plans) == 1:
        return [config]
    scales = config.style_scale * (count // len(config.style_scale))
    return [replace(config, style_scale=(scale,)) for scale in scales]


def _settings(
    frames: Album, plan: Plan, perceptual: Perceptual, config: VideoConfig, regions: FoundRegions
) -> dict[str, str]:
    """Return all that decides what the frames are, by name."""
    return {
        **{field.name: str(getattr(config, field.name)) for field in fields(config)},
        **plan.settings(),
        **regions.settings(),
        "content": digest(frames[n] for n in range(len(frames))),
        "network": digest(t.cpu().numpy() for t in perceptual.state_dict().values()),
    }


def _sized(source: Path, reading: Reading, longest: int) -> tuple[StreamInfo, Reading]:
    """Return what is known of a clip, and how it is read in the size that it is painted in."""
    with FileSource(source, reading) as clip:
        info, width, height = clip.info, clip.info.width, clip.info.height
    factor = min(1.0, longest / max(width, height))
    size = round(width * factor), round(height * factor)
    if min(size) < MIN_SIDE:
        raise InputError(
            f"expected sides of {MIN_SIDE} pixels at least, got {size[0]}x{size[1]}; take a larger `size`"
        )
    return info, reading if factor == 1 else replace(reading, size=size)
