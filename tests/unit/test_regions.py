"""Pictures that say where: of other sizes, with soft edges, or as JPEG."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from vidstyle import InputError
from vidstyle.images.regions import main_colors, pair_regions, read_mask, read_regions

COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)]


def drawn(width=240, height=160):
    """Return a map (H, W, 3) RGB of five regions, and the numbers (H, W) of their colors."""
    numbers = np.zeros((height, width), np.uint8)
    cv2.ellipse(numbers, (width // 2, height // 2), (width // 3, height // 3), 20, 0, 360, 1, -1)
    cv2.circle(numbers, (width // 2, height // 2), height // 6, 2, -1)
    cv2.rectangle(numbers, (0, 0), (width // 6, height // 5), 3, -1)
    cv2.line(numbers, (0, height - 12), (width, height - 30), 4, 11)
    return np.array(COLORS, np.uint8)[numbers], numbers


def soft(picture):
    return cv2.GaussianBlur(picture, (0, 0), 1.5)


@pytest.mark.parametrize(
    ("name", "change", "agree"),
    [("soft.png", soft, 0.97), ("map.jpg", lambda p: p, 0.995), ("soft.jpg", soft, 0.97)],
)
def test_maps_are_snapped_to_their_main_colors(tmp_path, caplog, name, change, agree):
    exact, numbers = drawn()
    cv2.imwrite(str(tmp_path / name), change(exact)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    labels = read_regions(tmp_path / name, exact, "photo.jpg")
    assert len(np.unique(labels)) == 5
    assert "taken for regions are the nearest of its 5 main ones, #" in caplog.text
    cv2.imwrite(str(tmp_path / "exact.png"), exact[..., ::-1])
    caplog.clear()
    kept = read_regions(tmp_path / "exact.png", exact, "photo.jpg")
    assert not caplog.text
    pairs = pair_regions(kept, labels)  # the colors of a JPEG are near enough
    assert len(pairs) == 5
    right = sum((a * b).sum() for a, b in pairs)
    assert right / numbers.size > agree


def blobs(noise):
    return cv2.resize(noise[:6, :8], (240, 160), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("change", [lambda p: p, blobs])
def test_noise_and_shades_are_no_map(tmp_path, change):
    noise = change(np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "noise.png"), noise)
    assert len(main_colors(noise)) == 0
    with pytest.raises(InputError, match="save it as PNG, without soft edges"):
        read_regions(tmp_path / "noise.png", noise, "photo.jpg")


def test_numbered_labels_are_never_near():
    one = np.array([[0, 1, 2]], np.int32)
    assert len(pair_regions(one, one)) == 3
    with pytest.raises(InputError, match="#000002 of the content is not in the style"):
        pair_regions(one, np.array([[0, 1, 1]], np.int32))


@pytest.mark.parametrize("size", [(480, 320), (120, 80), (240, 160)])
def test_regions_of_any_size_keep_their_colors(tmp_path, caplog, size):
    exact, numbers = drawn()
    big, _ = drawn(*size)
    cv2.imwrite(str(tmp_path / "map.png"), big[..., ::-1])
    labels = read_regions(tmp_path / "map.png", exact, "photo.jpg")
    assert labels.shape == numbers.shape
    assert set(np.unique(labels)) == {0xFF0000, 0x00FF00, 0x0000FF, 0, 0xFFFFFF}
    said = f"map.png is scaled from {size[0]}x{size[1]} to the size of photo.jpg, 240x160"
    assert (said in caplog.text) == (size != (240, 160))
    assert "distorted" not in caplog.text


def test_masks_of_any_size_stay_where_they_are(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    mask = np.zeros((300, 600), np.uint8)
    mask[:, 300:] = 255
    cv2.imwrite(str(tmp_path / "right.png"), mask)
    found = read_mask(tmp_path / "right.png", np.zeros((50, 60, 3), np.uint8), "photo.jpg")
    assert found.shape == (50, 60)
    assert found[:, :29].max() == 0
    assert found[:, 31:].min() == 1
    assert "600x300 to the size of photo.jpg, 60x50, another shape: it is distorted" in caplog.text
