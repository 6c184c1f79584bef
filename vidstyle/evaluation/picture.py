"""Contrast and sharpness: a pale or blurred result loses them, and would otherwise count as steady."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from vidstyle.flow.types import Floats

_BT709 = np.array([0.2126, 0.7152, 0.0722], np.float32)


def luma(picture: Floats) -> Floats:
    """Return the luma (H, W) of RGB (H, W, 3) in [0, 1], BT.709."""
    return cast(Floats, picture @ _BT709)


def contrast(picture: Floats) -> float:
    """Return the standard deviation of the luma of a picture (H, W, 3)."""
    return float(luma(picture).std())


def sharpness(picture: Floats) -> float:
    """Return the mean absolute Sobel gradient, both ways, of the luma of a picture (H, W, 3)."""
    gray = luma(picture)
    gradients = (cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    return float(np.mean([np.abs(gradient).mean() for gradient in gradients]))
