"""Frames into a video file that appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import av
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import ClosedPipeError, OutputError, UsageError
from vidstyle.frame import Frame, StreamInfo
from vidstyle.media.atomic_output import PendingOutput, check_output, pending_output
from vidstyle.media.clock import OutputClock
from vidstyle.media.codecs import Encoding
from vidstyle.media.color import has_alpha
from vidstyle.media.containers import Container, container_for, is_sequence
from vidstyle.media.encoder import Encoder, way_out
from vidstyle.media.ffmpeg_log import listening
from vidstyle.media.oddsize import ODD
from vidstyle.media.part import Part
from vidstyle.media.passthrough import Passthrough
from vidstyle.media.picture_maker import PictureMaker
from vidstyle.media.pieces import Pieces
from vidstyle.media.pipes import PendingPipe, is_pipe
from vidstyle.media.rehearsal import REFUSALS, reason_of

log = logging.getLogger(__name__)

PIECE_FRAMES = 250
"""Frames of a piece, as far apart as x264 has its keyframes at most: that costs neither time nor size, with VP9 and AV1 1.4 % of the size."""

_HARDWARE = ("_nvenc", "_qsv", "_amf", "_vaapi", "_videotoolbox", "_mf")
"""What the names of encoders on graphics cards end with."""


class Checkpoint(Protocol):
    """See `pipeline.Checkpoint`."""

    @property
    def frames(self) -> int:
        """Frames of the output until then."""
        ...

    @property
    def state(self) -> Callable[[], Mapping[str, NDArray[np.generic]]]:
        """Returns the state after them."""
        ...


@dataclass(frozen=True)
class Converted:
    """A frame as the encoder takes it."""

    pictures: list[av.VideoFrame]
    """One; none as long as a filter holds it back."""
    duration: int | None
    """In units of the output's time base."""
    end: Fraction
    """Time at which it is no longer shown, seconds."""


