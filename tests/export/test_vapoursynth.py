"""Scripts of VapourSynth, run by its own vspipe, whatever Python that has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import pattern
from tests.conftest import ROOT
from vidstyle import MissingPackageError

COUNT, WIDTH, HEIGHT = 12, 64, 48

HEAD = f"""
import numpy as np, vapoursynth as vs
core = vs.core
pictures = np.load("frames.npy")
blank = core.std.BlankClip(format=vs.RGB24, width={WIDTH}, height={HEIGHT}, length={COUNT}, fpsnum=25)

def fill(n, f):
    made = f.copy()
    for plane in range(3):
        np.copyto(np.asarray(made[plane]), pictures[n, ..., plane])
    return made

clip = blank.std.ModifyFrame(blank, fill)
"""


@pytest.fixture
def run(tmp_path):
    """Run a script and return its frames, RGB (N, H, W, 3)."""
    vspipe = shutil.which("vspipe")
    if vspipe is None:
        pytest.skip("vspipe, of VapourSynth, is not installed")
    np.save(tmp_path / "frames.npy", np.stack([pattern(n, WIDTH, HEIGHT) for n in range(COUNT)]))

    def run(body, *words):
        script, out = tmp_path / "script.vpy", tmp_path / "out.raw"
        script.write_text(HEAD + body)
        done = subprocess.run(
            [vspipe, *words, script, out],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        if lacks := re.search(r"No module named \S+", done.stderr):
            pytest.skip(f"vspipe's Python lacks what this needs: {lacks[0]}")
        if plugin := re.search(r"No attribute with the name (ov|ort) exists", done.stderr):
            pytest.skip(f"the plugin vapoursynth-mlrt-{plugin[1]} is not installed")
        if "does not go with the one of a plugin" in done.stderr:
            pytest.skip(
                "the plugin vapoursynth-mlrt-ov is there, beside which the CPU engine cannot run"
            )
        assert done.returncode == 0, done.stderr
        planes = np.fromfile(out, np.uint8).reshape(COUNT, 3, HEIGHT, WIDTH)
        return planes[:, [2, 0, 1]].transpose(0, 2, 3, 1)  # vspipe writes G, B, R

    return run


PAINT = """
from vidstyle import vapoursynth
style = "{style}"
painted = vapoursynth.stylize(clip, style, device="cpu", precision="f32", section={section})
painted.set_output()
"""


def paint(style="starry_night", section=5):
    return PAINT.format(style=style, section=section)


def test_frames_are_the_same_in_any_order(run):
    alone = run(paint(), "-r", "1")
    assert np.array_equal(run(paint(), "-r", "8"), alone)
    backwards = run(paint().replace("painted.set", "painted.std.Reverse().set"), "-r", "4")
    assert np.array_equal(backwards[::-1], alone)


def test_they_are_painted_as_elsewhere(run):
    painted = run(paint())
    with vidstyle.load("starry_night", precision="f32", device="cpu") as model:
        frame = pattern(0, WIDTH, HEIGHT)
        assert np.array_equal(run(paint(section=1))[0], model(frame))
        assert cv2.PSNR(painted[0], model(frame)) > 20


def test_identity_gives_the_clip_back_in_its_format(run):
    """RGB to the bit; YUV and more bits as what a conversion to RGB and back leaves of them."""
    source = np.stack([pattern(n, WIDTH, HEIGHT) for n in range(COUNT)])
    assert np.array_equal(run(paint("identity")), source)
    for kind in ("RGB48", "YUV444P8", "YUV420P10", "YUV422P16", "RGBS"):
        matrix = ", matrix=1" if kind.startswith("YUV") else ""
        body = f"clip = clip.resize.Bicubic(format=vs.{kind}{matrix})\n"
        check = """
assert painted.format.id == clip.format.id, painted.format
frame, kept = clip.get_frame(1).props, painted.get_frame(1).props
for name in ("_Matrix", "_Range", "_ColorRange"):
    assert frame.get(name) == kept.get(name), (name, frame.get(name), kept.get(name))
painted.resize.Bicubic(format=vs.RGB24).set_output()
"""
        back = run(body + paint("identity").replace("painted.set_output()", check))
        assert min(map(cv2.PSNR, back, source)) > 28, kind


def test_an_error_is_one_of_ours(run):
    gray = "clip = clip.resize.Bicubic(format=vs.GRAY8, matrix=1)\n"
    with pytest.raises(AssertionError, match="expected a clip of RGB or YUV, got Gray8"):
        run(gray + paint())
    mixed = "clip = core.std.Splice([clip, clip.std.CropRel(2)], mismatch=1)\n"
    with pytest.raises(AssertionError, match="expected a clip of one size"):
        run(mixed + paint())
    with pytest.raises(AssertionError, match="a section of 0 or more"):
        run(paint(section=-1))


@pytest.mark.parametrize(
    "call",
    [
        'core.ov.Model(clip, "net.onnx", device="CPU", config=lambda: hint)',
        'core.ort.Model(clip, "net.onnx")',
    ],
    ids=["ov", "ort"],
)
def test_the_exported_network_runs_in_mlrt(run, tmp_path, call):
    pytest.importorskip("onnx", reason="onnx is not installed, which writes the network")
    vidstyle.export_onnx("starry_night", tmp_path / "net.onnx")
    body = f"""
clip = clip.resize.Bicubic(format=vs.RGBS)
hint = {{"INFERENCE_PRECISION_HINT": "f32"}}
clip = {call}
clip.resize.Bicubic(format=vs.RGB24).set_output()
"""
    painted = run(body)
    with vidstyle.load("starry_night", device="torch-cpu") as model:
        for n in (0, COUNT - 1):
            expected = model(pattern(n, WIDTH, HEIGHT))
            assert np.abs(painted[n].astype(int) - expected).max() <= 1


@pytest.mark.slow
def test_the_script_of_the_page_and_the_chain_of_pipes_work(base, picture, tmp_path, judge):
    """A clip by BestSource, painted in the script; and what a script gives, painted behind it."""
    if shutil.which("vspipe") is None:
        pytest.skip("vspipe, of VapourSynth, is not installed")
    shutil.copy(base, tmp_path / "in.mp4")
    shutil.copy(picture, tmp_path / "starry.jpg")
    page = (ROOT / "docs" / "vapoursynth.md").read_text()
    painted = page.split("```python\n")[1].split("```")[0]
    plain = "import vapoursynth as vs\nvs.core.bs.VideoSource('in.mp4').set_output()\n"
    chains = (ROOT / "docs" / "pipes.md").read_text().splitlines()
    (chain,) = (line for line in chains if line.startswith("vspipe"))
    path = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    for script, line in ((painted, "vspipe -c y4m script.vpy out.y4m"), (plain, chain)):
        (tmp_path / "script.vpy").write_text(script)
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=300,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        )
        for lacks in (
            "No module named",
            "No attribute with the name bs",
            "does not go with the one of",
        ):
            for told in done.stderr.splitlines():
                if lacks in told:
                    pytest.skip(f"vspipe lacks what this needs: {told}")
        assert done.returncode == 0, done.stderr
    assert len(judge.times(tmp_path / "out.y4m")) == len(judge.times(tmp_path / "out.mkv")) == 30


def test_without_it_the_package_is_named():
    try:
        import vapoursynth  # noqa: F401
    except ImportError:
        from vidstyle.vapoursynth import stylize

        with pytest.raises(MissingPackageError, match="pip install vapoursynth"):
            stylize(None, "identity")
    else:
        pytest.skip("VapourSynth is installed")
