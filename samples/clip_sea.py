"""Sky and sea of the sample clip: lit clouds that drift, and water with a path of sunlight."""

from __future__ import annotations

import cv2
import numpy as np
from clip_land import EYE, FOCAL, HORIZON, VIEW
from strokes import Float, fbm, hex_rgb, mix, ramp, smoothstep

ZENITH_TO_HORIZON = hex_rgb("3f74b4 6a9bc8 a3c0cf e4d3b4 fbd79a fcc98a")
CLOUD = hex_rgb("7d7fa6 a592a8 d9ac9c f7d2a4 fff0d2 fffaf0")
SUN_AT = (1150.0, 208.0)  # where the sun stands in the sky picture
WATER_DEEP = hex_rgb("174a5e")[0]
WATER_NEAR = hex_rgb("1f7480")[0]
SWELLS = (
    (0.13, 0.9, 1.4, 0.60, 270.0),
    (0.42, -1.3, 2.2, 0.85, 500.0),
    (1.70, 2.4, 4.0, 0.85, 1100.0),
    (9.00, 5.0, 9.0, 0.60, 2800.0),
)
GLITTER = hex_rgb("fff0bc")[0]


def sky(width: int) -> Float:
    """Clear sky with the sun's glow; wide enough for the camera's pan."""
    y, x = np.mgrid[0 : VIEW[1], 0:width].astype(np.float32)
    color = ramp(y / HORIZON, ZENITH_TO_HORIZON)
    r = np.hypot(x - SUN_AT[0], y - SUN_AT[1])
    glow = 0.62 * np.exp(-r / 190) + 0.30 * np.exp(-r / 60)
    color = mix(color, hex_rgb("ffe3a0")[0], np.clip(glow, 0, 1))
    return mix(color, hex_rgb("fffbe6")[0], smoothstep(35, 29, r))


