"""``woodcut``: a color woodblock print of curling waves under a low sun, few flat inks."""

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
    hex_rgb,
    mix,
    paper_grain,
    shrink,
    smooth_curve,
    smoothstep,
)

SCALE = 3
PAPER, CREAM, PALE, MID, DEEP, KEY, OCHRE, ROSE = hex_rgb(
    "ead9b4 f3e8cc a9c0bf 4f7f9c 22497a 14213f d39a45 c4553b"
)

# A curling wave in its own units: x to the right, y up, the crest at y = 1.
BACK = (
    (-1.75, -0.25),
    (-1.2, 0.02),
    (-0.78, 0.36),
    (-0.40, 0.74),
    (0.0, 0.97),
    (0.36, 1.0),
    (0.62, 0.86),
    (0.72, 0.62),
    (0.66, 0.46),
)
FACE = (
    (1.25, -0.25),
    (0.62, -0.10),
    (0.22, 0.05),
    (0.03, 0.28),
    (0.05, 0.52),
    (0.22, 0.70),
    (0.44, 0.72),
    (0.58, 0.60),
    (0.66, 0.46),
)


class Print:
    """The color blocks, and the key block that carries the dark lines."""

    def __init__(self, ground: Float) -> None:
        self.color = ground.astype(np.uint8)
        self.key = np.zeros(ground.shape[:2], np.uint8)

    def shape(self, outline: Float, color: Float, line: float = 1.6) -> None:
        """A flat area with its contour; it hides whatever was cut before."""
        points = [fixed(outline, SCALE)]
        cv2.fillPoly(self.color, points, color.tolist(), cv2.LINE_AA, SHIFT)
        cv2.fillPoly(self.key, points, 0, cv2.LINE_AA, SHIFT)
        if line > 0:
            width = max(round(line * SCALE), 1)
            cv2.polylines(self.key, points, True, 255, width, cv2.LINE_AA, SHIFT)

    def swell(self, path: Float, widths: Float) -> None:
        """A cut line that swells and thins along its way."""
        cv2.fillPoly(self.key, [fixed(ribbon(path, widths), SCALE)], 255, cv2.LINE_AA, SHIFT)

    def disc(self, center: tuple[float, float], radius: float, color: Float, line: float) -> None:
        turn = np.linspace(0, 2 * np.pi, max(int(radius * 5), 14), endpoint=False)
        ring = np.stack([np.cos(turn), np.sin(turn)], -1) * radius + center
        self.shape(ring.astype(np.float32), color, line)


