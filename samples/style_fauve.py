"""``fauve``: a harbor in pure colors, laid in broad flat strokes with blue contours."""

from __future__ import annotations

import cv2
import numpy as np
from strokes import (
    HEIGHT,
    SHIFT,
    WIDTH,
    Float,
    Oil,
    fbm,
    fixed,
    grid,
    hex_rgb,
    ramp,
    sample,
    smooth_curve,
)

SKY = hex_rgb("f7c23c f79a2e f0603a ef7fa6 f6a9c0")
HILL_FAR = hex_rgb("7b3fa0 a05bc0 d27bc4")
HILL_NEAR = hex_rgb("0d7f6b 22a57a 7cc242 c9d63a")
SEA = hex_rgb("0b3fa8 1565d0 1d9bd8 25c2b8 8fe0b0")
SHORE = hex_rgb("f25f8b ee3f4f f58a3a fcd34a")
TRUNK = hex_rgb("d8232f ef4a35 8c1d58")
LEAVES = hex_rgb("0a6b4a 16a05a 8fce3c f2d433")
WALLS = ("f7d046", "f4f0d8", "ef6a4c", "f49ab8", "fbe9a6", "58c4c4")
ROOFS = ("d5262e", "2c4fb8", "e8542f", "7a3aa6")
LINE = hex_rgb("12246e")[0]


class Sketch:
    """Areas of color with a stroke direction each, and the contours to draw over them."""

    def __init__(self) -> None:
        self.color = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.angle = np.zeros((HEIGHT, WIDTH), np.float32)
        self.fine = np.zeros((HEIGHT, WIDTH), np.float32)
        self.owner = np.zeros((HEIGHT, WIDTH), np.int32)  # which area is in front at a pixel
        self.contours: list[tuple[int, Float, float]] = []

    def area(
        self,
        outline: Float,
        color: Float,
        angle: Float | float,
        fine: float = 0.0,
        line: float = 4.0,
    ) -> None:
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillPoly(mask, [fixed(outline, 1.0)], 1, cv2.LINE_8, SHIFT)
        inside = mask > 0
        self.color = np.where(inside[..., None], color, self.color).astype(np.float32)
        self.angle = np.where(inside, angle, self.angle).astype(np.float32)
        self.fine = np.where(inside, fine, self.fine).astype(np.float32)
        number = int(self.owner.max()) + 1
        self.owner[inside] = number
        if line > 0:
            closed = np.vstack([outline, outline[:1]]).astype(np.float32)
            self.contours.append((number, closed, line))


def _box(x0: float, y0: float, x1: float, y1: float) -> Float:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def _land(points: tuple[tuple[float, float], ...], bottom: float) -> Float:
    edge = smooth_curve(points, 80)
    return np.vstack([edge, [(WIDTH + 40, bottom), (-40, bottom)]]).astype(np.float32)


def _background(sketch: Sketch, rng: np.random.Generator) -> None:
    x, y = grid()
    shape = x.shape
    sun = np.hypot(x - 452, y - 84)
    bands = y / 235 + 0.10 * np.sin(x / 60 + y / 30) + 0.10 * fbm(rng, shape, 120, 2, (0.5, 2))
    sky = np.floor(np.clip(bands, 0, 0.99) * 7) / 6
    sketch.area(_box(-40, -40, 700, 560), ramp(sky, SKY), 0.25 * np.sin(x / 90) - 0.12, line=0)
    turn = np.arctan2(y - 84, x - 452) + np.pi / 2
    halo = smooth_curve(
        [(452 + 74 * np.cos(a), 84 + 70 * np.sin(a)) for a in np.linspace(0, 6.28, 9)[:-1]],
        60,
        True,
    )
    disc = smooth_curve(
        [(452 + 38 * np.cos(a), 84 + 38 * np.sin(a)) for a in np.linspace(0, 6.28, 9)[:-1]],
        60,
        True,
    )
    sketch.area(
        halo, ramp(np.floor(sun / 12) / 6, hex_rgb("fff3a0 fdd835 fbb02e f7893a")), turn, 0.2, 0
    )
    sketch.area(disc, hex_rgb("fff6b8")[0], turn, 0.4, 0)
    far = _land(
        (
            (-40, 200),
            (60, 150),
            (150, 190),
            (250, 132),
            (350, 190),
            (470, 160),
            (560, 196),
            (690, 150),
        ),
        300,
    )
    tone = np.floor((0.5 + 0.45 * fbm(rng, shape, 70, 2)) * 4) / 3
    sketch.area(far, ramp(tone, HILL_FAR), 0.7 + 0.3 * np.sin(x / 40), line=4.5)
    near = _land(
        (
            (-40, 238),
            (60, 214),
            (160, 226),
            (260, 208),
            (372, 236),
            (480, 226),
            (560, 206),
            (690, 196),
        ),
        300,
    )
    tone = np.floor((0.5 + 0.5 * fbm(rng, shape, 46, 2)) * 5) / 4
    sketch.area(near, ramp(tone, HILL_NEAR), -0.5 + 0.4 * np.sin(x / 33), line=4.5)
    wave = (y - 262) / 260 + 0.30 * fbm(rng, shape, 46, 2, (0.28, 2.2))
    water = ramp(np.floor(np.clip(wave + 0.15, 0, 0.99) * 6) / 5, SEA)
    path = np.abs(x - 440) < 20 + (y - 262) * 0.25
    glint = fbm(rng, shape, 26, 1, (0.35, 2.0))
    water = np.where((path & (glint > 0.05))[..., None], hex_rgb("fbd23c")[0], water)
    water = np.where(((glint > 0.62) & ~path)[..., None], hex_rgb("f58ab0")[0], water)
    sketch.area(_box(-40, 262, 700, 560), water, 0.05 * np.sin(x / 25), line=0)


