"""Photorealistic transfer (Luan, Paris, Shechtman and Bala 2017, "Deep Photo Style Transfer").

The Gram matrices of regions, as `vidstyle.optimize.gatys` has them, and a term that lets the picture be only
what is, in every small window, an affine map of the content's colors: light and color change, edges do not.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vidstyle.errors import MissingPackageError
from vidstyle.frame import Pixels
from vidstyle.images.colors import match_points
from vidstyle.losses.energies import matting_energy
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import RECOLORED, PhotorealConfig
from vidstyle.optimize.gatys import GramObjective
from vidstyle.optimize.painting import Scene

_EPSILON = 1e-7
"""Added to the covariances of the Laplacian's windows, as Levin et al. 2008 have it."""

_SOFT = 24
"""Part of the longest side over which regions pass into each other where the content has no edge."""

_FLAT, _FLAT_REGIONS = 1e-4, 1e-3
"""Variance of the guide below which a window is flat: for a picture, and for regions, whose edges are not so sure."""


class PhotorealObjective(GramObjective):
    """The loss of Luan et al. 2017, eq. 4, for one scene; its content is the recolored one, if that is what a run begins with."""

    def __init__(self, perceptual: Perceptual, scene: Scene, config: PhotorealConfig) -> None:
        """Measure the scene."""
        # The features of a day would bring its colors back into a night.
        lit = config.init == RECOLORED
        begin = replace(scene, content=recolored_regions(scene)) if lit else scene
        super().__init__(perceptual, begin, config)
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

    The large changes are so made at once: under the matting term a descent takes them in small steps. Regions
    overlap softly, along the content's edges; what none covers stays as it is.
    """
    content = _doubles(scene.content)
    points = content.reshape(-1, 3)
    masks, changed = [], []
    for region in scene.regions:
        style = _doubles(scene.styles[region.style])
        where, style_mask = (
            np.ones(p.shape[:2]) if mask is None else _doubles(mask)[..., 0]
            for mask, p in ((region.where, content), (region.style_mask, style))
        )
        masks.append(where)
        near = match_points(points, style.reshape(-1, 3), where.ravel(), style_mask.ravel())
        changed.append(near.reshape(content.shape))
    radius = max(1, max(content.shape[:2]) // _SOFT)
    masks.append(np.clip(1 - sum(masks), 0, 1))
    changed.append(content)
    shares = affine_fit(np.stack(masks, -1), content, radius, _FLAT_REGIONS).clip(0, 1)
    made = (np.stack(changed, -1) * shares[:, :, None]).sum(-1) / shares.sum(-1, keepdims=True)
    tensor = torch.from_numpy(made.clip(0, 1)).permute(2, 0, 1)[None]
    return tensor.to(scene.content.device, scene.content.dtype)


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
    guide, target = (p.astype(np.float64) / 255 for p in (content, painted))
    smooth = affine_fit(target, guide, radius, _FLAT)
    return cast(Pixels, (smooth.clip(0, 1) * 255).round().astype(np.uint8))


def affine_fit(
    target: NDArray[np.float64], guide: NDArray[np.float64], radius: int, ridge: float
) -> NDArray[np.float64]:
    """Return what is, around each pixel, the affine map of a guide (H, W, 3) nearest to a target (H, W, C); see `smooth_affinely`."""
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        height, width = values.shape[:2]
        flat = values.reshape(height, width, -1)
        planes = [cv2.blur(flat[..., n], side) for n in range(flat.shape[2])]
        return np.stack(planes, -1).reshape(values.shape)

    mean_g, mean_t = mean(guide), mean(target)
    covariance = mean(guide[..., :, None] * guide[..., None, :])
    covariance -= mean_g[..., :, None] * mean_g[..., None, :]
    cross = mean(guide[..., :, None] * target[..., None, :])
    cross -= mean_g[..., :, None] * mean_t[..., None, :]
    # The ridge: where the content is flat there is nothing to be affine of.
    slopes = np.linalg.solve(covariance + ridge * np.eye(3), cross)
    offsets = mean_t - (mean_g[..., None, :] @ slopes)[..., 0, :]
    return np.asarray((guide[..., None, :] @ mean(slopes))[..., 0, :] + mean(offsets))
