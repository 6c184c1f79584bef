"""Exported networks, run by the runtimes that they are for."""

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
from tests.conftest import vidstyle as command
from vidstyle import InputError, Look, UsageError
from vidstyle.media.video import Video
from vidstyle.moments import find_moments
from vidstyle.zoo import catalog

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

STYLE = "starry_night"


def planes(pixels):
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None]).astype(np.float32) / 255


def levels(painted):
    return np.rint(painted[0].transpose(1, 2, 0) * 255).astype(np.uint8)


def distance(one, other):
    """Return the largest difference, in levels."""
    return int(np.abs(one.astype(int) - other).max())


class Network:
    """An exported file in ONNX Runtime."""

    def __init__(self, path):
        self.session = ort.InferenceSession(str(path))

    def __call__(self, pixels, **inputs):
        (painted,) = self.session.run(None, {"frame": planes(pixels), **inputs})
        assert painted.dtype == np.float32
        assert painted.min() >= 0
        assert painted.max() <= 1
        return levels(painted)


def photo(width, height):
    """Return a frame of the sample clip."""
    read, pixels = cv2.VideoCapture(str(ROOT / "samples" / "clip.mp4")).read()
    assert read
    return cv2.resize(pixels[..., ::-1], (width, height), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def one_style(tmp_path_factory):
    """One shipped style, any size, each frame's own statistics."""
    return vidstyle.export_onnx(STYLE, tmp_path_factory.mktemp("onnx") / "one.onnx")


@pytest.fixture(scope="module")
def model():
    """The same style, painted by us."""
    with vidstyle.load(STYLE, device="torch-cpu") as made:
        yield made


@pytest.mark.parametrize("size", [(160, 90), (101, 72), (17, 17), (17, 97), (320, 180)])
def test_a_network_of_one_style_paints_like_ours(one_style, size, model):
    frame = photo(*size)
    assert distance(Network(one_style)(frame), model(frame)) <= 1


@pytest.mark.parametrize(
    "opset", [13, *(pytest.param(n, marks=pytest.mark.slow) for n in (18, 20))]
)
def test_the_opset_is_the_one_that_is_asked_for(tmp_path, opset, model):
    import onnx

    path = vidstyle.export_onnx(STYLE, tmp_path / "a.onnx", opset=opset, size=(64, 48))
    (used,) = onnx.load(path).opset_import
    assert used.version == opset
    frame = photo(64, 48)
    assert distance(Network(path)(frame), model(frame)) <= 1


def test_pictures_are_baked_in_alone_and_mixed(picture, tmp_path):
    other = ROOT / "samples" / "styles" / "swirls.jpg"
    frame = photo(120, 72)
    with vidstyle.load(device="torch-cpu") as model:
        styles = [model.style(picture, scale=1.5), model.style(other, scale=1.5)]
        alone = vidstyle.export_onnx(picture, tmp_path / "a.onnx", style_scale=1.5)
        assert distance(Network(alone)(frame), model(frame, Look(styles[0]))) <= 1
        mixed = vidstyle.export_onnx(
            [picture, other], tmp_path / "b.onnx", style_scale=1.5, style_weights=[1, 3]
        )
        look = Look(vidstyle.mix(styles, [1, 3]))
        assert distance(Network(mixed)(frame), model(frame, look)) <= 1
        assert distance(Network(alone)(frame), Network(mixed)(frame)) > 8


def test_the_style_may_be_an_input(picture, tmp_path):
    network = Network(vidstyle.export_onnx(None, tmp_path / "any.onnx"))
    frame = photo(120, 72)
    with vidstyle.load(device="torch-cpu") as model:
        for path in (picture, ROOT / "samples" / "styles" / "swirls.jpg"):
            style = model.style(path)
            painted = network(frame, style=style.values[None])
            assert distance(painted, model(frame, Look(style))) <= 1


def test_a_network_of_ones_own_is_exported(tmp_path, model):
    own = tmp_path / "own.safetensors"
    shutil.copy(catalog.shipped_style(STYLE).weights, own)
    frame = photo(64, 48)
    painted = Network(vidstyle.export_onnx(own, tmp_path / "own.onnx"))(frame)
    assert distance(painted, model(frame)) <= 1


def test_statistics_of_a_clip_are_frozen_in(base, tmp_path, model):
    """A frame is painted as `run` paints one of a shot whose statistics are known."""
    path = vidstyle.export_onnx(STYLE, tmp_path / "a.onnx", statistics=base)
    with Video.open(base) as video:
        frames = [moment.frame.pixels for moment in find_moments(video, 16)]
    own, engine = np.empty(0, np.float32), model.engine
    mean = np.mean(engine.paint(frames, own, None).statistics(), axis=0)
    frame = photo(128, 96)
    (painted,) = engine.paint([frame], own, (mean, 0.97)).frames()
    assert distance(Network(path)(frame), painted) <= 1
    assert distance(model(frame), painted) > 16


def test_tiles_fit_where_statistics_are_the_clips_alone(base, tmp_path):
    network = Network(vidstyle.export_onnx(STYLE, tmp_path / "a.onnx", statistics=base, share=1))
    frame = photo(640, 128)
    whole, tile = network(frame), network(frame[:, :512])
    assert distance(whole[:, :256], tile[:, :256]) <= 1


EVEN = {
    "flat": np.full((96, 160, 3), 128, np.uint8),
    "black": np.zeros((96, 160, 3), np.uint8),
    "white": np.full((96, 160, 3), 255, np.uint8),
    "red": np.full((96, 160, 3), (230, 20, 10), np.uint8),
    "faint noise": np.random.default_rng(1).integers(128, 130, (96, 160, 3), np.uint8),
    "noise": np.random.default_rng(1).integers(0, 256, (96, 160, 3), np.uint8),
}


def sane(painted, name, ours):
    """Hold a painting in 16 bits to ours: what is even stays so, where a plain norm ends hundreds of levels off."""
    off = np.abs(painted - ours)
    if (
        name == "faint noise"
    ):  # a level is little more than rounding, and other rounding is other strokes
        assert abs(painted.mean() - ours.mean()) < 10
        assert abs(painted.std() - ours.std()) < 10
    else:
        assert off.mean() < 5
        assert off.max() < 40


def test_even_frames_stay_sane_in_bfloat16(one_style):
    import openvino

    core = openvino.Core()
    if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    half = core.compile_model(str(one_style), "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    ours = Network(one_style)
    for name, frame in EVEN.items():
        painted = half(planes(frame))[0][0].transpose(1, 2, 0) * 255
        sane(painted, name, ours(frame))


def test_even_frames_stay_sane_in_float16(one_style, tmp_path):
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    half = tmp_path / "half.onnx"
    onnx.save(convert_float_to_float16(onnx.load(one_style), keep_io_types=True), half)
    ours, network = Network(one_style), Network(half)
    for name, frame in EVEN.items():
        sane(network(frame).astype(float), name, ours(frame))


def test_the_command_writes_what_it_says(picture, base, tmp_path):
    shutil.copy(picture, tmp_path / "starry.png")
    words = ["export", "onnx", "--style", "starry.png", "--size", "64x48"]
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"vidstyle: starry.onnx: opset 17, frame -> painted, RGB from 0 to 1, 64x48, \d+ KiB\n",
        done.stderr,
    )
    session = Network(tmp_path / "starry.onnx").session
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("frame", [1, 3, 48, 64])]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [("painted", [1, 3, 48, 64])]
    notes = session.get_modelmeta().custom_metadata_map
    assert notes["style"] == "starry.png"
    assert "own" in notes["statistics"]
    again = command(*words, cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already; pass -y" in again.stderr


@pytest.mark.parametrize(
    ("style", "options", "said"),
    [
        ("identity", {}, "nothing to export"),
        ("stary_night", {}, "did you mean starry_night?"),
        (STYLE, {"output": "a.pt"}, "ends in .onnx"),
        (STYLE, {"output": "no/a.onnx"}, "does not exist"),
        (STYLE, {"size": (16, 48)}, "17 pixels or more"),
        (STYLE, {"opset": 9}, "from 13 to 20"),
        (STYLE, {"share": 0.5}, "give both"),
        (STYLE, {"style_scale": 2}, "size it was trained with"),
        (STYLE, {"statistics": "no.mp4"}, "cannot read no.mp4"),
        ([STYLE, "udnie"], {}, "does not mix"),
        (None, {"statistics": "no.mp4"}, "of one style"),
        (None, {"style_scale": 2}, "leave its options out"),
    ],
)
def test_what_cannot_be_exported_is_said(tmp_path, monkeypatch, style, options, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, InputError)) as error:
        vidstyle.export_onnx(style, **{"output": "a.onnx"} | options)
    assert said in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "expected a --style or --style-input, one of them"),
        (("--style", STYLE, "--start", "1"), "--start and --end are of the clip of --statistics"),
    ],
)
def test_the_command_says_it_in_its_words(tmp_path, words, said):
    done = command("export", "onnx", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_clip_itself_is_not_replaced(base, tmp_path):
    clip = tmp_path / "clip.onnx"
    shutil.copy(base, clip)
    with pytest.raises(UsageError, match="input itself"):
        vidstyle.export_onnx(STYLE, clip, statistics=clip, overwrite=True)
    (tmp_path / "text.mp4").write_text("no clip")
    with pytest.raises(InputError):
        vidstyle.export_onnx(STYLE, tmp_path / "a.onnx", statistics=tmp_path / "text.mp4")
    assert not (tmp_path / "a.onnx").exists()


def test_a_missing_package_is_named(tmp_path):
    code = "import sys; sys.modules['onnx'] = None; from vidstyle.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "onnx", "--style", STYLE, "-o", "a.onnx"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert "pip install 'vidstyle[onnx]'" in done.stderr


@pytest.mark.parametrize(
    ("backend", "told"), [("onnx", ""), ("openvino", ":backend_configs=layout=nchw")]
)
def test_ffmpeg_paints_with_it(base, tmp_path, backend, told):
    """Where there is a build that has the backend."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    page = subprocess.run(
        ["ffmpeg", "-hide_banner", "-h", "filter=dnn_processing"], capture_output=True, text=True
    ).stdout
    if not re.search(rf"^\s+{backend}\s", page, re.MULTILINE):
        pytest.skip(f"this build of ffmpeg has no backend {backend} in dnn_processing")
    path = vidstyle.export_onnx(STYLE, tmp_path / "net.onnx", size=(128, 96))

    def first(chain):
        command = ["ffmpeg", "-v", "error", "-i", str(base), "-vf", chain, "-frames:v", "1"]
        raw = subprocess.run(
            [*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True
        ).stdout
        return np.frombuffer(raw, np.uint8).reshape(96, 128, 3)

    chain = f"dnn_processing=dnn_backend={backend}:model={path}:input=frame:output=painted{told}"
    assert distance(first(f"format=rgb24,{chain}"), Network(path)(first("format=rgb24"))) <= 2
