"""``ink``: brush and pen in black ink on warm paper: misty peaks, a crooked pine, wet washes."""

from __future__ import annotations

import cv2
import numpy as np
from strokes import (
    HEIGHT,
    SHIFT,
    WIDTH,
    Float,
    fbm,
    fixed,
    follow,
    grid,
    hex_rgb,
    mix,
    paper_grain,
    sample,
    shrink,
    smooth_curve,
    smoothstep,
)

SCALE = 2
PAPER = hex_rgb("efe0c2")[0]
INK = hex_rgb("17130f")[0]
SEAL = hex_rgb("b3261c")[0]


class Sheet:
    """Paper that gathers ink as optical density: washes add up, as transparent layers do."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.shape = (HEIGHT * SCALE, WIDTH * SCALE)
        self.density = np.zeros(self.shape, np.float32)
        self.tooth = fbm(rng, self.shape, 8, 3)
        self.bloom = fbm(rng, self.shape, 60, 5)

    def wash(self, mask: Float, strength: float, bleed: float = 2.0, rim: float = 0.5) -> None:
        """A wet wash: ragged edge, pigment settling in the paper and drying dark at the rim."""
        big = cv2.resize(mask.astype(np.float32), self.shape[::-1], interpolation=cv2.INTER_LINEAR)
        soft = cv2.GaussianBlur(big, (0, 0), bleed * SCALE)
        ragged = smoothstep(0.40, 0.60, soft + 0.16 * self.bloom + 0.05 * self.tooth)
        inner = cv2.GaussianBlur(ragged, (0, 0), 4.0 * SCALE)
        edge = ragged * np.clip(1 - inner, 0, 1) * 2
        grain = 1 + 0.28 * self.tooth + 0.35 * self.bloom
        self.density += strength * (ragged * grain + rim * edge) * np.clip(big * 1.5, 0, 1)

    def lift(self, mask: Float) -> None:
        """Leave the paper bare: what stands in front was kept dry."""
        self.density *= 1 - cv2.resize(mask.astype(np.float32), self.shape[::-1])

    def lines(self, lines: list[tuple[Float, float, float]]) -> None:
        """Pen or brush lines (path, width at the belly, density), darker where they cross."""
        layer = np.zeros(self.shape, np.uint8)
        for path, width, strength in lines:
            t = np.linspace(0, 1, len(path), dtype=np.float32)
            body = width * (0.25 + 0.75 * np.sin(np.pi * np.clip(t * 0.92 + 0.06, 0, 1)) ** 0.7)
            tangent = np.gradient(path, axis=0)
            normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
            normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
            side = normal * body[:, None] / 2
            outline = fixed(np.vstack([path + side, (path - side)[::-1]]), SCALE)
            cv2.fillPoly(layer, [outline], int(255 * strength), cv2.LINE_AA, SHIFT)
        dry = np.clip(1.1 - 0.55 * np.clip(self.tooth - 0.2, 0, 1), 0, 1)
        self.density += layer.astype(np.float32) / 255 * 2.6 * dry

    def dry_brush(self, path: Float, width: float, strength: float, hairs: int) -> None:
        """A brush running out of ink: separate hairs that skip over the paper's tooth."""
        layer = np.zeros(self.shape, np.uint8)
        tangent = np.gradient(path, axis=0)
        normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
        for across in np.linspace(-0.5, 0.5, hairs):
            first = int(self.rng.uniform(0, 0.25) * len(path))
            last = int(self.rng.uniform(0.5, 1.0) * len(path))
            hair = path[first:last] + normal[first:last] * (
                across * width + self.rng.normal(0, 0.4)
            )
            tone = int(255 * strength * self.rng.uniform(0.3, 1.0))
            cv2.polylines(
                layer,
                [fixed(hair, SCALE)],
                False,
                tone,
                int(self.rng.integers(1, 4)),
                cv2.LINE_AA,
                SHIFT,
            )
        skip = smoothstep(-0.5, 0.3, fbm(self.rng, self.shape, 4, 2))
        self.density += layer.astype(np.float32) / 255 * 1.6 * skip

    def splash(
        self, center: tuple[float, float], reach: float, count: int, strength: float
    ) -> None:
        layer = np.zeros(self.shape, np.uint8)
        turns = self.rng.normal(self.rng.uniform(0, 6.3), 1.2, count)
        away = np.abs(self.rng.normal(0, reach, count))
        for turn, far in zip(turns, away, strict=True):
            spot = np.array([center[0] + far * np.cos(turn), center[1] + far * np.sin(turn)])
            radius = min(0.5 + self.rng.pareto(2.2) * 0.8, 7.0)
            axes = (int(radius * SCALE * 16 * self.rng.uniform(1, 1.5)), int(radius * SCALE * 16))
            ring = cv2.ellipse2Poly((0, 0), axes, int(np.degrees(turn)), 0, 360, 15)
            cv2.fillPoly(
                layer, [ring + fixed(spot, SCALE)], int(255 * strength), cv2.LINE_AA, SHIFT
            )
        self.density += layer.astype(np.float32) / 255 * 2.2

    def finish(self) -> Float:
        sheet = paper_grain(self.rng, self.shape)
        paper = PAPER * (1 + 0.035 * sheet[..., None]) * np.array([1.0, 0.995, 0.985], np.float32)
        stain = smoothstep(0.1, 1.2, fbm(self.rng, self.shape, 330, 4))
        paper = mix(paper, paper * np.array([0.93, 0.86, 0.74], np.float32), stain)
        cover = 1 - np.exp(-np.clip(self.density, 0, None))
        # Thin ink is warm brown-gray, thick ink is black.
        tint = mix(np.array([70, 60, 52], np.float32), INK, smoothstep(0.3, 0.95, cover))
        return mix(paper, np.broadcast_to(tint, paper.shape), cover * 0.97)


