"""A browser on this computer as a WebRTC peer: its camera comes in, painted frames go back."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
from collections import deque
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import ifaddr
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.codecs import vpx
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamError

from vidstyle.errors import UsageError
from vidstyle.frame import ColorTags, Pixels
from vidstyle.media.color import ColorConverter
from vidstyle.web.camera import PageCamera

log = logging.getLogger(__name__)

_BT601 = ColorTags(6, 1, 2, 2)
"""What VP8 is by its definition, limited range, whatever the size."""

_CLOCK = 90_000
"""Ticks of a second, in RTP."""

_BITRATE = 6_000_000
"""Bits a second. aiortc would give the strokes of a painting 0.5 to 1.5 million, meant for a network; here is none."""

_LONGEST = 1 << 16
"""Characters of an offer: browsers write some thousands."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_KNOWN = version("aiortc").split(".")[:2] == ["1", "16"]
"""Its insides are as `_hurry` and the bit rate need them; in other versions it works by its public parts alone."""

if _KNOWN:
    vpx.MIN_BITRATE = vpx.DEFAULT_BITRATE = vpx.MAX_BITRATE = _BITRATE


class _PromptBuffer(JitterBuffer):
    """Gives a frame out with its last packet, which has a marker; aiortc waits for the first packet of the next frame."""

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        frame = super()._remove_frame(sequence_number)
        if frame or self._origin is None:
            return frame
        packets: list[Any] = []
        for count in range(self._capacity):
            packet = self._packets[(self._origin + count) % self._capacity]
            if packet is None or (packets and packet.timestamp != packets[0].timestamp):
                return None
            packets.append(packet)
            if packet.marker:
                data = b"".join(p._data for p in packets)
                self.remove(len(packets))
                return JitterFrame(data, packet.timestamp)
        return None


def _hurry(receiver: Any) -> None:
    name = "_RTCRtpReceiver__jitter_buffer"
    if _KNOWN and hasattr(receiver, name):
        setattr(receiver, name, _PromptBuffer(capacity=512, is_video=True))


class _Painted(MediaStreamTrack):
    """The track that goes back: the newest painted frame."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._newest: Any = None
        self._new = asyncio.Event()
        self._given: float | None = None
        self.took: deque[float] = deque(maxlen=30)
        """Seconds that the last frames took to be encoded and sent."""

    def put(self, frame: Any) -> None:
        """Take a frame; in the loop's thread."""
        self._newest = frame
        self._new.set()

    def stop(self) -> None:
        """End it."""
        super().stop()
        self._new.set()

    async def recv(self) -> Any:
        """Wait for a frame; asked anew when the one before is sent."""
        now = asyncio.get_running_loop().time()
        if self._given is not None:
            self.took.append(now - self._given)
        await self._new.wait()
        self._new.clear()
        if self.readyState != "live":
            raise MediaStreamError
        self._given = asyncio.get_running_loop().time()
        return self._newest


class Peer:
    """The connection to one browser."""

    def __init__(self, camera: PageCamera) -> None:
        """Take where the frames of the page's camera go."""
        # Without this, aiortc would ask a server outside for the address of this computer.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._camera = camera
        self._painted = _Painted()
        self._pump: asyncio.Task[None] | None = None
        self._first: float | None = None
        self._last = -1
        self._to_rgb, self._from_rgb = ColorConverter(), ColorConverter()
        self._loop = asyncio.get_running_loop()

        @self._connection.on("track")
        def take(track: MediaStreamTrack) -> None:
            if self._pump is None:
                self._pump = asyncio.create_task(self._read(track))

    @property
    def sending(self) -> float:
        """Seconds that a painted frame takes to be encoded and sent, of late."""
        took = sorted(self._painted.took)
        return took[len(took) // 2] if took else 0.0

    async def answer(self, offer: str) -> str | None:
        """Return the answer to an offer, both as SDP; None to one of a browser with which there is no connection.

        Raises:
            UsageError: it is no offer of a camera.
        """
        if len(offer) > _LONGEST:
            raise UsageError(f"expected an offer of {_LONGEST} characters at most")
        own = _own_addresses()
        lines = [line for line in offer.splitlines() if _of_this_computer(line, own)]
        if [line[:8] for line in lines if line.startswith("m=")] != ["m=video "]:
            raise UsageError("expected an offer of one video")
        try:
            description = RTCSessionDescription("\r\n".join([*lines, ""]), "offer")
            await self._connection.setRemoteDescription(description)
            for transceiver in self._connection.getTransceivers():
                _hurry(transceiver.receiver)
            self._connection.addTrack(self._painted)
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Exception as error:  # of a parser that was made for browsers
            log.info("an offer of WebRTC is of no use", exc_info=error)
            return None
        return str(self._connection.localDescription.sdp)

    async def _read(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                self._camera.put(lambda frame=frame: self._decoded(frame))  # type: ignore[misc]

    def _decoded(self, frame: Any) -> Pixels:
        pixels, _ = self._to_rgb.to_rgb(frame, _BT601, high_bit_depth=False, precise=False)
        return pixels

    def show(self, pixels: Pixels, stamp: float) -> None:
        """Send a painted frame that came at a time of `time.monotonic`; in the session's thread."""
        height, width = pixels.shape[0] & ~1, pixels.shape[1] & ~1
        frame: Any = self._from_rgb.from_rgb(pixels[:height, :width], _BT601, "yuv420p")
        self._first = stamp if self._first is None else self._first
        self._last = frame.pts = max(self._last + 1, round((stamp - self._first) * _CLOCK))
        frame.time_base = Fraction(1, _CLOCK)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._painted.put, frame)

    async def close(self) -> None:
        """End it."""
        self._painted.stop()
        if self._pump:
            self._pump.cancel()
        await self._connection.close()


def _own_addresses() -> set[_Address]:
    """Return the addresses of this computer."""
    return {
        ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0].partition("%")[0])
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    }


def _of_this_computer(line: str, own: set[_Address]) -> bool:
    """Return whether a line of SDP may be heeded: a candidate for a connection must be an address of this computer.

    Others would let a page have packets sent anywhere; names (.local) would be looked for in the network.
    """
    if not line.startswith("a=candidate:"):
        return True
    words = line.split()
    try:
        address = ipaddress.ip_address(words[4])
    except (IndexError, ValueError):
        return False
    return address in own
