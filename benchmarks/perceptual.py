"""How far a perceptual network is from its teacher: `python benchmarks/perceptual.py TEACHER PICTURES... [--weights FILE]...`.

Of every layer that a training teaches, the relative squared error of the features (0: equal, about 2: unrelated). And since an optimization
follows gradients, the cosine between the gradients of both networks, of a picture that is half gray and noisy: of the distance of Gram matrices to
another picture's at all of these layers, and of the distance of relu4_2. Pictures are folders that the network has not learned from. Writes
benchmarks/results/perceptual.json; by default of our own network.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from common import write
from torch import Tensor

from vidstyle.losses.perceptual import gram_matrix, relative_error
from vidstyle.nets.perceptual import DISTILLED, Perceptual
from vidstyle.training.data import Crops, list_pictures
from vidstyle.zoo.features import OWN, load_features

Energy = Callable[[list[Tensor], list[Tensor]], Tensor]


def gram_energy(features: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Return the distance of Gram matrices, each relative to the target's."""
    pairs = [(gram_matrix(a), gram_matrix(b)) for a, b in zip(features, targets, strict=True)]
    return torch.stack([relative_error(a, b) for a, b in pairs]).sum()


def content_energy(features: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Return the distance of relu4_2."""
    at = DISTILLED.index("relu4_2")
    return relative_error(features[at], targets[at])


def gradient(net: Perceptual, energy: Energy, x: Tensor, target: Tensor) -> Tensor:
    """Return the gradient of an energy at x (B, 3, H, W), flattened for each picture."""
    x = x.clone().requires_grad_(True)
    with torch.no_grad():
        targets = net(target, DISTILLED)
    (found,) = torch.autograd.grad(energy(net(x, DISTILLED), targets), x)
    return found.flatten(1)


def compared(net: Perceptual, teacher: Perceptual, pictures: Tensor) -> dict[str, float]:
    """Return errors and cosines, on pictures (B, 3, H, W), B even."""
    with torch.no_grad():
        pairs = zip(DISTILLED, net(pictures, DISTILLED), teacher(pictures, DISTILLED), strict=True)
        found = {name: relative_error(a, b).item() for name, a, b in pairs}
    x, targets = pictures.chunk(2)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    x = (0.25 + 0.5 * x + 0.05 * noise).clamp(0, 1)
    for name, energy in (("gram", gram_energy), ("content", content_energy)):
        mine, other = (gradient(n, energy, x, targets) for n in (net, teacher))
        found[f"cosine {name}"] = torch.cosine_similarity(mine, other).mean().item()
    return found


def main() -> None:
    """Compare, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher")
    parser.add_argument("pictures", type=Path, nargs="+")
    parser.add_argument("--weights", action="append", help="of a network; repeatable")
    parser.add_argument("--crops", type=int, default=24)
    given = parser.parse_args()
    files = [file for folder in given.pictures for file in list_pictures(folder)]
    crops = next(iter(Crops(files, size=256, batch=2 * (given.crops // 2), seed=1)))
    teacher = load_features(given.teacher)
    results = {}
    for name in given.weights or [OWN]:
        results[name] = compared(load_features(name), teacher, crops)
        print(Path(name).stem, "  ".join(f"{n} {v:.3f}" for n, v in results[name].items()))
    write("perceptual", {Path(n).stem: found for n, found in results.items()})


if __name__ == "__main__":
    main()