class FileSink:
    """Encodes frames beside the streams that are passed through; `commit` gives the output its name.

    Use it as a context manager: leaving without `commit` deletes what was written. Frames go through
    `convert`, then `write`, each in its order; the two may run in two threads.
    """

    def __init__(
        self,
        path: Path,
        info: StreamInfo,
        *,
        encoding: Encoding | None = None,
        passthrough: Passthrough | None = None,
        overwrite: bool = False,
        odd: str = "pad",
        pending: PendingOutput | None = None,
        pieces: Pieces | Part | None = None,
    ) -> None:
        """Open the output and the encoder.

        Args:
            path: the file to make, or a sequence such as frames/%05d.png; its ending chooses the
                container.
            info: of the source: size, time base, depth and color are kept.
            encoding: the codec and its quality.
            passthrough: the streams and metadata to carry beside the video.
            overwrite: replace a file of that name.
            odd: one of `ODD`.
            pending: the output to write to, if not a file of that name.
            pieces: keeps what is encoded for another run, and has what an earlier one had encoded. Of a `Part` the video
                alone is written.

        Raises:
            UsageError: see `check_output`; or options that the encoder refuses.
            OutputError: the file cannot be made.
        """
        encoding = encoding or Encoding()
        if pending is None:
            check_output(path, overwrite=overwrite, container=encoding.container)
        if odd not in ODD:
            raise UsageError(f"expected `odd` {' or '.join(ODD)}, got {odd}")
        self.path = path
        self.info = info
        self._passthrough = None if isinstance(pieces, Part) else passthrough
        self._container = container_for(path, encoding.container)
        self._overwrite = overwrite
        self._committed = False
        self._frames = self._written = pieces.first_frame if pieces else 0
        self._end = Fraction(0)
        self._pieces = pieces
        self._resumed = pieces.frames if pieces else 0
        codec = encoding.encoder(self._container, info)
        self.checkpoint_frames = (
            piece_frames(codec) if is_divisible(path, self._container, encoding) else None
        )
        try:
            self._pending = pending or pending_output(path)
        except OSError as error:
            raise self._failed(error) from error
        self._output = self._open_output()
        try:
            self._encoder = self._add_streams(codec, encoding, odd, passthrough)
            self._maker = PictureMaker(self._encoder, self._container)
            self._clock = OutputClock(self._container, self._encoder.time_base, info.even_rate)
            self._write_header()
            if pieces and codec.startswith("libvpx") and has_alpha(self._encoder.pixel_format):
                raise UsageError(
                    "transparency in VP9 does not come in pieces; choose another `codec`, or leave `resume` out"
                )
            if isinstance(pieces, Pieces) and pieces.frames:
                self._encoder.resume(pieces.first(), pieces.last_times)
        except BaseException:
            self._discard()
            raise

    def _open_output(self) -> Any:
        options = dict(self._container.options)
        if is_pipe(self.path):
            options["flush_packets"] = "1"  # whoever reads gets each frame at once
        if self._container.is_picture:
            options = {} if is_sequence(self.path) else {"update": "1"}
        try:
            return av.open(
                self._pending.target, "w", format=self._container.format, options=options
            )
        except BaseException as error:
            self._pending.discard()
            if isinstance(error, av.FFmpegError | OSError):
                raise self._failed(error) from error
            raise

    def _add_streams(
        self, codec: str, encoding: Encoding, odd: str, beside: Passthrough | None
    ) -> Encoder:
        add_video = partial(
            Encoder,
            *(self._output, self._container, codec, encoding, self.info),
            odd=odd,
            divided=self.checkpoint_frames is not None,
            mastering=beside.mastering if beside else None,
            display_matrix=beside.display_matrix if beside else None,
        )
        if self._passthrough is None:
            return add_video()
        return self._passthrough.open(self._output, self._container, add_video)

    def _write_header(self) -> None:
        # Some muxers refuse a copied stream only here; a frame later it would look like the disk.
        with listening(av.logging.ERROR) as said:
            try:
                self._output.start_encoding()
            except REFUSALS as error:
                held = [s.codec_context.name for s in self._output.streams if s.codec_context]
                together = "" if len(held) == 1 else " together"
                raise UsageError(
                    f"{self._output.format.name} cannot hold {' and '.join(held)}{together} "
                    f"({reason_of(error, said)}); {way_out(self._container)}"
                ) from error
            except (av.FFmpegError, OSError) as error:
                raise self._failed(error) from error
        if self._passthrough and not is_pipe(self.path):
            self._passthrough.rehearse(self._container)

    @property
    def frames(self) -> int:
        """Frames written so far."""
        return self._written

    # --- frames

    def convert(self, frame: Frame) -> Converted:
        """Convert the next frame to the form that the encoder takes; may run while `write` encodes others.

        Raises:
            OutputError: the filters refused.
            UsageError: frames that this kind of output cannot hold.
        """
        height, width, _ = frame.pixels.shape
        if (width, height) != (self.info.width, self.info.height):
            # PyAV would stretch it in silence.
            raise ValueError(f"expected {self.info.width}x{self.info.height}, got {width}x{height}")
        if self._frames and self._container.is_picture and not is_sequence(self.path):
            raise UsageError(
                f"{self.path.name} holds one picture, the video has more; name the output "
                f"{self.path.stem.replace('%', '')}_%05d{self.path.suffix} for numbered ones"
            )
        # Single pictures are numbered.
        pts = self._frames if self._container.is_picture else self._clock.pts(frame)
        if self._frames < self._resumed:
            self._frames += 1
            if isinstance(self._pieces, Part):
                self._pieces.times.append(pts)
            return Converted([], None, _end(frame))
        try:
            pictures = list(self._maker.pictures(frame))
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        for picture in pictures:
            picture.pts, picture.time_base = pts, self._encoder.time_base
        self._frames += 1
        return Converted(pictures, self._clock.duration(frame), _end(frame))

    def write(self, converted: Converted) -> None:
        """Encode the next frame and copy the packets of other streams before it.

        Raises:
            OutputError: the encoder or the disk refused.
        """
        self._end = converted.end
        try:
            if isinstance(self._pieces, Pieces) and self._written < self._resumed:
                self._mux(self._encoder.own(self._pieces.after(self._written)))
            for picture in converted.pictures:
                packets = self._encoder.encode(picture, converted.duration)
                self._mux(self._kept(packets, self._written))
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._written += 1

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """End a piece, so that another run could go on after it.

        Raises:
            OutputError: the encoder or the disk refused.
        """
        try:
            self._mux(self._kept(self._encoder.divide(), checkpoint.frames - 1))
            if self._pieces:
                self._pieces.finish(checkpoint.frames, checkpoint.state())
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            self._output.mux(packet)
        if self._passthrough:
            self._passthrough.flush(self._output, self._end)

    def _kept(self, packets: Iterable[Any], after: int) -> Iterator[Any]:
        """Keep the packets that come after a frame, before the muxer changes them."""
        for packet in packets:
            if self._pieces:
                self._pieces.add(packet, after)
            yield packet

    # --- the end

    def commit(self) -> None:
        """Finish the file and give it its name.

        Raises:
            OutputError: no frame was written, or the disk refused.
        """
        if not self._frames:
            raise OutputError(f"nothing to write to {self.path}: not one frame came")
        try:
            self._mux(self._encoder.encode(None))
            if self._passthrough:
                self._passthrough.finish(self._output)
            self._output.close()
            if self._passthrough and self._container.has_streams and not is_pipe(self.path):
                file = Path(self._pending.target.removeprefix("file:"))
                self._passthrough.complete(file, self._container)
                self._passthrough.check(self._pending.target, self._container)
            self._pending.commit(overwrite=self._overwrite)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._committed = True

    def keep(self, path: Path) -> None:
        """Finish what was written so far under another name: the beginning, when a run is stopped.

        Raises:
            OutputError: see `commit`.
        """
        if self._passthrough:
            self._passthrough.end_at(self._end)
        self._pending.rename(path)
        self.commit()

    def give_up(self) -> None:
        """End a write that waits for the reader of a pipe; from another thread."""
        if isinstance(self._pending, PendingPipe):
            self._pending.target.give_up()

    def _failed(self, error: Exception) -> OutputError:
        if isinstance(error, BrokenPipeError) and is_pipe(self.path):
            return ClosedPipeError("nobody reads standard output any more")
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(f"cannot write {self.path}: {reason}")

    def _discard(self) -> None:
        # Closing writes a trailer even now, and fails again where writing failed.
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._output.close()
        self._pending.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._committed:
            self._discard()


def is_divisible(path: Path, container: Container, encoding: Encoding) -> bool:
    """Return whether the video of an output may come in pieces, each by an encoder of its own."""
    one = container.is_picture and not is_sequence(path)
    whole = one or container.format in {"gif", "webp"} or is_pipe(path)
    # The second pass of an encoder looks up what the first found out of the same frame.
    passes = any(key in {"pass", "passlogfile", "stats", "flags"} for key, _ in encoding.options)
    return not (whole or passes or encoding.low_latency)


def piece_frames(codec: str) -> int:
    """Return the frames of a piece, at least; an encoder of a graphics card takes long to open, and little for a frame."""
    return 12 * PIECE_FRAMES if codec.endswith(_HARDWARE) else PIECE_FRAMES


def _end(frame: Frame) -> Fraction:
    return (frame.pts + (frame.duration or 0)) * frame.time_base