def _ridge(
    x: Float, peaks: tuple[tuple[float, float, float], ...], base: float, rough: Float
) -> Float:
    height = np.zeros_like(x)
    for center, tall, wide in peaks:
        height = np.maximum(height, tall * np.exp(-(np.abs((x - center) / wide) ** 1.35)))
    return base - height - rough * (0.25 + height / 90)


def _mountains(sheet: Sheet, rng: np.random.Generator) -> None:
    x, y = grid()
    ranges = (
        (((130, 120, 60), (262, 84, 55), (338, 128, 40), (610, 130, 60)), 262, 0.20, 110),
        (((40, 130, 60), (412, 226, 50), (496, 160, 44), (340, 100, 50)), 340, 0.34, 140),
        (((566, 178, 60), (650, 240, 66), (478, 84, 56), (232, 66, 80)), 398, 0.58, 110),
    )
    for k, (peaks, base, strength, fade) in enumerate(ranges):
        rough = 9 * fbm(rng, (1, WIDTH), 40, 5, (1, 1), 0.6)
        top = _ridge(x[:1], peaks, base, rough)
        depth = y - top
        tall = smoothstep(14, 50, base - top)
        sheet.lift((depth > 0) * np.clip(1.25 - depth / (fade * 1.4), 0, 1))
        body = (depth > 0) * np.clip(1.15 - depth / fade, 0, 1) * tall
        sheet.wash(body, strength, 1.2, 0.8)
        folds = fbm(rng, x.shape, 46, 4, (2.0, 0.8))
        flank = cv2.GaussianBlur(np.gradient(top, axis=1), (0, 0), 7)
        dark = np.clip(0.5 * smoothstep(-0.1, 0.7, flank) + 0.8 * smoothstep(0.0, 0.4, folds), 0, 1)
        shade = (depth > 0) * np.clip(1.2 - depth / (fade * 0.9), 0, 1) * dark * tall
        sheet.wash(shade, strength * 0.9, 0.8, 0.6)
        _contour(sheet, rng, top[0], tall[0], k)
        _hatch(sheet, rng, shade, k)


def _contour(sheet: Sheet, rng: np.random.Generator, top: Float, tall: Float, k: int) -> None:
    """The ridge in short overlapping pen strokes, left out where it sinks into the mist."""
    lines = []
    x = np.arange(WIDTH, dtype=np.float32)
    for start in range(0, WIDTH - 8, 15):
        part = slice(start, min(start + int(rng.integers(16, 24)), WIDTH))
        if tall[part].mean() > 0.5:
            path = np.stack([x[part], top[part] + rng.normal(0, 0.5)], -1).astype(np.float32)
            lines.append((path, 1.5 + 0.6 * k, 0.5 + 0.22 * k))
    sheet.lines(lines)


