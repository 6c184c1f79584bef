"""Photorealistic transfer (Luan, Paris, Shechtman and Bala 2017, "Deep Photo Style Transfer").

The Gram matrices of regions, as `vidstyle.optimize.gatys` has them, and a term that lets the picture be only
what is, in every small window, an affine map of the content's colors: light and color change, edges do not.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from vidstyle.errors import MissingPackageError
from vidstyle.frame import Pixels
from vidstyle.images.colors import match_points
from vidstyle.images.regions import Labels
from vidstyle.losses.energies import matting_energy
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import PhotorealConfig
from vidstyle.optimize.descent import scaled, to_tensor
from vidstyle.optimize.gatys import GramObjective
from vidstyle.optimize.painting import Scene

_EPSILON = 1e-7
"""Added to the covariances of the Laplacian's windows, as Levin et al. 2008 have it."""

_SEGMENTED = 256
"""Longest side, pixels, at which regions are sought."""


class PhotorealObjective(GramObjective):
    """The loss of Luan et al. 2017, eq. 4, for one scene."""

    def __init__(self, perceptual: Perceptual, scene: Scene, config: PhotorealConfig) -> None:
        """Measure the scene."""
        super().__init__(perceptual, scene, config)
        self._realism = config.realism
        self._laplacian = matting_laplacian(scene.content) if config.realism else None

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W), and its energies."""
        loss, energies = super().__call__(picture)
        if self._laplacian is None:
            return loss, energies
        rough = matting_energy(picture, self._laplacian) / (picture.shape[2] * picture.shape[3])
        return loss + self._realism * rough, {**energies, "realism": rough.item()}


def recolored_regions(scene: Scene) -> Tensor:
    """Return the content (1, 3, H, W), each region with mean and covariance of its style's colors.

    The large changes are so made at once: under the matting term a descent takes them in small steps.
    """
    content = _doubles(scene.content)
    total, weight = 1e-6 * content, np.full(content.shape[:2], 1e-6)
    for region in scene.regions:
        style = _doubles(scene.styles[region.style])
        where, style_mask = (
            np.ones(p.shape[:2]) if mask is None else _doubles(mask)[..., 0]
            for mask, p in ((region.where, content), (region.style_mask, style))
        )
        points = content.reshape(-1, 3), style.reshape(-1, 3)
        changed = match_points(*points, where.ravel(), style_mask.ravel()).reshape(content.shape)
        soft = cv2.blur(where, (9, 9))
        total += soft[..., None] * changed
        weight += soft
    made = torch.from_numpy((total / weight[..., None]).clip(0, 1)).permute(2, 0, 1)[None]
    return made.to(scene.content.device, scene.content.dtype)


def _doubles(picture: Tensor) -> NDArray[np.float64]:
    """Return (1, C, H, W) as (H, W, C)."""
    return np.ascontiguousarray(picture[0].permute(1, 2, 0).cpu().double().numpy())


def matting_laplacian(picture: Tensor) -> Tensor:
    """Return the matting Laplacian of a picture (1, 3, H, W) in [0, 1], sparse (H * W, H * W).

    Levin, Lischinski and Weiss 2008, "A Closed-Form Solution to Natural Image Matting", eq. 12, windows of
    3 by 3 pixels; by PyMatting.

    Raises:
        MissingPackageError: PyMatting is missing.
    """
    try:
        from pymatting import cf_laplacian
    except ImportError as error:
        raise MissingPackageError(
            "photoreal needs PyMatting: pip install 'vidstyle[photoreal]'"
        ) from error
    found = cf_laplacian(_doubles(picture), epsilon=_EPSILON, radius=1).tocsr()
    found.sum_duplicates()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(found.indptr.astype(np.int64)),
            torch.from_numpy(found.indices.astype(np.int64)),
            torch.from_numpy(found.data).to(picture.dtype),
            found.shape,
            check_invariants=True,
            # Not for MPS, which knows no sparse matrices.
            device="cpu" if picture.device.type == "mps" else picture.device,
        )


def smooth_affinely(painted: Pixels, content: Pixels, radius: int) -> Pixels:
    """Return the picture that is, around each pixel, the affine map of the content nearest to the painted one.

    Removes what noise and strokes are left, and keeps the content's edges (He, Sun and Tang 2013, "Guided Image
    Filtering", eqs. 14 to 16; in the place of the smoothing of Luan et al. 2017).

    Args:
        painted: (H, W, 3) uint8 RGB.
        content: likewise, of the same size.
        radius: half the side of the windows, pixels.
    """
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        height, width = values.shape[:2]
        flat = values.reshape(height, width, -1)
        planes = [cv2.blur(flat[..., n], side) for n in range(flat.shape[2])]
        return np.stack(planes, -1).reshape(values.shape)

    guide, target = (p.astype(np.float64) / 255 for p in (content, painted))
    mean_g, mean_t = mean(guide), mean(target)
    covariance = mean(guide[..., :, None] * guide[..., None, :])
    covariance -= mean_g[..., :, None] * mean_g[..., None, :]
    cross = mean(guide[..., :, None] * target[..., None, :])
    cross -= mean_g[..., :, None] * mean_t[..., None, :]
    # The ridge: where the content is flat there is nothing to be affine of.
    slopes = np.linalg.solve(covariance + 1e-4 * np.eye(3), cross)
    offsets = mean_t - np.einsum("hwi,hwij->hwj", mean_g, slopes)
    smooth = np.einsum("hwi,hwij->hwj", guide, mean(slopes)) + mean(offsets)
    return cast(Pixels, (smooth.clip(0, 1) * 255).round().astype(np.uint8))


def find_regions(
    content: Pixels, styles: Sequence[Pixels], perceptual: Perceptual, count: int = 4
) -> list[Labels]:
    """Find regions of the content, and the matching ones of the styles, by features of a perceptual network.

    k-means over relu3_1 and relu4_1, light and height in the picture, of all pictures together. A region that a
    picture lacks goes to the nearest one that all have.

    Args:
        content: (H, W, 3) uint8 RGB.
        styles: likewise.
        perceptual: the perceptual network.
        count: of regions, at most.

    Returns:
        Labels (H, W) of the content and of each style.
    """
    described = [_describe(p, perceptual) for p in (content, *styles)]
    points = np.concatenate([d.reshape(-1, d.shape[2]) for d in described])
    center, spread = points.mean(0), points.std(0) + 1e-6
    # Each group of values counts as one, however many it has.
    points = ((points - center) / spread * _weights(points.shape[1])).astype(np.float32)
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 50, 1e-3)
    _, _, centers = cv2.kmeans(
        points, count, np.empty(0, np.int32), criteria, 3, cv2.KMEANS_PP_CENTERS
    )
    distances = np.linalg.norm(points[:, None] - centers, axis=2)
    places = np.cumsum([0] + [d.shape[0] * d.shape[1] for d in described])
    parts = [
        distances[a:b].reshape(*d.shape[:2], count)
        for (a, b), d in zip(itertools.pairwise(places), described, strict=True)
    ]
    labels = _shared([p.astype(np.float32) for p in parts])
    sizes = [(p.shape[1], p.shape[0]) for p in (content, *styles)]
    return [
        cast(Labels, cv2.resize(own, size, interpolation=cv2.INTER_NEAREST).astype(np.int32))
        for own, size in zip(labels, sizes, strict=True)
    ]


def _shared(distances: list[NDArray[np.float32]]) -> list[NDArray[np.uint8]]:
    """Return the nearest region of each place (h, w), of those alone that every picture has."""
    kept = list(range(distances[0].shape[2]))
    while True:
        labels = [
            cv2.medianBlur(np.array(kept, np.uint8)[d[..., kept].argmin(2)], 5) for d in distances
        ]
        shares = [min(float((own == n).mean()) for own in labels) for n in kept]
        if min(shares) > _PRESENT or len(kept) == 1:
            return cast(list[NDArray[np.uint8]], labels)
        kept.pop(int(np.argmin(shares)))


_PRESENT = 0.02
"""Share of a picture below which a region is not in it."""

_OWN_VALUES = 4
"""Values of `_describe` that are none of the network's: three of color, one of height."""


def _describe(picture: Pixels, perceptual: Perceptual) -> np.ndarray:
    """Return the values (h, w, C) by which places are clustered, at an eighth of the segmented size."""
    x = to_tensor(scaled(picture, _SEGMENTED))
    with torch.no_grad():
        third, fourth = perceptual.to("cpu")(x, ["relu3_1", "relu4_1"])
    size = fourth.shape[2:]
    features = [torch.log1p(F.interpolate(f, size, mode="area")) for f in (third, fourth)]
    colors = F.interpolate(x, size, mode="area")
    rows = torch.linspace(0, 1, size[0])[None, None, :, None].expand(1, 1, *size)
    return np.asarray(torch.cat([*features, colors, rows], 1)[0].permute(1, 2, 0))


def _weights(values: int) -> np.ndarray:
    weights = np.full(values, 1 / math.sqrt(values - _OWN_VALUES))
    weights[-_OWN_VALUES:] = 1 / math.sqrt(_OWN_VALUES)
    return weights
