"""Sound from one codec to another, for containers that cannot hold it as it is."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

log = logging.getLogger(__name__)

_BIT_RATE = 80_000
"""Bits per second and channel: beyond what listeners tell from the original."""

_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Usual places of a number of channels."""


def _sample_rate(source_rate: int, codec: av.codec.Codec) -> int:
    """Return the rate nearest to `source_rate`, not below it where there is a choice."""
    offered = sorted(codec.audio_rates or ())
    if not offered:
        return source_rate
    return next((rate for rate in offered if rate >= source_rate), offered[-1])


def _layout(source: Any, codec: av.codec.Codec, rate: int) -> str:
    """Return the layout nearest to the source's that the encoder takes; stereo, if it takes no other."""
    channels: int = source.layout.nb_channels
    given: str = source.layout.name
    # A name such as "6 channels" does not say where they sound.
    named = [] if given.endswith("channels") else [given]
    usual = [_LAYOUTS[channels]] if channels in _LAYOUTS else []
    for name in (*named, *usual):
        trial: Any = av.CodecContext.create(codec, "w")
        trial.sample_rate, trial.layout = rate, name
        trial.format = codec.audio_formats[0] if codec.audio_formats else source.format
        with contextlib.suppress(av.FFmpegError):
            trial.open()
            return name
    return "stereo"


class AudioConverter:
    """Decodes one stream's packets and encodes them for another, at the same times."""

    def __init__(
        self,
        source: Any,
        output: av.container.OutputContainer,
        encoder: str,
        *,
        gapless: bool = False,
    ) -> None:
        """Add a stream of `encoder` to the output for the sound of `source`.

        Args:
            source: the stream of an open input.
            output: open, and without a header yet.
            encoder: FFmpeg's name.
            gapless: fill gaps, and what is missing at the beginning, with silence.
        """
        self._source = source
        self._gapless = gapless
        codec = av.codec.Codec(encoder, "w")
        rate = _sample_rate(source.codec_context.sample_rate, codec)
        layout = _layout(source.codec_context, codec, rate)
        self.stream: Any = output.add_stream(encoder, rate=rate, layout=layout)
        context: Any = self.stream.codec_context
        before, channels = source.codec_context.layout.nb_channels, context.layout.nb_channels
        if channels < before:
            log.warning(
                "%d channels of audio stream %d become %d: %s takes no more of them",
                *(before, source.index, channels, encoder),
            )
        if encoder != "flac":
            context.bit_rate = _BIT_RATE * channels
        context.open()
        self._context = context
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[Any, ...] | None = None
        """Format, layout and rate for which the resampler was made."""
        self._time_base = Fraction(1, context.sample_rate)
        self._next: int | None = 0 if gapless else None
        """Time of the next sample to encode, in samples."""
        self._tick = 1
        """Samples in a unit of the source's time, by which its rounded times may be off."""
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
            self._tick = math.ceil((frame.time_base or 0) / self._time_base)
            self._resampler = av.AudioResampler(
                context.format, context.layout, context.sample_rate, context.frame_size or None
            )
        for part in self._resampler.resample(frame):
            yield from self._packets(part)

    def _packets(self, part: Any) -> Iterator[Any]:
        if part is not None:
            begin = self._begin(part)
            if self._gapless:
                yield from self._silence(begin)
            # PyAV's encoder takes the time base of the first part for that of all.
            part.pts, part.time_base = begin, self._time_base
            self._next = begin + part.samples
        for packet in self.stream.encode(part):
            if packet.size:  # FLAC ends with an empty one
                yield packet

    def _silence(self, end: int) -> Iterator[Any]:
        context = self._context
        while self._next is not None and self._next < end:
            samples = min(end - self._next, context.sample_rate)
            silence: Any = av.AudioFrame(context.format.name, context.layout.name, samples)
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            silence.sample_rate = context.sample_rate
            silence.pts, silence.time_base = self._next, self._time_base
            self._next += samples
            yield from self.stream.encode(silence)

    def _begin(self, part: Any) -> int:
        """Return the time of a part in samples: where the last one ended, unless there is a gap."""
        if part.pts is None:  # what the resampler held back at the end
            return self._next or 0
        begin: int = round(part.pts * part.time_base / self._time_base)
        if self._next is None or begin > self._next + self._tick:
            return begin
        return self._next
