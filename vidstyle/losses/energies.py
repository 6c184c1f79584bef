"""The energies of neural style transfer by optimisation, as published: sums, not relative errors.

Gatys, Ecker and Bethge 2016 ("Image Style Transfer Using Convolutional Neural Networks"), eqs. 1 to 7.
"""

from __future__ import annotations

from torch import Tensor

from vidstyle.losses.perceptual import gram_matrix


def content_energy(features: Tensor, wanted: Tensor) -> Tensor:
    """Return half the sum of squared differences of features (B, C, H, W), eq. 1."""
    return 0.5 * (features - wanted).square().sum()


def style_energy(features: Tensor, wanted: Tensor) -> Tensor:
    """Return the squared distance of Gram matrices over 4 N^2 M^2, eq. 4.

    N channels, M places. The style's places are counted by themselves, so that a picture and a style of
    different sizes can be compared, as the paper's own pictures were.

    Args:
        features: (B, C, H, W) of the picture.
        wanted: (B, C, C), `gram_matrix` of the style: already over its own M.
    """
    channels = features.shape[1]
    return (gram_matrix(features) - wanted).square().sum() / (4 * channels**2)
