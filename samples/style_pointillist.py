"""``pointillist``: a sunny river bank in dots of divided, complementary colors."""

from __future__ import annotations

import cv2
import numpy as np
from strokes import (
    HEIGHT,
    SHIFT,
    SUPER,
    WIDTH,
    Float,
    fbm,
    fixed,
    grid,
    hex_rgb,
    mix,
    ramp,
    sample,
    shift_colors,
    shrink,
    smoothstep,
)

SKY = hex_rgb("6fa8e0 9cc8ea d8e4e0 f8e2b4 f8c890")
WATER = hex_rgb("2f66b0 4a8cc8 86bedc e6dcb0")
GRASS = hex_rgb("2c6a34 4f9a3a 8fc044 d8d850 f4e070")
SHADE = hex_rgb("1e2f70 2a4f80 2f6a58")
LEAF = hex_rgb("1f3f6a 23683f 4f9a3c a8c848 f0d858")
POPPY = hex_rgb("d8302c f05a38 f08aa0")


def _crown(
    x: Float, y: Float, center: tuple[float, float], radii: tuple[float, float], lumps: Float
) -> tuple[Float, Float]:
    """Mask and light of a tree crown lit from the upper right."""
    dx, dy = (x - center[0]) / radii[0], (y - center[1]) / radii[1]
    r = np.hypot(dx, dy) + 0.22 * lumps
    light = 0.48 + 0.34 * dx - 0.40 * dy + 0.30 * lumps
    return (r < 1), light.astype(np.float32)


def _scene(rng: np.random.Generator) -> Float:
    x, y = grid()
    shape = x.shape
    cloud = smoothstep(0.05, 0.7, fbm(rng, shape, 130, 4, (0.45, 1.4)))
    sky = mix(ramp(y / 240, SKY), hex_rgb("fff3dc")[0], 0.8 * cloud * smoothstep(235, 60, y))
    color = sky
    far = 196 + 10 * np.sin(x / 70) + 8 * fbm(rng, shape, 30, 3)
    color = np.where(
        (y > far)[..., None],
        ramp(0.4 + 0.5 * fbm(rng, shape, 24, 2), hex_rgb("5a78b8 6f9aa8 9ab890 e0c890")),
        color,
    )
    lumps = fbm(rng, shape, 26, 3)
    for k in range(11):
        cx = 40 + k * 27 + rng.uniform(-6, 6)
        tall = rng.uniform(42, 84)
        mask, light = _crown(x, y, (cx, 226 - tall * 0.5), (11, tall * 0.62), lumps)
        color = np.where(mask[..., None], ramp(light, LEAF), color)
    water = y > 226
    mirror = cv2.flip(color[:226], 0)
    low = np.zeros_like(color)
    low[226:] = cv2.GaussianBlur(cv2.resize(mirror, (WIDTH, 286)), (0, 0), 4)
    ripple = fbm(rng, shape, 26, 2, (0.3, 2.4))
    low = mix(low * 0.86, ramp(0.45 + 0.5 * ripple, WATER), 0.42 + 0.25 * np.clip(ripple, -1, 1))
    color = np.where(water[..., None], low, color)
    return _shore(_boats(color, x, y), x, y, rng)


def _boats(color: Float, x: Float, y: Float) -> Float:
    for cx, cy, s in ((404, 262, 1.25), (520, 244, 0.7), (300, 246, 0.62)):
        u, v = (x - cx) / s, (y - cy) / s
        main = (u > 1) & (v < -4) & (u < (v + 84) * 0.46)
        jib = (u < -1) & (v < -4) & (-u < (v + 74) * 0.34)
        hull = (np.abs(u) < 36 - v * 0.6) & (v > -4) & (v < 7)
        mirror = (np.abs(u) < 24 * (1 - v / 70)) & (v > 8) & (v < 62)
        light = 0.35 + u / 60 - v / 300
        color = np.where(main[..., None], ramp(light, hex_rgb("d8c8e8 fff0d0 fffbe8")), color)
        color = np.where(jib[..., None], ramp(light + 0.5, hex_rgb("a8a8d8 f4d8c0 fff0c8")), color)
        color = np.where(hull[..., None], hex_rgb("b8442c")[0], color)
        color = np.where(
            mirror[..., None], mix(color, hex_rgb("f8ecd0")[0], np.full_like(x, 0.55)), color
        )
    return color