def _hatch(sheet: Sheet, rng: np.random.Generator, shade: Float, k: int) -> None:
    """Parallel pen hatching in the shade, a second direction where it is deepest."""
    lines: list[tuple[Float, float, float]] = []
    for turn, least, gap in ((1.08, 0.12, 5.0), (2.05, 0.5, 5.5)):
        y, x = np.mgrid[0:HEIGHT:gap, 0 : WIDTH : gap * 1.5].astype(np.float32)
        starts = np.stack([x.ravel(), y.ravel()], -1) + rng.normal(0, 1.0, (x.size, 2))
        starts = starts[sample(shade, starts) > least + rng.uniform(0, 0.12, len(starts))].astype(
            np.float32
        )
        bend = turn + 0.22 * fbm(rng, shade.shape, 70, 2)
        paths = follow(bend, starts, rng.uniform(10, 17, len(starts)).astype(np.float32), 4)
        ink = 0.40 + 0.24 * k
        lines += [(path, rng.uniform(0.8, 1.4), ink * rng.uniform(0.6, 1)) for path in paths]
    sheet.lines(lines)


def _sky(sheet: Sheet, rng: np.random.Generator) -> None:
    """A dim disc left white in a wet sky, and long dry strokes of wind."""
    x, y = grid()
    moon = np.hypot(x - 226, y - 92) < 42
    cloud = fbm(rng, x.shape, 150, 4, (0.55, 1.5))
    sky = smoothstep(-0.25, 0.5, cloud) * smoothstep(290, 60, y) * ~moon
    sheet.wash(sky, 0.20, 3.0, 0.5)
    sheet.wash(sky * smoothstep(0.15, 0.7, cloud), 0.22, 2.0, 0.8)
    sheet.wash(np.exp(-(((np.hypot(x - 226, y - 92) - 52) / 16) ** 2)) * ~moon, 0.20, 1.5, 0.9)
    for _ in range(15):
        cx, cy = rng.uniform(-40, WIDTH), rng.uniform(14, 200)
        if np.hypot(cx + 70 - 226, cy - 92) < 75:
            continue
        t = np.linspace(0, rng.uniform(90, 230), 40)
        path = np.stack([cx + t, cy + 7 * np.sin(t / 45 + cx) - 0.08 * t], -1).astype(np.float32)
        sheet.dry_brush(
            path, rng.uniform(8, 20), rng.uniform(0.16, 0.34), int(rng.integers(10, 20))
        )


def _water(sheet: Sheet, rng: np.random.Generator) -> None:
    x, y = grid()
    streak = fbm(rng, x.shape, 40, 3, (0.3, 3.0))
    sheet.wash((y > 392) * smoothstep(0.0, 0.5, streak) * 0.9, 0.26, 1.0, 0.9)
    lines = []
    for _ in range(230):
        row = 396 + 112 * rng.uniform(0, 1) ** 0.8
        length = rng.uniform(18, 80) * (0.5 + (row - 390) / 110)
        t = np.linspace(0, 1, 14)
        start = rng.uniform(-20, WIDTH)
        path = np.stack([start + t * length, row + 1.6 * np.sin(t * 6 + start)], -1)
        lines.append((path.astype(np.float32), rng.uniform(0.7, 1.9), rng.uniform(0.2, 0.65)))
    sheet.lines(lines)


def _boat(sheet: Sheet) -> None:
    x, y = grid()
    sheet.lift(0.9 * smoothstep(1.25, 0.7, np.hypot((x - 372) / 76, (y - 396) / 58)))
    hull = smooth_curve(((328, 420), (350, 431), (386, 432), (416, 419)), 30)
    mast = smooth_curve(((374, 428), (375, 400), (373, 366)), 20)
    sail = [
        smooth_curve(((373, 368), (400, 384), (404, 416)), 20),
        smooth_curve(((376, 418), (390, 419), (404, 416)), 14),
    ]
    sheet.lines([(hull, 7.5, 0.95), (mast, 2.2, 0.9), *((p, 1.6, 0.8) for p in sail)])
    lines = [
        (smooth_curve(((375, 374 + d), (388, 378 + d), (398, 384 + d * 0.8)), 8), 0.9, 0.5)
        for d in range(4, 40, 5)
    ]
    sheet.lines(lines)


def _branch(points: tuple[tuple[float, float], ...], width: float) -> tuple[Float, Float]:
    path = smooth_curve(points, 90)
    return path, (width * np.linspace(1, 0.18, len(path))).astype(np.float32)