def _houses(sketch: Sketch, rng: np.random.Generator) -> None:
    left = 10.0
    while left < 330:
        wide, tall = rng.uniform(34, 56), rng.uniform(36, 76)
        foot = 268 + rng.uniform(-3, 5)
        wall = hex_rgb(WALLS[rng.integers(len(WALLS))])[0]
        roof = hex_rgb(ROOFS[rng.integers(len(ROOFS))])[0]
        sketch.area(_box(left, foot - tall, left + wide, foot), wall, 1.5, 0.35)
        sketch.area(
            _box(left + wide * 0.66, foot - tall, left + wide, foot),
            wall * 0.72 + np.array([10, 0, 60]) * 0.6,
            1.5,
            0.35,
            0,
        )
        peak = foot - tall - rng.uniform(14, 24)
        gable = np.array(
            [(left - 5, foot - tall), (left + wide * 0.45, peak), (left + wide + 5, foot - tall)],
            np.float32,
        )
        sketch.area(gable, roof, -0.5, 0.4)
        for k in range(2):
            wx = left + wide * (0.2 + 0.36 * k)
            sketch.area(
                _box(wx, foot - tall + 12, wx + 8, foot - tall + 25),
                hex_rgb("1d3fa0")[0],
                1.57,
                1.0,
                2.2,
            )
        left += wide + rng.uniform(-4, 8)


def _boats(sketch: Sketch) -> None:
    for cx, cy, s, sail, hull in (
        (470, 330, 1.0, "f4f0d8", "d5262e"),
        (300, 352, 0.8, "f7893a", "0d7f6b"),
        (560, 300, 0.6, "f49ab8", "2c4fb8"),
    ):
        body = np.array([(-46, 0), (48, -4), (34, 20), (-32, 20)], np.float32) * s + (cx, cy)
        main = np.array([(0, -92), (42, -8), (2, -4)], np.float32) * s + (cx, cy)
        jib = np.array([(-4, -84), (-38, -6), (-4, -4)], np.float32) * s + (cx, cy)
        sketch.area(main, hex_rgb(sail)[0], 1.2, 0.5)
        sketch.area(jib, hex_rgb("fcd34a")[0], 1.9, 0.5)
        sketch.area(body, hex_rgb(hull)[0], 0.0, 0.6)
        mirror = np.array([(-34, 24), (36, 24), (20, 50), (-12, 60)], np.float32) * s + (cx, cy)
        sketch.area(mirror, hex_rgb(hull)[0] * 0.8 + 30, 0.0, 0.3, 0)


def _shore(sketch: Sketch, rng: np.random.Generator) -> None:
    x, _y = grid()
    beach = _land(
        ((-40, 372), (70, 392), (180, 432), (300, 452), (430, 470), (560, 452), (690, 424)), 560
    )
    tone = 0.5 + 0.55 * fbm(rng, x.shape, 60, 2, (0.6, 1.8))
    sketch.area(
        beach,
        ramp(np.floor(np.clip(tone, 0, 0.99) * 5) / 4, SHORE),
        0.28 * np.sin(x / 80) + 0.1,
        line=5,
    )


