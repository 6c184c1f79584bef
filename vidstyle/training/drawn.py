"""Style pictures drawn by program from photos: strokes, dots, tesserae, hatching, washes, of every size and direction.

Folders of paintings hold few hands: most are old masters in oil. What is drawn here has the colors of one of them and
the shapes of a photo, and a hand of its own, so that an any-style network meets many kinds and scales of stroke.

    python -m vidstyle.training.drawn PHOTOS PAINTINGS OUT [COUNT]
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.images.files import read_picture
from vidstyle.training.data import list_pictures
from vidstyle.training.script import run_script

Floats = NDArray[Any]
"""Of 32 bits; the stubs of OpenCV do not say so."""
Random = np.random.Generator

SIDE = 512
"""Height and width of a drawn picture in pixels."""

_EXCLUDED = ("bsds_", "camvid_", "dicm_", "imnet1_", "imnet2_")
"""Beginnings of the names of photos whose terms forbid commercial use."""


def draw(photo: Floats, painting: Floats, random: Random) -> Floats:
    """Draw a photo (SIDE, SIDE, 3) in the colors of a painting (h, w, 3), RGB in [0, 1], by a hand that is drawn by lot."""
    target = _recolored(photo, painting, random)
    if random.random() < 0.5:  # simpler shapes, as painters see them
        target = cv2.bilateralFilter(target, 9, 0.2, random.uniform(3, 9))
    hand = HANDS[random.integers(len(HANDS))]
    return np.clip(hand(target, _field(target, random), random), 0, 1)


def _recolored(photo: Floats, painting: Floats, random: Random) -> Floats:
    """Return the photo with the painting's mean and covariance of colors, or with its few main colors."""
    pixels, colors = photo.reshape(-1, 3), painting.reshape(-1, 3)
    if random.random() < 0.3:
        palette = _palette(colors, int(random.integers(4, 10)), random)
        # By rank of light, so that bright stays bright.
        ranks = pixels.sum(1).argsort().argsort() / len(pixels)
        places = np.linspace(0, 1, len(palette))
        mixed = np.stack([np.interp(ranks, places, palette[:, c]) for c in range(3)], 1)
        return mixed.reshape(photo.shape).astype(np.float32)
    low, high = np.cov(pixels.T) + 1e-5 * np.eye(3), np.cov(colors.T) + 1e-5 * np.eye(3)
    matched = (pixels - pixels.mean(0)) @ np.linalg.inv(np.linalg.cholesky(low)).T
    matched = matched @ np.linalg.cholesky(high).T + colors.mean(0)
    return np.asarray(np.clip(matched.reshape(photo.shape), 0, 1), np.float32)


