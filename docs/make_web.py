"""Make the pictures of the page of `vidstyle web`: `python docs/make_web.py`. It needs Playwright, Chromium and ffmpeg.

docs/web.jpg has the sample clip in the page, docs/web_live.jpg its camera.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chromium import CLIP, camera, chromium, decoded, save

if TYPE_CHECKING:
    from playwright.sync_api import Page


def main() -> None:
    """Write them."""
    with tempfile.TemporaryDirectory() as folder, chromium(camera(Path(folder))) as browser:
        for name, prepared in (("web.jpg", _with_clip), ("web_live.jpg", _with_camera)):
            with _server() as address:  # whose address opens one page
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.set_default_timeout(120_000)
                page.goto(address)
                prepared(page)
                save(name, decoded(page.screenshot(full_page=True)))
                page.close()


@contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-m", "vidstyle", "web", "--no-open"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        address = re.search(r"http\S+", server.stderr.readline())
        assert address is not None, "the server shows no address"
        yield address[0]
    finally:
        server.terminate()
        server.wait()


def _with_clip(page: Page) -> None:
    page.set_input_files("#clip-input", str(CLIP))
    page.wait_for_selector("#clips:has-text('clip.mp4')")
    _wait_for_styles(page)
    page.wait_for_timeout(3000)  # for the preview


def _with_camera(page: Page) -> None:
    page.check("input[value=great_wave]", force=True)
    _wait_for_styles(page)
    page.click("#camera")
    page.wait_for_selector("#live-facts:has-text('by WebRTC, painted at')")
    page.wait_for_timeout(3000)


def _wait_for_styles(page: Page) -> None:
    for image in page.locator(".style img").all():
        while not image.evaluate("(image) => image.naturalWidth"):
            page.wait_for_timeout(200)


if __name__ == "__main__":
    main()
