"""The end of an output, tried before the work: muxers refuse some streams only when they write the index."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import av
from av.error import ExperimentalError, PatchWelcomeError

from vidstyle.media.ffmpeg_log import listening

REFUSALS = (av.ArgumentError, av.InvalidDataError, ExperimentalError, PatchWelcomeError)
"""Errors of a muxer about what it is given; others are the disk's."""


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
    if not data:
        return None
    with listening(av.logging.ERROR) as said:
        try:
            trial = av.open(io.BytesIO(), "w", format=muxer)
            copy = trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
            first = av.Packet(data)
            first.stream, first.time_base = copy, copy.time_base
            first.pts = first.dts = 0
            first.is_keyframe = True
            # A damaged packet would be left out.
            with contextlib.suppress(*REFUSALS):
                trial.mux(first)
            del said[:]
            trial.close()
        except REFUSALS as error:
            return reason_of(error, said)
    return None


def _silence(stream: Any) -> bytes:
    context = stream.codec_context
    if not context.name.startswith("pcm_"):
        return b""
    return bytes(context.layout.nb_channels * 8)
