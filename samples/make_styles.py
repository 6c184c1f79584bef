"""Paint the style pictures of ``samples/styles``: ``python samples/make_styles.py [name ...]``.

Each picture is rendered from scratch by its own ``style_*`` module and a fixed seed.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import cv2
from strokes import save_jpeg

STYLES = ("swirls", "woodcut", "mosaic", "ink", "fauve", "pointillist")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which to paint (all): {', '.join(STYLES)}")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "styles")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or STYLES:
        picture = importlib.import_module(f"style_{name}").paint()
        path = args.out / f"{name}.jpg"
        print(f"{path}: {save_jpeg(path, picture):,} bytes")


if __name__ == "__main__":
    main()
