"""Regions by name: maps, what stands for what, and what nobody knows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vidstyle import InputError
from vidstyle.images.naming import (
    COLORS,
    NAMES,
    are_named,
    color_of,
    counterparts,
    name_map,
    names_of,
    pair_names,
    read_named,
    said,
)
from vidstyle.images.regions import colors_of, read_regions


def shares(rows, sure=0.9):
    """Likelihoods of rows of names, (rows, 6, names)."""
    rest = (1 - sure) / (len(NAMES) - 1)
    made = np.full((len(rows), 6, len(NAMES)), rest, np.float32)
    for number, name in enumerate(rows):
        made[number, :, NAMES.index(name)] = sure
    return made


def labels(*rows):
    """A map of rows of names, each of four lines."""
    return np.repeat([[color_of(name)] * 6 for name in rows], 4, 0).astype(np.int32)


def test_colors_are_far_apart():
    colors = colors_of(np.array([COLORS], np.int32))[0].astype(int)
    apart = np.linalg.norm(colors[:, None] - colors, axis=2)
    assert (apart + 999 * np.eye(len(COLORS))).min() > 48


def test_a_map_follows_the_picture():
    picture = np.zeros((60, 90, 3), np.uint8)
    picture[:22] = (120, 170, 250)
    picture[22:] = (60, 120, 40)
    found = name_map(shares(["sky"] * 4 + ["vegetation"] * 6), picture)
    assert found.shape == (60, 90)
    assert names_of(found) == ["sky", "vegetation"]
    assert (found[:18] == color_of("sky")).all()
    assert (found[30:] == color_of("vegetation")).all()


def test_what_is_not_sure_is_other():
    picture = np.full((64, 64, 3), 128, np.uint8)
    unsure = shares(["sky"] * 4 + ["water"] * 4, sure=0.9)
    unsure[4:] = shares(["water"] * 4, sure=0.3)
    assert names_of(name_map(unsure, picture)) == ["sky", "other"]


def test_next_to_nothing_goes_to_the_next_likely():
    likely = shares(["sky"] * 8)
    likely[0, 0] = 0.02
    likely[0, 0, NAMES.index("person")] = 0.5
    likely[0, 0, NAMES.index("sky")] = 0.4
    assert names_of(name_map(likely, np.full((640, 640, 3), 9, np.uint8))) == ["sky"]


@pytest.mark.parametrize(
    ("offered", "name", "other"),
    [
        (["sky", "vegetation"], "vegetation", "vegetation"),
        (["sky", "ground"], "vegetation", "ground"),
        (["sky", "ground"], "water", "sky"),
        (["sky"], "vegetation", None),
        (["water"], "person", None),
        (["other"], "person", "other"),
    ],
)
def test_what_stands_for_a_name(offered, name, other):
    assert counterparts(offered)[name] == other


def test_no_name_stands_for_the_sky_but_water():
    for name in NAMES:
        assert (counterparts(["sky"])[name] == "sky") == (name in {"sky", "water"})


def test_pairs_cover_the_content_once():
    content, style = labels("sky", "person", "vegetation", "ground"), labels("sky", "ground")
    pairs = pair_names(content, style)
    assert [(names, other) for names, _, other, _ in pairs] == [
        (["sky"], "sky"),
        (["person"], None),
        (["vegetation", "ground"], "ground"),
    ]
    assert np.array_equal(sum(where for _, where, _, _ in pairs), np.ones(content.shape))
    assert [there.mean() for _, _, _, there in pairs] == [0.5, 1.0, 0.5]
    assert said(pairs) == (
        "sky (25%) like sky; person (25%) like all of it; vegetation, ground (50%) like ground"
    )


def test_a_saved_map_is_read_again(tmp_path):
    own = labels("sky", "building", "other")
    path = tmp_path / "map.png"
    cv2.imwrite(str(path), colors_of(own)[..., ::-1])
    again = read_regions(path, np.zeros((12, 6, 3), np.uint8), "photo")
    assert np.array_equal(again, own)
    assert are_named(again)
    assert not are_named(again, again + 1)


def test_a_map_of_other_colors_is_refused_in_a_line(tmp_path):
    path = tmp_path / "map.png"
    cv2.imwrite(str(path), np.full((12, 6, 3), 200, np.uint8))
    with pytest.raises(InputError, match=r"map.png: #7fbfff sky, .* #000000 other"):
        read_named(path, np.zeros((12, 6, 3), np.uint8), "photo")
