"""A clip in a file, painted by optimisation: frames in, frames out, and everything else as it was."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path

import torch

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.masks import Masks
from vidstyle.media.atomic_output import check_output
from vidstyle.media.codecs import Encoding
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.album import Album
from vidstyle.optimize.config import MIN_SIDE, VideoConfig
from vidstyle.optimize.kept import KeptFrames
from vidstyle.optimize.painting import style_sides
from vidstyle.optimize.playback import Playback, play
from vidstyle.optimize.settings import digest
from vidstyle.optimize.video import FrameStep, paint_frames
from vidstyle.pipeline import Summary
from vidstyle.stylize.style import normalized


def paint_video(
    source: Path,
    styles: Sequence[Pixels],
    perceptual: Perceptual,
    output: Path,
    config: VideoConfig | None = None,
    *,
    shares: Sequence[float] | None = None,
    masks: Masks | None = None,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    resume: bool = False,
    device: torch.device | str = "cpu",
    on_step: Callable[[FrameStep], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Summary:
    """Paint a video in the style of pictures, each frame by optimisation; sound and time stay as they are.

    Args:
        source: the video.
        styles: (H, W, 3) uint8 RGB, of any size.
        perceptual: the perceptual network; see `vidstyle.zoo.features`.
        output: the file to make.
        config: the knobs.
        shares: of the styles, of any sum; None: equal ones.
        masks: where it is painted; None: everywhere. With a mask for each style there is a painting for each, and later ones lie
            on top.
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
        UsageError: what is to go on was left by a run with other options, which are named, or has several masks.
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    config, masks = config or VideoConfig(), masks or Masks()
    normalized(shares, len(styles))
    masks.check_count(len(styles))
    if is_pipe(source):
        raise UsageError("a clip that is painted by optimisation is read more than once: no pipe")
    if resume and len(masks.mask) > 1:
        raise UsageError("`resume` goes on with one painting; expected one mask at most with it")
    check_output(output, overwrite=overwrite)
    reading = _sized(source, reading or Reading(), config.size)
    if masks.mask:  # so that nothing happens to what is not painted
        reading = replace(reading, precise=True)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="vidstyle-")))
        frames = Album(folder / "frames")
        with FileSource(source, reading, stop=stop) as clip:
            where = masks.open(clip.info, reading, opened, stop)
            for number, frame in enumerate(clip):
                if stop:
                    stop()
                frames[number] = frame.pixels
        paintings = _paintings(styles, shares, config, apart=len(where) > 1)
        albums, kept = [], None
        for number, (some, their_shares, how) in enumerate(paintings, 1):

            def report(step: FrameStep, number: int = number) -> None:
                if stop:
                    stop()
                if on_step:
                    on_step(replace(step, painting=number, paintings=len(paintings)))

            if resume:
                kept = KeptFrames(
                    *(output, _settings(frames, some, perceptual, how, their_shares), len(frames))
                )
                opened.callback(kept.close)
            albums.append(kept.painted if kept else Album(folder / f"painted{number}"))
            paint_frames(
                *(frames, albums[-1], some, perceptual, how),
                shares=their_shares,
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
            playbacks = [Playback(album, config.finish) for album in albums]
            summary = play(clip, playbacks, where, sink, stop=stop)
        if kept:
            kept.finished = True
        return summary


def _paintings(
    styles: Sequence[Pixels], shares: Sequence[float] | None, config: VideoConfig, *, apart: bool
) -> list[tuple[Sequence[Pixels], Sequence[float] | None, VideoConfig]]:
    """Return styles, shares and knobs of each painting of a clip: one of all styles, or, apart, one of each."""
    style_sides(config, config.size, len(styles))  # refuses scales that do not fit
    if not apart:
        return [(styles, shares, config)]
    scales = config.style_scale * (len(styles) // len(config.style_scale))
    return [
        ([style], None, replace(config, style_scale=(scale,)))
        for style, scale in zip(styles, scales, strict=True)
    ]


def _settings(
    frames: Album,
    styles: Sequence[Pixels],
    perceptual: Perceptual,
    config: VideoConfig,
    shares: Sequence[float] | None,
) -> dict[str, str]:
    """Return all that decides what the frames are, by name."""
    weights = normalized(shares, len(styles))
    return {
        **{field.name: str(getattr(config, field.name)) for field in fields(config)},
        "style_weights": ",".join(f"{share:g}" for share in weights),
        "content": digest(frames[n] for n in range(len(frames))),
        "style": digest(styles),
        "network": digest(t.cpu().numpy() for t in perceptual.state_dict().values()),
    }


def _sized(source: Path, reading: Reading, longest: int) -> Reading:
    with FileSource(source, reading) as clip:
        width, height = clip.info.width, clip.info.height
    factor = min(1.0, longest / max(width, height))
    size = round(width * factor), round(height * factor)
    if min(size) < MIN_SIDE:
        raise InputError(
            f"expected sides of {MIN_SIDE} pixels at least, got {size[0]}x{size[1]}; take a larger `size`"
        )
    return reading if factor == 1 else replace(reading, size=size)
