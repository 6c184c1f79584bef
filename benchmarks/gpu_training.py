"""Ten minutes of a GPU for the any-style network of high quality: `pack` at home, `train` where the GPU is.

    python benchmarks/gpu_training.py pack DATA build/pack
    python benchmarks/gpu_training.py train build/pack --minutes 9 --out OUT

`pack` copies the photos and style pictures that `models/manifest_2.csv` names from DATA/content and DATA/style as WebP
(23 MiB), and the weights to look through (`--features`). `train` measures how fast the machine is, plans as many steps as fit into the
minutes, by `models/high.toml` or `--config`, and writes weights and sheet to OUT each minute, so that nothing is lost when it is
cut off. Its checkpoint lies in runs/gpu.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import torch
from safetensors.torch import save_file

from vidstyle.nets.devices import choose_device
from vidstyle.nets.shape import Shape
from vidstyle.training import checkpoint
from vidstyle.training.arbitrary import train
from vidstyle.training.config import ArbitraryConfig
from vidstyle.training.manifest import Folders
from vidstyle.training.report import Recording, Report
from vidstyle.zoo.features import load_features

ROOT = Path(__file__).parent.parent
FEATURES = "features.safetensors"
WARM_UP, MEASURED = 20, 40
"""Steps before the speed is measured, and up to its end."""


def pack(data: Path, folder: Path, features: Path, quality: int) -> None:
    """Copy what a training needs into a folder."""
    with (ROOT / "models" / "manifest_2.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    for row in rows:
        picture = cv2.imread(str(data / row["kind"] / row["name"]))
        assert picture is not None, row["name"]
        target = folder / row["kind"] / f"{Path(row['name']).stem}.webp"
        target.parent.mkdir(parents=True, exist_ok=True)
        kept = quality - (20 if row["kind"] == "content" else 0)  # strokes are in the paintings
        cv2.imwrite(str(target), picture, [cv2.IMWRITE_WEBP_QUALITY, kept])
    shutil.copy(features, folder / FEATURES)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{len(rows)} pictures, {size / 2**20:.1f} MiB in {folder}")


def config_of(path: Path, **changes: Any) -> ArbitraryConfig:
    """Read the knobs of a training from TOML, as `vidstyle train arbitrary --config` does."""
    values: dict[str, Any] = tomllib.loads(path.read_text())
    half, quarter, eighth = values.pop("widths")
    names = ("blocks", "kernels", "sixteenth", "coarse_blocks")
    shape = {name: values.pop(name) for name in names if name in values}
    return replace(
        ArbitraryConfig(**values, shape=Shape(half, quarter, eighth, **shape)), **changes
    )


def run(
    folder: Path,
    work: Path,
    config: ArbitraryConfig,
    device: str,
    save_every: int,
    out: Path | None = None,
) -> list[tuple[int, float]]:
    """Train; return the step and the time of every report."""
    seen: list[tuple[int, float]] = []

    def report(now: Report) -> None:
        seen.append((now.step, time.monotonic()))
        if now.step % 100 == 0 or now.step == now.steps:
            print(now, flush=True)
        if out and now.step % save_every == 10:  # a checkpoint and a sheet were just written
            bring(work, out)

    train(
        Folders(folder / "content", folder / "style"),
        load_features(str(folder / FEATURES)),
        work,
        encoder_perceptual=load_features(),
        config=config,
        device=device,
        recording=Recording(report, save_every=save_every, sheet_every=save_every),
    )
    if out:
        bring(work, out)
    return seen


def bring(work: Path, out: Path) -> None:
    """Copy the last sheet, and the last checkpoint's weights as they would be shipped."""
    out.mkdir(parents=True, exist_ok=True)
    if (work / "checkpoint.pt").exists():
        state = checkpoint.load(work / "checkpoint.pt", torch.device("cpu"))
        save_file(checkpoint.shipped_weights(state["average"]), out / "arbitrary.safetensors")
    for sheet in sorted(work.glob("sheet_*.jpg"))[-1:]:
        shutil.copy(sheet, out / "sheet.jpg")


def main() -> None:
    """Pack, or train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("data", type=Path)
    packing.add_argument("folder", type=Path)
    packing.add_argument("--features", type=Path, required=True)
    packing.add_argument("--quality", type=int, default=55)
    training = commands.add_parser("train")
    training.add_argument("folder", type=Path)
    training.add_argument("--out", type=Path, required=True)
    training.add_argument("--minutes", type=float, default=9)
    training.add_argument("--config", type=Path, default=ROOT / "models" / "high.toml")
    training.add_argument("--batch", type=int, default=16)
    training.add_argument("--device", default="auto")
    given = parser.parse_args()
    if given.command == "pack":
        pack(given.data, given.folder, given.features, given.quality)
        return
    started = time.monotonic()
    device = choose_device(given.device)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    with tempfile.TemporaryDirectory() as trial:
        config = config_of(given.config, batch=given.batch, steps=MEASURED)
        seen = dict(run(given.folder, Path(trial), config, device, MEASURED))
    pace = (MEASURED - WARM_UP) / (seen[MEASURED] - seen[WARM_UP])
    left = given.minutes * 60 - (time.monotonic() - started)
    steps = max(MEASURED, int(0.95 * left * pace))
    print(f"{device}: {pace:.2f} steps a second, {steps} steps", flush=True)
    save_every = max(10, round(6 * pace) * 10)
    work = ROOT / "runs" / "gpu"
    run(given.folder, work, replace(config, steps=steps), device, save_every, given.out)


if __name__ == "__main__":
    main()
