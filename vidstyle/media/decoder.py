"""Pictures out of packets, each with a time, whatever the file says of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import Flags

from vidstyle.cores import cores
from vidstyle.media.inputs import check_png
from vidstyle.media.lostframes import LostFrames, Sent
from vidstyle.media.sequence_header import header_of

log = logging.getLogger(__name__)

_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Codecs whose own decoders leave the alpha out -> decoders that give it."""

_JOIN_FOLLOWS = 3
"""Packets behind one that is marked as corrupt within which a join explains the mark."""


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
        keyframes_only: bool = False,
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
            keyframes_only: leave out all but those that refer to no other, where the codec can.
        """
        self.reached: int | None = None
        """The end of all packets so far, in units of the stream."""
        self.packets = 0
        """Packets so far that have a time."""
        self.span = 0
        """The time from the first of them to the end of the last, as they are decoded."""
        self.refused = 0
        """Packets so far that the decoder refused."""
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
        if not self._context.is_open:
            # Left to itself it takes one more, for which there is no core, and 16 at most.
            self._context.thread_count = min(16, cores())
        if referenced_only or keyframes_only:
            self._context.skip_frame = "NONKEY" if keyframes_only else "NONREF"
        self._lost = LostFrames(video, self._context)
        self._has_order_only: bool | None = container.format.name in {"avi", "asf"}
        """The packets have no times of display; those that FFmpeg makes up may coincide."""
        if container.format.name == "matroska,webm":
            # It may hold a stream as AVI does, which shows in the first packet.
            container.flags &= ~Flags.gen_pts.value
            self._has_order_only = None
        self._is_png = video.codec_context.name in {"png", "apng"}
        self._delay: int | None = None
        """What to take from decoding times to get those of display, in units of the stream."""
        self._last: int | None = None
        """The last picture's time."""
        self._first: int | None = None
        """The first packet's decoding time."""
        self._latest: int | None = None
        """The latest time of display."""
        self._marked: list[int] = []
        """Of packets that are marked as corrupt, how many are still to come until it is reported."""
        self._header: bytes | None = None
        """The last one of a sequence, where the codec has them."""
        self._ended = False

    def lost(self, since: Fraction | None) -> int:
        """Return how many frames of the file, from a time in seconds on, did not become pictures."""
        return self._lost.count(since, ended=self._ended)

    def begin_anew(self) -> None:
        """Expect another recording from here on, which may begin before a keyframe."""
        self._lost.begin_anew()
        self._marked.clear()

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Yield pictures with pts and time base."""
        for packet in self._packets:
            if packet.stream is not self._video:
                self._on_other(packet)
                continue
            self._reach(packet)
            if not packet.size and (packet.pts is not None or packet.dts is not None):
                continue  # Theora's "the same again", not the end
            if self._marked or packet.is_corrupt:
                self._check(packet)
            if self._has_order_only is None:
                self._has_order_only = packet.pts is None and packet.dts is not None
            if self._has_order_only:
                packet.pts = None
            if packet.is_keyframe and self._begins_another(packet):
                yield from self._decode(None)
                self._context.flush_buffers()
            if self._is_png:
                check_png(Path(self._name), bytes(packet))
            self._lost.send(packet)
            yield from self._decode(packet)
            self._ended = not packet.size

    def _begins_another(self, packet: Any) -> bool:
        """Tell whether a sequence of another size begins, at which the decoder would drop the last picture."""
        header = header_of(self._context.name, packet)
        before = self._header
        self._header = header or before
        return None not in (header, before) and header != before

    def _decode(self, packet: Any | None) -> Iterator[av.VideoFrame]:
        """Yield the pictures that are ready once a packet is put in; None puts the end in."""
        try:
            decoded = self._context.decode(packet)
        except av.FFmpegError as error:
            if self._lost.begun:
                self.refused += 1
                self._on_damage(f"holds a packet that cannot be decoded: {error.strerror}")
            return
        for picture in decoded:
            sent = self._lost.receive(picture)
            if picture.pts is None:
                self._give_time(picture, sent)
            picture.time_base = picture.time_base or self._video.time_base
            self._last = picture.pts
            yield picture

    def _check(self, packet: Any) -> None:
        """Report a packet that is marked as corrupt, unless a join explains it."""
        self._marked = [left - 1 for left in self._marked]
        while self._marked and (self._marked[0] == 0 or not packet.size):
            del self._marked[0]
            self._on_damage("holds a corrupt packet")
        if packet.is_corrupt:
            # Where another recording was joined, MPEG-TS marks one of the last packets before it.
            self._marked.append(_JOIN_FOLLOWS)

    def _reach(self, packet: Any) -> None:
        shown = packet.dts if packet.pts is None else packet.pts
        decoded = packet.pts if packet.dts is None else packet.dts
        if shown is None or decoded is None:
            return
        duration = packet.duration or 0
        self.packets += 1
        self._first = decoded if self._first is None else self._first
        self.span = max(self.span, decoded + duration - self._first)
        self._latest = shown if self._latest is None else max(self._latest, shown)
        # With B-frames the last duration is not in the packet of the last picture.
        end = self._latest + duration
        self.reached = end if self.reached is None else max(self.reached, end)

    def _give_time(self, picture: Any, sent: Sent | None) -> None:
        """Give a time to a picture without one: by its packet's place (AVI), or by counting.

        Args:
            picture: as decoded.
            sent: its packet.
        """
        step = max(1, round(1 / (self._rate * self._video.time_base)))
        if sent and sent.pts is not None:
            picture.pts = sent.pts
        elif self.made_rate is None and picture.dts is not None:
            if self._delay is None:
                self._delay = self._measured_delay(picture, sent, step)
            picture.pts = picture.dts - self._delay
        elif self.made_rate is None and self._last is not None:
            picture.pts = self._last + step
        else:
            if self.made_rate is None:
                rate = float(self._rate)
                log.warning("%s holds no times: taking %g frames a second", self._name, rate)
            self.made_rate = self._rate
            picture.time_base = 1 / self.made_rate
            picture.pts = 0 if self._last is None else self._last + 1
            picture.duration = 1  # what it was is in units of the stream

    def _measured_delay(self, picture: Any, sent: Sent | None, step: int) -> int:
        """Return how much later pictures come out than their packets go in: some wait for others."""
        if sent is None or sent.dts is None:
            return 0
        delay = int(picture.dts) - sent.dts
        if sent.dts > step:  # behind a cut, pictures may have been left out before this one
            delay = min(delay, int(self._context.reorder_depth) * step)
        return delay
