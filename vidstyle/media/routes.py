"""The route of each input stream to an output: painted, copied, converted or dropped, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any

import av
import av.stream

from vidstyle.media.containers import Container
from vidstyle.media.subtitles import TEXT_CODECS

COVER = av.stream.Disposition.attached_pic


class Action(StrEnum):
    """The action on a stream."""

    PAINT = "paint"
    COPY = "copy"
    CONVERT = "convert"
    DROP = "drop"


@dataclass(frozen=True)
class Route:
    """The route of one stream."""

    index: int
    """Index of the stream in its file."""
    kind: str
    """video, audio, subtitle, attachment, cover or data."""
    codec: str
    """FFmpeg's name; "unknown" where it has none."""
    action: Action
    target: str | None = None
    """The codec that a converted stream gets."""
    reason: str | None = None
    """The reason why it is not copied."""
    name: str | None = None
    """Name of an attached file."""

    def __str__(self) -> str:
        what = f"{self.kind} stream {self.index} ({self.name or self.codec})"
        if self.action is Action.CONVERT:
            return f"{what} becomes {self.target}: {self.reason}"
        if self.action is Action.DROP:
            return f"{what} is dropped: {self.reason}"
        return f"{what}: {self.action}"


@cache
def _taken_by(format_name: str) -> frozenset[str]:
    """Ask a muxer for the codecs that it takes."""
    with av.open(os.devnull, "w", format=format_name) as output:
        return frozenset(output.supported_codecs)


def begin_of(packet: av.Packet[Any]) -> Fraction:
    """Return when a packet begins, seconds; 0 where it has no time."""
    return Fraction((packet.pts or 0) * (packet.time_base or 0))


def kind_of(stream: Any) -> str:
    """Return a stream's kind; attached pictures are covers, not video."""
    if stream.type == "video" and stream.disposition & COVER:
        return "cover"
    return str(stream.type)


def codec_of(stream: Any) -> str:
    """Return FFmpeg's name of a stream's codec."""
    if stream.codec_context is not None:
        return str(stream.codec_context.codec.canonical_name)
    return str(getattr(stream, "name", None) or "unknown")


_COVERS = {"mjpeg", "png", "bmp"}

_Fate = tuple[Action, str | None, str | None]
"""Action, target and reason."""


def _audio(codec: str, container: Container) -> _Fate:
    taken = _taken_by(container.format) if container.audio is None else container.audio
    reason = f"{container.name} cannot hold {codec}"
    if codec in container.unfamiliar:
        reason = f"few players know {codec} in {container.name}"
    elif codec not in container.refused and (codec in taken or (codec == "dts" and "dca" in taken)):
        return Action.COPY, None, None
    if container.audio_encoder:
        return Action.CONVERT, container.audio_encoder, reason
    return Action.DROP, None, reason


def _subtitle(codec: str, container: Container) -> _Fate:
    if codec in container.subtitles:
        return Action.COPY, None, None
    reason = f"{container.name} cannot hold {codec}"
    if codec in TEXT_CODECS and container.text:
        return Action.CONVERT, container.text, reason
    return Action.DROP, None, reason


def _is_held(stream: Any, container: Container) -> bool:
    """Tell whether a stream of data can be copied."""
    if container.data:
        return codec_of(stream) != "unknown"
    of_mov = "mp4" in stream.container.format.name.split(",")
    return container.telemetry and of_mov and codec_of(stream) == "bin_data"


def _other(stream: Any, kind: str, container: Container) -> _Fate:
    if kind in {"attachment", "cover"}:
        held = container.attachments if kind == "attachment" else container.covers
        codec = codec_of(stream)
        if held and kind == "cover" and codec not in _COVERS:
            return Action.DROP, None, f"covers are JPEG, PNG or BMP, this is {codec}"
        if held:
            return Action.COPY, None, None
        return Action.DROP, None, f"{container.name} holds no {kind}s"
    if _is_held(stream, container) and "timecode" not in stream.metadata:
        return Action.COPY, None, None
    if "timecode" in stream.metadata and container.timecode:
        return Action.CONVERT, "timecode of the painted video", "its packets count old frames"
    return Action.DROP, None, f"no data of its kind is written to {container.name}"


def route(stream: Any, container: Container, painted: int) -> Route:
    """Decide about one stream.

    Args:
        stream: of an open input.
        container: of the output.
        painted: index of the video that is painted.
    """
    kind, codec = kind_of(stream), codec_of(stream)
    name = stream.metadata.get("filename") if kind in {"attachment", "cover"} else None
    if stream.index == painted:
        fate: _Fate = (Action.PAINT, None, None)
    elif kind == "video":
        fate = (Action.DROP, None, "only the first video stream is painted")
    elif not container.has_streams:
        fate = (Action.DROP, None, f"{container.name} holds no {kind}")
    elif kind in {"audio", "subtitle"} and stream.codec_context is None:
        fate = (Action.DROP, None, "its codec is unknown")
    elif kind == "audio" and not (stream.sample_rate and stream.channels):
        fate = (Action.DROP, None, "there is no sound in it")
    else:
        decide = {"audio": _audio, "subtitle": _subtitle}.get(kind)
        fate = decide(codec, container) if decide else _other(stream, kind, container)
    return Route(stream.index, kind, codec, *fate, name)
