"""Pictures out of packets, each with a time, whatever the file says of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import Flags

from vidstyle.cores import cores

log = logging.getLogger(__name__)

_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Codecs whose own decoders leave the alpha out -> decoders that give it."""


class PictureDecoder:
    """Decodes one video stream, in the order of display; other packets are handed on."""

    def __init__(
        self,
        container: Any,
        video: Any,
        packets: Iterator[Any],
        on_other: Callable[[Any], None],
        on_damage: Callable[[str], None],
        *,
        rate: Fraction | None = None,
        alpha: bool = True,
        referenced_only: bool = False,
    ) -> None:
        """Take an open input.

        Args:
            container: the input.
            video: the stream to decode.
            packets: of this and other streams.
            on_other: called with each packet of another stream.
            on_damage: called with a description of what cannot be decoded.
            rate: frames a second of a stream without times, where the user knows it.
            alpha: decode it too where the codec has it, with a slower decoder.
            referenced_only: leave out the pictures that no other refers to, which is faster.
        """
        self.made_rate: Fraction | None = None
        """Frame rate of a stream without times, once that is known."""
        self._video = video
        self._packets = packets
        self._on_other = on_other
        self._on_damage = on_damage
        self._rate = Fraction(rate or video.guessed_rate or video.average_rate or 25)
        self._name = container.name.removeprefix("file:")
        self._context = video.codec_context
        tags = {key.lower(): value for key, value in video.metadata.items()}
        if alpha and tags.get("alpha_mode") == "1" and video.codec_context.name in _WITH_ALPHA:
            self._context = av.CodecContext.create(_WITH_ALPHA[video.codec_context.name], "r")
        if container.format.name == "avi":
            # Its packets have no times of display; made up ones would be in the order of decoding.
            container.flags &= ~Flags.gen_pts.value
        if not self._context.is_open:
            # Left to itself it takes one more, for which there is no core, and 16 at most.
            self._context.thread_count = min(16, cores())
        if referenced_only:
            self._context.skip_frame = "NONREF"
        self._place: tuple[int, int] | None = None
        """The last picture's time, and what to take from its packet's, in units of the stream."""

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Yield pictures with pts and time base."""
        first: int | None = None
        for packet in self._packets:
            if packet.stream is not self._video:
                self._on_other(packet)
                continue
            if not packet.size and (packet.pts is not None or packet.dts is not None):
                continue  # Theora's "the same again", not the end
            first = packet.dts if first is None else first
            if packet.is_corrupt:
                self._on_damage("holds a corrupt packet")
            try:
                decoded = self._context.decode(packet)
            except av.FFmpegError as error:
                self._on_damage(f"holds a packet that cannot be decoded: {error.strerror}")
                continue
            for picture in decoded:
                if picture.pts is None:
                    self._give_time(picture, first)
                picture.time_base = picture.time_base or self._video.time_base
                yield picture

    def _give_time(self, picture: Any, first: int | None) -> None:
        """Give a time to a picture without one: by its packet's place (AVI), or by counting.

        Args:
            picture: as decoded.
            first: decoding time of the first packet.
        """
        if self.made_rate is None and picture.dts is not None and first is not None:
            # Pictures that wait for others come out later than their packets go in.
            delay = self._place[1] if self._place else picture.dts - first
            self._place = picture.dts - delay, delay
        elif self.made_rate is None and self._place is not None:
            step = max(1, round(1 / (self._rate * self._video.time_base)))
            self._place = self._place[0] + step, self._place[1]
        else:
            if self.made_rate is None:
                rate = float(self._rate)
                log.warning("%s holds no times: taking %g frames a second", self._name, rate)
            self.made_rate = self._rate
            picture.time_base = 1 / self.made_rate
            self._place = (self._place[0] + 1 if self._place else 0), 0
        picture.pts = self._place[0]
