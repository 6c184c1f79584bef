"""The commands of docs/integrations.md, run by the programs that they are for."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import cv2
import pytest

from tests.clips import make_clip
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "integrations.md").read_text()


@pytest.fixture
def folder(base, picture, tmp_path):
    """A folder with what the page names."""
    shutil.copy(base, tmp_path / "in.mp4")
    for name in ("starry.jpg", "wave.jpg"):
        shutil.copy(picture, tmp_path / name)
    return tmp_path


@pytest.fixture
def shell(folder):
    """Run lines of the page, with some words of them replaced."""
    tools = Path(sys.executable).parent

    def shell(line, path=tools, **words):
        env = os.environ | {"PATH": f"{path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        for word, other in words.items():
            assert word in line
            line = line.replace(word, other)
        done = subprocess.run(
            ["bash", "-c", f"set -eo pipefail; {line}"],
            capture_output=True,
            text=True,
            cwd=folder,
            env=env,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return shell


def section(name):
    """Return the lines of the shell in a section of the page."""
    (text,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()


def needs(program, package):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt install {package}")


def test_mpv_plays_the_pipe(shell, folder):
    needs("mpv", "mpv")
    (line,) = section("mpv")
    screen = "mpv --no-config --vo=image --vo-image-outdir=seen --ao=null --untimed -"
    shell(line, **{"mpv -": screen})
    assert len(list((folder / "seen").iterdir())) == 30


def test_gstreamer_paints_a_file(gstreamer, shell, folder, judge):
    times = range(0, 400, 40)
    make_clip(
        folder / "in.mkv",
        times=times,
        time_base=Fraction(1, 1000),
        codec="mjpeg",
        pixel_format="yuvj420p",
        sound=False,
    )
    plugins, packages, launch, live = section("GStreamer")
    assert sysconfig.get_path("platlib") in sys.path
    told = f'export GST_REGISTRY=registry PYTHONPATH="{ROOT}:$PYTHONPATH"'
    words = {"$PWD": str(ROOT), ".venv/bin/python": sys.executable}
    head = "\n".join([plugins, packages, told])
    shell(f"{head}\n{launch}", "/usr/bin", **words)
    assert [round(1000 * float(t)) for t in judge.times(folder / "out.mkv")] == list(times)
    words["v4l2src"] = "videotestsrc is-live=true num-buffers=30 ! video/x-raw,width=128,height=96"
    shell(f"{head}\n{live}", "/usr/bin", **words, autovideosink="fakesink sync=true")


def test_an_editor_finds_clips_of_equal_length(shell, folder, judge):
    needs("melt", "melt")
    paint, paint_prores, fade = section("Kdenlive and Shotcut")
    for line in (paint, paint_prores, fade):
        shell(line)
    assert judge.stream(folder / "in.starry.mov")["codec_name"] == "prores"
    found = {}
    for name in ("in.mp4", "in.starry.mp4", "in.starry.mov"):
        tree = ElementTree.fromstring(shell(f"melt {name} -consumer xml 2> log"))
        profile, clip = tree.find("profile"), tree.find("producer")
        length = clip.find("property[@name='length']").text
        found[name] = [length, *(profile.get(f"frame_rate_{part}") for part in ("num", "den"))]
    assert found["in.mp4"] == found["in.starry.mp4"] == found["in.starry.mov"] == ["30", "30", "1"]
    names = ("in.mp4", "in.starry.mp4", "faded.mp4")
    plain, painted, faded = ([*frames(folder / name)] for name in names)
    assert len(faded) == 30
    assert cv2.PSNR(faded[0], plain[0]) > 30 > cv2.PSNR(faded[0], painted[0]) + 5
    assert cv2.PSNR(faded[-1], painted[-1]) > 30 > cv2.PSNR(faded[-1], plain[-1]) + 5


def frames(path):
    video = cv2.VideoCapture(str(path))
    while (read := video.read())[0]:
        yield read[1]


def test_a_media_source_of_obs_gets_a_stream(folder, judge):
    """FFmpeg receives it, as OBS does."""
    (line,) = [line for line in section("OBS") if "--send" in line]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        address = f"udp://127.0.0.1:{free.getsockname()[1]}"
    words = line.replace("--camera 0", "testsrc2=size=128x96:rate=30,realtime --from lavfi")
    words = words.replace("udp://127.0.0.1:5000", address).split()
    assert words[0] == "vidstyle"
    receiver = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-f", "mpegts", "-i", address, "-frames:v", "20", "got.mkv"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
    )
    sender = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        assert receiver.wait(120) == 0
    finally:
        receiver.kill()
        sender.kill()
        sender.communicate()
    assert len(judge.times(folder / "got.mkv")) == 20


def test_a_browser_source_of_obs_plays_the_clip(shell, folder):
    """Chromium does, which is what such a source is."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium: apt install chromium")
    (line,) = [line for line in section("OBS") if ".webm" in line]
    shell(line)
    with playwright.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto((folder / "in.starry.webm").as_uri())
        page.wait_for_function("document.querySelector('video')?.readyState >= 2")
        video = "document.querySelector('video')"
        assert page.evaluate(f"[{video}.videoWidth, {video}.videoHeight]") == [128, 96]
        assert page.evaluate(f"{video}.duration") == pytest.approx(1, abs=0.1)
        browser.close()