def _shore(color: Float, x: Float, y: Float, rng: np.random.Generator) -> Float:
    shape = x.shape
    bank = 318 + 0.00062 * (x - 20) ** 2 - 0.16 * x + 7 * np.sin(x / 50)
    ground = y > bank
    lumps = fbm(rng, shape, 22, 3)
    meadow = ramp(0.62 + 0.42 * fbm(rng, shape, 60, 3, (0.5, 1.5)), GRASS)
    # The tree's long shadow is painted blue and violet, never black.
    shadow = smoothstep(
        0.1, -0.2, (np.hypot((x - 130 + (y - 400) * 0.6) / 190, (y - 412) / 34) - 1 + 0.2 * lumps)
    )
    meadow = mix(meadow, ramp(0.5 + 0.5 * lumps, SHADE), 0.88 * shadow)
    flowers = smoothstep(0.42, 0.55, fbm(rng, shape, 9, 1)) * smoothstep(
        0.0, 0.4, fbm(rng, shape, 70, 2)
    )
    meadow = mix(meadow, ramp(0.5 + 0.5 * lumps, POPPY), flowers)
    color = np.where(ground[..., None], meadow, color)
    trunk = np.abs(x - 108 - 9 * np.sin(y / 34)) < 12 + 0.002 * np.maximum(y - 330, 0) ** 2
    trunk &= (y > 110) & (y < 408)
    color = np.where(
        trunk[..., None], ramp(0.5 + (x - 108) / 26, hex_rgb("2a2860 6a3f6a c87848 f0b868")), color
    )
    for center, radii in (
        ((60, 130), (104, 76)),
        ((160, 106), (96, 70)),
        ((104, 62), (100, 64)),
        ((196, 170), (66, 40)),
        ((20, 190), (66, 44)),
    ):
        mask, light = _crown(x, y, center, radii, fbm(rng, shape, 30, 3))
        color = np.where(mask[..., None], ramp(light, LEAF), color)
    return _figures(color.astype(np.float32), x, y)


def _figures(color: Float, x: Float, y: Float) -> Float:
    """Two strollers with parasols."""
    for cx, foot, s, dress, shade in (
        (338, 440, 1.15, "f4f0f0 b8b0e0", "f0483c"),
        (404, 428, 0.95, "3a48a8 7a50b0", "f8d048"),
    ):
        u, v = (x - cx) / s, (y - foot) / s
        skirt = (v > -62) & (v < 0) & (np.abs(u) < 9 + (v + 62) * 0.22)
        top = (v > -92) & (v <= -60) & (np.abs(u) < 9)
        head = np.hypot(u, v + 100) < 8
        parasol = (np.hypot(u - 8, (v + 112) * 1.5) < 40) & (v < -112)
        color = np.where((skirt | top)[..., None], ramp(0.5 - u / 26, hex_rgb(dress)), color)
        color = np.where(head[..., None], hex_rgb("e8a878")[0], color)
        color = np.where(
            parasol[..., None],
            ramp(
                0.5 + (u - 8) / 70,
                np.vstack([hex_rgb(shade) * 0.6, hex_rgb(shade), hex_rgb("fff0c0")]),
            ),
            color,
        )
    return color


def _dots(
    canvas: Float,
    color: Float,
    rng: np.random.Generator,
    spacing: float,
    radius: tuple[float, float],
    divide: float,
) -> None:
    """Dab dots all over; ``divide`` is the share that takes a contrasting neighbor hue."""
    y, x = np.mgrid[0:HEIGHT:spacing, 0:WIDTH:spacing]
    spots = (
        np.stack([x.ravel(), y.ravel()], -1) + rng.uniform(-0.5, 0.5, (x.size, 2)) * spacing * 1.1
    )
    spots = rng.permutation(spots).astype(np.float32)
    shades = shift_colors(np.clip(sample(color, spots), 0, 255), rng, (0.035, 0.16, 0.07))
    other = rng.uniform(size=len(spots)) < divide
    mean = shades.mean(1, keepdims=True)
    # The optical mixture: a few dots swing to the complement at the same lightness.
    swing = np.clip(mean - (shades - mean) * 0.75 + rng.normal(0, 14, shades.shape), 0, 255)
    shades = np.where(other[:, None], swing, np.clip(mean + (shades - mean) * 1.28, 0, 255))
    sizes = rng.uniform(*radius, len(spots))
    turns = rng.uniform(-25, 25, len(spots))
    for spot, shade, size, turn in zip(spots, shades, sizes, turns, strict=True):
        axes = (int(size * SUPER * 16 * 1.15), int(size * SUPER * 16 * 0.9))
        ring = cv2.ellipse2Poly((0, 0), axes, int(turn), 0, 360, 24)
        cv2.fillPoly(canvas, [ring + fixed(spot)], shade.tolist(), cv2.LINE_AA, SHIFT)


def paint(seed: int = 3) -> Float:
    rng = np.random.default_rng(seed)
    scene = _scene(rng)
    weave = fbm(rng, (HEIGHT * SUPER, WIDTH * SUPER), 4, 2)[..., None]
    canvas = np.clip(hex_rgb("efe4c8")[0] * (1 + 0.04 * weave), 0, 255).astype(np.uint8)
    soft = cv2.GaussianBlur(scene, (0, 0), 2)
    _dots(canvas, soft, rng, 5.2, (3.4, 4.6), 0.10)
    _dots(canvas, scene, rng, 4.2, (2.0, 2.9), 0.14)
    _dots(canvas, scene, rng, 5.5, (1.4, 2.2), 0.22)
    return shrink(np.clip(canvas * (1 + 0.03 * weave), 0, 255))
