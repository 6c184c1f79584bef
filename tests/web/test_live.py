"""The camera of the page, in a real browser whose camera is a file."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.conftest import Server
from tests.web.test_browser import CHROMIUM, NAMELESS, until

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("aiortc", reason="the extra web is not installed")
log = logging.getLogger(__name__)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt install chromium"),
]

WIDTH, HEIGHT = 640, 360

BARS = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0)]
"""The upper bars of SMPTE, from the left."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[object]:
    if shutil.which("ffmpeg") is None:
        pytest.skip("there is no ffmpeg to make what the camera shows")
    bars = tmp_path_factory.mktemp("camera") / "bars.y4m"
    source = f"smptebars=s={WIDTH}x{HEIGHT}:r=30,format=yuv420p"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-t", "1", str(bars)], check=True
    )
    flags = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream=fps=30",
        f"--use-file-for-fake-video-capture={bars}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with playwright.sync_playwright() as made:
        opened = made.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("live"))
    yield made
    made.close()


@pytest.fixture
def open_tab(browser, server):
    """Open tabs with the page, in which nothing may go wrong."""
    contexts, wrong = [], []

    def opened(*scripts: str):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        for script in scripts:
            page.add_init_script(script)
        page.goto(server.address)
        server.address = server.told()
        page.wait_for_selector("#styles .card")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


NO_WEBRTC = "delete window.RTCPeerConnection;"

COUNTER = """
// A camera that shows the number of its frame, as eight bars, and can change its size.
const source = document.createElement("canvas");
const drawn = {};
let number = 0;
window.seen = [];
window.resize = (width, height) => Object.assign(source, { width, height });
window.resize(640, 360);
setInterval(() => {
  number = (number + 1) % 256;
  const context = source.getContext("2d");
  for (let bit = 0; bit < 8; bit += 1) {
    context.fillStyle = number >> bit & 1 ? "#fff" : "#000";
    context.fillRect(bit * source.width / 8, 0, source.width / 8, source.height);
  }
  drawn[number] = performance.now();
}, 1000 / 30);
navigator.mediaDevices.getUserMedia = async () => source.captureStream(30);
window.watch = () => {
  const video = document.getElementById("live-video");
  const shown = video.hidden ? document.getElementById("live-canvas") : video;
  const small = new OffscreenCanvas(8, 1).getContext("2d", { willReadFrequently: true });
  let last = -1;
  const look = () => {
    small.drawImage(shown, 0, 0, 8, 1);
    const { data } = small.getImageData(0, 0, 8, 1);
    let found = 0;
    for (let bit = 0; bit < 8; bit += 1) found |= (data[4 * bit] > 127) << bit;
    if (found !== last && drawn[found]) window.seen.push(performance.now() - drawn[found]);
    last = found;
    if (shown === video) video.requestVideoFrameCallback(look);
    else requestAnimationFrame(look);
  };
  look();
};
"""

SHOWN = """document.getElementById(document.getElementById("live-video").hidden ? "live-canvas" : "live-video")"""


class Crowd:
    """By what the promises are loosened: they are of two cores that have nothing else to do."""

    def __init__(self) -> None:
        self.slack = 1.0
        self.look()

    def look(self) -> float:
        """See what share of a core is left now, while no page is open, and return the most that was needed so far."""
        time.sleep(1)  # what has just been closed needs the core yet
        began, used = time.monotonic(), time.thread_time()
        while time.monotonic() < began + 0.5:
            pass
        share = (time.thread_time() - used) / (time.monotonic() - began)
        cores = min(2, len(os.sched_getaffinity(0)))
        self.slack = max(self.slack, 2 / cores / share if share < 0.9 else 2 / cores)
        return self.slack

    def __str__(self) -> str:
        return f"slack {self.slack:.1f}, load {os.getloadavg()[0]:.1f}"


@pytest.fixture
def crowd(server) -> Crowd:
    """What else runs, as it is before a page is open."""
    return Crowd()


def dial(page, name: str, value: float) -> None:
    page.fill(f"input[name={name}]", str(value))


