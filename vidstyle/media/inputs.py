"""Opening an input: a file, numbered pictures, or an animated WebP, which FFmpeg does not decode."""

from __future__ import annotations

import io
import logging
import statistics
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
import cv2
import numpy as np

from vidstyle.errors import InputError
from vidstyle.images.header import MAX_INFLATED, inflates_too_much
from vidstyle.media.address import Address, Location, Stored, looks_like_address
from vidstyle.media.containers import check_sequence, format_name, is_sequence, number_pattern
from vidstyle.media.pipes import Feed, InputPipe, is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.stores import check_stored, stored_fingerprint
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


def check_input(path: Location) -> None:
    """Refuse an input that is no file, before any work is done.

    Raises:
        InputError: no such file, or a folder.
    """
    if isinstance(path, Stored):
        check_stored(path)
    if isinstance(path, Address) or is_pipe(path):
        return
    if is_sequence(path):
        _numbers(path)
        return
    try:
        if not path.is_file():
            if path.is_dir():
                raise InputError(
                    f"cannot read {path}: it is a folder; for numbered pictures give a name such "
                    f"as {path / '%05d.png'}"
                )
            if path.exists():
                raise InputError(f"cannot read {path}: it is no file, but a pipe or a device")
            check_sequence(path)
            if looks_like_address(path):
                raise InputError(f"cannot read {path}: an address is not read here; download it")
            raise InputError(f"cannot read {path}: it does not exist")
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


_SAMPLED = 2**20
"""Bytes at each end of a file that its fingerprint looks at."""


def fingerprint(path: Location) -> str:
    """Return what tells an input from another, or from itself once it was changed: its size, its times, its ends.

    Raises:
        InputError: it cannot be read.
    """
    if isinstance(path, Stored):
        return stored_fingerprint(path)
    return fingerprint_of(input_files(path), str(path) if isinstance(path, Address) else "")


def fingerprint_of(files: Iterable[Path], name: str = "") -> str:
    """Return what tells some files from others, or from themselves once they were changed.

    Raises:
        InputError: one cannot be read.
    """
    seen = sha256(name.encode())
    for file in files:
        try:
            facts = file.stat()
            seen.update(f"{file.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
            with file.open("rb") as opened:
                seen.update(opened.read(_SAMPLED))
                opened.seek(max(0, facts.st_size - _SAMPLED))
                seen.update(opened.read(_SAMPLED))
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror}") from error
    return seen.hexdigest()


def input_files(path: Location) -> list[Path]:
    """Return the files that an input is read from; none of a pipe or an address."""
    if isinstance(path, Address) or is_pipe(path):
        return []
    if is_sequence(path):
        return [path.with_name(path.name % number) for number in _numbers(path)]
    return [path]


def feed_of(path: Location, stop: Callable[[], None] | None = None) -> Feed | None:
    """Begin to read an input that is no file.

    Args:
        path: the input.
        stop: called while it is waited for; raises to end that.

    Returns:
        None for files: FFmpeg opens them.

    Raises:
        InputError: nothing is at an address.
    """
    if isinstance(path, Address):
        from vidstyle.media.download import AddressReader

        return AddressReader(path, stop)
    return InputPipe(stop) if is_pipe(path) else None


def open_input(path: Location, reading: Reading, feed: Feed | None = None) -> Any:
    """Open an input with PyAV, from its `feed_of` where there is one.

    Raises:
        InputError: it is none.
    """
    check_input(path)
    feed = feed or feed_of(path)
    try:
        if feed or isinstance(path, Address):
            kind = reading.format and format_name(reading.format)
            return _open(feed, kind, _options(reading), protocols=(), buffer_size=_BUFFER)
        return _open_path(path, reading)
    except (av.FFmpegError, OSError, cv2.error) as error:
        if feed and feed.stopped:
            raise feed.stopped from None
        raise InputError(
            f"cannot read {feed.name if feed else path}: {_why(path, feed, error)}"
        ) from error


def _why(path: Location, feed: Feed | None, error: Exception) -> str:
    """Say why an input could not be opened."""
    if feed and feed.failure:
        return feed.failure
    head = feed.head if feed else b""
    if not feed and isinstance(path, Path) and not is_sequence(path):
        head = head_of(path)
    if told := reference(head):
        return told
    reason = getattr(error, "strerror", None) or error
    if isinstance(error, av.ArgumentError):
        reason = "or of a format that is not read"
    if isinstance(feed, InputPipe):
        return (
            f"no media that can be read without seeking ({reason}); "
            f"write nut, matroska or mpegts, or mp4 with {PIPED_MP4}"
        )
    return f"not a media file ({reason})"


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
    check_png(path)
    if is_animated_webp(path):
        return _open(_as_matroska(path, reading), "matroska", protocols=())
    if reading.hwaccel:
        return _open_accelerated(url, reading.hwaccel)
    return _open(url)


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
    check_png(path.with_name(path.name % numbers[0]))
    rate = reading.fps or Fraction(25)
    options = {
        "pattern_type": "sequence",
        "start_number": str(numbers[0]),
        "framerate": str(rate),
    }
    parent = str(path.parent).replace("%", "%%")
    return _open(f"file:{parent}/{path.name}", "image2", options)


def check_png(path: Path, data: bytes | None = None) -> None:
    """Refuse a PNG whose texts or color profile would take gigabytes: FFmpeg knows no bound for them.

    Args:
        path: of the input.
        data: of one of its packets; None: it is the file.

    Raises:
        InputError: see above.
    """
    if data is None:
        data = path.read_bytes() if head_of(path).startswith(b"\x89PNG") else b""
    if inflates_too_much(data):
        raise InputError(
            f"expected {MAX_INFLATED >> 20} MiB at most of texts and color profiles, got more in {path}; "
            "save it without them"
        )


def is_animated_webp(path: Path) -> bool:
    """Return whether a file is a WebP of several pictures."""
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