def _palette(colors: Floats, count: int, random: Random) -> Floats:
    """Return the main colors (count, 3) of many (N, 3), from dark to bright."""
    chosen = colors[random.integers(len(colors), size=2000)]
    cv2.setRNGSeed(int(random.integers(2**31)))
    terms = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0.0)
    _, _, palette = cv2.kmeans(chosen, count, np.zeros(0), terms, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(palette[np.argsort(palette.sum(1))], np.float32)


def _flat(target: Floats, random: Random) -> Floats:
    """Return the target in three to seven flat colors."""
    smooth = cv2.GaussianBlur(target, (0, 0), random.uniform(1, 4))
    pixels = smooth.reshape(-1, 3)
    palette = _palette(pixels, int(random.integers(3, 8)), random)
    nearest = ((pixels[:, None] - palette) ** 2).sum(2).argmin(1)
    return np.asarray(palette[nearest].reshape(target.shape), np.float32)


def _noise(random: Random, cell: float, depth: int = 1) -> Floats:
    """Return smooth noise (SIDE, SIDE, depth) of mean 0 and deviation 1, whose blobs are `cell` pixels wide."""
    small = random.standard_normal((int(SIDE / cell) + 3, int(SIDE / cell) + 3, depth))
    big = cv2.resize(small.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    big = big.reshape(SIDE, SIDE, depth)
    return np.asarray((big - big.mean((0, 1))) / (big.std((0, 1)) + 1e-6), np.float32)


def _field(target: Floats, random: Random) -> Floats:
    """Return directions (SIDE, SIDE) in radians: along edges, in swirls, or nearly parallel."""
    kind = random.random()
    if kind < 0.4:
        gray = cv2.cvtColor(target, cv2.COLOR_RGB2GRAY)
        x, y = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
        blur = random.uniform(5, 16)
        across, both = (cv2.GaussianBlur(v, (0, 0), blur) for v in (x * x - y * y, 2 * x * y))
        return np.asarray(np.arctan2(both, across) / 2 + np.pi / 2, np.float32)
    if kind < 0.75:
        height = cv2.GaussianBlur(_noise(random, random.uniform(60, 200)), (0, 0), 6)
        x, y = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
        return np.asarray(np.arctan2(y, x) + np.pi / 2, np.float32)  # around hills and pits
    return np.asarray(random.uniform(0, np.pi) + 0.3 * _noise(random, 150)[..., 0], np.float32)


def _places(random: Random, spacing: float) -> NDArray[np.int_]:
    """Return points (N, 2), x and y, some `spacing` pixels apart, in random order."""
    y, x = np.mgrid[0 : SIDE + spacing : spacing, 0 : SIDE + spacing : spacing]
    points = np.stack([x.ravel(), y.ravel()], 1) + random.uniform(-0.5, 0.5, (x.size, 2)) * spacing
    return np.asarray(np.clip(random.permutation(points), 0, SIDE - 1), int)


def _varied(color: Floats, random: Random, spread: float) -> list[float]:
    light = random.normal(0, spread)
    return [float(c) for c in np.clip(color + light + random.normal(0, spread / 2, 3), 0, 1)]


_SHIFT = 3
"""Fractional bits of the coordinates that OpenCV draws at."""


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.asarray(np.rint(points * (1 << _SHIFT)), np.int32)


def _path(field: Floats, start: NDArray[np.int_], length: float, steps: int = 8) -> Floats:
    """Return a line (steps + 1, 2) of `length` pixels from `start` along the field."""
    point: Floats = start.astype(np.float32)
    line = [point]
    before = None
    for _ in range(steps):
        x, y = np.clip(point, 0, SIDE - 1).astype(int)
        ahead = np.array([np.cos(field[y, x]), np.sin(field[y, x])])
        if before is not None and ahead @ before < 0:  # a direction has no sign
            ahead = -ahead
        point, before = point + ahead * length / steps, ahead
        line.append(point)
    return np.stack(line)


def _lit(canvas: Floats, height: Floats, strength: float) -> Floats:
    """Return the canvas lit from the upper left, by the height (SIDE, SIDE) of its paint."""
    height = cv2.GaussianBlur(height, (0, 0), 0.8)
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 0) + cv2.Sobel(height, cv2.CV_32F, 0, 1)
    return np.asarray(canvas * (1 + strength * np.clip(slope, -0.6, 0.6))[..., None], np.float32)


def strokes(target: Floats, field: Floats, random: Random) -> Floats:
    """Brush strokes in up to three layers, the later ones narrower; some in relief."""
    canvas = np.ascontiguousarray(np.full_like(target, target.mean((0, 1))))
    height = np.zeros((SIDE, SIDE), np.float32)
    width = float(np.exp(random.uniform(np.log(4), np.log(22))))
    slender, spread = random.uniform(2, 9), random.uniform(0.01, 0.09)
    for _ in range(int(random.integers(1, 4))):
        for x, y in _places(random, max(2.5, width * 0.75)):
            line = _fixed(
                _path(field, np.array([x, y]), width * slender * random.uniform(0.6, 1.2))
            )
            color = _varied(target[y, x], random, spread)
            wide = max(1, round(width * random.uniform(0.7, 1.2)))
            cv2.polylines(canvas, [line], False, color, wide, cv2.LINE_AA, _SHIFT)
            cv2.polylines(height, [line], False, float(random.random()), wide, cv2.LINE_AA, _SHIFT)
        width = max(2.0, width * 0.55)
    return _lit(canvas, height, random.choice([0.0, 0.0, 0.4]))


def bristles(target: Floats, field: Floats, random: Random) -> Floats:
    """Noise smeared along the field: fine flowing hair, as thick paint of a dry brush."""
    grain = _noise(random, random.uniform(1.2, 4), 3)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    total, length = grain.copy(), int(random.integers(6, 25))
    for sign in (-1, 1):
        here_x, here_y = x.copy(), y.copy()
        for _ in range(length):
            angle = cv2.remap(field, here_x, here_y, cv2.INTER_NEAREST)
            here_x = np.clip(here_x + sign * np.cos(angle), 0, SIDE - 1).astype(np.float32)
            here_y = np.clip(here_y + sign * np.sin(angle), 0, SIDE - 1).astype(np.float32)
            total += cv2.remap(grain, here_x, here_y, cv2.INTER_LINEAR)
    total /= total.std()
    light = total.mean(2, keepdims=True)
    hue = random.uniform(0, 0.06)
    return np.asarray(
        target + random.uniform(0.04, 0.16) * light + hue * (total - light), np.float32
    )


def dots(target: Floats, field: Floats, random: Random) -> Floats:
    """Dots of divided color, round or long."""
    del field
    canvas = np.ascontiguousarray(np.full_like(target, random.uniform(0.7, 1)))
    radius = float(np.exp(random.uniform(np.log(1.5), np.log(9))))
    spread, long = random.uniform(0.04, 0.2), random.choice([1.0, 1.0, 1.8])
    for _ in range(2):
        for x, y in _places(random, radius * 1.6):
            size = radius * random.uniform(0.7, 1.2)
            axes = _fixed(np.array([size, size * long])).tolist()
            center = _fixed(np.array([x, y])).tolist()
            color = _varied(target[y, x], random, spread)
            cv2.ellipse(canvas, center, axes, 0, 0, 360, color, -1, cv2.LINE_AA, _SHIFT)
    return canvas


def tesserae(target: Floats, field: Floats, random: Random) -> Floats:
    """Stones in rows along the field, with grout between them."""
    grout = random.choice([0.08, 0.35, 0.8]) + random.normal(0, 0.03, 3)
    canvas = np.ascontiguousarray(np.broadcast_to(grout, target.shape).astype(np.float32))
    size, spread = random.uniform(6, 26), random.uniform(0.02, 0.09)
    taken = np.zeros((SIDE, SIDE), np.uint8)
    for x, y in _places(random, size * 0.33):
        if taken[y, x]:
            continue
        cos, sin = np.cos(field[y, x]), np.sin(field[y, x])
        half = size * np.array([random.uniform(0.4, 0.6), random.uniform(0.38, 0.48)])
        corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        corners = corners + random.normal(0, size * 0.03, (4, 2))
        corners = corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
        color = _varied(target[y, x], random, spread)
        cv2.fillConvexPoly(canvas, _fixed(corners), color, cv2.LINE_AA, _SHIFT)
        cv2.circle(taken, (int(x), int(y)), int(size * 0.72), 1, -1)
    return canvas


def glass(target: Floats, field: Floats, random: Random) -> Floats:
    """Cells of a Voronoi diagram, flat or shaded, between lines of lead: stained glass, low polygons, cut paper."""
    del field
    seeds = np.full((SIDE, SIDE), 255, np.uint8)
    for x, y in _places(random, random.uniform(10, 45)):
        seeds[y, x] = 0
    far, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    count = labels.max() + 1
    size = np.bincount(labels.ravel(), minlength=count) + 1e-6
    means = [np.bincount(labels.ravel(), target[..., c].ravel(), count) / size for c in range(3)]
    flat = np.stack(means, 1) + random.normal(0, 0.05, (count, 1))
    canvas: Floats = flat[labels].astype(np.float32)
    if random.random() < 0.4:
        canvas *= (1.1 - 0.25 * far / (far.max() + 1e-6))[..., None]
    lead = random.choice([0.0, 1.5, 3.0])
    if lead:
        edges = cv2.morphologyEx(labels.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2))) > 0
        line = cv2.GaussianBlur(edges.astype(np.float32), (0, 0), lead / 2) * lead
        canvas *= (1 - np.clip(line, 0, 1) * random.uniform(0.7, 1))[..., None]
    return canvas


