"""Make the picture of the page on keyframes, docs/keyframes.jpg: `python docs/make_keyframes.py`, some minutes.

It is the sheet of benchmarks/keyframes.py for the sample clip and one keyframe, made smaller.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2

from vidstyle.images.files import read_picture

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

from keyframes import PLACES, measure  # noqa: E402 - the benchmarks are scripts


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder, "sheet.png")
        measure(ROOT / "samples" / "clip.mp4", PLACES[:1], Path(folder), sheet)
        write(sheet)


def write(sheet: Path) -> None:
    """Write a sheet as the page's picture."""
    picture = read_picture(sheet)[..., ::-1]
    small = cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 80]
    cv2.imwrite(str(ROOT / "docs" / "keyframes.jpg"), small[: len(small) // 4 * 3], quality)


if __name__ == "__main__":
    main()
