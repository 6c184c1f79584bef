"""Make the picture of the page of `vidstyle export web`, docs/page.jpg: `python docs/make_page.py`. It needs Playwright, Chromium, ffmpeg and npm."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from chromium import DOCS, camera, chromium, decoded, save

import vidstyle

STYLES = ("starry_night", "great_wave", DOCS.parent / "samples" / "styles" / "swirls.jpg")
SHOWN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("?source=camera&style=starry_night&size=480", {"viewport": {"width": 1280, "height": 760}}),
    (
        "?source=camera&style=swirls&size=320",
        {"viewport": {"width": 350, "height": 760}, "color_scheme": "dark"},
    ),
)
"""The page on a wide screen, and on a narrow and dark one."""


def main() -> None:
    """Write it: the camera shows the sample clip."""
    with tempfile.TemporaryDirectory() as folder:
        shown = camera(Path(folder))
        site = vidstyle.export_web(STYLES, Path(folder) / "page", webgpu=False)
        shots = []
        with _server(site) as address, chromium(shown) as browser:
            for query, options in SHOWN:
                page = browser.new_page(**options)
                page.set_default_timeout(120_000)
                page.goto(address + query)
                page.wait_for_selector("#figures:has-text('frames a second')")
                page.wait_for_timeout(5000)
                shots.append(decoded(page.screenshot()))
                page.close()
    gap = np.full((shots[0].shape[0], 25, 3), 255, np.uint8)
    save("page.jpg", np.concatenate([shots[0], gap, shots[1]], 1))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    serve = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


if __name__ == "__main__":
    main()
