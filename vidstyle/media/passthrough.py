"""Streams that go from source to sink as they are: their packets are copied, never decoded."""

from __future__ import annotations

import logging
from collections import deque
from fractions import Fraction
from typing import Any

import av

from vidstyle.errors import OutputError

log = logging.getLogger(__name__)


class Passthrough:
    """Copies the audio packets of one input to one output, in the order in which they were read.

    The source puts packets in while it reads, in its own thread; the sink takes them out. What lies
    between the two is the sound of the frames in the queues.
    """

    def __init__(
        self, container: av.container.InputContainer, video: av.VideoStream, start: Fraction
    ) -> None:
        """Choose the streams.

        Args:
            container: the open input.
            video: its stream that is painted.
            start: time of the container's start, seconds; subtracted from every time.
        """
        self.start = start
        # A stream of a codec that FFmpeg does not know has no context.
        self.streams = [s for s in container.streams.audio if s.codec_context]
        self._packets: deque[av.Packet[Any]] = deque()
        self._outputs: dict[int, Any] = {}
        for stream in container.streams:
            if stream not in self.streams and stream is not video:
                log.warning("%s stream %d is not copied", stream.type, stream.index)

    def put(self, packet: av.Packet[Any]) -> None:
        """Keep a packet of one of `streams` for the sink; flush packets are dropped."""
        # A packet without dts may be real (Matroska, B-frames): only an empty one ends a stream.
        if packet.size:
            self._packets.append(packet)

    def open(self, output: av.container.OutputContainer) -> None:
        """Add a copy of each stream to an output, with its metadata and disposition."""
        for stream in self.streams:
            try:
                copy: Any = output.add_stream_from_template(stream, opaque=True)
            except ValueError as error:
                raise OutputError(
                    f"{output.format.name} cannot hold {stream.codec_context.name} audio; "
                    "choose an output name that ends in .mkv"
                ) from error
            copy.metadata.update(stream.metadata)
            copy.disposition = stream.disposition
            self._outputs[stream.index] = copy

    def flush(self, output: av.container.OutputContainer) -> None:
        """Write to the output what has been put in so far."""
        while self._packets:
            packet = self._packets.popleft()
            shift = round(self.start / packet.time_base) if packet.time_base else 0
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = None if packet.dts is None else packet.dts - shift
            packet.stream = self._outputs[packet.stream.index]
            output.mux(packet)
