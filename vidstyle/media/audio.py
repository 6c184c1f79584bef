"""Sound from one codec to another, for containers that cannot hold it as it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

_BIT_RATE = 80_000
"""Bits per second and channel: beyond what listeners tell from the original."""

_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Usual places of a number of channels."""


def _sample_rate(source_rate: int, codec: av.codec.Codec) -> int:
    """Return the rate nearest to `source_rate`, not below it where there is a choice."""
    offered = sorted(codec.audio_rates or ())
    if not offered:
        return source_rate
    return next((rate for rate in offered if rate >= source_rate), offered[-1])


class AudioConverter:
    """Decodes one stream's packets and encodes them for another, at the same times."""

    def __init__(self, source: Any, output: av.container.OutputContainer, encoder: str) -> None:
        """Add a stream of `encoder` to the output for the sound of `source`."""
        self._source = source
        codec = av.codec.Codec(encoder, "w")
        channels = source.codec_context.layout.nb_channels
        name = source.codec_context.layout.name
        if name.endswith("channels"):  # the file does not say where they sound
            name = _LAYOUTS.get(channels, name)
        self.stream: Any = output.add_stream(
            encoder, rate=_sample_rate(source.codec_context.sample_rate, codec), layout=name
        )
        context: Any = self.stream.codec_context
        if encoder != "flac":
            context.bit_rate = _BIT_RATE * channels
        context.open()
        self._context = context
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[Any, ...] | None = None
        """Format, layout and rate for which the resampler was made."""
        self._next: int | None = None
        """Time of the next sample to encode, in samples."""
        self.lost = 0
        """Packets so far that could not be decoded."""

    def convert(self, packet: Any) -> Iterator[Any]:
        """Yield the encoded packets that an input packet completes; a damaged one yields none."""
        try:
            frames = self._source.codec_context.decode(packet)
        except av.FFmpegError:
            self.lost += 1
            return
        for frame in frames:
            yield from self._encode(frame)

    def finish(self) -> Iterator[Any]:
        """Yield the packets that are left at the end."""
        with contextlib.suppress(av.FFmpegError):
            for frame in self._source.codec_context.decode(None):
                yield from self._encode(frame)
        yield from self._encode(None)
        yield from self._packets(None)

    def _encode(self, frame: Any) -> Iterator[Any]:
        shape = frame and (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is not None and shape != self._shape:
            for part in self._resampler.resample(None):
                yield from self._packets(part)
            self._resampler = None
        if frame is None:
            return
        if self._resampler is None:
            context, self._shape = self._context, shape
            self._resampler = av.AudioResampler(
                context.format, context.layout, context.sample_rate, context.frame_size or None
            )
        for part in self._resampler.resample(frame):
            yield from self._packets(part)

    def _packets(self, part: Any) -> Iterator[Any]:
        if part is not None:
            if part.pts is None:  # what the resampler held back at the end
                part.pts, part.time_base = self._next or 0, Fraction(1, self._context.sample_rate)
            begin = part.pts * part.time_base * self._context.sample_rate
            self._next = round(begin) + part.samples
        for packet in self.stream.encode(part):
            if packet.size:  # FLAC ends with an empty one
                yield packet
