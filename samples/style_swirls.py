"""``swirls``: an oil painting of a windy dusk over a lake, thick strokes along a flow field."""

from __future__ import annotations

import cv2
import numpy as np
from strokes import HEIGHT, WIDTH, Float, Oil, fbm, grid, hex_rgb, mix, ramp, smoothstep

SKY = hex_rgb("0b1440 14246a 1d3f96 2f63b4 4a8cc4 86b6c8 cfd6b0 2b56a8 13256e")
GLOW = hex_rgb("fff6c8 ffe27a f6b73c e8a048 86b89a 4a8cc8")
HILLS = hex_rgb("101a48 1c2f6e 2b4a86 44649a")
FIELD = hex_rgb("3c3018 7a5418 b9801e e2b03a f6d873")
TREE = hex_rgb("0c1a20 12302c 1f4a34 3d6a38 7c8a3c")

# Whirls of the sky: center, radius, strength (sign is the sense of rotation).
WHIRLS = (
    (210, 150, 78, 150.0),
    (352, 205, 52, -92.0),
    (60, 250, 50, -70.0),
    (432, 66, 42, 70.0),
    (590, 250, 46, 60.0),
)
# Lights: center and size; the first is the moon.
LIGHTS = (
    (520, 128, 34),
    (88, 60, 13),
    (320, 62, 12),
    (402, 138, 9),
    (150, 262, 9),
    (606, 40, 11),
    (268, 268, 8),
    (30, 160, 9),
    (440, 232, 9),
    (214, 36, 8),
)
SHORE, BANK = 318, 420


def _stream(x: Float, y: Float) -> tuple[Float, Float]:
    """Stream function of the sky, and a spiral phase that breaks the closed rings."""
    psi = y * 0.9 + 16 * np.sin(x / 70 + y / 120) + 9 * np.sin(x / 33 - y / 60)
    spiral = np.zeros_like(x)
    for cx, cy, radius, strength in WHIRLS:
        r2 = ((x - cx) ** 2 + (y - cy) ** 2) / radius**2
        bump = np.exp(-r2)
        psi += strength * bump
        spiral += np.sign(strength) * bump * np.arctan2(y - cy, x - cx)
    for cx, cy, size in LIGHTS:
        radius = 2.2 * size
        psi += 1.7 * size * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / radius**2)
    return psi.astype(np.float32), spiral.astype(np.float32)


def _sky(x: Float, y: Float, rng: np.random.Generator) -> tuple[Float, Float]:
    psi, spiral = _stream(x, y)
    gy, gx = np.gradient(psi)
    angle = np.arctan2(-gx, gy).astype(np.float32)
    bands = 0.5 + 0.5 * np.sin(psi / 9.5 + 1.6 * spiral)
    slow = 0.5 + 0.5 * np.sin(psi / 41 + 0.8 * spiral + 2.2)
    lift = smoothstep(40, SHORE, y)
    tone = 0.06 + 0.36 * bands + 0.30 * slow * (0.4 + 0.6 * bands) + 0.16 * lift
    tone += 0.05 * fbm(rng, x.shape, 60, 3)
    color = ramp(np.minimum(tone, 0.74), SKY)
    dusk = smoothstep(210, SHORE, y) * (0.35 + 0.65 * bands)
    color = mix(color, hex_rgb("e8b98a")[0], 0.62 * dusk)
    for cx, cy, size in LIGHTS:
        r = np.hypot(x - cx, (y - cy) * 1.04)
        rings = 0.82 + 0.18 * np.cos(r / size * 5.0)
        halo = np.exp(-((r / (2.5 * size)) ** 2)) * rings
        color = mix(color, ramp(r / (3.4 * size), GLOW), np.clip(1.25 * halo, 0, 1))
    return color, angle


def _lake(x: Float, y: Float, sky: Float, rng: np.random.Generator) -> tuple[Float, Float]:
    """The lake mirrors the sky in broken horizontal strokes, with a golden moon path."""
    mirror = cv2.flip(sky[: SHORE - 4], 0)
    full = cv2.resize(mirror, (WIDTH, HEIGHT - SHORE))
    color = np.zeros_like(sky)
    color[SHORE:] = cv2.GaussianBlur(full, (0, 0), 9)
    ripple = fbm(rng, x.shape, 26, 2, (0.35, 2.4))
    color = mix(color * 0.72, hex_rgb("17357e")[0], 0.45 + 0.3 * ripple.clip(-1, 1))
    color = mix(color, hex_rgb("6fb0b8")[0], 0.55 * smoothstep(0.25, 0.8, ripple))
    spread = 16 + (y - SHORE) * 0.42
    path = np.exp(-(((x - 520) / spread) ** 2)) * smoothstep(
        -0.35, 0.5, fbm(rng, x.shape, 15, 2, (0.4, 2.2))
    )
    color = mix(color, ramp(0.12 + 0.25 * np.abs(x - 520) / spread, GLOW), path)
    return color, (0.10 * np.sin(x / 38 + y / 9) + 0.03).astype(np.float32)


