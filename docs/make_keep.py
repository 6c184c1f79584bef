"""Make docs/keep.jpg: a portrait of which people, or their faces, stay as they are, or are all that is painted.

It needs the networks that docs/where.md names, and matplotlib for its sample picture: Grace Hopper, by the US Navy, in the public domain.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from matplotlib.cbook import get_sample_data

from vidstyle import stylize
from vidstyle.images.files import read_picture
from vidstyle.images.grid import grid, labelled

DOCS = Path(__file__).parent
PLACES = {
    "all of it": {},
    "--keep person": {"keep": "person"},
    "--keep face": {"keep": "face"},
    "--mask auto:person": {"mask": "auto:person"},
}


def main() -> None:
    """Write the picture."""
    photo = str(get_sample_data("grace_hopper.jpg", asfileobj=False))
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out.png"
        cells = []
        for text, place in PLACES.items():
            stylize(photo, "great_wave", out, overwrite=True, device="cpu", **place)
            small = cv2.resize(
                read_picture(out), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA
            )
            cells.append(labelled(np.ascontiguousarray(small), text))
    shown = grid([cells])
    cv2.imwrite(str(DOCS / "keep.jpg"), shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
