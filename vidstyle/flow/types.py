"""The types of optical flow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Gray = NDArray[np.uint8]

Finder = Callable[[Pixels, Pixels], Floats]
"""From frames (H, W, 3) uint8 RGB, `now` and `before`, to the flow (H, W, 2) between them."""
