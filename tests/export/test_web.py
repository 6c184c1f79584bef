"""The folder that `vidstyle export web` writes, without a browser; see test_web_page.py for one."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tarfile

import numpy as np
import pytest

import vidstyle
from tests.conftest import vidstyle as command
from vidstyle import InputError, MissingPackageError, UsageError
from vidstyle.export import ortweb

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

STYLE = "starry_night"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the right shape, whose files are words."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    for table in (ortweb._WASM, ortweb._WEBGPU):
        for name in table:
            (folder / name).write_text(name)
            monkeypatch.setitem(table, name, hashlib.sha256(name.encode()).hexdigest())
    return folder


def archive(folder, path):
    with tarfile.open(path, "w:gz") as tar:
        for file in folder.iterdir():
            tar.add(file, f"package/dist/{file.name}")
    return path


def files(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_the_folder_has_all_that_the_page_asks_for(package, picture, tmp_path):
    page = vidstyle.export_web([STYLE, picture, picture], tmp_path / "page", runtime=package)
    facts = json.loads((page / "styles.json").read_text())
    assert [s["name"] for s in facts["styles"]] == [STYLE, "style", "style_2"]
    assert [s["title"] for s in facts["styles"]] == ["The Starry Night", "style", "style"]
    assert {s["file"] for s in facts["styles"]} <= files(page)
    assert "runtime/ort-wasm-simd-threaded.asyncify.wasm" in files(page)
    assert "MIT License" in (page / "LICENSE.onnxruntime.txt").read_text()
    assert not list(tmp_path.glob(".*"))
    small = vidstyle.export_web(STYLE, tmp_path / "small", runtime=package, webgpu=False)
    assert not [name for name in files(small) if "asyncify" in name or "webgpu" in name]
    # 16 bits a weight: 0.65 million of them.
    assert (small / "styles" / f"{STYLE}.onnx").stat().st_size < 1.6e6


def test_the_graph_paints_bytes_like_ours_with_given_statistics(package, base, tmp_path):
    page = vidstyle.export_web(
        STYLE, tmp_path / "page", runtime=archive(package, tmp_path / "a.tgz")
    )
    session = ort.InferenceSession(str(page / "styles" / f"{STYLE}.onnx"))
    frame = np.random.default_rng(0).integers(0, 255, (72, 101, 3), np.uint8)
    frame = np.repeat(np.repeat(frame[::8, ::8], 8, 0), 8, 1)[:72, :101]
    rgba = np.dstack([frame, np.full(frame.shape[:2], 7, np.uint8)])[None]

    def paint(statistics, share):
        given = {"statistics": statistics[None], "share": np.float32([share])}
        painted, own = session.run(None, {"frame": rgba, **given})
        assert (painted[..., 3] == 255).all()
        return painted[0, ..., :3].astype(int), own[0]

    with vidstyle.load(STYLE, device="torch-cpu") as model:
        count = session.get_inputs()[1].shape[1]
        painted, own = paint(np.ones(count, np.float32), 0)
        assert np.abs(painted - model(frame)).max() <= 1
        again, _ = paint(own, 1)
        assert np.abs(painted - again).max() <= 1
        other, _ = paint(own * np.float32(1.5), 0.97)
        assert np.abs(painted - other).max() > 8


@pytest.mark.slow
def test_the_folder_that_one_is_in_can_be_written(package, tmp_path, monkeypatch):
    page = tmp_path / "here"
    page.mkdir()
    monkeypatch.chdir(page)
    vidstyle.export_web(STYLE, ".", runtime=package, webgpu=False)
    assert (page / "index.html").is_file()


def test_a_page_is_replaced_and_nothing_else(package, tmp_path):
    page = tmp_path / "page"
    page.mkdir()  # an empty one is as good as none
    vidstyle.export_web("starry_night", page, runtime=package)
    with pytest.raises(UsageError, match="exists already"):
        vidstyle.export_web("udnie", page, runtime=package)
    vidstyle.export_web("udnie", page, runtime=package, overwrite=True)
    assert [p.name for p in (page / "styles").iterdir()] == ["udnie.onnx"]
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.txt").write_text("years of work")
    for folder in (own, own / "thesis.txt", own / "no" / "page"):
        with pytest.raises(UsageError):
            vidstyle.export_web("udnie", folder, runtime=package, overwrite=True)
    assert (own / "thesis.txt").read_text() == "years of work"
    assert not [p for folder in (tmp_path, own) for p in folder.glob(".*")]


def test_another_runtime_is_refused(package, tmp_path):
    damaged = archive(package, tmp_path / "a.tgz")
    damaged.write_bytes(damaged.read_bytes()[:-200])
    (package / "ort.wasm.min.mjs").write_text("of another version")
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "text.tgz").write_text("no archive")
    for given, said in [
        (package, "has another ort.wasm.min.mjs"),
        (empty, "lacks ort"),
        (damaged, "cannot read"),
        (tmp_path / "text.tgz", "cannot read"),
        (tmp_path / "none.tgz", "no such file or folder"),
    ]:
        with pytest.raises(InputError, match=said):
            ortweb.runtime_files(given, webgpu=True)


NPM = """#!{python}
import sys, shutil
assert sys.argv[1:3] == ["pack", "onnxruntime-web@{version}"], sys.argv
if {fails}:
    print("npm error code E404\\nnpm error 404 Not Found", file=sys.stderr)
    sys.exit(1)
