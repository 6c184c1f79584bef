"""Names what a picture shows, place by place: our own perceptual network, and a small head on its features."""

from __future__ import annotations

import cv2
import numpy as np

from vidstyle.errors import MissingPackageError
from vidstyle.frame import Pixels
from vidstyle.images.naming import Shares
from vidstyle.zoo import catalog

_LONGEST = 3
"""Long side over the short one, at most; a longer picture is squeezed."""


class RegionNamer:
    """Returns how likely each place of a picture is sky, water and so on; see `images.naming.NAMES`."""

    def __init__(self) -> None:
        """Load the networks.

        Raises:
            MissingPackageError: torch is missing.
            InputError: their files are missing or damaged.
        """
        try:
            import torch
        except ImportError as error:
            raise MissingPackageError(
                "regions are named by a network for torch: pip install 'vidstyle[torch]'"
            ) from error

        from vidstyle.nets.regions import RegionHead
        from vidstyle.nets.weights import load_weights
        from vidstyle.zoo.features import load_features

        self._torch = torch
        self._perceptual = load_features()
        self._head = RegionHead.from_shipped(load_weights(catalog.verify(catalog.REGIONS)))

    def __call__(self, picture: Pixels) -> Shares:
        """Return the shares (h, w, names) of a picture (H, W, 3), uint8 or uint16."""
        from vidstyle.nets.regions import SIDE, seen

        factor = SIDE / min(picture.shape[:2])
        height, width = (
            16 * round(min(_LONGEST * SIDE, side * factor) / 16) for side in picture.shape[:2]
        )
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        small = cv2.resize(picture, (width, height), interpolation=how).astype(np.float32)
        x = self._torch.from_numpy(small / np.float32(np.iinfo(picture.dtype).max))
        with self._torch.no_grad():
            logits = self._head(seen(self._perceptual, x.permute(2, 0, 1)[None]))
        return np.ascontiguousarray(logits.softmax(1)[0].permute(1, 2, 0).numpy())