def _lines(gray: Floats, angle: Floats | float, period: float, random: Random) -> Floats:
    """Return ink (SIDE, SIDE) in [0, 1]: lines about `period` pixels apart, the wider the darker `gray` is."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    bend = random.uniform(0, 2) * _noise(random, 90)[..., 0]
    phase = 2 * np.pi * (x * np.sin(angle) - y * np.cos(angle)) / period + bend
    wave = (1 + np.cos(phase)) / 2
    return np.asarray(np.clip((wave - gray) * period * 0.7 + 0.5, 0, 1), np.float32)


def _paper(random: Random) -> Floats:
    tint = np.array([1.0, 0.97, 0.88]) ** random.uniform(0, 2)
    return np.asarray(tint + 0.02 * _noise(random, 2) + 0.02 * _noise(random, 40), np.float32)


def _outlines(target: Floats, random: Random, width: float) -> Floats:
    """Return ink (SIDE, SIDE) along edges: a difference of Gaussians, thresholded softly."""
    gray = cv2.GaussianBlur(cv2.cvtColor(target, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    inner, outer = (cv2.GaussianBlur(gray, (0, 0), s) for s in (width, 1.6 * width))
    return np.asarray(np.clip((outer - inner - random.uniform(0.005, 0.02)) * 60, 0, 1), np.float32)


def hatching(target: Floats, field: Floats, random: Random) -> Floats:
    """Pen, needle or chalk: one to three directions of lines on paper, one ink or the target's colors."""
    del field
    gray = cv2.cvtColor(target, cv2.COLOR_RGB2GRAY)
    gray = np.clip((gray - gray.min()) / (np.ptp(gray) + 1e-6), 0, 1)
    period, angle = random.uniform(4, 14), random.uniform(0, np.pi)
    ink = np.zeros_like(gray)
    for layer in range(int(random.integers(1, 4))):
        ink = np.maximum(ink, _lines(gray + 0.25 * layer, angle + layer * 1.1, period, random))
    ink = np.maximum(ink, _outlines(target, random, random.uniform(0.8, 2)))
    color = target * 0.8 if random.random() < 0.3 else random.uniform(0, 0.4, 3) * np.ones(3)
    paper = _paper(random)
    if random.random() < 0.3:  # chalk on a dark ground
        return np.asarray(0.2 * paper + ink[..., None] * (0.95 - 0.2 * paper), np.float32)
    return np.asarray(paper + ink[..., None] * (color - paper), np.float32)


