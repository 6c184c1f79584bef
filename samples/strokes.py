"""Shared paint box of the sample pictures: noise, palettes, paper and a bristle brush.

Everything works on RGB pictures and is deterministic for a given numpy Generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

WIDTH, HEIGHT = 640, 512
SUPER = 2  # every picture is painted at this multiple and averaged down: smooth edges for free
SHIFT = 4  # fractional bits of the coordinates handed to OpenCV


def hex_rgb(codes: str) -> Float:
    """Turn ``"0a1b2c ffeedd"`` into an array of RGB rows in 0..255."""
    return np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in codes.split()], np.float32)


def ramp(t: Float, colors: Float) -> Float:
    """Look ``t`` (0..1) up in a list of colors, linearly interpolated."""
    stops = np.linspace(0.0, 1.0, len(colors))
    flat = np.clip(t, 0.0, 1.0)
    return np.stack([np.interp(flat, stops, colors[:, c]) for c in range(3)], -1).astype(np.float32)


def smoothstep(low: float, high: float, x: Float) -> Float:
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32)


def mix(a: Float, b: Float, weight: Float) -> Float:
    """Blend two pictures (or colors) by a one-channel weight."""
    w = np.asarray(weight, np.float32)[..., None]
    return (a * (1.0 - w) + b * w).astype(np.float32)


def fbm(
    rng: np.random.Generator,
    shape: tuple[int, int],
    cell: float,
    octaves: int = 4,
    stretch: tuple[float, float] = (1.0, 1.0),
    gain: float = 0.5,
) -> Float:
    """Fractal value noise, about -1..1; ``stretch`` lengthens the blobs in (y, x)."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        step_y = max(cell * stretch[0] / 2**octave, 1.0)
        step_x = max(cell * stretch[1] / 2**octave, 1.0)
        rows, cols = int(height / step_y) + 4, int(width / step_x) + 4
        grid = rng.uniform(-1.0, 1.0, (rows, cols)).astype(np.float32)
        big = cv2.resize(
            grid, (int(cols * step_x) + 1, int(rows * step_y) + 1), interpolation=cv2.INTER_CUBIC
        )
        oy, ox = int(step_y), int(step_x)
        total += weight * big[oy : oy + height, ox : ox + width]
        norm += weight
        weight *= gain
    return total / (0.6 * norm)


def grid(height: int = HEIGHT, width: int = WIDTH) -> tuple[Float, Float]:
    """Pixel coordinates (x, y) of a picture."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return x, y


def sample(picture: NDArray[np.float32], points: Float) -> Float:
    """Values of a picture at float (x, y) points, clamped to the border."""
    height, width = picture.shape[:2]
    x = np.clip(np.rint(points[..., 0]).astype(int), 0, width - 1)
    y = np.clip(np.rint(points[..., 1]).astype(int), 0, height - 1)
    return picture[y, x]


def follow(angle: Float, starts: Float, length: Float, steps: int) -> Float:
    """Trace a path of each start (N, 2) through a direction field, centered on the start."""
    halves = []
    for sign in (-1.0, 1.0):
        here = starts.copy()
        path = []
        step = (sign * length / (2 * steps))[:, None]
        for _ in range(steps):
            a = sample(angle, here)
            here = here + step * np.stack([np.cos(a), np.sin(a)], -1)
            path.append(here)
        halves.append(path)
    return np.stack([*halves[0][::-1], starts, *halves[1]], 1).astype(np.float32)


def fixed(points: Float, scale: float = SUPER) -> NDArray[np.int32]:
    """Points in picture coordinates to OpenCV fixed point on the enlarged canvas."""
    return np.rint(points * scale * (1 << SHIFT)).astype(np.int32)


def smooth_curve(
    points: Sequence[tuple[float, float]], count: int = 80, closed: bool = False
) -> Float:
    """Catmull-Rom curve through control points."""
    p = np.array(points, np.float32)
    p = (
        np.vstack([p[-1:], p, p[:2]])
        if closed
        else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    )
    pieces = len(p) - 3
    u = np.linspace(0, pieces, count, endpoint=not closed)
    k = np.minimum(u.astype(int), pieces - 1)
    t = (u - k)[:, None]
    a, b, c, d = p[k], p[k + 1], p[k + 2], p[k + 3]
    curve = (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return (0.5 * curve).astype(np.float32)


class Oil:
    """A canvas that keeps color and paint thickness; strokes are bundles of bristles."""

    def __init__(self, ground: Float, rng: np.random.Generator) -> None:
        size = (ground.shape[1] * SUPER, ground.shape[0] * SUPER)
        self.color = cv2.resize(np.clip(ground, 0, 255).astype(np.uint8), size)
        self.thick = np.full(self.color.shape[:2], 90, np.uint8)
        self.rng = rng

    def stroke(
        self, path: Float, width: float, color: Float, streak: float, flat: float = 0.5
    ) -> None:
        """One loaded brush dragged along ``path``; ``streak`` is the bristles' color variation."""
        rng = self.rng
        tangent = np.gradient(path, axis=0)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
        count = max(int(width * SUPER / 2.6), 3)
        across = np.linspace(-0.5, 0.5, count)
        # A brush touches down and lifts off in a rounded edge, not a straight cut.
        taper = 1.0 - (1.0 - flat) * (2 * across) ** 2
        shades = (
            color + rng.normal(0, streak, (count, 1)) + rng.normal(0, streak * 0.35, (count, 3))
        )
        shades = np.clip(shades, 0, 255)
        # Paint is pushed to the rims of the stroke: that ridge is what catches the light.
        ridge = 120 + 70 * np.abs(2 * across) + rng.normal(0, 26, count)
        last = len(path) - 1
        for i in rng.permutation(count):
            reach = taper[i] * last / 2
            first = int(last / 2 - reach + rng.uniform(0, 0.22) * last)
            end = int(last / 2 + reach - rng.uniform(0, 0.22) * last) + 1
            if end - first < 2:
                continue
            line = fixed(path[first : end + 1] + across[i] * width * normal[first : end + 1])
            heavy = int(rng.integers(2, 5))
            cv2.polylines(self.color, [line], False, shades[i].tolist(), heavy, cv2.LINE_AA, SHIFT)
            cv2.polylines(
                self.thick,
                [line],
                False,
                float(np.clip(ridge[i], 0, 255)),
                heavy,
                cv2.LINE_AA,
                SHIFT,
            )

    def layer(
        self,
        target: Float,
        angle: Float,
        spacing: float,
        length: tuple[float, float],
        width: tuple[float, float],
        jitter: tuple[float, float, float] = (0.03, 0.12, 0.08),
        streak: float = 9.0,
        where: Float | None = None,
        wobble: float = 0.12,
    ) -> None:
        """Cover the canvas with strokes along ``angle`` in the colors of ``target``.

        ``jitter`` is the spread of hue (of a full turn), saturation and value per stroke.
        """
        rng = self.rng
        height, wide = target.shape[:2]
        y, x = np.mgrid[0:height:spacing, 0:wide:spacing]
        starts = (
            np.stack([x.ravel(), y.ravel()], -1) + rng.uniform(-spacing, spacing, (x.size, 2)) * 0.6
        )
        starts = rng.permutation(starts).astype(np.float32)
        if where is not None:
            starts = starts[sample(where, starts) > rng.uniform(0, 1, len(starts))]
        if len(starts) == 0:
            return
        lengths = rng.uniform(*length, len(starts)).astype(np.float32)
        paths = follow(angle + wobble * rng.standard_normal(), starts, lengths, 6)
        colors = shift_colors(sample(target, starts), rng, jitter)
        for path, color in zip(paths, colors, strict=True):
            self.stroke(path, rng.uniform(*width), color, streak)

    def finish(self, relief: float = 0.9, gloss: float = 26.0) -> Float:
        """Light the paint's relief from the upper left and average down to the final size."""
        thick = cv2.GaussianBlur(self.thick, (0, 0), 1.2).astype(np.float32)
        thick += 0.35 * cv2.GaussianBlur(self.thick, (0, 0), 3.5)
        slope_x = cv2.Sobel(thick, cv2.CV_32F, 1, 0) / 8
        slope_y = cv2.Sobel(thick, cv2.CV_32F, 0, 1) / 8
        light = np.clip((slope_x + slope_y) / 24.0, -1.0, 1.0)
        lit = self.color * (1.0 + 0.28 * relief * light[..., None])
        lit += gloss * relief * np.clip(light - 0.15, 0, 1)[..., None]
        return shrink(np.clip(lit, 0, 255))