def clouds(rng: np.random.Generator, width: int, cell: float, cover: float, base: float) -> Float:
    """A bank of cumulus as premultiplied RGBA, bright on the side of the sun."""
    rows = int(HORIZON) + 4
    y, x = np.mgrid[0:rows, 0:width].astype(np.float32)
    # Clouds shrink and flatten towards the horizon, as a ceiling in perspective does.
    near = np.clip((HORIZON + 40 - y) / HORIZON, 0.05, 1)
    tall = fbm(rng, (rows, width), cell, 7, (0.55, 1.35), 0.56)
    billow = 1 - np.abs(fbm(rng, (rows, width), cell * 0.45, 4, (0.75, 1.1))) * 1.2
    body = tall + 0.35 * billow - 0.55 * np.abs((y - base) / (95 * (0.4 + near))) ** 1.4
    dense = smoothstep(-0.06, 0.30, body + cover)
    toward = np.stack([SUN_AT[0] - x, SUN_AT[1] - y], -1)
    toward /= np.linalg.norm(toward, axis=2, keepdims=True) + 40
    soft = cv2.GaussianBlur(body, (0, 0), 2)
    ahead = cv2.remap(
        soft,
        x + 17 * toward[..., 0],
        y + 17 * toward[..., 1] - 7,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    light = 0.56 + 0.95 * (soft - ahead) - 0.30 * smoothstep(0.2, 1.1, body + cover)
    r = np.hypot(x - SUN_AT[0], y - SUN_AT[1])
    light += 0.34 * np.exp(-r / 200) + 0.10 * (1 - near)
    color = ramp(light, CLOUD)
    alpha = dense * smoothstep(rows - 1, rows - 50, y) * 0.96
    picture = np.zeros((VIEW[1], width, 4), np.float32)
    picture[:rows] = np.concatenate([color * alpha[..., None], alpha[..., None]], 2)
    return picture


class Sea:
    """Water from the horizon down; waves are noise seen in perspective, in three sizes."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.top = int(HORIZON)
        rows = np.arange(self.top, VIEW[1], dtype=np.float32) - HORIZON + 1.5
        self.depth = (EYE * FOCAL / rows)[:, None]
        self.across = (np.arange(VIEW[0], dtype=np.float32) - VIEW[0] / 2)[None]
        self.tiles = [_tile(rng, 512, cell) for cell in (18, 18, 26, 26)]
        self.rows = rows[:, None] / rows[-1]

    def slopes(self, t: float, camera: float) -> tuple[Float, Float]:
        """Wave slope at every water pixel, about -1..1, across and away from the camera."""
        z = self.depth + np.zeros_like(self.across)
        x = self.across * self.depth / FOCAL + camera
        side, away = np.zeros_like(z), np.zeros_like(z)
        # Meters per tile pixel, drift across, drift towards us, weight, and the distance where a
        # row of pixels spans a whole wave: beyond it the pattern would only flicker.
        for tile, (scale, vx, vz, weight, fade) in zip(self.tiles, SWELLS, strict=True):
            u = ((x + vx * t) / scale).astype(np.float32)
            v = ((z * 0.55 + vz * t) / scale).astype(np.float32)
            wave = cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
            gain = weight / (1 + (self.depth / fade) ** 4)
            side += wave[..., 0] * gain
            away += wave[..., 1] * gain
        return side, away

    def draw(self, side: Float, away: Float, sun_x: float, mirror: Float) -> Float:
        """Color of the water; ``mirror`` is what stands above it (premultiplied RGBA)."""
        rows = self.rows
        lift = np.clip(0.70 - 0.55 * rows**0.6 - 0.42 * away * (0.25 + 0.75 * rows**0.5), 0, 1)
        reflected = ramp(1 - lift * 0.25 - 0.62 * (1 - lift) ** 2 * 0.8, ZENITH_TO_HORIZON)
        body = mix(WATER_DEEP, WATER_NEAR, np.clip(0.35 + 0.45 * rows + 0.35 * away, 0, 1))
        gloss = np.clip(0.86 - 0.62 * rows**0.45 + 0.30 * away, 0.06, 0.95)
        color = mix(body, reflected, gloss)
        color = self._mirrored(color, mirror, side, away)
        reach = 44 + 300 * rows
        offset = np.abs(self.across + VIEW[0] / 2 - sun_x + 40 * side * rows) / reach
        lane = np.exp(-(offset**2) * 1.7)
        spark = smoothstep(0.24, 0.74, 0.55 * lane + 0.42 * away + 0.30 * side)
        color = mix(color, hex_rgb("f7c98a")[0], 0.55 * lane)
        color = mix(color, GLITTER, np.clip(spark * lane * 1.5, 0, 1))
        return mix(color, hex_rgb("f3cfa4")[0], 0.75 * np.exp(-rows * 26))

    def _mirrored(self, color: Float, mirror: Float, side: Float, away: Float) -> Float:
        height, width = color.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        push = 3 + 26 * self.rows
        picture = cv2.remap(
            mirror[self.top :], x + 0.5 * push * side, y + 1.3 * push * away, cv2.INTER_LINEAR
        )
        shown = 0.62 * np.clip(1 + 0.5 * away, 0.3, 1)[..., None]
        return color * (1 - picture[..., 3:] * shown) + picture[..., :3] * shown * 0.85


def _tile(rng: np.random.Generator, size: int, cell: float) -> Float:
    """Slopes of a wave field that repeats without a seam: band-passed noise, crests stretched."""
    noise = rng.standard_normal((size, size))
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    r = np.hypot(fx * 1.35, fy * 0.75) * cell
    spectrum = np.fft.rfft2(noise) * np.exp(-((np.log(np.maximum(r, 1e-6)) / 0.75) ** 2))
    wave = np.fft.irfft2(spectrum, (size, size))
    slope = np.stack([np.roll(wave, -1, 1) - wave, np.roll(wave, -1, 0) - wave], -1)
    slope /= slope.std((0, 1)) * 1.6
    return np.tanh(slope).astype(np.float32)


def flipped(layer: Float, blur: float = 2.0) -> Float:
    """A layer upside down about its own waterline, column by column."""
    height, width = layer.shape[:2]
    rows = np.arange(height, dtype=np.float32)[:, None]
    solid = layer[..., 3] > 0.5
    line = np.where(solid.any(0), height - np.argmax(solid[::-1], 0), -1e4).astype(np.float32)
    steady = cv2.GaussianBlur(line[None], (0, 0), 2)
    x = np.broadcast_to(np.arange(width, dtype=np.float32)[None], (height, width)).copy()
    y = (2 * steady - rows - 1).astype(np.float32)
    turned = cv2.remap(
        layer, x, np.where(rows >= steady - 2, y, -10).astype(np.float32), cv2.INTER_LINEAR
    )
    return cv2.GaussianBlur(turned, (0, 0), blur)