def woodcut(target: Floats, field: Floats, random: Random) -> Floats:
    """Few flat inks, carved lines along the field, and dark key lines."""
    flat = _flat(target, random)
    gray = cv2.cvtColor(cv2.GaussianBlur(target, (0, 0), 2), cv2.COLOR_RGB2GRAY)
    blurred = cv2.GaussianBlur(field, (0, 0), 4) if random.random() < 0.5 else float(field.mean())
    carved = _lines(
        np.clip(gray + random.uniform(0, 0.3), 0, 1), blurred, random.uniform(6, 18), random
    )
    key = _outlines(cv2.GaussianBlur(target, (0, 0), 2), random, random.uniform(1.5, 4))
    ink = np.maximum(carved * random.choice([0.0, 0.6, 1.0]), key)
    dark = random.uniform(0, 0.3, 3)
    return np.asarray(flat + ink[..., None] * (dark - flat) + 0.02 * _noise(random, 3), np.float32)


def wash(target: Floats, field: Floats, random: Random) -> Floats:
    """Watercolor: pools of color with dark rims, blots and the tooth of the paper."""
    del field
    wet = target
    for _ in range(3):
        wet = cv2.bilateralFilter(wet, 15, 0.15, 10)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    bleed = random.uniform(2, 9) * _noise(random, random.uniform(12, 40), 2)
    wet = cv2.remap(
        wet, x + bleed[..., 0], y + bleed[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    gray = cv2.cvtColor(wet, cv2.COLOR_RGB2GRAY)
    rims = np.abs(gray - cv2.GaussianBlur(gray, (0, 0), random.uniform(2, 5)))
    pools = 1 + 0.15 * _noise(random, random.uniform(25, 90)) + 0.04 * _noise(random, 3)
    paint = wet + (1 - wet) * random.uniform(0.1, 0.5)
    paint = 1 - (1 - paint) * np.clip(pools + random.uniform(1, 5) * rims[..., None], 0, 3)
    if random.random() < 0.5:
        ink = _outlines(target, random, random.uniform(0.8, 2.5))[..., None]
        paint = paint * (1 - random.uniform(0.5, 1) * ink)
    return np.asarray(paint * _paper(random), np.float32)


def contours(target: Floats, field: Floats, random: Random) -> Floats:
    """Flat or loosely brushed areas of few colors between bold lines of one color."""
    areas = _flat(target, random)
    if random.random() < 0.6:
        areas = strokes(areas, field, random)
    line = _outlines(cv2.GaussianBlur(target, (0, 0), 2), random, random.uniform(2, 5))
    if random.random() < 0.5:
        line = cv2.dilate(line, np.ones((3, 3)))
    line = line[..., None]
    return np.asarray(areas + line * (random.uniform(0, 0.4, 3) - areas), np.float32)


HANDS: tuple[Callable[[Floats, Floats, Random], Floats], ...] = (
    strokes,
    strokes,
    bristles,
    dots,
    tesserae,
    glass,
    hatching,
    woodcut,
    wash,
    contours,
)
"""Each takes a target (SIDE, SIDE, 3) in [0, 1], directions (SIDE, SIDE) in radians and a generator."""


def main(photos: Path, paintings: Path, out: Path, count: int = 400) -> None:
    """Write `count` pictures as out/drawn_0000.jpg and so on; the same photos and paintings give the same ones."""
    shapes, colors = list_pictures(photos, _EXCLUDED), list_pictures(paintings)
    out.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        random = np.random.default_rng(number)
        picked = (files[random.integers(len(files))] for files in (shapes, colors))
        photo, painting = (read_picture(path).astype(np.float32) / 255 for path in picked)
        square = min(photo.shape[:2])
        shape = cv2.resize(photo[:square, :square], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        color = cv2.resize(painting, (64, 64), interpolation=cv2.INTER_AREA)
        drawn = (draw(shape, color, random) * 255).round().astype(np.uint8)
        _, encoded = cv2.imencode(".jpg", drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        (out / f"drawn_{number:04d}.jpg").write_bytes(encoded.tobytes())


if __name__ == "__main__":
    run_script(main)
