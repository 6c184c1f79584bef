"""Train the head that names regions: `vidstyle train regions --pictures DIR --labels models/regions.csv`.

It learns from labels by hand, on features of our own perceptual network, which stays as it is. Each picture is looked at
several times, in other colors, sizes and crops: some styles are paintings, and some are night.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from vidstyle.disk.pending import make_folder, write_whole
from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.images.naming import NAMES
from vidstyle.nets.perceptual import Perceptual
from vidstyle.nets.regions import SIDE, RegionHead, seen
from vidstyle.training.config import RegionsConfig as Config
from vidstyle.training.report import Report

LETTERS = "spvwbgo"
"""Of `NAMES`, in a file of labels."""

NOTHING = len(NAMES)
"""The label of a place that shows several things, or of which nothing is known."""

_HELD_OUT = 4
"""Every so many pictures one is held out, by its digest."""

_SMALLEST, _LARGEST = 150, 320
"""Short sides, pixels, at which pictures are looked at."""


@dataclass(frozen=True)
class Labeled:
    """A picture and what it shows."""

    picture: Pixels
    """(H, W, 3)."""
    labels: NDArray[np.uint8]
    """(h, w), coarser: the number of a name, or `NOTHING`."""
    held_out: bool
    """It is not learned from."""


Colors = NDArray[np.float32]
"""A picture (H, W, 3) in [0, 1]."""

View = tuple[Tensor, Tensor]
"""What the head looks at (C, h, w), 16-bit floats, and the labels (h, w)."""


def read_labels(pictures: Path, labels: Path) -> list[Labeled]:
    """Read labeled pictures.

    Args:
        pictures: folder that the names in the file of labels begin at.
        labels: a CSV with the columns file, sha256 (its first digits), grid (columns x rows) and labels: row by row a letter
            of `LETTERS` for each cell, or a dot, and how often it comes.

    Raises:
        InputError: the file is no such table, or a picture is missing or another one.
    """
    found = []
    try:
        rows = list(csv.DictReader(labels.read_text().splitlines()))
        for row in rows:
            data = (pictures / row["file"]).read_bytes()
            if not hashlib.sha256(data).hexdigest().startswith(row["sha256"]):
                raise InputError(f"{pictures / row['file']} is not the picture that was labeled")
            columns, lines = map(int, row["grid"].split("x"))
            if min(columns, lines) < 1:
                raise ValueError(f"a grid of {row['grid']}")
            cells = [
                (LETTERS + ".").index(letter)
                for letter, count in re.findall(r"([a-z.])(\d*)", row["labels"])
                for _ in range(int(count or 1))
            ]
            grid = np.array(cells, np.uint8).reshape(lines, columns)
            if (grid == NOTHING).all():
                raise ValueError(f"nothing is labeled in {row['file']}")
            held = int(row["sha256"], 16) % _HELD_OUT == 0
            found.append(Labeled(read_picture(pictures / row["file"]), grid, held))
    except OSError as error:
        raise InputError(f"cannot read {error.filename}: {error.strerror}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"{labels} is no table of labels: {error}") from error
    if not any(x.held_out for x in found) or all(x.held_out for x in found):
        raise InputError(f"expected some pictures to learn from and to measure on in {labels}")
    return found


def train(
    pictures: Path,
    labels: Path,
    perceptual: Perceptual,
    out: Path,
    *,
    config: Config | None = None,
    on_report: Callable[[Report], None] | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/regions.safetensors.

    Args:
        pictures: see `read_labels`.
        labels: likewise.
        perceptual: the network whose features it looks at.
        out: folder for the result.
        config: the knobs.
        on_report: called after every twentieth step; at the end with what was measured on the pictures held out.

    Raises:
        InputError: see `read_labels`.
        OutputError: the result cannot be written.
    """
    config = config or Config()
    rng = np.random.default_rng(config.seed)
    torch.manual_seed(config.seed)
    labeled = read_labels(pictures, labels)
    path = out / "regions.safetensors"
    make_folder(out)
    views = [
        _view(perceptual, x, rng if number else None)
        for x in labeled
        if not x.held_out
        for number in range(config.views)
    ]
    learned = [(x, y) for x, y in views if (y != NOTHING).any()]
    measured = [_view(perceptual, x, None) for x in labeled if x.held_out]
    head = RegionHead(learned[0][0].shape[0], len(NAMES), config.width)
    _standardize(head, [x for x, _ in learned])
    optimizer = torch.optim.AdamW(head.parameters(), weight_decay=config.weight_decay)
    weights = _weights([y for _, y in learned])
    begun = time.monotonic()
    for step in range(1, config.steps + 1):
        rate = config.learning_rate * min(1.0, step / 50)
        for group in optimizer.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / config.steps))
        optimizer.zero_grad()
        total = 0.0
        for number in rng.integers(len(learned), size=config.batch):
            x, y = learned[number]
            loss = F.cross_entropy(
                *(head(x[None].float(), drop=config.drop), y[None]),
                weight=weights,
                ignore_index=NOTHING,
                label_smoothing=config.smoothing,
            )
            (loss / config.batch).backward()  # type: ignore[no-untyped-call]
            total += loss.item() / config.batch
        optimizer.step()
        if on_report and step % 20 == 0:
            speed = step * config.batch / (time.monotonic() - begun)
            on_report(Report(step, config.steps, {"loss": total}, speed, 0))
    head.eval()
    if on_report:
        on_report(Report(config.steps, config.steps, measure(head, measured), 0, 0))
    state = {name: value.half().contiguous() for name, value in head.state_dict().items()}
    write_whole(path, save(state))
    return path