def start(page, transport="WebRTC") -> float:
    """Start the camera, wait for the first painted frame, and return the seconds that it took."""
    began = time.monotonic()
    page.click("#camera")
    until(
        page,
        f"(({SHOWN}).videoWidth || ({SHOWN}).dataset.painted) && !document.getElementById('record').disabled",
    )
    took = time.monotonic() - began
    until(page, f"document.getElementById('live-facts').textContent.includes('by {transport}')")
    return took


def colors(page) -> list[tuple[int, ...]]:
    """Return the colors of the upper bars, as they are shown after painting."""
    found = page.evaluate(
        f"""() => {{
            const shown = {SHOWN}, width = shown.videoWidth || shown.width;
            const whole = new OffscreenCanvas(width, {HEIGHT}).getContext("2d", {{ willReadFrequently: true }});
            whole.drawImage(shown, 0, 0);
            return [...Array(6).keys()].map((bar) =>
                [...whole.getImageData((bar + 0.5) * width / 7, 100, 1, 1).data].slice(0, 3));
        }}"""
    )
    return [tuple(color) for color in found]


def far(one, other) -> int:
    return max(
        abs(a - b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)
    )


def figures(page) -> tuple[float, float]:
    """Return the frames a second and the milliseconds that the page shows."""
    line = page.text_content("#live-facts")
    rate, late = re.match(r"(\d+) frames a second, (\d+) ms", line).groups()
    return float(rate), float(late)


def sockets(server) -> int:
    folder = Path(f"/proc/{server.process.pid}/fd")
    return sum(str(entry.readlink()).startswith("socket:") for entry in folder.iterdir())


def until_there_are(server, count: int) -> None:
    end = time.monotonic() + 40
    while sockets(server) > count:
        assert time.monotonic() < end, f"{sockets(server)} sockets are open yet, not {count}"
        time.sleep(0.2)


@pytest.mark.parametrize(("scripts", "transport"), [((), "WebRTC"), ((NO_WEBRTC,), "pictures")])
def test_the_camera_is_painted_and_styles_fade(crowd, open_tab, scripts, transport):
    page = open_tab(*scripts)
    dial(page, "strength", 0)
    first = start(page, transport)
    end = time.monotonic() + 20
    while far(colors(page), BARS) > 12:
        assert time.monotonic() < end, colors(page)
        page.wait_for_timeout(200)
    assert "vidstyle live --style" in page.text_content("#command")
    dial(page, "strength", 1)
    until(page, "document.getElementById('says').textContent === 'strength 1'")
    page.wait_for_timeout(1500)
    painted = colors(page)
    assert far(painted, BARS) > 30
    page.check("input[value=great_wave]", force=True)
    until(page, "document.getElementById('says').textContent === 'style great_wave'")
    end = time.monotonic() + 30
    while far(colors(page), painted) < 15:
        assert time.monotonic() < end, "the style stayed"
        page.wait_for_timeout(200)
    assert page.text_content("#command") == "vidstyle live --style great_wave"
    page.click("#camera")
    until(page, "document.getElementById('says').textContent === 'The camera is off'")
    assert page.is_visible("#paint")
    page.close()
    crowd.look()
    log.info(f"{transport}: first painted frame after {first:.2f} s, {crowd}")
    assert first < 2 * crowd.slack


