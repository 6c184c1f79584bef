"""Clips and pictures that the tests of lists share."""

from __future__ import annotations

import shutil

import pytest

from tests.clips import make_clip, make_picture


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """a.mp4 and b.mkv of ten frames, c.png, one.png and two.png."""
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "a.mp4", times=range(10), size=(64, 48))
    make_clip(folder / "b.mkv", times=range(10), size=(64, 48), sound=False)
    make_picture(folder / "c.png", 64, 48)
    make_picture(folder / "one.png")
    make_picture(folder / "two.png", 100, 100)
    return folder


@pytest.fixture
def here(clips, tmp_path, monkeypatch):
    for path in clips.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
