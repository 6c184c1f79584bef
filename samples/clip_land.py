"""Land of the sample clip: height fields seen in perspective, lit by a low sun, with haze.

A height field is drawn column by column: going away from the camera, every slice covers the
rows that rise above all nearer slices, so one running minimum and a search give the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from strokes import Float, fbm, hex_rgb, mix, ramp, smoothstep

VIEW = (1280, 720)  # the film is composed at twice its size and averaged down
HORIZON = 330.0
FOCAL = 1100.0
EYE = 34.0  # meters above the sea
SUN = np.array([0.82, 0.42, -0.20], np.float32)  # low on the right
SUN = SUN / np.linalg.norm(SUN)
SUNLIGHT = np.array([1.32, 1.00, 0.66], np.float32)
SKYLIGHT = np.array([0.40, 0.47, 0.66], np.float32)
HAZE = np.array([246, 204, 168], np.float32)

GRASS = hex_rgb("4f6a2c 6c8236 8f9a45 b3a95a")
ROCK = hex_rgb("5a4a40 80695a a38871 bfa68a d2bc9c")
WOOD = hex_rgb("22381f 33502a 4d6a33 6c7f3a")


@dataclass
class Terrain:
    """A square grid of heights in meters; ``x0, z0`` is its corner and ``step`` its spacing."""

    height: Float
    albedo: Float
    x0: float
    z0: float
    step: float

    def at(self, picture: Float, x: Float, z: Float) -> Float:
        col = ((x - self.x0) / self.step).astype(np.float32)
        row = ((z - self.z0) / self.step).astype(np.float32)
        return cv2.remap(picture, col, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _shadow(height: Float, step: float) -> Float:
    """Soft cast shadows: march every cell towards the sun and see whether land rises above."""
    across = np.array([SUN[0], SUN[2]]) / np.hypot(SUN[0], SUN[2])
    rise = SUN[1] / np.hypot(SUN[0], SUN[2])
    blocked = np.full_like(height, -50.0)
    rows, cols = height.shape
    for k in range(1, 70):
        far = k * 1.6
        move = np.array([[1, 0, across[0] * far], [0, 1, across[1] * far]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        ahead = cv2.warpAffine(
            height, move, (cols, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        blocked = np.maximum(
            blocked, (ahead - height - rise * far * step) / (0.6 + 0.03 * far * step)
        )
    return smoothstep(0.6, -0.4, blocked)


def shade(terrain: Terrain) -> Float:
    """Light the ground: sun with shadows, sky, and darker hollows."""
    h = terrain.height
    dz, dx = np.gradient(h, terrain.step)
    normal = np.stack([-dx, np.ones_like(h), -dz], -1)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    facing = np.clip(normal @ SUN, 0, 1)
    sun = (facing * _shadow(h, terrain.step))[..., None]
    hollow = np.clip(1 + (h - cv2.GaussianBlur(h, (0, 0), 4)) * 0.16, 0.45, 1.25)[..., None]
    sky = (0.55 + 0.45 * normal[..., 1:2]) * hollow
    return terrain.albedo * (sun * SUNLIGHT * 1.08 + sky * SKYLIGHT * 0.92)


def view(terrain: Terrain, width: int, left: float, near: float, far: float, haze: float) -> Float:
    """Picture of the land as premultiplied RGBA; its column 0 is screen column ``left``."""
    columns = np.arange(width, dtype=np.float32) + left - VIEW[0] / 2
    depths = np.geomspace(near, far, 1500).astype(np.float32)
    x = columns[None] * depths[:, None] / FOCAL
    z = np.broadcast_to(depths[:, None], x.shape).astype(np.float32)
    heights = terrain.at(terrain.height, x, z)
    rows = HORIZON - FOCAL * (heights - EYE) / z
    rows = np.where(heights > 0.12, rows, 1e4)
    top = np.minimum.accumulate(rows, 0)
    slice_of = np.full((VIEW[1], width), -1, np.int32)
    lines = np.arange(VIEW[1])
    for col in range(width):
        slice_of[:, col] = np.searchsorted(-top[:, col], -lines.astype(np.float32) - 0.5)
    hit = slice_of < len(depths)
    depth = depths[np.minimum(slice_of, len(depths) - 1)]
    # Interpolate inside the slice, or near slopes show one step per slice.
    u = columns[None] * depth / FOCAL
    lit = terrain.at(shade(terrain), u.astype(np.float32), depth)
    lit *= _cliff_grain(terrain, u.astype(np.float32), depth, lines)[..., None]
    fade = (1 - np.exp(-depth / haze))[..., None]
    color = lit * (1 - fade) + HAZE * fade
    # Below the shoreline of the nearest land there is water again, not land.
    shore = np.where(top[-1] < 1e3, _shoreline(rows, heights), -1.0)
    alpha = (hit & (lines[:, None] <= shore[None])).astype(np.float32)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 0.7)
    picture = np.concatenate([np.clip(color, 0, 255) * alpha[..., None], alpha[..., None]], 2)
    return picture.astype(np.float32)


def _cliff_grain(terrain: Terrain, x: Float, z: Float, lines: Float) -> Float:
    """Cracks and layers on steep rock: a grid seen from above has no detail on its walls."""
    rng = np.random.default_rng(77)
    cracks = fbm(rng, (512, 1024), 34, 5, (1.5, 0.8), 0.7)
    layers = fbm(rng, (512, 1024), 26, 5, (0.45, 3.0), 0.7)
    texture = (
        cracks * 0.6
        + layers * 0.8
        - 0.7 * smoothstep(0.10, 0.0, np.abs(fbm(rng, (512, 1024), 60, 4)))
    )
    world_y = EYE - (lines[:, None] - HORIZON) * z / FOCAL
    scale = 9.0
    grain = cv2.remap(
        texture,
        (x + 0.35 * z) * scale,
        (world_y * scale).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    dz, dx = np.gradient(terrain.height, terrain.step)
    steep = terrain.at(smoothstep(0.7, 1.6, np.hypot(dx, dz)), x, z)
    return 1 + 0.26 * np.clip(grain, -1.6, 1.3) * steep


def _shoreline(rows: Float, heights: Float) -> Float:
    """Lowest row of each column that still is land."""
    return np.where(heights > 0.12, rows, -1.0).max(0)


def surf(layer: Float, rng: np.random.Generator) -> None:
    """Break the water's edge of a picture of land with a thin uneven line of foam."""
    rows, cols = layer.shape[:2]
    solid = layer[..., 3] > 0.5
    edge = np.where(solid.any(0), rows - np.argmax(solid[::-1], 0), -99).astype(np.float32)
    edge = cv2.GaussianBlur(edge[None], (0, 0), 1.5) + 0.5
    wide = 2.6 + 2.6 * fbm(rng, (1, cols), 46, 4)
    lines = np.arange(rows, dtype=np.float32)[:, None]
    speckle = smoothstep(-0.5, 0.4, fbm(rng, (rows, cols), 12, 3, (0.35, 1.5)))
    foam = smoothstep(1.0, 0.2, np.abs(lines - edge) / np.maximum(wide, 0.3)) * speckle * 0.85
    layer *= 1 - foam[..., None]
    layer += foam[..., None] * np.array([252, 240, 222, 1], np.float32)


