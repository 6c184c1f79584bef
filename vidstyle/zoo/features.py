"""The perceptual network whose features losses and metrics compare: our own, torchvision's VGG-19, or any in a file."""

from __future__ import annotations

from pathlib import Path

import torch

from vidstyle.errors import InputError, MissingPackageError
from vidstyle.nets.perceptual import STAGES, Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.zoo import catalog

OWN = "own"
VGG19 = "vgg19"


def load_features(name: str = OWN) -> Perceptual:
    """Load a perceptual network, frozen.

    Args:
        name: "own", the one that is shipped; "vgg19", torchvision's with its ImageNet weights, which it
            downloads when they are first asked for; or a safetensors file with VGG-19's layer names, of any
            widths.

    Raises:
        InputError: there is no such file, or it holds another network; the weights cannot be had.
        MissingPackageError: torchvision is missing.
    """
    if name == OWN:
        return Perceptual.from_state_dict(load_weights(catalog.verify(catalog.PERCEPTUAL)))
    if name == VGG19:
        return _torchvision()
    return Perceptual.from_state_dict(load_weights(Path(name)))


def _torchvision() -> Perceptual:
    try:
        from torchvision.models import VGG19_Weights, vgg19
    except ImportError as error:
        raise MissingPackageError(
            "`features` vgg19 needs torchvision: pip install torchvision"
        ) from error
    try:
        layers = vgg19(weights=VGG19_Weights.IMAGENET1K_V1).features
    except OSError as error:
        raise InputError(f"cannot download the weights of VGG-19: {error}; try own") from error
    return from_vgg19(layers)


def from_vgg19(layers: torch.nn.Sequential) -> Perceptual:
    """Make the network from `features` of torchvision's VGG-19, which wants normalized colors."""
    convolutions = [layer for layer in layers if isinstance(layer, torch.nn.Conv2d)]
    names = [f"conv{s}_{i}" for s, count in enumerate(STAGES, 1) for i in range(1, count + 1)]
    state = {
        f"{name}.{part}": getattr(layer, part).detach()
        for name, layer in zip(names, convolutions, strict=False)
        for part in ("weight", "bias")
    }
    mean = torch.tensor([0.485, 0.456, 0.406])
    std = torch.tensor([0.229, 0.224, 0.225])
    state["preprocess.weight"] = torch.diag(1 / std)[:, :, None, None]
    state["preprocess.bias"] = -mean / std
    return Perceptual.from_state_dict(state, padding="zeros")
