"""``mosaic``: a Roman floor: a leaping fish, waves and a sun in rows of stone tesserae."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from strokes import (
    HEIGHT,
    SHIFT,
    WIDTH,
    Float,
    fbm,
    fixed,
    grid,
    hex_rgb,
    mix,
    shrink,
    smooth_curve,
)

SCALE = 3
TILE = 8.6
GROUT = hex_rgb("6a5a48")[0]
CREAM = hex_rgb("e9dcc0 dfcda8 efe6d2 d8c39a e4d3b3")
BLUSH = hex_rgb("ddb48e d6a67c e2c09c")
SAND = hex_rgb("d3b27c c69e62 dcc08e b98f57")
CLAY = hex_rgb("a9502f b8603a 97432a c4724a")
WINE = hex_rgb("6d2b24 7d3529 5c241f")
DARK = hex_rgb("332a28 3f3430 2a2426")
GOLD = hex_rgb("d9a136 c98b2a e5b85a")
SLATE = hex_rgb("4f6670 5d7680 445a66")
TEAL = hex_rgb("2f5a5e 3a6a6a 284c54")
FOAM = hex_rgb("a9b8ae b9c6ba 98aaa4")
FISH = (
    (112, 300),
    (128, 246),
    (176, 190),
    (244, 158),
    (316, 152),
    (384, 174),
    (436, 214),
    (468, 258),
    (440, 262),
    (386, 250),
    (322, 250),
    (256, 262),
    (196, 284),
    (146, 306),
)
TAIL = (
    (446, 246),
    (474, 250),
    (520, 232),
    (552, 240),
    (526, 270),
    (516, 296),
    (524, 336),
    (494, 322),
    (470, 286),
    (452, 266),
)
FIN_TOP = ((214, 170), (252, 122), (318, 104), (364, 112), (346, 134), (352, 164), (296, 152))
FIN_LOW = ((252, 258), (262, 296), (300, 318), (318, 308), (306, 284), (310, 252))


@dataclass
class Region:
    """An area laid with one set of stones; rows run along the lines of constant ``field``."""

    mask: Float
    field: Float
    stones: list[Float]
    size: float = TILE


def _polygon(points: tuple[tuple[float, float], ...]) -> Float:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(
        mask, [fixed(smooth_curve(points, 160, closed=True), 1.0)], 255, cv2.LINE_AA, SHIFT
    )
    return mask > 127


def _depth(mask: Float) -> Float:
    """Distance from the outside, for rows that follow the outline."""
    return cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]


def _fish(regions: list[Region], free: Float) -> Float:
    body = _polygon(FISH)
    x, y = grid()
    spine = smooth_curve(
        ((100, 306), (150, 262), (224, 218), (316, 202), (396, 220), (466, 260)), 200
    )
    level = np.interp(x[0], spine[:, 0], spine[:, 1])[None] - y
    eye = np.hypot(x - 168, y - 244)
    gill = np.abs(np.hypot(x - 138, y - 274) - 78) < 7
    head = np.hypot(x - 138, y - 274) < 72
    depth = _depth(body)
    rim = depth < TILE
    parts: list[tuple[Float, Float, list[Float]]] = [
        (eye < 9, eye, [DARK]),
        (eye < 19, eye, [CREAM]),
        (rim, depth, [DARK]),
        (gill, np.abs(np.hypot(x - 138, y - 274)), [WINE]),
        (head, depth, [GOLD, CLAY, GOLD, SAND]),
        (level > 22, level, [TEAL, SLATE, TEAL]),
        (level > 0, level + 100, [GOLD, CLAY]),
        (level > -99, level + 200, [FOAM, CREAM, SAND, CREAM]),
    ]
    for test, field, stones in parts:
        mask = test & body & free
        regions.append(Region(mask, field.astype(np.float32), stones, 7.4))
        free = free & ~mask
    for outline, stones in (
        (TAIL, [WINE, CLAY, GOLD, CLAY]),
        (FIN_TOP, [WINE, CLAY, GOLD, SAND]),
        (FIN_LOW, [WINE, CLAY, GOLD]),
    ):
        mask = _polygon(outline) & free
        regions.append(Region(mask, _depth(_polygon(outline)), [DARK, *stones], 7.0))
        free = free & ~mask
    return free


def _frame(regions: list[Region], free: Float) -> Float:
    """Border: dark lines around a running zigzag of two colors."""
    x, y = grid()
    edge = np.minimum(np.minimum(x, WIDTH - 1 - x), np.minimum(y, HEIGHT - 1 - y))
    horizontal = np.minimum(y, HEIGHT - 1 - y) <= np.minimum(x, WIDTH - 1 - x)
    along = np.where(horizontal, x - WIDTH / 2, y - HEIGHT / 2)
    tooth = np.abs((along / 54 + 0.5) % 1 - 0.5) * 2
    inner = (edge > 9) & (edge < 41)
    up = (edge - 9) / 32 < tooth
    rows: list[tuple[Float, list[Float]]] = [
        (edge <= 9, [DARK]),
        (inner & up, [CLAY]),
        (inner & ~up, [CREAM]),
        ((edge >= 41) & (edge < 50), [DARK]),
        ((edge >= 50) & (edge < 58), [GOLD]),
    ]
    for test, stones in rows:
        mask = test & free
        regions.append(Region(mask, edge.astype(np.float32), stones, 9.0))
        free = free & ~mask
    return free


def _sun(regions: list[Region], free: Float) -> Float:
    x, y = grid()
    r = np.hypot(x - 500, y - 126)
    turn = np.arctan2(y - 126, x - 500)
    ray = np.abs((turn / (2 * np.pi) * 14) % 1 - 0.5) * 2
    disc = (r < 40) & free
    rays = (r < 40 + 34 * (1 - ray)) & free & ~disc
    regions.append(Region(disc, r, [CLAY, GOLD, WINE, GOLD, CLAY], 7.6))
    regions.append(Region(rays, r, [GOLD, SAND], 7.0))
    return free & ~disc & ~rays


def _sea(regions: list[Region], free: Float) -> Float:
    x, y = grid()
    bands = [
        ([DARK], 7),
        ([FOAM], 9),
        ([SLATE], 26),
        ([CREAM], 8),
        ([TEAL], 30),
        ([FOAM], 9),
        ([SLATE, TEAL], 90),
    ]
    top = 330 + 20 * np.sin(x / 44) * np.cos(x / 170 + 0.4) + 7 * np.sin(x / 19 + 1)
    level = (y - top).astype(np.float32)
    start = 0.0
    for stones, thick in bands:
        mask = (level >= start) & (level < start + thick) & free
        regions.append(Region(mask, level - start + 300, stones, 8.4))
        free = free & ~mask
        start += thick
    return free


def _scene() -> list[Region]:
    regions: list[Region] = []
    free = np.ones((HEIGHT, WIDTH), bool)
    free = _frame(regions, free)
    inside = free.copy()
    free = _fish(regions, free)
    free = _sun(regions, free)
    free = _sea(regions, free)
    # The ground is laid last: rows run around the figures and spread outward like ripples.
    figures = inside & ~free
    away = _depth(~figures)
    regions.append(Region(free, away, [SAND, CREAM, CREAM, BLUSH, CREAM, SAND, BLUSH, CREAM]))
    return regions


class Floor:
    """The bed of grout; stones are refused where they would sit on another stone."""

    def __init__(self, rng: np.random.Generator) -> None:
        shape = (HEIGHT * SCALE, WIDTH * SCALE)
        self.rng = rng
        self.color = np.zeros((*shape, 3), np.uint8)
        self.taken = np.zeros(shape, np.uint8)

    def lay(self, corners: Float, color: Float, overlap: float = 0.16) -> bool:
        points = np.rint(corners * SCALE).astype(np.int32)
        x0, y0 = np.maximum(points.min(0), 0)
        x1, y1 = points.max(0) + 1
        old = self.taken[y0:y1, x0:x1]
        if old.size == 0:
            return False
        stone = np.zeros(old.shape, np.uint8)
        cv2.fillConvexPoly(stone, points - (x0, y0), 1)
        area = int(stone.sum())
        # A gap of grout is kept by testing against stones grown by a pixel or two.
        clash = int((stone & cv2.dilate(old, np.ones((5, 5), np.uint8))).sum())
        if area < 60 or clash > overlap * area:
            return False
        fresh = (stone > 0) & (cv2.dilate(old, np.ones((5, 5), np.uint8)) == 0)
        self.color[y0:y1, x0:x1][fresh] = np.clip(color, 0, 255)
        old[fresh] = 1
        return True

    def pick(self, stones: Float) -> Float:
        base = stones[self.rng.integers(len(stones))]
        return base * self.rng.normal(1.0, 0.055) + self.rng.normal(0, 4.5, 3)

    def rows(self, region: Region) -> None:
        inside = region.mask.astype(np.uint8)
        if not inside.any():
            return
        values = region.field[region.mask]
        field = cv2.GaussianBlur(region.field, (0, 0), 1.5)
        start = float(values.min())
        for k in range(int((float(values.max()) - start) / region.size) + 1):
            level = start + (k + 0.5) * region.size
            for line in _lines(field, level):
                self._row(region, line, region.stones[min(k, 99) % len(region.stones)])

    def _row(self, region: Region, line: Float, stones: Float) -> None:
        gaps = np.hypot(*np.diff(line, axis=0).T)
        run = np.concatenate([[0], np.cumsum(gaps)])
        here = self.rng.uniform(0, region.size)
        while here < run[-1]:
            length = region.size * self.rng.uniform(0.85, 1.3)
            ends = np.array([here, here + length * 0.5, here + length])
            a, mid, b = np.stack(
                [np.interp(ends, run, line[:, 0]), np.interp(ends, run, line[:, 1])], -1
            )
            here += length
            col, row = int(np.clip(mid[0], 0, WIDTH - 1)), int(np.clip(mid[1], 0, HEIGHT - 1))
            if not region.mask[row, col]:
                continue
            self.lay(_quad(a, b, region.size, self.rng), self.pick(stones))

    def fill(self, region: Region) -> None:
        """Cut small stones for the gaps that the rows left."""
        for _ in range(5):
            room = cv2.distanceTransform(1 - self.taken, cv2.DIST_L2, 3)
            peaks = (room == cv2.dilate(room, np.ones((15, 15), np.uint8))) & (room > 4.6)
            big = cv2.resize(region.mask.astype(np.uint8), (WIDTH * SCALE, HEIGHT * SCALE)) > 0
            for y, x in np.argwhere(peaks & big):
                r = min(float(room[y, x]) * 1.25, region.size * SCALE * 0.62) / SCALE
                turn = np.arange(5) * 2 * np.pi / 5 + self.rng.uniform(0, 6)
                ring = np.stack([np.cos(turn), np.sin(turn)], -1) * r + np.array([x, y]) / SCALE
                self.lay(ring, self.pick(region.stones[self.rng.integers(len(region.stones))]), 0.5)

    def finish(self) -> Float:
        """Bevel and roughen the stones, fill the joints, light the floor from the upper left."""
        rng, shape = self.rng, self.taken.shape
        grain = fbm(rng, shape, 7, 3)[..., None]
        cloud = fbm(rng, shape, 24, 2)[..., None]
        stone = self.color.astype(np.float32) * (1 + 0.07 * grain + 0.06 * cloud)
        mortar = GROUT * (1 + 0.14 * fbm(rng, shape, 4, 2)[..., None])
        cover = cv2.GaussianBlur(self.taken.astype(np.float32), (0, 0), 0.9)
        floor = mix(mortar, stone, cover)
        height = cv2.GaussianBlur(self.taken.astype(np.float32), (0, 0), 2.2)
        light = cv2.Sobel(height, cv2.CV_32F, 1, 0) + cv2.Sobel(height, cv2.CV_32F, 0, 1)
        floor *= 1 + 0.16 * np.clip(light, -1.6, 1.6)[..., None]
        return shrink(np.clip(floor, 0, 255), SCALE)


def _quad(a: Float, b: Float, size: float, rng: np.random.Generator) -> Float:
    """Corners of a stone between two points of its row, a little irregular."""
    along = (b - a) / (np.linalg.norm(b - a) + 1e-6)
    normal = np.array([-along[1], along[0]])
    half, trim = size * 0.44, along * 0.45
    corners = np.array(
        [
            a + trim + normal * half,
            b - trim + normal * half,
            b - trim - normal * half,
            a + trim - normal * half,
        ]
    )
    return corners + rng.normal(0, 0.35, (4, 2))


def _lines(field: Float, level: float) -> list[Float]:
    """Smoothed contour lines of a field."""
    above = np.pad((cv2.resize(field, None, fx=2, fy=2) > level).astype(np.uint8), 1)
    found, _ = cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    lines = []
    for contour in found:
        if len(contour) < 16:
            continue
        points = (contour[:, 0].astype(np.float32) - 1) / 2
        kernel = np.ones(9) / 9
        wrapped = np.vstack([points[-4:], points, points[:4]])
        smooth = np.stack([np.convolve(wrapped[:, c], kernel, "valid") for c in range(2)], -1)
        lines.append(np.vstack([smooth, smooth[:1]]).astype(np.float32))
    return lines


def paint(seed: int = 21) -> Float:
    floor = Floor(np.random.default_rng(seed))
    regions = _scene()
    for region in regions:
        floor.rows(region)
    for region in regions:
        floor.fill(region)
    return floor.finish()
