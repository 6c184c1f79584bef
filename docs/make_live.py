"""Make docs/live.jpg: moments of a live session that paints by cues, with the sample clip in the place of a camera."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from vidstyle import Cue, Timeline
from vidstyle.frame import Pixels
from vidstyle.images.grid import grid, labeled
from vidstyle.live.painter import LivePainter
from vidstyle.media.source import FileSource
from vidstyle.runtime.compute import Compute

ROOT = Path(__file__).parent.parent
CUES = [
    "1=great_wave,fade:1",
    "2.2=strength:0.4,fade:0.5",
    "3.2=samples/styles/mosaic.jpg,strength:1",
    "4=stroke:2.5",
]
MOMENTS = {
    0.9: "0.9 s: swirls",
    1.5: "1.5 s: becomes great_wave",
    2.1: "2.1 s: great_wave",
    3.1: "3.1 s: strength 0.4",
    3.9: "3.9 s: mosaic",
    4.8: "4.8 s: stroke 2.5",
}


def main() -> None:
    """Write the picture."""
    timeline = Timeline([Cue.parse(cue.replace("samples", str(ROOT / "samples"))) for cue in CUES])
    style = str(ROOT / "samples" / "styles" / "swirls.jpg")
    painter = LivePainter.of([style], Compute("cpu"), timeline=timeline)
    cells: list[Pixels] = []
    with FileSource(ROOT / "samples" / "clip.mp4") as clip:
        for frame in clip:
            now, size = float(frame.pts * frame.time_base), frame.pixels.shape[:2]
            painted = painter.paint(frame.pixels, size, now)
            time.sleep(0.03)  # a camera's pace, in which other networks get ready
            if any(abs(now - moment) < 1 / 60 for moment in MOMENTS):
                text = list(MOMENTS.values())[len(cells)]
                small = cv2.resize(painted, (320, 180), interpolation=cv2.INTER_AREA)
                cells.append(labeled(small.astype(np.uint8), text))
    shown = grid([cells[:3], cells[3:]])
    path = str(ROOT / "docs" / "live.jpg")
    cv2.imwrite(path, shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
