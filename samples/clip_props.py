"""Things of the sample clip: lighthouse, sailing boat, balloon, gulls and the meadow in front."""

from __future__ import annotations

import cv2
import numpy as np
from strokes import SHIFT, Float, fbm, fixed, hex_rgb, mix, ramp, smooth_curve, smoothstep

FINE = 4  # props are drawn at this multiple of the composing size
WARM = np.array([1.10, 1.0, 0.84], np.float32)
COOL = np.array([0.52, 0.56, 0.72], np.float32)


class Card:
    """A small transparent picture drawn with OpenCV and averaged down to soft edges."""

    def __init__(self, width: int, height: int) -> None:
        self.color = np.zeros((height * FINE, width * FINE, 3), np.float32)
        self.alpha = np.zeros((height * FINE, width * FINE), np.float32)
        y, x = np.mgrid[0 : height * FINE, 0 : width * FINE].astype(np.float32)
        self.x, self.y = (x + 0.5) / FINE, (y + 0.5) / FINE

    def fill(self, outline: Float | list[tuple[float, float]], color: Float) -> None:
        mask = np.zeros(self.alpha.shape, np.uint8)
        points = fixed(np.asarray(outline, np.float32), FINE)
        cv2.fillPoly(mask, [points], 1, cv2.LINE_8, SHIFT)
        self.paint(mask > 0, color)

    def paint(self, inside: Float, color: Float) -> None:
        self.color = np.where(inside[..., None], color, self.color).astype(np.float32)
        self.alpha = np.where(inside, 1.0, self.alpha).astype(np.float32)

    def line(self, points: list[tuple[float, float]] | Float, width: float, color: Float) -> None:
        mask = np.zeros(self.alpha.shape, np.uint8)
        path = fixed(np.asarray(points, np.float32), FINE)
        cv2.polylines(mask, [path], False, 1, max(int(width * FINE), 1), cv2.LINE_8, SHIFT)
        self.paint(mask > 0, color)

    def done(self) -> Float:
        picture = np.concatenate([self.color * self.alpha[..., None], self.alpha[..., None]], 2)
        size = (picture.shape[1] // FINE, picture.shape[0] // FINE)
        return cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def round_light(across: Float) -> Float:
    """Light on an upright round body; ``across`` runs from -1 (left) to 1 (right)."""
    bright = smoothstep(-0.75, 0.62, across) * (1 - 0.28 * smoothstep(0.6, 1.0, across))
    return mix(COOL, WARM, bright)


def lighthouse() -> Float:
    """White tower with red bands, gallery and lamp, and the keeper's house; foot at (100, 236)."""
    card = Card(200, 240)
    x, y = card.x, card.y
    grain = fbm(np.random.default_rng(1), x.shape, 26, 4)
    half = 11.5 + (y - 62) * 0.058
    band = ((y - 62) / 172 * 5).astype(int) % 2 == 1
    wall = np.where(band[..., None], hex_rgb("cf3a2c")[0], hex_rgb("fbf3e4")[0])
    wall = wall * round_light((x - 100) / half) * (1 + 0.035 * grain[..., None])
    _house(card, grain)
    card.paint((np.abs(x - 100) < half) & (y > 62) & (y < 238), wall)
    for wx, wy in ((103, 96), (97, 140), (103, 186)):
        card.fill(
            [(wx - 2, wy - 4), (wx + 2.4, wy - 4), (wx + 2.4, wy + 5), (wx - 2, wy + 5)],
            hex_rgb("33415c")[0],
        )
    stone = hex_rgb("e8dcc8")[0] * round_light((x - 100) / 18)
    card.paint((np.abs(x - 100) < 17.5) & (np.abs(y - 61) < 3), stone)
    for k in np.linspace(-16.5, 16.5, 9):
        card.line([(100 + k, 49), (100 + k, 59)], 0.9, hex_rgb("3a3a46")[0])
    card.line([(83, 49.5), (117, 49.5)], 1.1, hex_rgb("3a3a46")[0])
    lamp = ramp(np.hypot(x - 101, y - 47) / 14, hex_rgb("fffbe0 ffe28a e2a850 7e8ea6"))
    card.paint((np.abs(x - 100) < 9.5) & (y > 35) & (y < 58), lamp)
    for k in (-9, -3, 3, 9):
        card.line([(100 + k, 35), (100 + k, 58)], 0.9, hex_rgb("4a3434")[0])
    dome = (np.hypot((x - 100) / 12.5, (y - 36) / 15) < 1) & (y < 36)
    card.paint(dome, hex_rgb("c23328")[0] * round_light((x - 100) / 13))
    card.line([(100, 12), (100, 22)], 1.3, hex_rgb("57302c")[0])
    return card.done()


def _house(card: Card, grain: Float) -> None:
    lit, shaded = hex_rgb("fbeed4")[0], hex_rgb("a9a3b4")[0]
    dapple = (1 + 0.05 * grain)[..., None]
    card.fill([(118, 240), (118, 206), (166, 206), (166, 240)], shaded * dapple)
    card.fill([(166, 240), (166, 206), (175, 192), (186, 206), (186, 240)], lit * dapple)
    card.fill([(113, 208), (127, 190), (177, 190), (167, 208)], hex_rgb("b4513a")[0] * dapple)
    card.fill(
        [(177, 190), (167, 208), (170, 208), (178, 194), (188, 209), (191, 208)],
        hex_rgb("e07a50")[0],
    )
    card.fill([(134, 180), (141, 180), (141, 194), (134, 194)], hex_rgb("c98f70")[0])
    for wx in (126, 142):
        card.fill([(wx, 215), (wx + 8, 215), (wx + 8, 226), (wx, 226)], hex_rgb("ffdf8c")[0])
    card.fill([(153, 216), (161, 216), (161, 240), (153, 240)], hex_rgb("35617e")[0])


def boat() -> Float:
    """A gaff-rigged boat with tan sails; waterline at y = 150."""
    card = Card(150, 160)
    x, y = card.x, card.y
    cloth = fbm(np.random.default_rng(2), x.shape, 60, 3)
    main = smooth_curve(((74, 128), (72, 70), (70, 24)), 20)
    leech = smooth_curve(((96, 8), (118, 66), (128, 126)), 20)
    sail = ramp(
        0.62 + (x - 100) / 90 + 0.16 * cloth - 0.2 * (y > 100),
        hex_rgb("8e3f2c c8643a ec9a56 fbc47c"),
    )
    card.fill(np.vstack([main, leech]), sail)
    for k in (42, 66, 90, 110):
        card.line([(72, k), (104 + k * 0.2, k + 5)], 0.5, hex_rgb("9c4c30")[0])
    jib = np.vstack(
        [
            smooth_curve(((68, 22), (46, 78), (16, 130)), 20),
            smooth_curve(((16, 130), (46, 124), (66, 122)), 12),
        ]
    )
    card.fill(jib, ramp(0.45 + (x - 30) / 60 + 0.12 * cloth, hex_rgb("b8a890 f3e2c0 fff6e0")))
    card.line([(71, 142), (70, 14)], 1.7, hex_rgb("5a3a26")[0])
    card.line([(70, 26), (97, 7)], 1.3, hex_rgb("5a3a26")[0])
    card.line([(72, 129), (130, 127)], 1.3, hex_rgb("5a3a26")[0])
    hull = np.vstack(
        [
            smooth_curve(((8, 131), (50, 138), (100, 138), (138, 132)), 24),
            smooth_curve(((138, 132), (130, 146), (110, 152), (44, 152), (24, 146), (8, 131)), 30),
        ]
    )
    card.fill(hull, ramp((x - 8) / 130 - (y - 140) / 60, hex_rgb("162c46 1e4464 3f7492")))
    card.line(
        smooth_curve(((8, 132), (50, 138.5), (100, 138.5), (138, 133)), 24),
        1.5,
        hex_rgb("f6e7c6")[0],
    )
    for px, tone in ((96, "c8452f"), (108, "2f4a5e")):
        card.paint((np.hypot(x - px, y - 122) < 3.2), hex_rgb("d9a27c")[0])
        card.fill([(px - 4, 139), (px - 4, 126), (px + 4, 126), (px + 4, 139)], hex_rgb(tone)[0])
    return card.done()


def balloon() -> Float:
    """A striped hot-air balloon; the middle of its envelope is at (110, 112)."""
    card = Card(220, 310)
    x, y = card.x, card.y
    u = np.clip((y - 8) / 218, 0, 1)
    # Profile of an envelope: a sphere above, a cone towards the mouth.
    half = np.where(
        u < 0.46,
        np.sqrt(np.clip(1 - ((u - 0.46) / 0.46) ** 2, 0, 1)),
        np.cos((u - 0.46) / 0.54 * 1.36) ** 0.86,
    )
    half = 100 * half + 1e-3
    across = (x - 110) / half
    inside = (np.abs(across) < 1) & (y > 8) & (y < 226)
    turn = np.arcsin(np.clip(across, -1, 1)) / np.pi
    gore = np.floor(turn * 10 + 0.25).astype(int)
    paint = hex_rgb("d8392e f8e8c4 f2a132 f8e8c4 1d6f86 f8e8c4")
    color = paint[gore % 6]
    belt = np.abs(u - 0.60 - 0.012 * np.cos(across * 3)) < 0.045
    color = np.where((belt | (u < 0.07))[..., None], hex_rgb("1c3f66")[0], color)
    seam = np.abs((turn * 10 + 0.25) % 1 - 0.5) > 0.46
    bulge = 0.5 + 0.5 * np.sin(((turn * 10 + 0.25) % 1) * np.pi)
    light = np.sqrt(np.clip(1 - across**2, 0, 1)) * 0.25 + 0.62 * across * 0.8 - (u - 0.42) * 0.55
    shade = mix(COOL * 1.02, WARM * 1.1, smoothstep(-0.55, 0.5, light))
    color = color * shade * (0.90 + 0.10 * bulge)[..., None] * np.where(seam, 0.82, 1.0)[..., None]
    rim = smoothstep(0.80, 0.99, across) * smoothstep(0.8, 0.4, u)
    color = mix(color, hex_rgb("fff0c8")[0], 0.5 * rim)
    card.paint(inside, color)
    for k in (-1, -0.35, 0.35, 1):
        card.line([(110 + 20 * k, 224), (110 + 13 * k, 268)], 0.8, hex_rgb("4a3626")[0])
    card.fill(
        [(96, 266), (124, 266), (121, 292), (99, 292)],
        ramp((x - 94) / 30 + 0.10 * np.sin(y * 2.4), hex_rgb("5a3820 94602f d69a54")),
    )
    card.line([(95, 266), (125, 266)], 3, hex_rgb("7a4a26")[0])
    for px, tone in ((104, "34506a"), (115, "b23c30")):
        card.paint(np.hypot(x - px, y - 253) < 4, hex_rgb("c98f6a")[0])
        card.fill(
            [(px - 4.5, 266), (px - 4, 257), (px + 4, 257), (px + 4.5, 266)], hex_rgb(tone)[0]
        )
    card.paint(np.hypot((x - 110) / 4, (y - 229) / 8) < 1, hex_rgb("ffd060")[0])
    return card.done()


def gull(
    frame: Float, center: tuple[float, float], span: float, beat: float, heading: float
) -> None:
    """Draw one gull straight into the frame; ``beat`` is the wings' phase in radians."""
    up = np.sin(beat)
    tip = np.sin(beat - 0.9)
    wings = []
    for sign in (-1.0, 1.0):
        bend = smooth_curve(
            ((0, 0), (sign * 0.24, -0.20 * up - 0.05), (sign * 0.50, -0.30 * tip * 0.8 - 0.02)), 14
        )
        chord = np.array([0.085, 0.10, 0.012])
        width = np.interp(np.linspace(0, 2, 14), [0, 1, 2], chord)[:, None] * np.array(
            [[0.15, 1.0]]
        )
        wings.append((bend, np.vstack([bend - width / 2, (bend + width / 2)[::-1]])))
    lean = np.array([[np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]])
    body = smooth_curve(
        ((-0.15, 0.02), (0, -0.035), (0.13, -0.02), (0.17, 0.01), (0.1, 0.045), (-0.05, 0.05)),
        24,
        closed=True,
    )
    order = (
        (wings[0][1], (176, 170, 184)),
        (body, (250, 242, 228)),
        (wings[1][1], (240, 226, 206)),
    )
    for outline, color in order:
        points = fixed((outline @ lean) * span + center, 1.0)
        cv2.fillPoly(frame, [points], color, cv2.LINE_AA, SHIFT)
    for (bend, _), tone in zip(wings, ((70, 66, 80), (84, 76, 84)), strict=True):
        points = fixed((bend[-4:] @ lean) * span + center, 1.0)
        cv2.polylines(frame, [points], False, tone, 2, cv2.LINE_AA, SHIFT)


class Meadow:
    """The grassy slope in front of the camera, with poppies and daisies in the wind."""

    def __init__(self, rng: np.random.Generator, width: int, view_height: int) -> None:
        self.width = width
        x = np.arange(width, dtype=np.float32)
        self.crest = (
            640 - 66 * smoothstep(760, 40, x) + 26 * smoothstep(900, 1900, x) + 7 * np.sin(x / 90)
        )
        y = np.arange(view_height, dtype=np.float32)[:, None]
        depth = y - self.crest[None]
        tone = 0.42 - depth / 230 + 0.24 * fbm(rng, depth.shape, 40, 4, (0.5, 1.0))
        color = ramp(tone, hex_rgb("16260f 2a4018 4f6a24 8a9436"))
        alpha = smoothstep(-1, 2, depth)
        self.base = np.concatenate([color * alpha[..., None], alpha[..., None]], 2).astype(
            np.float32
        )
        self.blades = self._grow(rng, 3900)

    def _grow(self, rng: np.random.Generator, count: int) -> Float:
        """Rows of x, y, height, lean, phase, kind, and color; far blades first."""
        x = rng.uniform(0, self.width, count)
        down = rng.uniform(0, 1, count) ** 0.9 * 150
        y = np.interp(x, np.arange(self.width), self.crest) + down
        # Flowers stand in drifts: their share follows a slow wave along the slope.
        drift = 0.5 + 0.5 * np.sin(x / 97 + down / 30) * np.sin(x / 41 + 2)
        kind = np.where(rng.uniform(size=count) < 0.12 * drift**2.2, rng.integers(1, 4, count), 0)
        tall = (17 + down * 0.30) * rng.uniform(0.6, 1.35, count) * np.where(kind > 0, 1.2, 1)
        tone = ramp(
            rng.uniform(0, 1, count) * 0.8 + 0.25 - down / 420,
            hex_rgb("24381a 46601f 7d8c2e bdb04a e6d070"),
        )
        rows = np.column_stack(
            [x, y, tall, rng.normal(0.12, 0.2, count), rng.uniform(0, 6.3, count), kind, tone]
        )
        return rows[np.argsort(y)]

    def draw(self, frame: Float, shift: float, t: float) -> None:
        """Draw the blades that are in view; a gust travels over the slope as a wave."""
        height, width = frame.shape[:2]
        x = self.blades[:, 0] - shift
        seen = self.blades[
            (x > -60) & (x < width + 60) & (self.blades[:, 1] - self.blades[:, 2] < height)
        ]
        gust = np.sin(seen[:, 0] / 150 - 2.3 * t) + 0.5 * np.sin(
            seen[:, 0] / 57 - 4.1 * t + seen[:, 4]
        )
        for row, wind in zip(seen, gust, strict=True):
            px, py, tall, lean, _, kind = row[:6]
            bend = lean + 0.20 + 0.17 * wind
            thick = 1.5 + tall * 0.045
            s = np.array([0.0, 0.4, 0.75, 1.0])
            sx = px - shift + tall * bend * s**1.8
            sy = py - tall * (s - 0.22 * abs(bend) * s**2)
            half = thick * (1 - s) ** 0.7 if kind == 0 else np.full(4, 0.7)
            outline = np.vstack(
                [np.column_stack([sx - half, sy]), np.column_stack([sx + half, sy])[::-1]]
            )
            cv2.fillPoly(frame, [fixed(outline, 1.0)], row[6:9].tolist(), cv2.LINE_AA, SHIFT)
            if kind > 0:
                _flower(frame, (sx[-1], sy[-1]), 2.0 + tall * 0.075, int(kind), bend)


def _flower(frame: Float, at: tuple[float, float], size: float, kind: int, bend: float) -> None:
    petals, heart = {1: ("d92f24", "f2604a"), 2: ("c9281f", "ee5a3c"), 3: ("f8f2e0", "f2b830")}[
        kind
    ]
    center = fixed(np.array(at), 1.0)
    for share, tone, up in ((1.0, petals, 0.0), (0.5, heart, -0.25)):
        axes = (int(size * share * 16), int(size * share * 12))
        ring = cv2.ellipse2Poly(
            (0, int(up * size * 16)), axes, int(np.degrees(bend) * 0.4), 0, 360, 30
        )
        cv2.fillPoly(frame, [ring + center], hex_rgb(tone)[0].tolist(), cv2.LINE_AA, SHIFT)
