"""Make docs/fit.jpg: frames of the sample clip, by the any-style network and by one that a minute of one core has fitted."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import cv2

from vidstyle.images.files import read_picture
from vidstyle.media.reading import Reading
from vidstyle.training.fitted import fit_clip
from vidstyle.training.fitting import Fitting

DOCS = Path(__file__).parent
SAMPLES = DOCS.parent / "samples"


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        network = Path(name) / "fitted.safetensors"
        fit_clip(
            SAMPLES / "clip.mp4",
            SAMPLES / "styles" / "fauve.jpg",
            Fitting(60, network),
            reading=Reading(end=Fraction(4)),
        )
        strip = read_picture(network.with_suffix(".jpg"))
    small = cv2.resize(strip, None, fx=0.65, fy=0.65, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(DOCS / "fit.jpg"), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
