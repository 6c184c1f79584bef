"""The layers of VGG-19 by name, known without torch."""

from __future__ import annotations

STAGES = (2, 2, 4, 4, 1)
"""Convolutions between two poolings in VGG-19 (Simonyan and Zisserman, 2015), up to conv5_1."""

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
"""The first layer of each stage, by which style and content are compared (Gatys et al. 2016)."""

NAMES = tuple(
    f"relu{stage}_{i}" for stage, count in enumerate(STAGES, start=1) for i in range(1, count + 1)
)
"""All layers, in the network's order."""
