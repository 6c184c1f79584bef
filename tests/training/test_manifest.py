"""What a training learns from and what it holds out, told by a file; and its options in another."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import cv2
import pytest
import torch
from safetensors.torch import save_file

from tests.clips import make_picture, pattern
from tests.conftest import ROOT, SHARED, vidstyle
from vidstyle import InputError
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training import arbitrary, style
from vidstyle.training.data import Crops
from vidstyle.training.manifest import Folders, Row, list_rows, read_manifest, split_pictures
from vidstyle.training.report import Recording
from vidstyle.zoo.features import load_features


@pytest.fixture
def data(tmp_path):
    """Folders `photos` and `styles`, `features.safetensors`, and `manifest.csv`, which holds out `held_*`."""
    for name in ("photos", "styles"):
        (tmp_path / name).mkdir()
    for i in range(4):
        name = f"held_{i}.png" if i % 2 else f"p{i}.png"
        cv2.imwrite(str(tmp_path / "photos" / name), pattern(7 * i, 150, 130))
    for name in ("s0", "s1", "held_s"):
        make_picture(tmp_path / "styles" / f"{name}.jpg", 160, 120 + len(name))
    torch.manual_seed(0)
    save_file(Perceptual((4, 4, 8, 8, 8)).state_dict(), tmp_path / "features.safetensors")
    folders = (("content", tmp_path / "photos"), ("style", tmp_path / "styles"))
    write(
        tmp_path, [row for kind, folder in folders for row in list_rows(kind, folder, ("held_",))]
    )
    return tmp_path


def write(data, rows):
    with (data / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([Row._fields, *rows])


def names(paths):
    return [p.name for p in paths]


def train_briefly(data, *options):
    return vidstyle(
        *("train", "arbitrary", "--content", data / "photos", "--style", data / "styles"),
        *("--features", data / "features.safetensors", "--out", data / "run", "--device", "cpu"),
        *options,
    )


def test_the_command_writes_what_is_read(data):
    folders = ("--content", data / "photos", "--style", data / "styles")
    done = vidstyle("train", "manifest", *folders, "--hold", "held_")
    assert done.returncode == 0, done.stderr
    (data / "other.csv").write_text(done.stdout)
    rows = read_manifest(data / "other.csv")
    assert rows == read_manifest(data / "manifest.csv")
    assert len(rows) == 7
    digest = hashlib.sha256((data / "photos" / "held_1.png").read_bytes()).hexdigest()
    assert Row("content", "held_1.png", digest[:16], "held") in rows


def test_pictures_are_split_as_it_says(data):
    make_picture(data / "photos" / "not_listed.png", 80, 80)
    photos = split_pictures("content", data / "photos", data / "manifest.csv")
    assert names(photos.train) == ["p0.png", "p2.png"]
    assert names(photos.held) == ["held_1.png", "held_3.png"]
    styles = split_pictures("style", data / "styles", data / "manifest.csv")
    assert (names(styles.train), names(styles.held)) == (["s0.jpg", "s1.jpg"], ["held_s.jpg"])
    fewer = split_pictures("content", data / "photos", data / "manifest.csv", ("held_", "p0"))
    assert (names(fewer.train), fewer.held) == (["p2.png"], [])
    assert len(split_pictures("content", data / "photos", None).train) == 5
    with pytest.raises(InputError, match="no content picture to learn from"):
        split_pictures("content", data / "photos", data / "manifest.csv", ("p",))


def test_a_picture_that_is_not_the_manifests_ends_the_command(data):
    make_picture(data / "photos" / "p2.png", 90, 80)
    done = train_briefly(data, "--manifest", data / "manifest.csv")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    (row,) = (r for r in read_manifest(data / "manifest.csv") if r.name == "p2.png")
    found = hashlib.sha256((data / "photos" / "p2.png").read_bytes()).hexdigest()[:16]
    for part in ("p2.png", row.sha256, f"got one with {found}", "vidstyle train manifest"):
        assert part in line
    (data / "photos" / "p2.png").unlink()
    with pytest.raises(InputError, match=r"p2\.png .*, got none"):
        split_pictures("content", data / "photos", data / "manifest.csv")
    assert split_pictures("content", data / "photos", data / "manifest.csv", ("p2",)).held


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read"),
        ("", "no manifest"),
        ("name,sha256\n", "no manifest"),
        ("kind,name,sha256,split\ncontent,a.png\n", "no manifest"),
        ("kind,name,sha256,split\ncontent,a.png,00,test\n", "train or held"),
        ("kind,name,sha256,split\nphoto,a.png,00,held\n", "content or style"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, text, message):
    if text is not None:
        (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_manifest(tmp_path / "m.csv")


HEAD = b"kind,name,sha256,split\n"
ROW = b"content,a.jpg,0123456789abcdef,train\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (HEAD + b"content,a\0.jpg,00,train\n", "expected the name of a picture"),
        (HEAD + b"content," + b"a" * 200_000 + b",00,train\n", "no manifest"),
        (HEAD + b"content,\xe9.jpg,00,train\n", "no manifest"),
        (HEAD + b'content,"a.jpg\n' + ROW * 100, "no manifest"),
        ((HEAD + ROW).decode().encode("utf-16"), "no manifest"),
        (bytes(2**25 + 1), "32 MiB at most"),
    ],
    ids=["zero byte", "huge field", "latin", "open quote", "utf-16", "no end"],
)
def test_a_hostile_manifest_is_refused(tmp_path, data, message):
    (tmp_path / "m.csv").write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        read_manifest(tmp_path / "m.csv")
    assert len(str(caught.value)) < 1000


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no device without an end here")
def test_a_manifest_without_an_end_is_refused():
    with pytest.raises(InputError, match="32 MiB at most"):
        read_manifest(Path("/dev/zero"))


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf" + HEAD + ROW, (HEAD + ROW).replace(b"\n", b"\r\n")],
    ids=["BOM", "CRLF"],
)
def test_a_manifest_of_another_editor_is_read(tmp_path, data):
    (tmp_path / "m.csv").write_bytes(data)
    assert read_manifest(tmp_path / "m.csv") == [
        Row("content", "a.jpg", "0123456789abcdef", "train")
    ]


def test_a_name_that_no_file_can_have_is_told(tmp_path):
    (tmp_path / "m.csv").write_bytes(HEAD + ROW.replace(b"a.jpg", b"a" * 300))
    with pytest.raises(InputError, match=r"cannot read the picture .*: File name too long"):
        split_pictures("content", tmp_path, tmp_path / "m.csv")


def test_both_trainings_learn_from_one_part_and_measure_on_the_other(data, monkeypatch):
    read = []

    class Noted(Crops):
        def __init__(self, files, **more):
            read.append({p.name.startswith("held_") for p in files})
            super().__init__(files, **more)

    for module in (arbitrary, style):
        monkeypatch.setattr(module, "Crops", Noted)
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), data / "base.safetensors")
    perceptual = load_features(str(data / "features.safetensors"))
    small = {"steps": 1, "batch": 2, "crop": 64}

    def any_style(out, reports):
        arbitrary.train(
            Folders(data / "photos", data / "styles", manifest=data / "manifest.csv"),
            perceptual,
            out,
            encoder_perceptual=load_features(),
            config=arbitrary.Config(shape=Shape(8, 8, 16, 1), style_crop=64, **small),
            recording=Recording(reports.append),
        )

    def one_style(out, reports):
        style.train(
            data / "styles" / "s0.jpg",
            data / "photos",
            perceptual,
            data / "base.safetensors",
            out,
            config=style.Config(style_side=64, **small),
            manifest=data / "manifest.csv",
            recording=Recording(reports.append),
        )

    for train, held_styles in ((any_style, 1), (one_style, 0)):
        read.clear()
        reports = []
        for _ in range(2):  # the second finds the run at its end, and measures again
            train(data / train.__name__, reports)
        first, again = (r.losses for r in reports)
        assert first == again
        assert set(first) > {"held out content", "held out style", "held out temporal"}
        assert all(value >= 0 for value in first.values())
        assert reports[-1].images_per_second == 0
        assert read.count({True}) == 2 * held_styles
        assert {True, False} not in read


def test_no_training_sees_the_styles_that_are_measured_on():
    """By digest too, whatever they are called; and photos whose terms forbid it are in no recipe."""
    shipped, rows = (
        read_manifest(ROOT / "models" / f"{name}.csv") for name in ("manifest", "manifest_2")
    )
    unfit = ("bsds_", "camvid_", "dicm_", "imnet1_", "imnet2_")
    assert not [row.name for row in rows if row.kind == "content" and row.name.startswith(unfit)]
    folder = SHARED / "style_val"
    if not folder.is_dir():
        pytest.skip("needs the shared styles")
    measured = list(list_rows("style", folder, ()))
    assert len(measured) == 12
    for trained in (shipped, rows):
        assert not {row.sha256 for row in measured} & {row.sha256 for row in trained}
        assert not {row.name for row in measured} & {row.name for row in trained}


@pytest.mark.slow
def test_a_config_gives_options_and_those_given_count_more(data):
    (data / "run.toml").write_text(
        'steps = 10\nbatch = 2\ncrop = 64\nwidths = [8, 8, 16]\nroot = true\nexclude = ["held_"]\n'
        "learning_rate = 1e-3\n"
    )
    done = train_briefly(data, "--config", data / "run.toml", "--steps", 20)
    assert done.returncode == 0, done.stderr
    assert "10/20" in done.stderr
    config = torch.load(data / "run" / "checkpoint.pt", weights_only=True)["config"]
    expected = {
        "steps": 20,
        "batch": 2,
        "crop": 64,
        "root": True,
        "learning_rate": 1e-3,
        "gram": 0.5,
    }
    assert {name: config[name] for name in expected} == expected
    assert config["shape"]["half"] == 8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read the config"),
        ("steps = ", "no TOML"),
        ("stepps = 10", "unknown key stepps; expected some of balanced, batch, blocks"),
        ("[steps]\nn = 1", "expected one value for steps"),
        ("steps = [1]", "expected one value for steps"),
        ("widths = 16", "expected a list for widths"),
        ("steps = 0.5", "--steps"),
        ("batch = 1", "--batch"),
        ('root = "perhaps"', "--root"),
        ("widths = [1, 2]", "--widths"),
    ],
)
def test_a_config_that_cannot_be_is_refused(data, text, message):
    if text is not None:
        (data / "run.toml").write_text(text)
    done = train_briefly(data, "--config", data / "run.toml")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_in_the_repository_is_read(data):
    rows = read_manifest(ROOT / "models" / "manifest.csv")
    assert len({(row.kind, row.name) for row in rows}) == len(rows)
    assert {row.split for row in rows if row.kind == "content"} == {"train", "held"}
    done = train_briefly(data, "--config", ROOT / "models" / "arbitrary.toml", "--crop", 65)
    assert "a crop that is a multiple" in done.stderr, done.stderr
    assert "got 4 and 65" in done.stderr