def _tree(
    sketch: Sketch, rng: np.random.Generator, root: tuple[float, float], height: float, lean: float
) -> None:
    """A red trunk under a crown of green and yellow slabs."""
    x, y = grid()
    top = (root[0] + lean, root[1] - height)
    mid = (root[0] + lean * 0.25 + 14, root[1] - height * 0.5)
    spine = smooth_curve((root, mid, top), 30)
    width = np.linspace(17, 7, 30)
    side = np.stack([width, np.zeros(30)], -1)
    trunk = np.vstack([spine - side, (spine + side)[::-1]]).astype(np.float32)
    sketch.area(
        trunk,
        ramp(
            np.clip((x - np.interp(y[:, :1], spine[::-1, 1], spine[::-1, 0])) / 26 + 0.5, 0, 1),
            TRUNK,
        ),
        1.45,
        0.4,
        5,
    )
    # Crown lobes from the back and top to the front and bottom, so that each hides the last.
    for dx, dy, r in (
        (-46, -34, 40),
        (34, -48, 42),
        (-4, -62, 38),
        (-74, 6, 38),
        (66, 0, 40),
        (-24, -6, 46),
        (28, 10, 42),
    ):
        cx, cy = top[0] + dx + rng.normal(0, 5), top[1] + dy + rng.normal(0, 4)
        wobble = rng.uniform(0.84, 1.12, 7)
        ring = [
            (cx + 1.2 * r * w * np.cos(a), cy + 0.86 * r * w * np.sin(a))
            for w, a in zip(wobble, np.arange(7) * 2 * np.pi / 7, strict=True)
        ]
        tone = np.clip(0.55 - (y - cy) / r * 0.42 + (x - cx) / r * 0.22, 0, 0.99)
        leaves = ramp(np.floor(tone * 5) / 4, LEAVES)
        sketch.area(
            smooth_curve(ring, 60, True), leaves, -0.7 + 0.3 * rng.standard_normal(), 0.15, 4
        )


def paint(seed: int = 4) -> Float:
    rng = np.random.default_rng(seed)
    sketch = Sketch()
    _background(sketch, rng)
    _houses(sketch, rng)
    _boats(sketch)
    _shore(sketch, rng)
    _tree(sketch, rng, (92, 520), 330, 30)
    _tree(sketch, rng, (592, 530), 300, -12)
    oil = Oil(np.broadcast_to(hex_rgb("f3e3c0")[0], sketch.color.shape), rng)
    plain = 1 - sketch.fine
    oil.layer(
        sketch.color, sketch.angle, 13, (34, 60), (17, 24), (0.012, 0.06, 0.04), 5, where=plain
    )
    oil.layer(
        sketch.color,
        sketch.angle,
        9,
        (22, 40),
        (10, 15),
        (0.018, 0.08, 0.05),
        6,
        where=0.35 + 0.65 * plain,
    )
    oil.layer(
        sketch.color,
        sketch.angle,
        6,
        (9, 20),
        (6, 9),
        (0.014, 0.06, 0.04),
        6,
        where=np.clip(sketch.fine * 2, 0, 1),
    )
    for number, outline, width in sketch.contours:
        seen = cv2.dilate((sketch.owner == number).astype(np.float32), np.ones((5, 5), np.uint8))
        _contour(oil, outline, width, seen, rng)
    return oil.finish(0.6, 14)


def _contour(oil: Oil, outline: Float, width: float, seen: Float, rng: np.random.Generator) -> None:
    """Draw an outline as separate loaded strokes, with gaps where the brush was lifted."""
    gaps = np.hypot(*np.diff(outline, axis=0).T)
    run = np.concatenate([[0], np.cumsum(gaps)])
    here = 0.0
    while here < run[-1]:
        length = rng.uniform(18, 48)
        t = np.linspace(here - 0.25 * length, min(here + 1.15 * length, run[-1]), 12)
        path = np.stack([np.interp(t, run, outline[:, 0]), np.interp(t, run, outline[:, 1])], -1)
        path = (path + rng.normal(0, 0.8, 2)).astype(np.float32)
        inside = (path > 0).all() and (path < (WIDTH, HEIGHT)).all()
        if inside and sample(seen, path).mean() > 0.7 and rng.uniform() < 0.93:
            oil.stroke(path, width * rng.uniform(0.8, 1.2), LINE, 8, flat=0.8)
        here += length * rng.uniform(0.85, 1.0)
