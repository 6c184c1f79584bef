"""Masks of the page: a picture that is uploaded, and what is found."""

from __future__ import annotations

import importlib.util
import shlex
import shutil

import cv2
import numpy as np
import pytest

from tests.conftest import vidstyle

STYLE = {"style": "udnie"}


@pytest.fixture(scope="module")
def clip(client, base):
    return client.upload(base)["id"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A mask that is white in its left half."""
    path = tmp_path_factory.mktemp("masks") / "left half.png"
    pixels = np.zeros((48, 64), np.uint8)
    pixels[:, :32] = 255
    cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def mask(client, file):
    name = client.json("PUT", "/api/masks?name=left%20half.png", file.read_bytes(), 201)["name"]
    yield name
    client.json("DELETE", f"/api/masks/{name.replace(' ', '%20')}")


def shown(client, clip, **settings):
    data = client.ask("POST", f"/api/clips/{clip}/preview", STYLE | settings)[2]
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)


def test_the_preview_is_painted_where_the_mask_is_white(client, clip, mask):
    plain, painted = shown(client, clip, strength=0, blend=0), shown(client, clip)
    left, right = np.s_[:, :54], np.s_[:, 74:]  # a JPEG mixes what lies near the edge
    for settings, inside, outside in (
        ({}, left, right),
        ({"invert": True}, right, left),
        ({"feather": 4}, left, right),
    ):
        found = shown(client, clip, mask=mask, **settings)
        assert np.abs(found - painted)[inside].mean() < 1
        assert np.abs(found - plain)[outside].mean() < 1
        assert np.abs(painted - plain)[outside].mean() > 10


@pytest.mark.slow
def test_the_command_makes_the_same_file(client, clip, base, mask, file, tmp_path):
    body = STYLE | {"mask": mask, "invert": True, "feather": 3}
    render = client.json("POST", f"/api/clips/{clip}/render", body, 201)
    command = shlex.split(render["command"])
    assert command[5:-2] == ["--mask", "left half.png", "--invert", "--feather", "3"]
    shutil.copy(base, tmp_path)
    shutil.copy(file, tmp_path)
    assert vidstyle(*command[1:], cwd=tmp_path).returncode == 0
    assert (tmp_path / render["name"]).read_bytes() == client.finished(render["id"])


def test_each_dial_has_its_option(client, clip, mask):
    body = STYLE | {"mask": mask, "feather": 3}
    options = client.json("POST", f"/api/clips/{clip}/command", body)["options"]
    assert options["mask"] == "--mask 'left half.png'"
    assert (options["keep"], options["invert"], options["feather"]) == ("", "", "--feather 3")
    answer = client.json("POST", f"/api/clips/{clip}/command", STYLE | {"keep": "face"})
    assert answer["command"].endswith("--style udnie --keep face -o base.udnie.mp4")
    assert answer["options"]["keep"] == "--keep face"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"keep": "dog"}, "expected --keep person or background or face or sky"),
        ({"keep": "face", "invert": True}, "--keep face is --mask auto:face with --invert"),
        ({"invert": True}, "--invert changes masks; give a --mask"),
        ({"invert": 1}, "expected true or false for --invert, got 1"),
        ({"feather": 501}, "expected --feather from 0 to 500, got 501"),
        ({"mask": "/etc/passwd"}, "no mask is called /etc/passwd"),
        ({"mask": "auto:person"}, "no mask is called auto:person"),
        ({"mask": ["a.png"]}, "expected a word for --mask"),
    ],
    ids=str,
)
def test_settings_are_refused_in_the_words_of_the_command(client, clip, settings, line):
    for action in ("render", "preview", "command"):
        answer = client.json("POST", f"/api/clips/{clip}/{action}", STYLE | settings, 400)
        assert answer["error"].startswith(line)


def test_what_is_no_picture_leaves_nothing(client, server):
    before = server.left()
    answer = client.json("PUT", "/api/masks?name=mask.png", b"no picture", 400)
    assert answer["error"].startswith("mask.png is no picture")
    assert server.left() == before
    assert client.ask("DELETE", "/api/masks/mask.png")[0] == 404


def test_a_mask_that_is_needed_stays_and_names_are_apart(client, clip, mask, file, server):
    before = server.left()
    data = file.read_bytes()
    other = client.json("PUT", "/api/masks?name=..%2Fleft%20half.png", data, 201)["name"]
    assert other == "left half 2.png"
    nameless = client.json("PUT", "/api/masks", data, 201)["name"]
    assert nameless == "mask.jpg"
    long = STYLE | {"mask": other, "stability": 1}
    render = client.json("POST", f"/api/clips/{clip}/render", long, 201)["id"]
    answer = client.json("DELETE", "/api/masks/left%20half%202.png", status=400)
    assert answer["error"] == "a clip is being painted with left half 2.png; cancel that first"
    client.finished(render)
    for path in ("masks/left%20half%202.png", "masks/mask.jpg", f"renders/{render}"):
        client.json("DELETE", f"/api/{path}")
    assert server.left() == before


@pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is not None, reason="the networks are installed"
)
def test_a_line_says_which_package_finds_people(client, clip):
    line = "people and faces are found by networks that a package carries: pip install"
    settings = STYLE | {"keep": "person"}
    answer = client.json("POST", f"/api/clips/{clip}/preview", settings, 400)
    assert answer["error"].startswith(line)
