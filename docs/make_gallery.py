"""Paint the sliders of the gallery: three samples at full size in every style, before and after.

docs/hooks.py does so while the site is built, with the shipped networks. No painting lies in the repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

import vidstyle
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource
from vidstyle.zoo import catalog

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
NAMES = ("day", "night", "winter")
"""Of what is painted: a frame of the clip, and two pictures of samples/seasons."""

MOMENT = 130
"""Which frame of the clip."""

PICTURES = ("swirls", "woodcut", "mosaic", "ink", "fauve", "pointillist")
"""Of samples/styles: those for the network that takes any picture."""


def samples() -> dict[str, np.ndarray]:
    """Return what is painted: name -> picture (H, W, 3) RGB."""
    with FileSource(SAMPLES / "clip.mp4") as source:
        frame = next(islice(source, MOMENT, None)).pixels
    seasons = (read_picture(SAMPLES / "seasons" / f"{name}.jpg") for name in NAMES[1:])
    return dict(zip(NAMES, (frame, *seasons), strict=True))


def webp(picture: np.ndarray) -> bytes:
    """Return a picture as a file."""
    return cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()


def pictures() -> Iterator[tuple[str, bytes]]:
    """Paint all of them, and yield the name and the bytes of each file."""
    before = samples()
    for name, picture in before.items():
        yield f"{name}.webp", webp(picture)
    for style in catalog.styles():
        with vidstyle.load(style) as model:
            for name, picture in before.items():
                yield f"{name}.{style}.webp", webp(model(picture))
    with vidstyle.load("arbitrary") as model:
        for style in PICTURES:
            look = vidstyle.Look(model.style(SAMPLES / "styles" / f"{style}.jpg"))
            for name, picture in before.items():
                yield f"{name}.{style}.webp", webp(model(picture, look))


def slider(name: str, style: str) -> str:
    """Return a picture before and after, with the line between them, as HTML."""
    return f"""<div class="slider">
<img src="{name}.{style}.webp" alt="{name}, painted in {style}" loading="lazy">
<img src="{name}.webp" alt="{name}, as it was" loading="lazy">
<input type="range" value="50" aria-label="{name} in {style}: the line between before and after, in percent">
</div>"""


def sliders(styles: Sequence[str]) -> str:
    """Return a heading and its sliders for each style, as Markdown."""
    return "\n\n".join(
        f"### {style}\n\n" + "\n".join(slider(name, style) for name in NAMES) for style in styles
    )


def filled(markdown: str) -> str:
    """Return the page with the sliders where its comments ask for them."""
    return markdown.replace("<!-- sliders of names -->", sliders(list(catalog.styles()))).replace(
        "<!-- sliders of pictures -->", sliders(PICTURES)
    )
