"""Make docs/timeline.jpg, the strip of the sample clip by docs/plan.toml."""

from __future__ import annotations

from pathlib import Path

import cv2

from vidstyle import Look, Timeline, api
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.style import StyleOptions

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write the picture."""
    shown = api.preview(
        str(ROOT / "samples" / "clip.mp4"),
        None,
        Look(),
        timeline=Timeline.load(ROOT / "docs" / "plan.toml"),
        styles=StyleOptions(),
        compute=Compute(),
    )
    path = str(ROOT / "docs" / "timeline.jpg")
    cv2.imwrite(path, shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