def ribbon(path: Float, widths: Float) -> Float:
    tangent = np.gradient(path, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
    side = normal * widths[:, None] / 2
    return np.vstack([path + side, (path - side)[::-1]]).astype(np.float32)


def _claw(block: Print, root: Float, heading: float, size: float, curl: float) -> None:
    """One finger of foam: a tapering hook, with a smaller hook on its back."""
    t = np.linspace(0, 1, 22)
    turn = heading + curl * t**1.4 * 2.5
    step = size / len(t) * np.stack([np.cos(turn), np.sin(turn)], -1)
    path = (root + np.cumsum(step, 0)).astype(np.float32)
    widths = (size * 0.42 * (1 - t) ** 0.75 + 0.5).astype(np.float32)
    block.shape(ribbon(path, widths), CREAM, 0.9)
    block.swell(path[3:15], np.linspace(1.0, 0.1, 12).astype(np.float32))


def _wave(
    block: Print,
    rng: np.random.Generator,
    foot: tuple[float, float],
    size: float,
    flip: int,
    claws: int,
) -> None:
    place = np.array([size * flip, -size], np.float32)
    count = 120
    back = smooth_curve(BACK, count) * place + foot
    face = smooth_curve(FACE, count) * place + foot
    body = np.vstack([back, face[::-1]])
    block.shape(body, DEEP, 2.4)
    inks = (DEEP, MID, DEEP, PALE, MID, CREAM, MID, DEEP, PALE, DEEP, CREAM, MID, DEEP, PALE)
    edges = np.cumsum(rng.uniform(0.5, 1.5, len(inks) + 1))
    edges = 0.10 + 0.88 * (edges - edges[0]) / (edges[-1] - edges[0])
    for ink, low, high in zip(inks, edges[:-1], edges[1:], strict=True):
        a, b = back * (1 - low) + face * low, back * (1 - high) + face * high
        block.shape(np.vstack([a, b[::-1]]), ink, 0)
        t = np.linspace(0, 1, count)
        block.swell(a, (size / 95 * (0.35 + np.sin(np.pi * t))).astype(np.float32))
    cv2.polylines(block.key, [fixed(body, SCALE)], True, 255, int(2.4 * SCALE), cv2.LINE_AA, SHIFT)
    _foam(block, rng, back, face, size, flip, claws)


def _foam(
    block: Print,
    rng: np.random.Generator,
    back: Float,
    face: Float,
    size: float,
    flip: int,
    claws: int,
) -> None:
    """The white crest: a scalloped band, fingers hanging from its lip, curls cut into it."""
    lip = np.vstack([back[52:], face[:66:-1]])
    t = np.linspace(0, 1, len(lip), dtype=np.float32)
    normal = _normals(lip) * flip
    wide = size * 0.15 * np.sin(np.pi * np.clip(0.97 * t, 0, 1)) ** 0.7
    _fingers(block, rng, lip - normal * wide[:, None] * 0.15, normal, size, flip, claws)
    fine = np.linspace(0, 1, len(lip) * 6)
    path = np.stack([np.interp(fine, t, lip[:, c]) for c in range(2)], -1)
    out = np.stack([np.interp(fine, t, normal[:, c]) for c in range(2)], -1)
    reach = np.interp(fine, t, wide)
    lobes = [
        np.abs(np.sin(fine * n * np.pi + 1.3 * np.sin(fine * 9 + n))) ** 0.55
        for n in (claws * 0.7, claws * 0.9)
    ]
    outer = path - out * (reach * (0.22 + 0.42 * lobes[0]))[:, None]
    inner = path + out * (reach * (0.15 + 0.40 * lobes[1]))[:, None]
    block.shape(np.vstack([outer, inner[::-1]]).astype(np.float32), CREAM, 1.6)
    for share, ink in ((0.10, PALE), (-0.16, PALE)):
        shadow = path + out * (reach * share)[:, None]
        thick = reach * 0.13 * np.clip(np.sin(fine * claws * 2.1 + 5 * share), 0, 1)
        outline = ribbon(shadow.astype(np.float32), thick.astype(np.float32))
        cv2.fillPoly(block.color, [fixed(outline, SCALE)], ink.tolist(), cv2.LINE_AA, SHIFT)
    _curls(block, rng, path + out * (reach * 0.02)[:, None], reach, claws)
    _spray(block, rng, lip[int(len(lip) * 0.45) :], size, flip, claws)


def _normals(path: Float) -> Float:
    tangent = np.gradient(path, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
    return (normal / (np.linalg.norm(normal, axis=1, keepdims=True) + 1e-6)).astype(np.float32)


def _fingers(
    block: Print,
    rng: np.random.Generator,
    path: Float,
    normal: Float,
    size: float,
    flip: int,
    claws: int,
) -> None:
    """Claws of foam that reach out of the lip, forward and down, and hook back under it."""
    for k in np.linspace(len(path) * 0.30, len(path) - 3, claws).astype(int):
        lean = -normal[k] + np.array([0.30 * flip, 0.45])
        heading = np.arctan2(lean[1], lean[0]) + rng.normal(0, 0.16)
        share = k / len(path)
        reach = size * (0.10 + 0.12 * np.sin(np.pi * share**1.3)) * rng.uniform(0.75, 1.25)
        _claw(block, path[k], heading - flip * 0.35, reach, flip * rng.uniform(0.45, 0.8))


def _curls(block: Print, rng: np.random.Generator, path: Float, reach: Float, claws: int) -> None:
    """Small spirals cut into the foam."""
    for k in np.linspace(len(path) * 0.08, len(path) * 0.95, int(claws * 0.8)).astype(int):
        radius = float(reach[k]) * rng.uniform(0.13, 0.24)
        turn = rng.uniform(0, 6.3) + np.linspace(0, 7.5, 26)
        spiral = (
            path[k]
            + rng.normal(0, radius * 0.6, 2)
            + radius * np.linspace(1, 0.1, 26)[:, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
        )
        block.swell(spiral.astype(np.float32), np.linspace(1.3, 0.5, 26).astype(np.float32))


def _spray(
    block: Print, rng: np.random.Generator, lip: Float, size: float, flip: int, claws: int
) -> None:
    for _ in range(int(claws * 3.2)):
        start = lip[rng.integers(len(lip))]
        spot = (
            start
            + np.abs(rng.normal(0, 0.15, 2)) * size * np.array([1.1 * flip, 1.0])
            + rng.normal(0, 0.05, 2) * size
        )
        block.disc((float(spot[0]), float(spot[1])), rng.uniform(0.8, 2.4), CREAM, 0.6)


def _swells(
    block: Print,
    rng: np.random.Generator,
    top: float,
    bottom: float,
    rows: int,
    inks: tuple[Float, ...],
) -> None:
    """Rows of rolling water, each a band with lines that follow its crest."""
    x = np.linspace(-20, WIDTH + 20, 140)
    for k, level in enumerate(np.linspace(top, bottom, rows)):
        phase, length = rng.uniform(0, 6.3), rng.uniform(70, 120)
        height = 5 + 11 * (level - top) / max(bottom - top, 1)
        crest = level - height * np.abs(np.sin(x / length * np.pi / 2 + phase)) ** 1.5
        crest += 2.5 * np.sin(x / 33 + phase)
        edge = np.stack([x, crest], -1)
        sea = np.vstack([edge, [[WIDTH + 20, HEIGHT + 20], [-20, HEIGHT + 20]]])
        block.shape(sea.astype(np.float32), inks[k % len(inks)], 1.7)
        for j in range(1, 4):
            drop = [*edge, 0, 4.2 * j + 0.22 * height * j]
            drop[:, 1] += 1.2 * np.sin(x / 17 + j + phase)
            live = np.clip(np.sin(x / length * np.pi + phase + 0.5 * j) * 2.4, 0, 1.6)
            block.swell(drop.astype(np.float32), live.astype(np.float32))
        foam = [*edge, 0, 3.0]
        white = np.clip(np.sin(x / length * np.pi + phase + 2.6) * 7, 0, 4.6)
        cv2.fillPoly(
            block.color,
            [fixed(ribbon(foam.astype(np.float32), white.astype(np.float32)), SCALE)],
            CREAM.tolist(),
            cv2.LINE_AA,
            SHIFT,
        )


def _sky(rng: np.random.Generator) -> Float:
    """Bokashi: ink wiped by hand into a gradient, darkest along the top edge."""
    shape = (HEIGHT * SCALE, WIDTH * SCALE)
    y = np.linspace(0, HEIGHT, shape[0], dtype=np.float32)[:, None] + 10 * fbm(
        rng, shape, 500, 2, (1, 4)
    )
    sky = mix(np.broadcast_to(CREAM, (*shape, 3)), MID, 0.95 * smoothstep(130, 20, y))
    sky = mix(sky, DEEP, smoothstep(62, 0, y))
    return mix(sky, OCHRE, 0.62 * smoothstep(150, 330, y))


def _clouds(block: Print) -> None:
    """Bars of mist with round ends."""
    for cx, cy, length, ink in (
        (96, 118, 150, PALE),
        (40, 136, 120, CREAM),
        (560, 92, 170, CREAM),
        (610, 110, 130, PALE),
        (300, 70, 110, CREAM),
        (505, 226, 120, CREAM),
    ):
        turn = np.linspace(-np.pi / 2, np.pi / 2, 12)
        end = np.stack([np.cos(turn) * 9, np.sin(turn) * 9], -1)
        outline = np.vstack([[*end, cx + length / 2, cy], -end + [cx - length / 2, cy]])
        block.shape(outline.astype(np.float32), ink, 1.1)


def _birds(block: Print) -> None:
    for cx, cy, s in ((262, 128, 13), (300, 112, 10), (322, 140, 11), (352, 120, 8), (236, 156, 9)):
        wing = smooth_curve(((-1, -0.5), (-0.5, -0.62), (0, 0), (0.55, -0.75), (1.1, -0.6)), 24)
        swell = (0.36 * s * np.sin(np.linspace(0.15, np.pi - 0.15, 24))).astype(np.float32)
        block.shape(ribbon((wing * s + (cx, cy)).astype(np.float32), swell), CREAM, 1.1)


def _pull(block: Print, rng: np.random.Generator) -> Float:
    """Ink the blocks and press the paper: wood grain, uneven baren pressure, loose register."""
    shape = block.key.shape
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wobble_x, wobble_y = (fbm(rng, shape, 26, 2) * 2.0 for _ in range(2))
    color = cv2.remap(
        block.color,
        x + wobble_x + 2.5,
        y + wobble_y - 1.5,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    key = (
        cv2.remap(block.key, x + wobble_x, y + wobble_y, cv2.INTER_LINEAR).astype(np.float32) / 255
    )
    knots = fbm(rng, shape, 420, 2, (1, 2.5)) * 3.0
    grain = np.sin(y / 7.5 + 9 * knots + 0.8 * fbm(rng, shape, 22, 2, (0.5, 9)))
    grain = 0.6 * grain + 0.9 * fbm(rng, shape, 9, 2, (0.35, 14))
    tooth = fbm(rng, shape, 6, 2)
    press = fbm(rng, shape, 260, 3)
    ink = np.linalg.norm(color.astype(np.float32) - CREAM, axis=2) / 300
    thin = np.clip(0.13 * grain + 0.10 * press + 0.13 * tooth + 0.03, 0, 0.5) * np.clip(
        ink * 1.6, 0.12, 1
    )
    picture = mix(color.astype(np.float32), PAPER, thin)
    picture = mix(
        picture, KEY, np.clip(key * (1.0 - 0.5 * np.clip(tooth + 0.5 * grain - 0.45, 0, 1)), 0, 1)
    )
    picture = shrink(picture, SCALE)
    sheet = paper_grain(rng, picture.shape[:2])
    return picture * (PAPER / 255 * 0.18 + 0.84) * (1 + 0.030 * sheet[..., None])


def paint(seed: int = 5) -> Float:
    rng = np.random.default_rng(seed)
    block = Print(_sky(rng))
    block.disc((468, 168), 62, ROSE, 1.8)
    _clouds(block)
    _birds(block)
    _swells(block, rng, 268, 330, 5, (PALE, MID, DEEP, MID))
    _wave(block, rng, (585, 345), 120, -1, 15)
    _swells(block, rng, 345, 372, 2, (MID, DEEP))
    _wave(block, rng, (178, 430), 318, 1, 30)
    _swells(block, rng, 412, 440, 2, (DEEP, MID))
    _wave(block, rng, (500, 486), 150, 1, 18)
    _swells(block, rng, 470, 505, 3, (MID, DEEP, PALE))
    return _pull(block, rng)
