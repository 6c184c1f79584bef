"""Opening an input: a file, numbered pictures, or an animated WebP, which FFmpeg does not decode."""

from __future__ import annotations

import io
import logging
import statistics
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
import cv2
import numpy as np

from vidstyle.errors import InputError
from vidstyle.media.containers import format_name, is_sequence, number_pattern
from vidstyle.media.pipes import InputPipe, is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.whitelist import FILE, reference, restricted

log = logging.getLogger(__name__)

PIPED_MP4 = "-movflags frag_keyframe+empty_moov"
"""FFmpeg's option for mp4 that can be read from a pipe."""

_BUFFER = 2**18
"""Bytes asked of a pipe at a time."""

_HEAD = 2**12
"""Bytes by which a file that is refused is known."""

_MAX_ANIMATION_BYTES = 2**31
"""Bytes of all pictures of an animated WebP together: OpenCV decodes them at once."""


def check_input(path: Path) -> None:
    """Refuse an input that is no file, before any work is done.

    Raises:
        InputError: no such file, or a folder.
    """
    if is_pipe(path):
        return
    if is_sequence(path):
        _numbers(path)
        return
    try:
        if not path.is_file():
            if path.is_dir():
                raise InputError(
                    f"cannot read {path}: it is a folder; for numbered pictures give a name such "
                    f"as {path.name}/%05d.png"
                )
            if path.exists():
                raise InputError(f"cannot read {path}: it is no file, but a pipe or a device")
            raise InputError(f"cannot read {path}: it does not exist")
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def input_files(path: Path) -> list[Path]:
    """Return the files that an input is read from; none of a pipe."""
    if is_sequence(path):
        return [path.with_name(path.name % number) for number in _numbers(path)]
    return [] if is_pipe(path) else [path]


def open_input(path: Path, reading: Reading, pipe: InputPipe | None = None) -> Any:
    """Open an input with PyAV, `pipe` where there is one.

    Raises:
        InputError: it is none.
    """
    check_input(path)
    try:
        if pipe:
            kind = reading.format and format_name(reading.format)
            return _open(pipe, kind, _options(reading), protocols=(), buffer_size=_BUFFER)
        return _open_path(path, reading)
    except (av.FFmpegError, OSError, cv2.error) as error:
        if pipe and pipe.stopped:
            raise pipe.stopped from None
        name = "standard input" if pipe else path
        head = b"" if is_sequence(path) else pipe.head if pipe else head_of(path)
        if told := reference(head):
            raise InputError(f"cannot read {name}: {told}") from error
        reason = _reason(error)
        if pipe:
            raise InputError(
                f"cannot read {name}: no media that can be read without seeking ({reason}); "
                f"write nut, matroska or mpegts, or mp4 with {PIPED_MP4}"
            ) from error
        raise InputError(f"cannot read {name}: not a media file ({reason})") from error


def _open(
    file: Any,
    kind: str | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
    *,
    protocols: Iterable[str] = FILE,
    **settings: Any,
) -> Any:
    """Open an input with PyAV, which opens nothing besides."""
    options = {**restricted(protocols), **options}
    return av.open(file, format=kind, options=options, metadata_errors="replace", **settings)


def _open_path(path: Path, reading: Reading) -> Any:
    # "file:" keeps a colon in the name from being read as a protocol.
    url = f"file:{path}"
    if reading.format:
        return _open(url, format_name(reading.format), _options(reading))
    if is_sequence(path):
        return _open_sequence(path, reading)
    if _is_animated_webp(path):
        return _open(_as_matroska(path, reading), "matroska", protocols=())
    if reading.hwaccel:
        return _open_accelerated(url, reading.hwaccel)
    return _open(url)


def _reason(error: Exception) -> str:
    """Say why PyAV could not open an input."""
    if isinstance(error, av.ArgumentError):
        return "or of a format that is not read"
    return str(getattr(error, "strerror", None) or error)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(_HEAD)


def _options(reading: Reading) -> dict[str, str]:
    options: dict[str, str] = {}
    if reading.is_raw and reading.size:
        width, height = reading.size
        options |= {"video_size": f"{width}x{height}", "framerate": str(reading.fps or 25)}
        options["pixel_format"] = str(reading.pixel_format)
    return options


def _open_accelerated(url: str, kind: str) -> Any:
    from av.codec.hwaccel import HWAccel, hwdevices_available

    try:
        if kind not in hwdevices_available():
            raise ValueError(f"not one of {' '.join(hwdevices_available())}")
        accelerator = HWAccel(kind, allow_software_fallback=True)
        return _open(url, hwaccel=accelerator)
    except (ValueError, av.FFmpegError, OSError) as error:
        # PyAV raises where the driver is missing even if the fallback is allowed.
        reason = getattr(error, "strerror", None) or error
        log.info("`hwaccel` %s: %s", kind, reason)
        return _open(url)


def _numbers(path: Path) -> list[int]:
    """Return the numbers of a sequence's files, without a gap."""
    pattern = number_pattern(path)
    try:
        found = sorted(
            int(match[1]) for p in path.parent.iterdir() if (match := pattern.fullmatch(p.name))
        )
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    # Only names that the pattern itself would give: %05d is not 7.png.
    found = [n for n in found if path.with_name(path.name % n).is_file()]
    if not found:
        raise InputError(f"cannot read {path}: no such pictures")
    missing = sorted(set(range(found[0], found[-1] + 1)) - set(found))
    if missing:
        raise InputError(
            f"cannot read {path}: number {missing[0]} is missing between {found[0]} and {found[-1]}"
            f" ({len(missing)} missing); renumber them first"
        )
    return found


def _open_sequence(path: Path, reading: Reading) -> Any:
    numbers = _numbers(path)
    rate = reading.fps or Fraction(25)
    options = {
        "pattern_type": "sequence",
        "start_number": str(numbers[0]),
        "framerate": str(rate),
    }
    parent = str(path.parent).replace("%", "%%")
    return _open(f"file:{parent}/{path.name}", "image2", options)


def _is_animated_webp(path: Path) -> bool:
    head = head_of(path)[:21]
    is_webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X"
    return is_webp and len(head) == 21 and bool(head[20] & 2)


def _as_matroska(path: Path, reading: Reading) -> io.BytesIO:
    """Decode an animation with OpenCV and hold it, lossless, in a form that the decoder reads."""
    data = path.read_bytes()
    width = int.from_bytes(data[24:27], "little") + 1
    height = int.from_bytes(data[27:30], "little") + 1
    count = data.count(b"ANMF")
    if width * height > reading.max_pixels or 4 * width * height * count > _MAX_ANIMATION_BYTES:
        raise InputError(
            f"{path} holds {count} pictures of {width}x{height}, more than `max_pixels` or memory "
            "allow; convert it to a video first"
        )
    done, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
    if not done:
        raise InputError(f"cannot read {path}: a damaged WebP animation")
    durations = [max(int(d), 1) for d in animation.durations]
    rate = Fraction(1000, statistics.mode(durations))
    held = io.BytesIO()
    with av.open(held, "w", format="matroska") as output:
        stream = output.add_stream("ffv1", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgra"
        base = stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        time = 0
        for pixels, duration in zip(animation.frames, durations, strict=True):
            layout = "bgra" if pixels.shape[2] == 4 else "bgr24"
            frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format=layout).reformat(
                format="bgra"
            )
            frame.pts, frame.time_base = time, base
            for packet in stream.encode(frame):
                packet.duration = duration
                output.mux(packet)
            time += duration
        output.mux(stream.encode(None))
    held.seek(0)
    return held
