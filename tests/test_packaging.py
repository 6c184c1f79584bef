"""The package as a user gets it: sdist and wheel are whole, and install into an empty environment, weights included."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """The sdist, and the wheel that is built from it, without a network."""
    for package in ("build", "hatchling"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_twine_takes_them(dist):
    pytest.importorskip("twine", reason="twine is not installed")
    check = [sys.executable, "-m", "twine", "check", "--strict", *map(str, dist.iterdir())]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2


def test_they_have_types_pages_and_every_file_of_the_package(dist):
    (wheel,) = dist.glob("*.whl")
    (sdist,) = dist.glob("*.tar.gz")
    packed = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as tar:
        source = {name.split("/", 1)[1] for name in tar.getnames()}
    kept = subprocess.run(
        ["git", "ls-files", "vidstyle", "models"], cwd=ROOT, capture_output=True, text=True
    ).stdout.splitlines()
    assert kept
    assert set(kept) <= source
    assert {name.replace("models/", "vidstyle/models/", 1) for name in kept if name[0] == "m"} | {
        name for name in kept if name[0] == "v"
    } <= packed
    assert "vidstyle/py.typed" in packed
    assert {"README.md", "CHANGELOG.md", "LICENSE"} <= source
    assert not [name for name in packed if name.startswith(("tests/", "docs/", "benchmarks/"))]


def test_what_the_readme_links_to_is_in_the_sdist(dist):
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        source = {name.split("/", 1)[1] for name in tar.getnames()}
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text())
    beside = {link for link in links if "://" not in link}
    assert len(beside) > 5
    assert not [link for link in beside if link.rstrip("/") not in source]


def test_the_wheel_works_in_an_empty_environment(dist, base, picture, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    programs = tmp_path / "env" / "bin"
    (wheel,) = dist.glob("*.whl")
    install = [str(programs / "pip"), "install", "-q", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*install, str(wheel)], check=True)
    out = tmp_path / "out.mp4"
    done = subprocess.run(
        [str(programs / "vidstyle"), "run", str(base), "-s", str(picture), "-o", str(out)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "OpenVINO" in done.stderr
    probe = "import importlib.util as u; print(u.find_spec('torch'))"
    seen = subprocess.run([str(programs / "python"), "-c", probe], capture_output=True, text=True)
    assert seen.stdout.strip() == "None"