shutil.copy({archive!r}, "onnxruntime-web-{version}.tgz")
"""


def npm(folder, archive=None):
    """Write an npm that has a package, or fails, and let it be the only one."""
    folder.mkdir(exist_ok=True)
    text = NPM.format(
        python=sys.executable, version=ortweb.VERSION, archive=str(archive), fails=archive is None
    )
    (folder / "npm").write_text(text)
    (folder / "npm").chmod(0o755)


def test_npm_fetches_the_runtime_once(package, tmp_path, monkeypatch):
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(MissingPackageError, match="expected npm"):
        ortweb.runtime_files(None, webgpu=True)
    npm(tmp_path / "bin")
    with pytest.raises(
        InputError, match=r"npm cannot fetch onnxruntime-web@.*E404.*give `runtime`"
    ):
        ortweb.runtime_files(None, webgpu=True)
    npm(tmp_path / "bin", archive(package, tmp_path / "a.tgz"))
    found = ortweb.runtime_files(None, webgpu=True)
    assert len(found) == 6
    shutil.rmtree(tmp_path / "bin")
    assert ortweb.runtime_files(None, webgpu=True) == found
    (kept,) = (tmp_path / "cache" / "runtimes").iterdir()
    assert kept.name == f"onnxruntime-web-{ortweb.VERSION}.tgz"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:100])  # a damaged one is fetched anew
    npm(tmp_path / "bin", tmp_path / "a.tgz")
    assert ortweb.runtime_files(None, webgpu=True) == found
    assert kept.read_bytes() == whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--style"),
        (("-s", "identity"), "nothing to export"),
        (("-s", "stary_night"), "did you mean starry_night?"),
        (("-s", "no.jpg"), "no.jpg"),
        (("-s", STYLE, "--style-scale", "2"), "size it was trained with"),
        (("-s", STYLE, "-o", "no/page"), "does not exist"),
        (("-s", STYLE, "-o", "file"), "it is a file"),
        (("-s", STYLE, "-o", "folder", "-y"), "choose a new folder as -o"),
        (("-s", STYLE, "--runtime", "no.tgz"), "cannot read no.tgz"),
    ],
)
def test_the_command_says_in_a_line_what_is_wrong(tmp_path, words, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "own.txt").write_text("")
    # The package is looked for before a style is read: an empty folder stands for it.
    runtime = () if "--runtime" in words else ("--runtime", "folder")
    done = command("export", "web", *words, *runtime, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "page").exists()
