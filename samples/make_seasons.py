"""Make samples/seasons/*.jpg: a frame of the sample clip at other times of day, weather and year.

`python samples/make_seasons.py`. They are styles for photorealistic transfer. The frame is mirrored, so that none
of it lies where it lies in the clip.
"""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
FRAME, WIDTH = 20, 640

Float = NDArray[np.float32]


def photo() -> Float:
    """Return the frame, mirrored, (H, W, 3) in [0, 1]."""
    with av.open(str(HERE / "clip.mp4")) as clip:
        frame = next(f for n, f in enumerate(clip.decode(video=0)) if n == FRAME)
        pixels = frame.to_ndarray(format="rgb24")[:, ::-1]
    height = round(WIDTH * pixels.shape[0] / pixels.shape[1])
    small = cv2.resize(pixels, (WIDTH, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small).astype(np.float32) / 255


def soft(mask: Float, sigma: float = 2.0) -> Float:
    """Return a mask (H, W, 1) with soft edges."""
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma))[..., None]


def parts(picture: Float) -> tuple[Float, Float, Float]:
    """Return soft masks (H, W, 1) of sky, sea and green."""
    height, width, _ = picture.shape
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None].repeat(width, 1)
    red, green, blue = (picture[..., n] for n in range(3))
    dark = picture.max(2) < 0.8
    plants = (green > blue * 1.25) & (green > red * 0.85) & (rows > 0.3) & dark
    sky = (rows < 0.45) & ~plants & ~(dark & (red > blue) & (rows > 0.25))
    sea = (rows > 0.44) & ~plants & (blue > red * 0.72)
    return soft(sky), soft(sea), soft(plants, 1.0)


def light(picture: Float) -> Float:
    """Return its light, (H, W, 1)."""
    return np.asarray(picture @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]


def tinted(picture: Float, shadows: str, lights: str, contrast: float = 1.0) -> Float:
    """Return a picture in the colors between two, by its light."""

    def rgb(code: str) -> Float:
        return np.array([int(code[n : n + 2], 16) for n in (0, 2, 4)], np.float32) / 255

    share = ((light(picture) - 0.5) * contrast + 0.5).clip(0, 1)
    return rgb(shadows) * (1 - share) + rgb(lights) * share


def night(picture: Float) -> Float:
    """Blue moonlight."""
    sky, sea, _ = parts(picture)
    dark = tinted(picture, "04060f", "5a7296", 1.1)
    dark = dark * (1 - sky) + tinted(picture, "060a1e", "33466f", 0.9) * sky
    dark = dark * (1 - sea) + tinted(picture, "03070f", "7f9cc4", 1.3) * sea
    return dark * 0.9 + picture * 0.1


def dusk(picture: Float) -> Float:
    """A red evening; the land lies in violet shadow."""
    sky, sea, _ = parts(picture)
    red = tinted(picture, "1c0f22", "c98262", 1.0)
    red = red * (1 - sky) + tinted(picture, "5a2348", "ffb35c", 1.2) * sky
    red = red * (1 - sea) + tinted(picture, "251a3c", "ff9d6b", 1.2) * sea
    return red * 0.85 + picture * 0.15


def winter(picture: Float) -> Float:
    """Snow on all that grows; a white sky."""
    sky, sea, plants = parts(picture)
    cold = picture * 0.35 + tinted(picture, "39414e", "e6ebf2", 0.9) * 0.65
    cold = cold * (1 - plants) + tinted(picture, "8a9bb4", "fdfeff", 1.8) * plants
    cold = cold * (1 - sky) + tinted(picture, "aab6c6", "f4f5f7", 0.6) * sky
    return cold * (1 - sea) + tinted(picture, "2c3c4a", "b9cad6", 0.9) * sea


def fog(picture: Float) -> Float:
    """Gray, and the farther away the paler."""
    height = picture.shape[0]
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    dull = picture * 0.4 + tinted(picture, "3b4246", "b7bcbc", 0.8) * 0.6
    haze = np.exp(-(((rows - 0.42) / 0.3) ** 2)) * 0.65 + 0.15
    gray = np.array([0.74, 0.76, 0.77], np.float32)
    return np.asarray(dull * (1 - haze) + gray * haze)


def main() -> None:
    """Write them."""
    folder = HERE / "seasons"
    folder.mkdir(exist_ok=True)
    picture = photo()
    for make in (night, dusk, winter, fog):
        pixels = (make(picture).clip(0, 1) * 255).round().astype(np.uint8)
        path = folder / f"{make.__name__}.jpg"
        cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
