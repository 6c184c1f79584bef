"""Chromium without a window, for the scripts that photograph our pages. It needs Playwright, Chromium and, for a camera, ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = Path(__file__).parent
CLIP = DOCS.parent / "samples" / "clip.mp4"


def camera(folder: Path) -> Path:
    """Write the sample clip as Chromium's camera of 640x360 reads it."""
    file = folder / "camera.y4m"
    subprocess.run(
        [_program("ffmpeg"), "-v", "error", "-i", str(CLIP)]
        + ["-vf", "fps=15,scale=640:360", "-pix_fmt", "yuv420p", str(file)],
        check=True,
    )
    return file


@contextmanager
def chromium(camera: Path) -> Iterator[Browser]:
    """Open it; pages may use the camera without a question."""
    program = _program("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise SystemExit("the picture needs Playwright: pip install playwright") from None
    flags = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream=fps=15",
        f"--use-file-for-fake-video-capture={camera}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


def decoded(screenshot: bytes) -> np.ndarray:
    """Return the pixels (H, W, 3) BGR of a PNG."""
    pixels = cv2.imdecode(np.frombuffer(screenshot, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def save(name: str, pixels: np.ndarray) -> None:
    """Write pixels (H, W, 3) BGR as a JPEG in docs/."""
    cv2.imwrite(str(DOCS / name), pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(f"{name}-browser")
    if found is None:
        raise SystemExit(f"the picture needs {name}: apt install {name}")
    return found
