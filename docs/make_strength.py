"""Make the picture of the page on strength, docs/strength.jpg: `python docs/make_strength.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import vidstyle
from vidstyle.media.source import FileSource

ROOT = Path(__file__).parent.parent
MOMENT = 75
SHARES = (0.25, 0.5, 0.75)


def main() -> None:
    """Write it."""
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(f.pixels for n, f in enumerate(source) if n == MOMENT)
    rows = []
    for name in ("arbitrary", "starry_night"):
        with vidstyle.load(name, device="cpu") as model:
            picture = ROOT / "samples" / "styles" / "swirls.jpg"
            look = vidstyle.Look(model.style(picture) if model.takes_pictures else None)
            strengths = [replace(look, strength=share) for share in SHARES]
            blends = [replace(look, blend=share) for share in SHARES]
            for looks in (strengths, blends):
                painted = [model(frame, changed) for changed in looks]
                rows.append(np.concatenate([p[60:330, 80:560] for p in painted], 1))
    quality = [cv2.IMWRITE_JPEG_QUALITY, 78]
    cv2.imwrite(str(ROOT / "docs" / "strength.jpg"), np.concatenate(rows)[..., ::-1], quality)


if __name__ == "__main__":
    main()
