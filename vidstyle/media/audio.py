"""Sound from one codec to another, for containers that cannot hold it as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av

_BIT_RATE = 80_000
"""Bits per second and channel: beyond what listeners tell from the original."""

_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""Usual places of a number of channels."""


def _sample_rate(wanted: int, codec: av.codec.Codec) -> int:
    """Return the rate nearest to `wanted`, not below it where there is a choice."""
    offered = sorted(codec.audio_rates or ())
    if not offered:
        return wanted
    return next((rate for rate in offered if rate >= wanted), offered[-1])


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
        self._resampler = av.AudioResampler(
            context.format, context.layout, context.sample_rate, context.frame_size or None
        )

    def convert(self, packet: Any) -> Iterator[Any]:
        """Yield the encoded packets that an input packet completes; a damaged one yields none."""
        try:
            frames = self._source.codec_context.decode(packet)
        except av.FFmpegError:
            return
        for frame in frames:
            for part in self._resampler.resample(frame):
                yield from self.stream.encode(part)

    def finish(self) -> Iterator[Any]:
        """Yield what is left at the end."""
        try:
            rest = self._source.codec_context.decode(None)
        except av.FFmpegError:
            rest = []
        for frame in (*rest, None):
            for part in self._resampler.resample(frame):
                yield from self.stream.encode(part)
        yield from self.stream.encode(None)
