"""The layers of VGG-19 by name, known without torch."""

from __future__ import annotations

import re

STAGES = (2, 2, 4, 4, 1)
"""Convolutions between two poolings in VGG-19 (Simonyan and Zisserman, 2015), up to conv5_1."""

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
"""The first layer of each stage, by which style and content are compared (Gatys et al. 2016)."""

NAMES = tuple(
    f"relu{stage}_{i}" for stage, count in enumerate(STAGES, start=1) for i in range(1, count + 1)
)
"""All layers, in the network's order."""


def said_of(name: str) -> str:
    """Return what there is to say of a layer that is none of `NAMES`, but may be one in another program's spelling.

    Such as conv4_2, r42, block4_conv2 (Keras) or conv_10, the tenth convolution (the tutorial of torch); begun by a
    semicolon, or "" for nothing.
    """
    if match := re.fullmatch(r"(?:conv|relu|block|r)_?(\d)_?(?:conv|relu)?(\d)", name.lower()):
        meant = f"relu{match[1]}_{match[2]}"
    elif (match := re.fullmatch(r"conv_?(\d+)", name.lower())) and 0 < int(match[1]) <= len(NAMES):
        meant = NAMES[int(match[1]) - 1]
    else:
        return ""
    if meant in NAMES:
        return f"; layers are looked at behind their ReLU: take {meant}"
    return f"; the network ends at {NAMES[-1]}"