def headland(rng: np.random.Generator) -> Terrain:
    """A grassy cape with cliffs, a wood, and a flat place for the lighthouse at its tip."""
    step, shape = 0.75, (900, 1000)
    z, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) * step
    x, z = x - 520.0, z + 150.0
    coast = fbm(rng, shape, 150, 6, gain=0.55)
    # Distance inland, roughly: the cape reaches from the left towards the camera's axis.
    inland = (
        -(x + 42) * 0.62 - np.abs(z - 300) * 0.36 + 40 + 17 * coast + 13 * fbm(rng, shape, 64, 3)
    )
    inland -= 1.5 * np.clip(232 - z + 0.12 * (x + 120), 0, None)
    inland += 30 * np.exp(-(((x + 118) / 34) ** 2) - (((z - 272) / 30) ** 2))
    detail = fbm(rng, shape, 36, 6, gain=0.6)
    cliff = smoothstep(0, 21, inland + 4.5 * detail)
    ledge = 0.5 + 0.5 * np.sin(cliff * 22 + 3 * coast)
    hills = np.clip(inland - 22, 0, None) * 0.17 + 6 * fbm(rng, shape, 130, 4) * smoothstep(
        10, 60, inland
    )
    height = (
        cliff * (25 + hills) + 1.3 * ledge * (cliff > 0.02) * (cliff < 0.97) + 0.55 * detail * cliff
    )
    height += (
        2.8 * np.abs(fbm(rng, shape, 16, 4)) * smoothstep(-5, 2, inland) * smoothstep(9, 2, inland)
    )
    height = np.where(inland > -4.5, height, -1.0)
    tip = np.exp(-((np.hypot(x + 112, z - 276) / 20) ** 4))
    height = height * (1 - tip) + 29.5 * tip
    wood = (
        smoothstep(0.12, 0.3, fbm(rng, shape, 90, 3) + 0.006 * (inland - 45))
        * smoothstep(24, 40, inland)
        * (1 - tip)
    )
    bushes = smoothstep(0.55, 0.75, fbm(rng, shape, 15, 2)) * smoothstep(20, 30, inland) * (1 - tip)
    wood = np.maximum(wood, 0.55 * bushes)
    crowns = _crowns(rng, shape)
    height = height + wood * crowns * 7.5
    return Terrain(
        height.astype(np.float32),
        _ground(rng, height, cliff, wood, crowns, step),
        -520.0,
        150.0,
        step,
    )


