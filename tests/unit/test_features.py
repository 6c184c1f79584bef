"""The network that losses look through."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidstyle import InputError
from vidstyle.nets.perceptual import LAYERS
from vidstyle.zoo.features import from_vgg19, load_features

WIDTHS = (4, 6, 8, 10, 12)
COUNTS = (2, 2, 4, 4, 4)  # VGG-19, configuration E


def as_torchvision():
    """VGG-19 laid out as torchvision's `features`, thinner."""
    layers, previous = [], 3
    for width, count in zip(WIDTHS, COUNTS, strict=True):
        for _ in range(count):
            layers += [nn.Conv2d(previous, width, 3, padding=1), nn.ReLU(inplace=False)]
            previous = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def test_layer_names_pick_what_a_walk_through_torchvisions_layers_gives():
    torch.manual_seed(2)
    layers = as_torchvision()
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    picture = torch.rand(1, 3, 64, 48)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    x, stage, number, walked = (picture - mean) / std, 1, 0, {}
    with torch.no_grad():
        for layer in layers:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                number += 1
                walked[f"relu{stage}_{number}"] = x
            elif isinstance(layer, nn.MaxPool2d):
                stage, number = stage + 1, 0
        names = [*LAYERS[:4], "relu4_2", "relu5_1"]
        for name, features in zip(names, from_vgg19(layers)(picture, names), strict=True):
            assert torch.allclose(features, walked[name], rtol=1e-4, atol=1e-4), name


def test_a_file_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(InputError, match="vgg91"):
        load_features("vgg91")
