"""The streams, chapters and metadata that go from an input to an output beside the video."""

from __future__ import annotations

import heapq
import logging
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.stream

from vidstyle.errors import InputError, OutputError
from vidstyle.media.audio import AudioConverter
from vidstyle.media.chapters import chapters_between
from vidstyle.media.containers import Container
from vidstyle.media.encoder import Encoder
from vidstyle.media.hdr import Mastering
from vidstyle.media.projection import Projection
from vidstyle.media.rehearsal import Beginnings, refusal
from vidstyle.media.routes import Action, Route, begin_of, kind_of, route
from vidstyle.media.rows import PcmRow, SoundRows
from vidstyle.media.subtitles import from_text, to_text
from vidstyle.media.tags import kept_tags
from vidstyle.media.timecode import timecode_after
from vidstyle.media.whitelist import restricted

log = logging.getLogger(__name__)


class Passthrough:
    """Carries everything but the painted video from one open input to one output.

    The source puts packets in while it reads, in its own thread; the sink takes them out. What lies
    between the two is the sound of the frames in the queues.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        video: av.VideoStream,
        origin: Fraction,
        end: Fraction | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """Look at an input.

        Args:
            container: the open input.
            video: its stream that is painted.
            origin: time that becomes 0 in the output, seconds of the input.
            end: time where the output ends, seconds of the input.
            strict: stop where a packet is too damaged to be carried.
        """
        self._strict = strict
        self.origin = origin
        self.end = end
        self._video = video
        self._container = container
        self.streams = [
            s
            for s in container.streams
            if s is not video and kind_of(s) in {"audio", "subtitle", "cover", "data"}
        ]
        """Streams whose packets are wanted."""
        self.mastering = Mastering()
        """Mastering display of HDR video that stays HDR."""
        self.projection = Projection()
        """What the container says of 360 degree and 3D pictures."""
        self._kept_projection = Projection()
        self.display_matrix: tuple[int, ...] | None = None
        """How a player shall turn the video, where it is not upright already."""
        self._tags = {key: value for key, value in container.metadata.items() if value}
        self._video_tags = dict(video.metadata)
        self._packets: dict[int, deque[Any]] = {s.index: deque() for s in self.streams}
        """Per stream, what was read, up to times that the video has not come to."""
        self._copies: dict[int, Any] = {}
        self._converters: dict[int, AudioConverter] = {}
        self._texts: dict[int, tuple[str, str]] = {}
        self._refused = 0
        self._equal_times = False
        self._written: dict[int, int] = {}
        """The last decoding time per stream, in units of its copy."""
        self._beginnings: Beginnings | None = None
        self._counted: SoundRows | None = None
        """Where the container counts sound, and holds no times."""
        self._rows: dict[int, PcmRow] = {}
        """Per stream of PCM, where the container stores samples in a row."""

    def put(self, packet: av.Packet[Any]) -> None:
        """Keep a packet of one of `streams` for the sink, if it lies inside origin and end."""
        # A packet without dts may be real (Matroska, covers): only an empty one ends a stream.
        if not packet.size:
            return
        if packet.pts is not None and packet.time_base and kind_of(packet.stream) != "cover":
            time = packet.pts * packet.time_base
            # A priming packet lies before the first moment: only a cut drops what is before it.
            before = packet.time_base * (packet.duration or 0) + time <= self.origin
            if (self._cut and before) or (self.end is not None and time >= self.end):
                return
            if self._cut and time < self.origin and packet.stream.type == "subtitle":
                # A line that stands already begins with the output.
                late = round(self.origin / packet.time_base) - packet.pts
                packet.pts = packet.dts = packet.pts + late
                packet.duration = max(1, (packet.duration or 0) - late)
        self._packets[packet.stream.index].append(packet)

    @property
    def lost(self) -> int:
        """Packets so far that were too damaged to be copied or converted."""
        return self._refused + sum(c.lost for c in self._converters.values())

    @property
    def _cut(self) -> bool:
        start = Fraction(self._container.start_time or 0, av.time_base)
        return self.origin > start

    def open(
        self,
        output: av.container.OutputContainer,
        container: Container,
        add_video: Callable[[], Encoder],
    ) -> Encoder:
        """Add streams, in their order, chapters and metadata; say what the output does not take.

        Args:
            output: the open output.
            container: the output's container.
            add_video: adds the painted video to the output.

        Returns:
            The encoder of the painted video, made in its place among the streams.

        Raises:
            OutputError: the muxer refuses a stream after all.
        """
        self._beginnings = Beginnings(container.format)
        for stream in self._container.streams:
            if stream.index == self._video.index:
                encoder = add_video()
                self._tag_video(encoder.stream, container)
                self._kept_projection = self.projection.kept_by(
                    container.format, encoder.stream.metadata, piped=output.file is not None
                )
            else:
                self._add(stream, route(stream, container, self._video.index), output, container)
        self._counted = None if container.variable_rate else SoundRows()
        self._equal_times = container.format in {"matroska", "webm"}
        if container.tags:
            output.metadata.update(kept_tags(self._tags))
        elif kept_tags(self._tags):
            names = ", ".join(sorted(kept_tags(self._tags)))
            log.warning("metadata is dropped: %s holds none (%s)", container.name, names)
        self._add_chapters(output, container)
        return encoder

    def _add(
        self, stream: Any, route: Route, output: av.container.OutputContainer, container: Container
    ) -> None:
        if route.action is Action.COPY and route.kind in {"audio", "subtitle"} and self._beginnings:
            read = list(self._packets[stream.index])
            if reason := self._beginnings.lack(stream, read):
                route = replace(route, action=Action.DROP, reason=f"it is damaged ({reason})")
                self._refused += 1
        if route.action in {Action.DROP, Action.CONVERT}:
            log.warning("%s", route)
        try:
            self._add_copy(stream, route, output, container)
        except (ValueError, av.FFmpegError) as error:
            raise OutputError(
                f"{container.name} cannot hold {route.kind} stream {route.index} ({route.codec}): "
                f"{error}; choose an output name that ends in .mkv"
            ) from error

    def _tag_video(self, video: Any, container: Container) -> None:
        if container.tags:
            video.metadata.update(kept_tags(self._video_tags))
        if container.timecode and (timecode := self._timecode()):
            video.metadata["timecode"] = timecode
        video.disposition = self._video.disposition

    def rehearse(self, container: Container) -> None:
        """Try whether the copied streams can be written to the end of a file.

        Raises:
            OutputError: the muxer would refuse one, after all the work.
        """
        for index in self._copies.keys() - self._texts.keys():
            stream = self._container.streams[index]
            if kind_of(stream) not in {"audio", "subtitle"}:
                continue
            first = next(iter(self._packets[stream.index]), None)
            if reason := refusal(stream, first, container.format):
                what = f"{kind_of(stream)} stream {index} ({stream.codec_context.name})"
                raise OutputError(
                    f"{container.name} cannot hold {what}: {reason}; "
                    "choose an output name that ends in .mkv"
                )

    def complete(self, path: Path, container: Container) -> None:
        """Write into the finished output what its muxer could not be told.

        Raises:
            OSError: the disk refused.
        """
        kept = self._kept_projection
        if kept and not kept.write(path, container.format):
            log.warning("%s is dropped: it finds no room in the output", kept)

    def _timecode(self) -> str | None:
        """Return the timecode of the first painted frame."""
        tags = (item for s in self._container.streams for item in s.metadata.items())
        timecode = next((value for key, value in tags if key.lower() == "timecode"), None)
        rate = round(self._video.average_rate or 0)
        if timecode is None or not self._cut or not rate:
            return timecode
        start = Fraction(self._container.start_time or 0, av.time_base)
        later = timecode_after(timecode, rate, self.origin - start)
        if later is None:
            log.warning("timecode %s is dropped: the output begins elsewhere", timecode)
        return later

    def check(self, url: str, container: Container) -> None:
        """Look into the finished output and say which tags and languages its muxer left out."""
        with av.open(
            url, format=container.format, options=restricted()
        ) as made:  # a short file is not recognized
            kept = {key.lower() for key in made.metadata}
            lost = sorted(key for key in kept_tags(self._tags) if key.lower() not in kept)
            if container.tags and lost:
                log.warning(
                    "tags are dropped: %s does not know %s", container.name, ", ".join(lost)
                )
            converted = {index: c.stream for index, c in self._converters.items()}
            for index, copy in (self._copies | converted).items():
                language = self._container.streams[index].metadata.get("language", "und")
                if copy.index < len(made.streams):
                    written = made.streams[copy.index].metadata.get("language", "und")
                    if language not in ("und", written):
                        kind = kind_of(self._container.streams[index])
                        log.warning(
                            "language of %s stream %d is dropped: %s does not hold %s",
                            *(kind, index, container.name, language),
                        )

    def _add_copy(
        self,
        stream: Any,
        route: Route,
        output: av.container.OutputContainer,
        container: Container,
    ) -> None:
        index = stream.index
        if route.action is Action.CONVERT and route.kind == "audio":
            converter = AudioConverter(
                stream, output, str(route.target), gapless=not container.variable_rate
            )
            self._converters[index], copy = converter, converter.stream
        elif route.action is Action.CONVERT and route.kind == "subtitle":
            self._texts[index] = route.codec, str(route.target)
            copy = self._copies[index] = output.add_mux_stream(str(route.target))
        elif route.action is Action.COPY and route.kind == "attachment":
            tags = stream.metadata
            name, kind = tags.get("filename", "unnamed"), tags.get("mimetype", "")
            output.add_attachment(name, kind or "application/octet-stream", stream.data)
            return
        elif route.kind == "cover" and container.attachments and route.action is Action.COPY:
            # There a cover is an attached file of that name.
            data = next((bytes(p) for p in self._packets[index]), None)
            if data is not None:
                ending = "jpg" if route.codec == "mjpeg" else route.codec
                name = stream.metadata.get("filename", f"cover.{ending}")
                output.add_attachment(name, f"image/{ending.replace('jpg', 'jpeg')}", data)
            return
        elif route.action is Action.COPY:
            copy = self._copies[index] = output.add_stream_from_template(stream, opaque=True)
            if route.codec.startswith("pcm_") and container.format in {"mov", "avi"}:
                sound = stream.codec_context
                self._rows[index] = PcmRow(
                    *(route.codec, sound.layout.nb_channels, sound.sample_rate),
                    from_zero=not container.variable_rate,
                )
        else:
            return
        copy.metadata.update(kept_tags(stream.metadata))
        copy.disposition = stream.disposition

    def _add_chapters(self, output: av.container.OutputContainer, container: Container) -> None:
        chapters = chapters_between(self._container, self.origin, self.end)
        if chapters and container.chapters:
            output.set_chapters(chapters)
        elif chapters:
            log.warning("%d chapters are dropped: %s holds none", len(chapters), container.name)

    def _shifted(self, packet: Any) -> Any:
        shift = round(self.origin / packet.time_base) if packet.time_base else 0
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        return packet

    def flush(self, output: av.container.OutputContainer, end: Fraction) -> None:
        """Write the packets that were put in so far and begin before `end`, seconds of the output.

        Raises:
            InputError: a packet was too damaged, and `strict` was asked for.
        """
        self._flush(output, self._before(self.origin + end))
        if self._strict and self.lost:
            raise InputError(
                "a packet beside the video is damaged; without `strict` it is left out"
            )

    def _before(self, end: Fraction | float) -> Iterable[Any]:
        def taken(packets: deque[Any]) -> Iterator[Any]:
            while packets and begin_of(packets[0]) < end:
                yield packets.popleft()

        return heapq.merge(*map(taken, self._packets.values()), key=begin_of)

    def _flush(self, output: av.container.OutputContainer, packets: Iterable[Any]) -> None:
        for read in packets:
            index = read.stream.index
            packet = read if kind_of(read.stream) == "cover" else self._shifted(read)
            if index in self._converters:
                self._mux_converted(output, self._converters[index].convert(packet))
            elif index in self._texts:
                converted = self._converted_text(packet, *self._texts[index])
                if converted is not None:
                    output.mux(converted)
            elif index in self._copies:
                for silence in self._rows[index].before(packet) if index in self._rows else ():
                    self._copy(silence, self._copies[index], output)
                self._copy(packet, self._copies[index], output)

    def _mux_converted(self, output: av.container.OutputContainer, packets: Iterable[Any]) -> None:
        for packet in packets:
            if self._counted:
                self._counted.place(packet, packet.stream)
            output.mux(packet)

    def _copy(self, packet: Any, copy: Any, output: av.container.OutputContainer) -> None:
        index = packet.stream.index
        if self._beginnings and (reason := self._beginnings.refusal(packet)):
            self._refuse(index, reason)
            return
        if self._counted:
            self._counted.place(packet, copy)
        if packet.dts is not None and packet.time_base:
            # Muxers refuse times that do not grow, which damaged files hold.
            last = self._written.get(index)
            dts = round(packet.dts * packet.time_base / copy.time_base)
            least = None if last is None else last + (0 if self._equal_times else 1)
            if least is not None and dts < least:
                base, old = copy.time_base, packet.time_base
                pts = dts if packet.pts is None else round(packet.pts * old / base)
                packet.duration = round((packet.duration or 0) * old / base)
                packet.time_base, packet.dts, packet.pts = base, least, max(pts, least)
                dts = least
            self._written[index] = dts
        packet.stream = copy
        try:
            output.mux(packet)
        except (av.InvalidDataError, av.ArgumentError) as error:
            self._refuse(index, error.strerror)

    def _refuse(self, index: int, reason: str | None) -> None:
        if not self._refused:
            log.warning("packets of stream %d cannot be copied: %s", index, reason)
        self._refused += 1

    def _converted_text(self, packet: Any, codec: str, target: str) -> Any:
        text = to_text(codec, bytes(packet))
        if not text:  # the pauses of mov_text are packets too
            return None
        converted = av.Packet(from_text(target, text))
        converted.pts, converted.dts, converted.duration = packet.pts, packet.pts, packet.duration
        converted.time_base = packet.time_base
        converted.stream = self._copies[packet.stream.index]
        return converted

    def end_at(self, time: Fraction) -> None:
        """Let the output end before all was read: drop what begins later, seconds of the output."""
        for packets in self._packets.values():
            while packets and begin_of(packets[-1]) >= self.origin + time:
                packets.pop()

    def finish(self, output: av.container.OutputContainer) -> None:
        """Write the rest, when the source has ended."""
        self._flush(output, self._before(math.inf))
        for converter in self._converters.values():
            self._mux_converted(output, converter.finish())