def measure(head: RegionHead, views: list[View]) -> dict[str, float]:
    """Return the share of places that are named right, and of each name intersection over union (`NAMES`)."""
    confusion = np.zeros((len(NAMES), len(NAMES)))
    with torch.no_grad():
        for x, y in views:
            known = y != NOTHING
            best = head(x[None].float())[0].argmax(0)[known]
            np.add.at(confusion, (y[known].numpy(), best.numpy()), 1)
    right = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - right
    shares = dict(zip(NAMES, (right / union.clip(1)).tolist(), strict=True))
    return {"right": float(right.sum() / confusion.sum()), **shares}


def _view(perceptual: Perceptual, x: Labeled, rng: np.random.Generator | None) -> View:
    """Return what the head sees of a picture: as it is, or otherwise, at random."""
    picture, labels = x.picture.astype(np.float32) / np.float32(255), x.labels
    side = SIDE
    if rng:
        side = int(rng.integers(_SMALLEST, _LARGEST))
        if rng.random() < 0.5:
            picture, labels = _cropped(picture, labels, rng)
        if rng.random() < 0.5:
            picture, labels = picture[:, ::-1], labels[:, ::-1]
    factor = side / min(picture.shape[:2])
    height, width = (max(16, 16 * round(s * factor / 16)) for s in picture.shape[:2])
    small = cast(Colors, cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    if rng:
        small = _disturbed(small, rng)
    with torch.no_grad():
        features = seen(perceptual, torch.from_numpy(small).permute(2, 0, 1)[None])[0].half()
    size = features.shape[2], features.shape[1]
    fine = cv2.resize(np.ascontiguousarray(labels), size, interpolation=cv2.INTER_NEAREST)
    return features, torch.from_numpy(fine).long()


def _cropped(
    picture: Colors, labels: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[Colors, NDArray[np.uint8]]:
    lines, columns = labels.shape
    share = rng.uniform(0.55, 1)
    height, width = (min(cells, max(6, int(cells * share))) for cells in labels.shape)
    top, left = rng.integers(lines - height + 1), rng.integers(columns - width + 1)
    rows, across = picture.shape[:2]
    part = picture[
        top * rows // lines : (top + height) * rows // lines,
        left * across // columns : (left + width) * across // columns,
    ]
    return part, labels[top : top + height, left : left + width]


def _disturbed(picture: Colors, rng: np.random.Generator) -> Colors:
    """Return a picture in other light and colors, blurred or with noise."""
    made = picture.astype(np.float64) ** np.exp(rng.normal(0, 0.35))
    dark = abs(rng.normal(0, 0.5)) if rng.random() < 0.3 else 0.0
    made = made * np.exp(rng.normal(0, 0.12, 3) - dark)
    if rng.random() < 0.5:
        gray = made.mean(2, keepdims=True)
        made = gray + (made - gray) * rng.uniform(0, 1.6)
    if rng.random() < 0.3:
        made = made @ (np.eye(3) + rng.normal(0, 0.15, (3, 3)))
    if rng.random() < 0.15:
        made = np.asarray(cv2.GaussianBlur(made, (0, 0), rng.uniform(0.5, 2)), np.float64)
    if rng.random() < 0.2:
        made = made + rng.normal(0, rng.uniform(0.01, 0.06), made.shape)
    return cast(Colors, made.clip(0, 1).astype(np.float32))


def _standardize(head: RegionHead, features: list[Tensor]) -> None:
    means = torch.stack([x.float().mean((1, 2)) for x in features])
    variances = torch.stack([x.float().var((1, 2)) for x in features])
    head.mean.copy_(means.mean(0)[None, :, None, None])
    deviation = (variances.mean(0) + means.var(0)).sqrt() + 1e-3
    head.deviation.copy_(deviation[None, :, None, None])


def _weights(labels: list[Tensor]) -> Tensor:
    """Return the weight of each name: rare ones count more, by the root of how rare they are; 0 where there is none."""
    counts = sum(torch.bincount(y.ravel(), minlength=NOTHING + 1)[:NOTHING] for y in labels)
    there = torch.as_tensor(counts).float()
    rare = torch.where(there > 0, there.clamp(min=1).rsqrt(), 0)
    return rare / rare[rare > 0].mean()