def _pine(sheet: Sheet, rng: np.random.Generator) -> None:
    """The dark foreground: a leaning trunk with bark strokes and fans of needles."""
    limbs = (
        (((-20, 470), (30, 400), (52, 330), (40, 262), (84, 208), (140, 190)), 34.0),
        (((48, 320), (104, 306), (150, 318), (206, 300), (262, 312)), 13.0),
        (((42, 266), (20, 216), (-10, 190)), 12.0),
        (((84, 208), (80, 168), (108, 132), (100, 100)), 10.0),
        (((26, 404), (80, 396), (118, 408), (160, 396)), 10.0),
    )
    layer, needles = [], []
    for points, width in limbs:
        path, widths = _branch(points, width)
        _x, _y = grid()
        mask = np.zeros((HEIGHT, WIDTH), np.float32)
        for (px, py), w in zip(path, widths, strict=True):
            cv2.circle(mask, (int(px), int(py)), max(int(w / 2), 1), 1.0, -1, cv2.LINE_AA)
        sheet.wash(mask, 0.95, 0.5, 0.8)
        for _ in range(int(width * 7)):
            k = int(rng.integers(0, len(path) - 8))
            across = rng.uniform(-0.5, 0.5)
            bark = path[k : k + 8] + np.array([across * widths[k], rng.normal(0, 1)])
            layer.append((bark.astype(np.float32), rng.uniform(1, 2.6), rng.uniform(0.5, 1.0)))
        for k in range(24 if width > 20 else 10, len(path), 5):
            if width > 20 and k < 62:
                continue
            needles.append(path[k] + rng.normal(0, 5, 2) + (0, -5))
    sheet.lines(layer)
    _needles(sheet, rng, needles)


def _needles(sheet: Sheet, rng: np.random.Generator, hearts: list[Float]) -> None:
    x, y = grid()
    cloud = np.zeros_like(x)
    lines = []
    for heart in hearts:
        cloud = np.maximum(
            cloud, np.exp(-(((x - heart[0]) / 19) ** 2 + ((y - heart[1] + 5) / 11) ** 2))
        )
        for turn in np.linspace(-np.pi * 1.02, 0.02, 19) + rng.normal(0, 0.06, 19):
            far = rng.uniform(15, 25)
            end = heart + far * np.array([np.cos(turn), 0.8 * np.sin(turn)])
            path = smooth_curve((tuple(heart), tuple((heart + end) / 2 + (0, -1.2)), tuple(end)), 7)
            lines.append((path, rng.uniform(0.9, 1.6), rng.uniform(0.6, 1.0)))
    sheet.wash(smoothstep(0.3, 0.8, cloud), 0.42, 1.0, 0.6)
    sheet.lines(lines)


def _seal(picture: Float, rng: np.random.Generator) -> Float:
    """A red seal with an abstract sign."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    x0, y0, s = 590 * SCALE, 446 * SCALE, 30 * SCALE
    cv2.rectangle(mask, (x0, y0), (x0 + s, y0 + int(s * 1.15)), 255, -1)
    for a, b in (
        ((6, 8), (24, 8)),
        ((15, 8), (15, 27)),
        ((7, 17), (23, 17)),
        ((7, 27), (24, 27)),
        ((7, 17), (7, 27)),
    ):
        cv2.line(
            mask,
            (x0 + a[0] * SCALE, y0 + a[1] * SCALE),
            (x0 + b[0] * SCALE, y0 + b[1] * SCALE),
            0,
            5,
            cv2.LINE_AA,
        )
    worn = smoothstep(-1.1, 0.1, fbm(rng, mask.shape, 12, 3))
    return mix(
        picture, SEAL, cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.float32) / 255 * worn * 0.92
    )


def paint(seed: int = 8) -> Float:
    rng = np.random.default_rng(seed)
    sheet = Sheet(rng)
    _sky(sheet, rng)
    _mountains(sheet, rng)
    _water(sheet, rng)
    _boat(sheet)
    _pine(sheet, rng)
    sheet.splash((110, 440), 80, 90, 0.8)
    sheet.splash((540, 70), 60, 60, 0.6)
    sheet.splash((330, 470), 60, 40, 0.6)
    return shrink(np.clip(_seal(sheet.finish(), rng), 0, 255))