@pytest.mark.parametrize(("scripts", "transport"), [((), "WebRTC"), ((NO_WEBRTC,), "pictures")])
def test_it_keeps_up_and_says_how_late_it_is(crowd, open_tab, scripts, transport):
    page = open_tab(COUNTER, *scripts)
    dial(page, "strength", 0)
    start(page, transport)
    page.wait_for_timeout(3000)
    page.evaluate("watch()")
    page.wait_for_timeout(6000)
    seen = sorted(page.evaluate("seen"))
    shown_rate, shown_late = figures(page)
    middle, late = seen[len(seen) // 2], seen[int(0.95 * len(seen))]
    page.close()
    crowd.look()
    log.info(
        f"{transport}: {len(seen) / 6:.1f} frames a second (shown {shown_rate:g}), {middle:.0f} ms, "
        f"95 % {late:.0f} ms (shown {shown_late:g}), {crowd}"
    )
    least = 15 if transport == "WebRTC" else 5
    assert len(seen) / 6 > least / crowd.slack
    assert late < 150 * crowd.slack
    assert shown_late < 2 * late


def test_a_size_that_changes_is_taken(open_tab):
    page = open_tab(COUNTER)
    start(page)
    page.evaluate("resize(320, 240)")
    until(page, f"({SHOWN}).videoWidth === 320 && ({SHOWN}).videoHeight === 240")
    page.evaluate("resize(480, 270)")
    until(page, f"({SHOWN}).videoWidth === 480")
    assert page.text_content("#errors") == ""


@pytest.mark.parametrize("scripts", [(), (NO_WEBRTC,)], ids=["webrtc", "pictures"])
def test_a_recording_has_the_sound_of_the_microphone(crowd, open_tab, scripts, tmp_path):
    page = open_tab(*scripts)
    dial(page, "strength", 0)
    start(page, "pictures" if scripts else "WebRTC")
    page.click("#record")
    until(page, "document.getElementById('record').textContent === 'Stop recording'")
    page.wait_for_timeout(4000)
    page.click("#record")
    page.wait_for_selector("#recordings video")
    with page.expect_download() as waited:
        page.click("#recordings a:has-text('Download')")
    out = tmp_path / waited.value.suggested_filename
    assert out.name == "camera.composition_vii.webm"
    waited.value.save_as(out)
    found = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-of", "csv=p=0", str(out)]
        + ["-show_entries", "stream=codec_name,width,height,nb_read_packets"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    audio, video = sorted(line.split(",") for line in found.split())
    assert video[:3] == ["vp9" if scripts else "vp8", "640", "360"]
    assert int(video[3]) >= 4 * 15 / crowd.slack / (3 if scripts else 1)
    assert audio[0] == "opus"
    assert int(audio[-1]) > 4 * 10 / crowd.slack
    picture = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(out), "-vf", "scale=7:3:flags=area", "-f", "rawvideo"]
        + ["-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    ).stdout[-63:]
    assert far([tuple(picture[3 * n : 3 * n + 3]) for n in range(6)], BARS) < 20
    assert page.evaluate(NAMELESS) == []
    page.click("#recordings button:has-text('Remove')")
    until(page, "document.querySelectorAll('#recordings li').length === 0")


def test_tabs_that_vanish_leave_nothing(open_tab, server):
    """More than are painted at once, one after the other: each would be refused, were the ones before there yet."""
    page = open_tab()
    page.wait_for_timeout(500)
    before = sockets(server)
    for vanish in ("reload", "close", "stop", "reload", "close"):
        start(page)
        assert sockets(server) > before
        if vanish == "reload":
            page.reload()
            page.wait_for_selector("#styles .card")
        elif vanish == "close":
            page.context.close()
            page = open_tab()
        else:
            page.click("#camera")
        until_there_are(server, before)


def test_the_keyboard_alone_does_it(open_tab):
    page = open_tab()
    page.focus("#camera")
    page.keyboard.press("Enter")
    until(page, "!document.getElementById('record').disabled")
    page.focus("input[name=style]:checked")
    page.keyboard.press("ArrowDown")
    until(page, "document.getElementById('says').textContent.startsWith('style ')")
    page.focus("#record")
    page.keyboard.press("Enter")
    until(page, "document.getElementById('record').textContent === 'Stop recording'")
    page.wait_for_timeout(1000)
    page.keyboard.press("Enter")
    page.wait_for_selector("#recordings a")
    assert page.evaluate(NAMELESS) == []
    for width in (375, 820, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_camera_that_may_not_be_used_is_told(open_tab):
    page = open_tab(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
    )
    page.click("#camera")
    page.wait_for_selector("#errors p:has-text('does not let this page use the camera')")
    assert page.is_visible("#paint")
