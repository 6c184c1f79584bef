"""The contents of a file, and the fate of each stream in an output: `vidstyle probe`."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidstyle.errors import InputError
from vidstyle.media.address import Location, located
from vidstyle.media.containers import Container, container_for
from vidstyle.media.facts import duration_of, start_of
from vidstyle.media.pipes import is_pipe
from vidstyle.media.projection import Projection
from vidstyle.media.reading import Reading
from vidstyle.media.routes import Route, route
from vidstyle.media.video import Video

_MATRICES = {
    0: "rgb",
    1: "bt709",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    8: "ycgco",
    9: "bt2020",
    10: "bt2020c",
    14: "ictcp",
}
_RANGES = {1: "limited", 2: "full"}
_PRIMARIES = {1: "bt709", 2: "unspecified", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 12: "p3"}
_TRANSFERS = {1: "bt709", 2: "unspecified", 6: "smpte170m", 13: "srgb", 16: "pq", 18: "hlg"}

_LOOKED_AT = 600
"""Packets whose times decide whether the frame rate is even."""


@dataclass(frozen=True)
class VideoFacts:
    """The video that would be painted."""

    codec: str
    width: int
    """As shown: upright."""
    height: int
    sample_aspect_ratio: str
    pixel_format: str
    bits: int
    frame_rate: float | None
    """Average, frames a second."""
    frames: int | None
    """Expected."""
    even: bool
    """Every frame is shown equally long, to the precision of the time base."""
    time_base: str
    matrix: str
    range: str
    primaries: str
    transfer: str
    color_is_guessed: bool
    """The file does not say its matrix or range: they are taken as players take them."""
    turned: bool
    """The file asks the player to turn or mirror it."""
    interlaced: bool
    alpha: bool
    hdr: bool
    projection: str | None
    """360 degree and 3D, as the container says; None: neither."""
    lost: tuple[str, ...]
    """What the file says of the old pixels, and no output will."""
    unpaintable: str | None
    """Why its colors cannot be painted, and the way out; None: they can."""


@dataclass(frozen=True)
class Probe:
    """The contents of a file, and the fate of each stream in an output."""

    file: str
    container: str
    """FFmpeg's name of the demuxer."""
    seconds: float | None
    start: float
    """Time of the first packet, seconds; it becomes 0."""
    video: VideoFacts
    streams: tuple[Route, ...]
    chapters: int
    tags: dict[str, str]
    output: str
    """The container for which the rest is said."""
    notes: tuple[str, ...]
    """Sentences on what would be changed or needs an option."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


def probe(path: str | Location, output: str | Path = "out.mp4") -> Probe:
    """Look at a file.

    Args:
        path: the file, a sequence such as frames/%05d.png, or an address (http, https).
        output: a name whose ending says what it would become.

    Raises:
        InputError: it cannot be read.
        UsageError: no such kind of output.
    """
    path, output = located(path), Path(output)
    container = container_for(output)
    if is_pipe(path):
        raise InputError("cannot look at standard input: it can be read only once; save it first")
    with Video.open(path, Reading(hdr="passthrough"), look_only=True) as video:
        opened, info, picture = video.container, video.info, video.picture
        even = _is_even(video)
        routes = tuple(route(s, container, video.stream.index) for s in opened.streams)
        color = info.color
        facts = VideoFacts(
            codec=video.stream.codec_context.name,
            width=info.width,
            height=info.height,
            sample_aspect_ratio=str(info.sample_aspect_ratio).replace("/", ":"),
            pixel_format=info.pixel_format,
            bits=info.bits,
            frame_rate=float(info.frame_rate) if info.frame_rate else None,
            frames=info.frames,
            even=even,
            time_base=str(info.time_base),
            matrix=_MATRICES.get(color.matrix, str(color.matrix)),
            range=_RANGES.get(color.range, str(color.range)),
            primaries=_PRIMARIES.get(color.primaries, str(color.primaries)),
            transfer=_TRANSFERS.get(color.transfer, str(color.transfer)),
            color_is_guessed=picture.color_is_guessed,
            turned=picture.turned,
            interlaced=picture.interlaced,
            alpha=info.alpha,
            hdr=color.is_hdr,
            projection=str(picture.projection) or None,
            lost=picture.lost,
            unpaintable=picture.unpaintable,
        )
        return Probe(
            file=str(path),
            container=opened.format.name,
            seconds=float(duration_of(opened)) or None,
            start=float(start_of(opened)),
            video=facts,
            streams=routes,
            chapters=len(opened.chapters()),
            tags=dict(opened.metadata),
            output=container.format,
            notes=(
                *_notes(facts, len(opened.chapters()), bool(opened.metadata), container),
                *_projection_notes(picture.projection, container),
            ),
        )


def _is_even(video: Video) -> bool:
    gaps = {b - a for a, b in itertools.pairwise(video.packet_times(_LOOKED_AT))}
    # Times in milliseconds hold 30 a second as 33, 33, 34.
    return not gaps or max(gaps) - min(gaps) <= 1


def _notes(video: VideoFacts, chapters: int, tags: bool, container: Container) -> list[str]:
    notes = []
    if video.unpaintable:
        notes.append(f"refused: it is {video.unpaintable}")
    notes += [f"{what}: dropped, it belongs to the video before painting" for what in video.lost]
    if video.hdr:
        notes.append("HDR: refused without `hdr` tonemap or `hdr` passthrough")
    if video.interlaced:
        notes.append("interlaced: deinterlaced to progressive, unless `deinterlace` off")
    if video.turned:
        notes.append("turned or mirrored by the player: stored upright, unless `keep_rotation`")
    if video.alpha and container.alpha_codec is None and container.codec == "libx264":
        notes.append(f"transparency: put before black in {container.name}")
    if (video.width % 2 or video.height % 2) and container.codec == "libx264":
        notes.append("odd size: padded by one row or column, unless `odd` crop or 444")
    if video.bits > 8 and container.codec in {"gif", "libwebp_anim", "mjpeg", "bmp"}:
        notes.append(f"{video.bits} bits: {container.name} holds 8")
    if not video.even and not container.variable_rate:
        notes.append(f"uneven times: refused in {container.name} without `fps`")
    if chapters and not container.chapters:
        notes.append(f"{chapters} chapters: dropped, {container.name} holds none")
    if tags and not container.tags:
        notes.append(f"tags: dropped, {container.name} holds none")
    return notes


def _projection_notes(projection: Projection, container: Container) -> list[str]:
    lost = projection.without(projection.held_by(container.format, piped=False))
    return [f"{lost}: dropped, {container.name} cannot hold it"] if lost else []
