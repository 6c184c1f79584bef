"""The head that names regions learns from labels, and the shipped one names the sample clip."""

from __future__ import annotations

import csv
import hashlib
import re

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT
from vidstyle import InputError, OutputError
from vidstyle.images.naming import NAMES, color_of, name_map
from vidstyle.media.source import FileSource
from vidstyle.nets.regions import RegionHead
from vidstyle.nets.weights import load_weights
from vidstyle.runtime.namer import RegionNamer
from vidstyle.training.regions import LETTERS, NOTHING, Config, read_labels, train
from vidstyle.zoo.features import load_features

HEADER = "file,sha256,grid,labels"


def picture(path, seed):
    """A blue sky over green."""
    rng = np.random.default_rng(seed)
    made = np.empty((64, 96, 3), np.uint8)
    made[:32], made[32:] = (120, 160, 240), (40, 130, 40)
    noisy = (made + rng.normal(0, 15, made.shape)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(path), noisy[..., ::-1])
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


@pytest.fixture
def labeled(tmp_path):
    """Eight pictures, and their labels: some of them are held out."""
    rows, seed = [HEADER], 0
    held = {True: 0, False: 0}
    while min(held.values()) < 2:
        name = f"p{seed}.png"
        digest = picture(tmp_path / name, seed)
        held[int(digest, 16) % 4 == 0] += 1
        rows.append(f"{name},{digest},3x2,s3v2.")
        seed += 1
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_labels_are_read(labeled):
    found = read_labels(labeled, labeled / "labels.csv")
    assert {x.held_out for x in found} == {True, False}
    sky, vegetation = NAMES.index("sky"), NAMES.index("vegetation")
    wanted = [[sky] * 3, [vegetation, vegetation, NOTHING]]
    assert np.array_equal(found[0].labels, wanted)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("p0.png,0000,3x2,s6", "not the picture that was labeled"),
        ("none.png,0000,3x2,s6", "cannot read .*none.png"),
        ("p0.png,,3x2,s5", "no table of labels"),
        ("p0.png,,3x2,q6", "no table of labels"),
        ("p0.png,,3x2", "no table of labels"),
        ("p0.png,,0x2,", "no table of labels"),
        ("p0.png,,3x2,.6", "nothing is labeled in p0.png"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_a_line(labeled, rows, message):
    (labeled / "labels.csv").write_text(f"{HEADER}\n{rows}\n")
    with pytest.raises(InputError, match=message):
        read_labels(labeled, labeled / "labels.csv")


def test_the_labels_that_are_shipped_are_whole_and_of_pictures_whose_terms_allow_it():
    rows = list(csv.DictReader((ROOT / "models" / "regions.csv").read_text().splitlines()))
    assert len({row["sha256"] for row in rows}) == len(rows)
    for row in rows:
        columns, lines = map(int, row["grid"].split("x"))
        runs = re.findall(rf"([{LETTERS}.])(\d*)", row["labels"])
        assert "".join(letter + count for letter, count in runs) == row["labels"], row["file"]
        assert sum(int(count or 1) for _, count in runs) == columns * lines, row["file"]
        folder, name = row["file"].split("/")
        assert folder in {"content", "style"}
        assert not name.startswith(("bsds_", "camvid_", "dicm_", "imnet1_", "imnet2_"))


def test_a_folder_that_cannot_be_made_is_told_before_the_work(labeled, monkeypatch):
    monkeypatch.setattr("vidstyle.training.regions._view", None)
    (labeled / "file").touch()
    with pytest.raises(OutputError, match="cannot make the folder"):
        train(labeled, labeled / "labels.csv", None, labeled / "file" / "out")


@pytest.mark.slow
def test_a_small_head_learns(labeled):
    reports = []
    config = Config(steps=60, batch=2, views=2, width=8, learning_rate=0.02)
    weights = train(
        *(labeled, labeled / "labels.csv", load_features(), labeled / "out"),
        config=config,
        on_report=reports.append,
    )
    assert reports[-1].losses["right"] > 0.95
    head = RegionHead.from_shipped(load_weights(weights))
    assert head.name.weight.shape[:2] == (len(NAMES), 8)


def test_the_weights_of_another_network_are_refused_in_a_line():
    with pytest.raises(InputError, match="names regions"):
        RegionHead.from_shipped({})


def test_the_sample_clip_is_named():
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(f.pixels for n, f in enumerate(source) if n == 60)
    found = name_map(RegionNamer()(frame), frame)
    height = len(found)
    assert (found[: height // 4] == color_of("sky")).mean() > 0.7
    assert (found[-height // 10 :] == color_of("vegetation")).mean() > 0.7
    assert (found[-height // 10 :] == color_of("sky")).mean() < 0.02