def _crowns(rng: np.random.Generator, shape: tuple[int, int]) -> Float:
    """Round tree tops side by side: the height of the nearest of many domes."""
    tops = np.zeros(shape, np.float32)
    yy, xx = np.mgrid[-7:8, -7:8].astype(np.float32)
    for _ in range(26000):
        row, col = int(rng.integers(7, shape[0] - 8)), int(rng.integers(7, shape[1] - 8))
        r = rng.uniform(3.5, 6.8)
        dome = np.sqrt(np.clip(1 - (xx**2 + yy**2) / r**2, 0, 1)) * rng.uniform(0.65, 1.0)
        patch = tops[row - 7 : row + 8, col - 7 : col + 8]
        np.maximum(patch, dome, out=patch)
    return tops + 0.10 * fbm(rng, shape, 4, 2)


def _ground(
    rng: np.random.Generator, height: Float, cliff: Float, wood: Float, crowns: Float, step: float
) -> Float:
    shape = height.shape
    dz, dx = np.gradient(cv2.GaussianBlur(height, (0, 0), 1.2), step)
    steep = np.hypot(dx, dz)
    fine = fbm(rng, shape, 5, 3)
    meadow = ramp(0.5 + 0.42 * fbm(rng, shape, 60, 5) + 0.16 * fine, GRASS)
    # Strata: rock tones by height, bent by noise, so that cliffs show their layers.
    strata = 0.5 + 0.33 * np.sin(height * 0.9 + 3 * fbm(rng, shape, 80, 3)) + 0.28 * fine
    stone = ramp(strata, ROCK)
    wet = smoothstep(3.2, 0.6, height)
    stone = mix(stone, hex_rgb("332c2a")[0], 0.75 * wet)
    bare = np.clip(smoothstep(0.75, 1.35, steep + 0.25 * fine) + smoothstep(0.86, 0.6, cliff), 0, 1)
    ground = mix(meadow, stone, bare)
    leaves = ramp(0.25 + 0.55 * crowns + 0.2 * fbm(rng, shape, 24, 3), WOOD)
    ground = mix(ground, leaves, np.clip(wood * 1.4, 0, 1))
    path = np.exp(-((fbm(rng, shape, 300, 1) / 0.012) ** 2)) * (1 - bare) * (1 - wood)
    return mix(ground, hex_rgb("d8c090")[0], 0.7 * path)


def far_hills(rng: np.random.Generator) -> Terrain:
    """Mountains across the bay."""
    step, shape = 14.0, (420, 900)
    z, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) * step
    x, z = x - 6300.0, z + 2600.0
    ridged = 1 - np.abs(fbm(rng, shape, 120, 6, gain=0.55)) * 1.5
    rise = smoothstep(2700, 4600, z) * (0.55 + 0.45 * fbm(rng, shape, 220, 2))
    bay = smoothstep(
        -200, 1500, np.abs(x - 1000) + (z - 2600) * 0.45 + 300 * fbm(rng, shape, 60, 3) - 700
    )
    height = (rise * ridged**2 * 1250 + 60 * ridged) * bay - 14
    tone = 0.45 + 0.3 * fbm(rng, shape, 24, 4) + height / 1500
    albedo = mix(
        ramp(tone, WOOD * 1.1), ramp(tone, ROCK), smoothstep(430, 800, height + 120 * ridged)
    )
    return Terrain(height.astype(np.float32), albedo, -6300.0, 2600.0, step)


def stack(rng: np.random.Generator) -> Terrain:
    """A sea stack: a steep rock with a green cap, standing off the shore."""
    step, shape = 0.35, (420, 620)
    z, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) * step
    x, z = x - 15.0, z + 110.0
    rough = fbm(rng, shape, 60, 6, gain=0.6)
    lumps = ((62, 170, 16, 41), (80, 174, 12, 24), (47, 162, 8, 9))
    height = np.full(shape, -1.0, np.float32)
    for cx, cz, radius, tall in lumps:
        r = np.hypot(x - cx, (z - cz) * 0.8) / radius + 0.30 * rough
        profile = smoothstep(1.15, 0.42, r) ** 0.85
        height = np.maximum(height, tall * profile * (1 + 0.12 * rough) - 1.0)
    fine = fbm(rng, shape, 12, 4)
    height += (0.6 * fine + 0.8 * np.sin(height * 1.1 + 2 * rough)) * smoothstep(0, 4, height)
    strata = 0.46 + 0.30 * np.sin(height * 0.8 + 2.6 * rough) + 0.25 * fine
    stone = mix(ramp(strata, ROCK), hex_rgb("2f2927")[0], 0.8 * smoothstep(3.0, 0.4, height))
    dz, dx = np.gradient(cv2.GaussianBlur(height, (0, 0), 2.5), step)
    turf = smoothstep(1.5, 0.8, np.hypot(dx, dz)) * smoothstep(15, 21, height + 4 * fine)
    albedo = mix(stone, ramp(0.5 + 0.4 * fine, GRASS), turf)
    return Terrain(height.astype(np.float32), albedo, -15.0, 110.0, step)