def _scene(rng: np.random.Generator) -> tuple[Float, Float, Float]:
    """Colors, stroke directions and a detail weight (where fine strokes go)."""
    x, y = grid()
    color, angle = _sky(x, y, rng)
    detail = np.zeros_like(x)
    for cx, cy, size in LIGHTS:
        detail = np.maximum(detail, np.exp(-((np.hypot(x - cx, y - cy) / (2.2 * size)) ** 2)))
    lake, flow = _lake(x, y, color, rng)
    water = y > SHORE
    color = np.where(water[..., None], lake, color)
    angle = np.where(water, flow, angle)
    for k, (base, swing) in enumerate(((282, 26), (302, 15))):
        ridge = base + swing * (np.sin(x / 95 + 2 * k + 0.6) * 0.7 + np.sin(x / 41 + 3 * k) * 0.35)
        inside = (y > ridge) & (y < SHORE + 2)
        shade = (
            0.25
            + 0.5 * (1 - k)
            + 0.22 * np.sin((y - ridge) / 5.0)
            + 0.25 * np.exp(-(((x - 520) / 120) ** 2))
        )
        color = np.where(inside[..., None], ramp(shade, HILLS), color)
        slope = np.arctan2(np.gradient(ridge, axis=1), 1.0) * 1.3
        angle = np.where(inside, slope, angle)
    bank = BANK + 20 * np.sin(x / 120 + 0.9) + 0.05 * (x - 320)
    ground = y > bank
    rows = fbm(rng, x.shape, 34, 3, (1.0, 1.6))
    tone = 0.5 + 0.33 * np.sin((y - bank) / 11 + 2 * rows) + 0.22 * rows
    color = np.where(ground[..., None], ramp(tone, FIELD), color)
    angle = np.where(ground, -1.05 + 0.5 * np.sin(x / 64 + y / 50) + 0.3 * rows, angle)
    return color.astype(np.float32), angle.astype(np.float32), detail


def _tree(rng: np.random.Generator) -> tuple[Float, Float, Float]:
    """A broad wind-bent tree at the left edge: colors, directions and its mask."""
    x, y = grid()
    mask = np.zeros_like(x)
    tone = np.zeros_like(x)
    angle = np.zeros_like(x)
    for cx, cy, rx, ry in (
        (58, 356, 60, 34),
        (138, 366, 54, 28),
        (30, 312, 50, 32),
        (112, 322, 58, 36),
        (160, 330, 36, 22),
        (70, 276, 46, 30),
        (116, 258, 36, 26),
    ):
        r = np.hypot((x - cx) / rx, (y - cy) / ry) + 0.22 * fbm(rng, x.shape, 24, 3)
        inside = r < 1
        tone = np.where(
            inside, 0.40 + 0.20 * np.sin(r * 9) - (y - cy) / ry * 0.30 + (x - cx) / rx * 0.16, tone
        )
        angle = np.where(inside, np.arctan2(y - cy, x - cx) + 1.05, angle)
        mask = np.maximum(mask, inside.astype(np.float32))
    trunk = np.abs(x - 100 - 10 * np.sin(y / 30)) < 7 + 0.16 * np.maximum(y - 400, 0)
    trunk &= (y > 340) & (y < 470)
    tone = np.where(trunk & (mask < 0.5), 0.08, tone)
    angle = np.where(trunk & (mask < 0.5), 1.5, angle)
    mask = np.maximum(mask, trunk.astype(np.float32))
    return ramp(tone, TREE), angle.astype(np.float32), mask


def paint(seed: int = 11) -> Float:
    rng = np.random.default_rng(seed)
    color, angle, detail = _scene(rng)
    oil = Oil(cv2.GaussianBlur(color, (0, 0), 6) * 0.7, rng)
    oil.layer(color, angle, 11, (46, 80), (13, 19), (0.015, 0.10, 0.05), 8)
    oil.layer(color, angle, 7.5, (34, 64), (8, 13), (0.018, 0.12, 0.07), 10)
    oil.layer(color, angle, 9.0, (26, 50), (5, 8), (0.03, 0.16, 0.11), 11)
    oil.layer(color, angle, 4.5, (9, 20), (3.5, 6), (0.014, 0.08, 0.05), 9, where=detail)
    leaves, turn, mask = _tree(rng)
    oil.layer(leaves, turn, 7, (18, 36), (7, 11), (0.02, 0.12, 0.05), 8, where=mask)
    oil.layer(leaves, turn, 6, (12, 26), (4, 6), (0.03, 0.15, 0.09), 10, where=mask * 0.8)
    x, y = grid()
    root = np.exp(-(((x - 100) / 70) ** 2) - ((y - 478) / 26) ** 2)
    oil.layer(color, angle, 6, (22, 44), (5, 8), (0.03, 0.16, 0.10), 11, where=root)
    return oil.finish()
