"""Frames that a file holds and its decoder does not give: packets in, pictures out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import av

_COUNTED = {
    *("h264", "hevc", "av1", "vp8", "vp9", "theora", "mpeg1video", "mpeg2video", "mpeg4"),
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "h263", "flv1"),
    *("mjpeg", "prores", "dnxhd", "dvvideo", "ffv1", "huffyuv", "utvideo", "png", "qtrle"),
}
"""Codecs of which it is known which packets hold a picture."""

_NOTHING_NEW = {"mpeg4": 16, "msmpeg4v3": 8, "wmv1": 8, "wmv2": 8, "h263": 8, "flv1": 8}
"""Codecs -> bytes of a packet up to which it may only say that nothing has changed."""


class Sent(NamedTuple):
    """A packet that went into a decoder, its times in units of the stream."""

    number: int
    pts: int | None
    dts: int | None
    holds_picture: bool
    """One that is to be shown, as far as the packet tells."""

    def shown_before(self, time: int | None) -> bool:
        """Tell whether it is known to be shown before a time."""
        return self.pts is not None and time is not None and self.pts < time

    def leads(self, keyframe: Sent) -> bool:
        """Tell whether it may be shown before the keyframe that it lies behind."""
        return keyframe.pts is not None and (self.pts is None or self.pts < keyframe.pts)


class LostFrames:
    """Follows the packets of one stream through its decoder.

    A recording may begin between keyframes; what cannot be decoded there is not lost.
    """

    def __init__(self, video: Any, context: Any) -> None:
        """Take a stream and the context of its decoder, which is not open yet."""
        context.copy_opaque = True  # a picture then brings what its packet was given
        self._codec = video.codec_context.codec.canonical_name
        self._base = Fraction(video.time_base)
        self._waiting: dict[int, Sent] = {}
        """Packets by number that should give a picture and have not."""
        self._sent = 0
        """Packets so far."""
        self._since = 0
        """The first packet of the recording."""
        self._begin: Sent | None = None
        """The first keyframe of the recording, or the first packet that gave a picture."""
        self._made_up = 0
        """Pictures of none of these packets, with which decoders fill gaps as well."""
        self._shown: int | None = None
        """The time of the last picture's packet."""

    @property
    def begun(self) -> bool:
        """True from the first keyframe of the recording on."""
        return self._begin is not None

    def begin_anew(self) -> None:
        """Expect another recording from here on."""
        self._begin, self._since = None, self._sent

    def send(self, packet: av.Packet[Any]) -> None:
        """Note a packet that goes into the decoder."""
        if not packet.size:
            return
        holds = self._holds_picture(packet)
        sent = Sent(self._sent, packet.pts, packet.dts, holds)
        self._sent += 1
        packet.opaque = sent
        if self._begin is None and packet.is_keyframe:
            self._begin = sent
        # Pictures that lead the first keyframe refer to others that are not there.
        if self._begin and holds and not sent.leads(self._begin):
            self._waiting[sent.number] = sent

    def _holds_picture(self, packet: Any) -> bool:
        if self._codec not in _COUNTED or packet.is_discard:  # outside of what an edit list shows
            return False
        if packet.size <= _NOTHING_NEW.get(self._codec, 0):
            return bool(packet.is_keyframe)
        return self._codec not in {"vp8", "vp9"} or _is_shown(self._codec, memoryview(packet))

    def receive(self, picture: av.VideoFrame) -> Sent | None:
        """Note a picture that came out; return its packet, if it is of one."""
        sent, picture.opaque = picture.opaque, None  # others use it for what is theirs
        if not isinstance(sent, Sent):
            self._made_up += 1
            return None
        self._waiting.pop(sent.number, None)
        self._made_up += not sent.holds_picture  # then it is another packet's
        if self._begin is None and sent.number >= self._since:  # threads hold older ones back
            self._begin = sent
        self._shown = sent.pts
        if picture.interlaced_frame and self._codec == "h264":
            # The second field may come in a packet of its own, and nothing tells it from a frame.
            self._waiting.pop(sent.number + 1, None)
        return sent

    def count(self, since: Fraction | None, *, ended: bool) -> int:
        """Return how many packets gave no picture.

        Args:
            since: seconds before which none is counted.
            ended: the decoder has given all that it had.
        """
        lost = sum(1 for sent in self._lost(ended) if since is None or self._time(sent) >= since)
        return max(0, lost - self._made_up)

    def _lost(self, ended: bool) -> Iterator[Sent]:
        for sent in self._waiting.values():
            # Pictures come in the order of display.
            if ended or sent.shown_before(self._shown):
                yield sent

    def _time(self, sent: Sent) -> Fraction:
        return ((sent.dts if sent.pts is None else sent.pts) or 0) * self._base


def _is_shown(codec: str, data: memoryview) -> bool:
    """Tell whether a packet holds a picture to be shown, and not only one for others to refer to."""
    if codec == "vp8":
        return bool(data[0] & 0x10)
    if codec == "vp9" and data[-1] >> 5 != 6:  # a superframe always shows one
        # Behind the marker and the profile: shown again, kind of frame, shown.
        header = int.from_bytes(bytes(data[:2]), "big") << (data[0] & 0x30 == 0x30)
        return bool(header & 0x0A00)
    return True
