"""Make docs/auto.jpg: a frame of the sample clip of which places that are found automatically are painted."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import cv2

from vidstyle import stylize
from vidstyle.images.files import read_picture
from vidstyle.images.grid import grid, labeled
from vidstyle.media.reading import Reading

DOCS = Path(__file__).parent
CLIP = DOCS.parent / "samples" / "clip.mp4"
PLACES: dict[str, tuple[tuple[str, ...], bool]] = {
    "all of it": ((), False),
    "--mask auto:sky": (("auto:sky",), False),
    "--mask auto:sky --invert": (("auto:sky",), True),
    "--mask auto:vegetation": (("auto:vegetation",), False),
}


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out.png"
        cells = []
        for text, (mask, invert) in PLACES.items():
            stylize(
                *(CLIP, "great_wave", out),
                reading=Reading(start=Fraction(5, 2), end=Fraction(251, 100)),
                mask=mask,
                invert=invert,
                overwrite=True,
                device="cpu",
            )
            small = cv2.resize(read_picture(out), (320, 180), interpolation=cv2.INTER_AREA)
            cells.append(labeled(small.astype("uint8"), text))
    shown = grid([cells[:2], cells[2:]])
    cv2.imwrite(str(DOCS / "auto.jpg"), shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
