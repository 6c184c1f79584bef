"""Media that the tests make themselves, with PyAV alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np


def pattern(index: int, width: int, height: int) -> np.ndarray:
    """A smooth moving picture (H, W, 3), different for every index."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [
        np.sin((x + 3 * index) / 9) + np.cos(y / 7),
        np.sin((y - 2 * index) / 11) + np.cos(x / 13),
        np.sin((x + y + index) / 15),
    ]
    picture = np.stack([128 + 50 * w for w in waves], -1)
    cv2.circle(picture, (10 + 3 * index % width, height // 2), height // 6, (230, 200, 40), -1)
    return picture.clip(0, 255).astype(np.uint8)


def make_picture(path: Path, width: int = 200, height: int = 160) -> Path:
    """Write a colorful picture."""
    noise = np.random.default_rng(3).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    cv2.imwrite(str(path), cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC))
    return path


def make_clip(
    path: Path,
    *,
    times: Sequence[int] = range(30),
    rate: int = 30,
    time_base: Fraction | None = None,
    size: tuple[int, int] = (128, 96),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    sound: bool = True,
    color: tuple[int, int, int, int] = (1, 1, 1, 1),
    aspect: Fraction = Fraction(1),
    rotation: int = 0,
    draw: Callable[[int, int, int], np.ndarray] = pattern,
) -> Path:
    """Write a clip.

    Args:
        path: its ending chooses the container.
        times: pts of the frames, in `time_base`.
        rate: of the stream, and with it the default time base.
        time_base: seconds per unit of `times`.
        size: width and height.
        codec: of the video.
        pixel_format: of the video.
        sound: add a tone, AAC stereo, as long as the video.
        color: matrix, range, primaries, transfer.
        aspect: of a pixel.
        rotation: degrees counter-clockwise that a player shall turn it.
        draw: (index, width, height) -> picture (H, W, 3).
    """
    width, height = size
    base = time_base or Fraction(1, rate)
    with av.open(str(path), "w") as output:
        video = output.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        context = video.codec_context
        context.time_base = video.time_base = base
        context.sample_aspect_ratio = aspect
        context.colorspace, context.color_range = color[:2]
        context.color_primaries, context.color_trc = color[2:]
        if rotation:
            video.set_display_rotation(rotation)
        audio = output.add_stream("aac", rate=44100, layout="stereo") if sound else None
        for index, pts in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw(index, width, height), format="rgb24")
            matrix, levels = color[0] if color[0] != 2 else 5, color[1] or 1
            frame = frame.reformat(
                format=pixel_format, dst_colorspace=matrix, dst_color_range=levels
            )
            frame.pts, frame.time_base = pts, base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio:
            seconds = float((max(times) + 1) * base)
            t = np.arange(int(44100 * seconds)) / 44100
            tone = (0.3 * np.sin(2 * np.pi * np.stack([440 * t, 660 * t]))).astype(np.float32)
            for start in range(0, tone.shape[1] - 1023, 1024):
                block = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(tone[:, start : start + 1024]), "fltp", "stereo"
                )
                block.rate, block.pts, block.time_base = 44100, start, Fraction(1, 44100)
                output.mux(audio.encode(block))
            output.mux(audio.encode(None))
    return path
