"""The site of the manual: it is built strictly, and asks nothing of other origins."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

import vidstyle
from tests.conftest import ROOT

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
