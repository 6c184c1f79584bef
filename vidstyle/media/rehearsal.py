"""The beginning and end of an output, tried before the work: muxers and encoders refuse some things only there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import av
from av.error import ExperimentalError, PatchWelcomeError

from vidstyle.media.ffmpeg_log import listening

REFUSALS = (av.ArgumentError, av.InvalidDataError, ExperimentalError, PatchWelcomeError)
"""Errors of a muxer about what it is given; others are the disk's."""


_MATROSKA = "matroska"

_TRIALS = 16
"""Packets that are tried as the first of a stream, before all of it is given up."""


def reason_of(error: Exception, said: list[tuple[int, str, str]]) -> str:
    """Return why FFmpeg raised an error: the last of its own words, where there are some."""
    words = [text.strip() for _, _, text in said if text.strip()]
    return words[-1].rstrip(".") if words else getattr(error, "strerror", None) or str(error)


def refusal(stream: Any, packet: Any | None, muxer: str) -> str | None:
    """Write a stream's first packet to a file in memory, alone, and end it.

    Args:
        stream: of an open input, to be copied.
        packet: its first; None where none was read yet, and then only PCM is tried, with silence.
        muxer: FFmpeg's name of it.

    Returns:
        The muxer's reason for refusing the stream, None where it does not.
    """
    data = bytes(packet) if packet is not None else _silence(stream)
    # A damaged packet would be left out.
    return _refusal(stream, packet, data, muxer, left_out=REFUSALS) if data else None


class Beginnings:
    """The beginnings of copied streams: once a muxer holds a packet, its refusal would be the output's failure."""

    def __init__(self, muxer: str) -> None:
        """Take FFmpeg's name of the output's muxer."""
        self._muxer = muxer
        self._left: dict[int, int] = {}
        """Streams of which no packet was taken yet -> packets that are still tried."""

    def lack(self, stream: Any, packets: Sequence[Any]) -> str | None:
        """Tell what a stream lacks, by those of its packets that were read already; None: it can be copied."""
        self._left[stream.index] = _TRIALS
        reason = None
        for packet in packets[:_TRIALS] or (None,):
            reason = _lack(stream, packet, self._muxer)
            if not reason:
                break
        return reason

    def refusal(self, packet: Any) -> str | None:
        """Tell why the next packet of a stream cannot be its first; None: it can, or is not."""
        left = self._left.get(packet.stream.index)
        if left is None:
            return None
        reason = _lack(packet.stream, packet, self._muxer) if left else "it is damaged"
        if reason:
            self._left[packet.stream.index] = max(0, left - 1)
        else:
            del self._left[packet.stream.index]
        return reason


def picture_refusal(encoder: Any) -> str | None:
    """Return why an open encoder refuses a gray picture of its own size; None where it does not."""
    picture = av.VideoFrame(encoder.width, encoder.height, encoder.pix_fmt)
    for plane in picture.planes:
        plane.update(b"\x80" * plane.buffer_size)
    picture.pts, picture.time_base = 0, encoder.time_base
    with listening(av.logging.ERROR) as said:
        try:
            encoder.encode(picture)
            encoder.encode(None)
        except av.FFmpegError as error:
            return reason_of(error, said)
    return None


def _lack(stream: Any, packet: Any | None, muxer: str) -> str | None:
    """Tell what a stream of the input lacks, such as its decoder's configuration, to be written at all.

    Args:
        stream: of an open input, to be copied.
        packet: of it; None: the header alone is tried.
        muxer: FFmpeg's name of it.

    Returns:
        The muxer's reason, where even Matroska, which holds everything, refuses; else None.
    """
    data = bytes(packet) if packet is not None else b""
    unasked = stream.codec_context.name == "aac" and not _says_it_beside(stream, muxer)
    reason = _refusal(stream, packet, data, _MATROSKA if unasked else muxer)
    if reason and muxer != _MATROSKA and not _refusal(stream, packet, data, _MATROSKA):
        return None
    return reason


def _says_it_beside(stream: Any, muxer: str) -> bool:
    """Tell whether AAC stays readable without its configuration, which not every muxer asks for."""
    return "mp4" in stream.container.format.name and muxer in {"mp4", "mov"}


def _refusal(
    stream: Any,
    packet: Any | None,
    data: bytes,
    muxer: str,
    *,
    left_out: tuple[type[Exception], ...] = (),
) -> str | None:
    with listening(av.logging.ERROR) as said:
        trial = av.open(io.BytesIO(), "w", format=muxer)
        try:
            copy = trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
            if data:
                with contextlib.suppress(*left_out):
                    trial.mux(_first(copy, packet, data))
            del said[:]
            trial.close()
        except REFUSALS as error:
            with contextlib.suppress(*REFUSALS):
                trial.close()
            return reason_of(error, said)
    return None


def _first(copy: Any, packet: Any | None, data: bytes) -> Any:
    first = av.Packet(data)
    first.stream, first.time_base = copy, copy.time_base
    first.pts = first.dts = 0
    first.is_keyframe = True
    for side_data in packet.iter_sidedata() if packet is not None else ():
        first.set_sidedata(side_data)
    return first


def _silence(stream: Any) -> bytes:
    context = stream.codec_context
    if not context.name.startswith("pcm_"):
        return b""
    return bytes(context.layout.nb_channels * 8)
