"""Make the picture of the page with a camera, docs/web_live.jpg: `python docs/make_web_live.py`. It needs Playwright, Chromium and ffmpeg."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
SIZE = 640, 360


def main() -> None:
    """Write it: the camera shows the sample clip."""
    with tempfile.TemporaryDirectory() as folder:
        camera = Path(folder) / "camera.y4m"
        clip, scale = str(ROOT / "samples" / "clip.mp4"), f"fps=15,scale={SIZE[0]}:{SIZE[1]}"
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", clip, "-vf", scale, "-pix_fmt", "yuv420p", str(camera)],
            check=True,
        )
        command = [sys.executable, "-m", "vidstyle", "web", "--no-open"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr is not None
            address = re.search(r"http\S+", server.stderr.readline())
            assert address is not None, "the server shows no address"
            data = _photographed(address[0], camera)
        finally:
            server.terminate()
            server.wait()
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    cv2.imwrite(str(ROOT / "docs" / "web_live.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])


def _photographed(address: str, camera: Path) -> bytes:
    flags = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream=fps=15",
        f"--use-file-for-fake-video-capture={camera}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=flags
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(address)
        page.check("input[value=great_wave]", force=True)
        for image in page.locator(".style img").all():
            while not image.evaluate("(image) => image.naturalWidth"):
                page.wait_for_timeout(200)
        page.click("#camera")
        page.wait_for_selector("#live-facts:has-text('by WebRTC, painted at')")
        page.wait_for_timeout(3000)
        data = page.screenshot(full_page=True)
        browser.close()
    return data


if __name__ == "__main__":
    main()
