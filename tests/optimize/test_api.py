"""`paint`, as a Python user calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.clips import make_picture, pattern
from vidstyle import InputError, OutputError, UsageError
from vidstyle.images.files import read_picture
from vidstyle.optimize.api import METHODS, default_config, paint
from vidstyle.optimize.config import (
    DoodleConfig,
    GatysConfig,
    MrfConfig,
    PhotorealConfig,
    SwapConfig,
)
from vidstyle.optimize.painting import Region, paint_picture
from vidstyle.optimize.pictures import write_picture
from vidstyle.optimize.regionfiles import RegionFiles

QUICK = GatysConfig(size=48, steps=2)


@pytest.fixture
def folder(perceptual, tmp_path):
    save_file(perceptual.state_dict(), tmp_path / "features.safetensors")
    make_picture(tmp_path / "photo.png", 64, 48)
    make_picture(tmp_path / "starry.png", 60, 60)
    return tmp_path


def test_paths_and_pixels_give_the_same_picture(folder, perceptual):
    photo, starry = folder / "photo.png", folder / "starry.png"
    by_path = paint(
        str(photo), starry, method=QUICK, features=folder / "features.safetensors", device="cpu"
    )
    pixels = read_picture(photo), [read_picture(starry)]
    by_pixels = paint(*pixels, method=QUICK, features=perceptual, device="cpu")
    assert by_path.shape == (36, 48, 3)
    assert by_path.dtype == np.uint8
    assert np.array_equal(by_path, by_pixels)
    assert np.array_equal(by_path, paint_picture(*pixels, perceptual, QUICK))


@pytest.mark.parametrize(
    "config",
    [MrfConfig(size=48, steps=2), PhotorealConfig(size=48, steps=2, smoothing=2)],
    ids=["mrf", "photoreal"],
)
def test_the_options_choose_the_method(folder, perceptual, config):
    steps = []
    painted = paint(
        *(folder / "photo.png", folder / "starry.png", folder / "out.jpg"),
        method=config,
        features=perceptual,
        on_step=steps.append,
    )
    assert [s.step for s in steps] == [1, 2]
    written = cv2.imread(str(folder / "out.jpg"))
    assert written.shape == painted.shape
    assert ("realism" in steps[0].energies) == isinstance(config, PhotorealConfig)


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif", ".TIFF", ".bmp"])
def test_all_endings_but_that_of_jpeg_keep_every_pixel(folder, perceptual, ending):
    out = folder / f"out{ending}"
    words = folder / "photo.png", folder / "starry.png", out
    painted = paint(*words, method=QUICK, features=perceptual)
    assert np.array_equal(read_picture(out), painted)


def test_a_picture_that_its_format_cannot_hold_is_told(tmp_path):
    with pytest.raises(OutputError, match="20000x1 could not be encoded"):
        write_picture(tmp_path / "wide.webp", np.zeros((1, 20000, 3), np.uint8), overwrite=False)


def test_every_method_has_its_options_by_name():
    kinds = GatysConfig, MrfConfig, SwapConfig, DoodleConfig, PhotorealConfig
    assert [type(default_config(name)) for name in METHODS] == list(kinds)


def test_styles_are_mixed_by_their_weights_and_in_regions(perceptual):
    photo, styles = pattern(1, 64, 48), [pattern(50, 60, 60), pattern(9, 60, 60)[::-1].copy()]
    knobs = {"method": QUICK, "features": perceptual}
    alone = paint(photo, styles[0], **knobs)
    assert np.array_equal(paint(photo, styles, style_weights=[2, 0], **knobs), alone)
    left = np.zeros((48, 64), np.float32)
    left[:, :32] = 1
    regions = [Region(0, left), Region(1, 1 - left)]
    assert not np.array_equal(paint(photo, styles, regions=regions, **knobs), alone)


def test_masks_may_be_files_of_any_size(folder, perceptual, caplog):
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :32] = 255
    cv2.imwrite(str(folder / "sky.png"), mask)
    regions = RegionFiles(mask=(folder / "sky.png",))
    words = folder / "photo.png", folder / "starry.png"
    painted = paint(*words, method=QUICK, features=perceptual, regions=regions)
    assert painted.shape == (36, 48, 3)
    paint(pattern(1, 60, 60), words[1], method=QUICK, features=perceptual, regions=regions)
    assert "sky.png is scaled from 64x48 to the size of photo, 60x60" in caplog.text


@pytest.mark.parametrize(
    ("photo", "styles", "message"),
    [
        (np.zeros((48, 64, 3), int), "starry.png", r"got int64 \(48, 64, 3\)"),
        (np.zeros((48, 64), np.uint8), "starry.png", r"got uint8 \(48, 64\)"),
        (np.zeros((0, 64, 3), np.uint8), "starry.png", r"got uint8 \(0, 64, 3\)"),
        ("photo.png", torch.zeros(48, 64), r"got a tensor \(48, 64\)"),
        ("photo.png", [7], "got int"),
        ("none.png", "starry.png", "cannot read the picture none.png"),
        ("photo.png", "features.safetensors", "expected the picture of a style"),
        ("photo.png", "starry_night", "its picture, The Starry Night by Vincent van Gogh, is not"),
    ],
)
def test_what_is_no_picture_is_refused(folder, monkeypatch, photo, styles, message):
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match=message) as caught:
        paint(photo, styles, method=QUICK)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "magic"}, "expected a `method` gatys, mrf, swap, doodle, photoreal, got magic"),
        ({"styles": []}, "expected a style, got none"),
        ({"style_weights": [1, 2]}, "1 style weights, one a style, got 2"),
        ({"style_weights": [0]}, "not all 0"),
        ({"style_weights": [float("inf")]}, "not all 0"),
        ({"device": "toaster"}, "toaster"),
        ({"output": "out.txt"}, "ends in one of .png .jpg"),
        ({"output": "none/out.png"}, "folder none does not exist"),
        ({"output": "starry.png"}, "exists already"),
        ({"output": "starry.png", "overwrite": True}, "is an input itself"),
        ({"regions": [Region(1)]}, "number 1"),
    ],
)
def test_options_that_cannot_be_are_refused(folder, perceptual, monkeypatch, options, message):
    monkeypatch.chdir(folder)
    before = Path("starry.png").read_bytes()
    words = {"photo": "photo.png", "styles": "starry.png", "method": QUICK, "features": perceptual}
    with pytest.raises(UsageError, match=message):
        paint(**words | options)
    assert Path("starry.png").read_bytes() == before
    assert not Path("out.txt").exists()


def test_nothing_is_left_of_a_run_that_was_stopped(folder, perceptual):
    def stop(_step):
        raise KeyboardInterrupt

    target = folder / "out.png"
    with pytest.raises(KeyboardInterrupt):
        paint(
            *(folder / "photo.png", folder / "starry.png", target),
            method=QUICK,
            features=perceptual,
            on_step=stop,
        )
    assert not target.exists()


def test_to_import_it_brings_no_torch():
    code = "import vidstyle.optimize.api, sys; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
