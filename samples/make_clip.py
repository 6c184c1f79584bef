"""Render ``samples/clip.mp4``: ``python samples/make_clip.py``.

Five seconds of an evening coast: a lighthouse, a boat that sails behind a sea stack, a balloon
that drifts in front of the cape, gulls, and a meadow in the wind. All of it is computed here:
layers are painted once, moved with the camera by their distance, and the water, the grass and
the birds are drawn anew for every frame at twice the size of the film.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import av
import clip_land as land
import clip_props as props
import clip_sea as sea
import cv2
import numpy as np
from clip_land import HORIZON, VIEW
from clip_sound import RATE, soundtrack
from strokes import Float, smoothstep

RATE_FPS, SECONDS = 30, 5
HEAD_LEFT, STACK_LEFT, HILLS_LEFT = -300.0, 300.0, -100.0
LIGHTHOUSE_AT = (-112.0, 29.5, 276.0)  # meters: across, up, away
# Gulls: start and end (x, y), wing span, beats a second, phase.
GULLS = (
    ((1330, 120), (560, 96), 92, 1.3, 0.0),
    ((1440, 190), (760, 150), 66, 1.5, 1.3),
    ((980, 60), (350, 190), 54, 1.4, 2.6),
    ((560, 250), (890, 120), 40, 1.7, 4.1),
    ((640, 236), (940, 150), 32, 1.8, 5.0),
)


def over(frame: Float, layer: Float, x: float, y: float = 0.0, scale: float = 1.0) -> None:
    """Blend a premultiplied layer into ``frame`` with its corner at (x, y), sub-pixel exact."""
    height, width = frame.shape[:2]
    x0, y0 = max(int(x) - 1, 0), max(int(y) - 1, 0)
    x1 = min(int(x + layer.shape[1] * scale) + 2, width)
    y1 = min(int(y + layer.shape[0] * scale) + 2, height)
    if x1 <= x0 or y1 <= y0:
        return
    move = np.array([[scale, 0, x - x0], [0, scale, y - y0]], np.float32)
    put = cv2.warpAffine(layer, move, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    part = frame[y0:y1, x0:x1]
    part *= 1 - put[..., 3:]
    part += put[..., : part.shape[2]]


def turned_over(card: Float) -> Float:
    """A prop upside down, for its reflection."""
    return np.ascontiguousarray(cv2.GaussianBlur(card[::-1], (0, 0), 1.5))


class Film:
    """All layers of the scene, and how each of them moves."""

    def __init__(self) -> None:
        rng = np.random.default_rng
        self.sky = np.dstack([sea.sky(VIEW[0] + 80), np.ones((VIEW[1], VIEW[0] + 80), np.float32)])
        self.banks = [
            sea.clouds(rng(31), VIEW[0] + 200, 150, -0.24, 225),
            sea.clouds(rng(5), VIEW[0] + 260, 300, -0.05, 95),
        ]
        self.hills = land.view(land.far_hills(rng(3)), 1480, HILLS_LEFT, 2600, 8400, 5200)
        self.head = land.view(land.headland(rng(2)), 1500, HEAD_LEFT, 152, 820, 2600)
        self.stack = land.view(land.stack(rng(7)), 1250, STACK_LEFT, 112, 256, 2600)
        self._plant_lighthouse()
        self.head_mirror, self.stack_mirror = sea.flipped(self.head), sea.flipped(self.stack)
        land.surf(self.head, rng(14))
        land.surf(self.stack, rng(15))
        self.water = sea.Sea(rng(4))
        self.boat = np.ascontiguousarray(props.boat()[:, ::-1])
        self.boat_mirror = turned_over(self.boat)
        self.balloon = props.balloon()
        self.meadow = props.Meadow(rng(9), 2000, VIEW[1])
        x, y = np.meshgrid(np.linspace(-1, 1, VIEW[0]), np.linspace(-1, 1, VIEW[1]))
        self.vignette = (1.03 - 0.13 * smoothstep(0.5, 1.5, np.hypot(x, y)))[..., None]

    def _plant_lighthouse(self) -> None:
        x, up, z = LIGHTHOUSE_AT
        col = VIEW[0] / 2 + land.FOCAL * x / z - HEAD_LEFT
        row = HORIZON - land.FOCAL * (up - land.EYE) / z
        over(self.head, props.lighthouse(), col - 100, row - 234)

    def frame(self, t: float) -> Float:
        """The picture at time ``t`` as RGB bytes, twice the size of the film."""
        p = t / SECONDS
        pan = 0.55 * p + 0.45 * float(smoothstep(0.0, 1.0, np.float32(p)))
        picture = np.zeros((VIEW[1], VIEW[0], 3), np.float32)
        over(picture, self.sky, -26 * pan)
        over(picture, self.banks[0], -40 - 34 * pan - 8 * p)
        over(picture, self.banks[1], -60 - 44 * pan - 34 * p)
        over(picture, self.hills, HILLS_LEFT + 20 - 56 * pan)
        self._sea(picture, t, p, pan)
        over(picture, self.head, *self._head(pan))
        over(picture, self.boat, *self._boat(t, p))
        over(picture, self.stack, *self._stack(pan))
        over(picture, self.balloon, *self._balloon(t, p))
        picture *= self.vignette
        final = np.clip(picture + 0.5, 0, 255).astype(np.uint8)
        for start, end, span, beats, phase in GULLS:
            at = np.array(start) * (1 - p) + np.array(end) * p + (0, 16 * np.sin(2.2 * t + phase))
            heading = 0.12 * np.sin(1.7 * t + phase)
            props.gull(final, at, span, 2 * np.pi * beats * t + phase, heading)
        self._front(final, t, pan)
        return final

    def _head(self, pan: float) -> tuple[float, float, float]:
        return _zoomed(HEAD_LEFT + 235 - 205 * pan, 1 + 0.035 * pan)

    def _stack(self, pan: float) -> tuple[float, float, float]:
        return _zoomed(STACK_LEFT + 110 - 320 * pan, 1 + 0.06 * pan)

    def _boat(self, t: float, p: float) -> tuple[float, float, float]:
        scale = 0.80
        return 540 + 560 * p, 542 - 149 * scale + 2.4 * np.sin(2.1 * t), scale

    def _balloon(self, t: float, p: float) -> tuple[float, float, float]:
        return -95 + 520 * p, 96 - 62 * p + 7 * np.sin(1.3 * t), 0.86 + 0.06 * p

    def _sea(self, picture: Float, t: float, p: float, pan: float) -> None:
        mirror = np.zeros((VIEW[1], VIEW[0], 4), np.float32)
        x, y, scale = self._head(pan)
        over(mirror, self.head_mirror, x, y, scale)
        x, y, scale = self._boat(t, p)
        over(mirror, self.boat_mirror, x, y + 141 * scale, scale)
        x, y, scale = self._stack(pan)
        over(mirror, self.stack_mirror, x, y, scale)
        side, away = self.water.slopes(t, 36.0 * pan)
        picture[self.water.top :] = self.water.draw(side, away, sea.SUN_AT[0] - 26 * pan, mirror)

    def _front(self, final: Float, t: float, pan: float) -> None:
        shift = 20 + 560 * pan
        ground = final[540:].astype(np.float32)
        over(ground, self.meadow.base[540:], -shift)
        final[540:] = np.clip(ground, 0, 255).astype(np.uint8)
        self.meadow.draw(final, shift, t)


def _zoomed(x: float, scale: float) -> tuple[float, float, float]:
    """Corner of a layer that grows about the middle of the horizon."""
    middle = VIEW[0] / 2
    return middle + (x - middle) * scale, HORIZON * (1 - scale), scale


def encode(path: Path, film: Film, crf: int) -> None:
    """Write the film as H.264 with AAC sound, tagged as BT.709 limited range."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=RATE_FPS)
        video.width, video.height, video.pix_fmt = VIEW[0] // 2, VIEW[1] // 2, "yuv420p"
        video.time_base = Fraction(1, RATE_FPS)
        video.options = {"crf": str(crf), "preset": "slower"}
        context = video.codec_context
        context.time_base = Fraction(1, RATE_FPS)
        context.colorspace = context.color_range = context.color_primaries = context.color_trc = 1
        audio = container.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = 128_000
        for number in range(RATE_FPS * SECONDS):
            picture = film.frame(number / RATE_FPS)
            small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            frame = av.VideoFrame.from_ndarray(small, format="rgb24")
            frame = frame.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE_FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        _encode_sound(container, audio)


def _encode_sound(container: av.container.OutputContainer, audio: av.AudioStream) -> None:
    samples = soundtrack(SECONDS)
    for start in range(0, samples.shape[1], 1024):
        block = np.ascontiguousarray(samples[:, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description="Render the sample clip.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "clip.mp4")
    parser.add_argument("--crf", type=int, default=21)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    encode(args.out, Film(), args.crf)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