def shift_colors(
    colors: Float, rng: np.random.Generator, spread: tuple[float, float, float]
) -> Float:
    """Vary rows of RGB colors in hue, saturation and value."""
    hsv = cv2.cvtColor((colors[None] / 255).astype(np.float32), cv2.COLOR_RGB2HSV)[0]
    count = len(hsv)
    hsv[:, 0] = (hsv[:, 0] + 360 * rng.normal(0, spread[0], count)) % 360
    hsv[:, 1] = np.clip(hsv[:, 1] * (1 + rng.normal(0, spread[1], count)), 0, 1)
    hsv[:, 2] = np.clip(hsv[:, 2] + rng.normal(0, spread[2], count), 0, 1)
    return cv2.cvtColor(hsv[None].astype(np.float32), cv2.COLOR_HSV2RGB)[0] * 255


def shrink(picture: Float, factor: int = SUPER) -> Float:
    size = (picture.shape[1] // factor, picture.shape[0] // factor)
    return cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def paper_grain(rng: np.random.Generator, shape: tuple[int, int], fibres: int = 2500) -> Float:
    """Relief of hand-made paper, about -1..1: tooth, clouds and short fibres."""
    tooth = fbm(rng, shape, 5, 3)
    cloud = fbm(rng, shape, 90, 3)
    strands = np.full(shape, 128, np.uint8)
    starts = rng.uniform(0, 1, (fibres, 2)) * (shape[1], shape[0])
    turns = rng.uniform(0, 2 * np.pi, fibres)
    for start, turn in zip(starts, turns, strict=True):
        steps = np.linspace(0, rng.uniform(6, 26), 5)
        bend = turn + rng.uniform(-0.05, 0.05) * steps
        line = start + steps[:, None] * np.stack([np.cos(bend), np.sin(bend)], -1)
        tone = int(rng.integers(90, 166))
        cv2.polylines(strands, [fixed(line, 1.0)], False, tone, 1, cv2.LINE_AA, SHIFT)
    return 0.45 * tooth + 0.3 * cloud + (strands.astype(np.float32) - 128) / 60


def save_jpeg(path: Path, picture: Float, quality: int = 90, limit: int = 245_000) -> int:
    """Write a picture below ``limit`` bytes and return its size."""
    bgr = cv2.cvtColor(np.clip(np.rint(picture), 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    while True:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        data = cv2.imencode(".jpg", bgr, options)[1].tobytes()
        if len(data) <= limit or quality <= 60:
            path.write_bytes(data)
            return len(data)
        quality -= 2
