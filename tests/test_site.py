"""The site of the manual: it is built strictly, and asks nothing of other origins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

import vidstyle
from tests.conftest import ROOT
from vidstyle.zoo import catalog

pytest.importorskip("mkdocs", reason="mkdocs is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_page_loads_nothing_of_other_origins(site):
    loading = r"<(?:script|img|iframe|source|video|link)\b[^>]*?\b(?:src|href)=[\"']?(https?:|//)"
    for page in site.rglob("*.html"):
        assert not re.search(loading, page.read_text()), page


def test_the_home_is_the_readme_and_its_links_stay_in_the_site(site):
    home = (site / "index.html").read_text()
    assert 'src="moving.webp"' in home
    for link in ("tutorial/", "CONTRIBUTING/", "samples/"):
        assert f'href="{link}"' in home
    for folder in ("models/arbitrary", "models/styles", "SECURITY", "gallery"):
        assert (site / folder / "index.html").exists(), folder


def test_the_reference_has_every_name_and_the_words_of_fields(site):
    page = (site / "reference" / "index.html").read_text()
    for name in vidstyle.__all__:
        assert name.startswith("_") or f"vidstyle.{name}" in page, name
    assert "a plain cross-fade, in which both are visible" in page


def test_the_sliders_of_the_gallery_show_before_and_after(site):
    """In Chromium, by the keyboard, and at full size."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium: apt install chromium")
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto((site / "gallery" / "index.html").as_uri())
        sliders = page.locator(".slider")
        assert sliders.count() == 3 * (len(catalog.styles()) + 6)
        pictures = page.locator(".slider img")
        pictures.evaluate_all("all => all.forEach(image => { image.loading = 'eager'; })")
        whole = "all => all.every(image => image.complete && image.naturalWidth == 640)"
        page.wait_for_function(f"({whole})([...document.querySelectorAll('.slider img')])")

        def seen():
            # Where it begins between two pixels, a picture is drawn at the nearer one.
            box = slider.bounding_box()
            clip = {key: round(value) for key, value in box.items()}
            data = np.frombuffer(page.screenshot(clip=clip), np.uint8)
            return cv2.imdecode(data, cv2.IMREAD_COLOR)[20:-20, 20:-20].astype(int)

        slider = sliders.nth(4)
        slider.scroll_into_view_if_needed()
        assert slider.bounding_box()["width"] == 640
        line = slider.locator("input")
        assert line.get_attribute("aria-label").startswith("night in ")
        shown = {}
        for key in ("Home", "End", "Home", "PageUp", "ArrowRight"):
            line.press(key)
            shown[key] = seen()
        name = slider.locator("img").first.get_attribute("src")
        for key, file in (("End", "night.webp"), ("Home", name)):
            expected = cv2.imread(str(site / "gallery" / file)).astype(int)[20:-20, 20:-20]
            assert np.abs(shown[key] - expected).mean() < 2, key
        share = int(line.input_value()) / 100
        assert 0 < share < 0.5
        edge = round(640 * share) - 20
        assert np.abs(shown["ArrowRight"][:, : edge - 8] - shown["End"][:, : edge - 8]).max() <= 2
        assert np.abs(shown["ArrowRight"][:, edge + 8 :] - shown["Home"][:, edge + 8 :]).max() <= 2
        browser.close()
