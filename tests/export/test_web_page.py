"""The page of `vidstyle export web` in a real browser, from a server that knows nothing of vidstyle.

Debian's Chromium without a window, led by Playwright, paints with the true onnxruntime-web.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests import clips
from tests.conftest import ROOT
from vidstyle import InputError, MissingPackageError
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.runtime.padding import pad
from vidstyle.stylize.pooling import Pool

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnx", reason="onnx is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt install chromium"),
]

STYLES = ["starry_night", "great_wave"]
ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
NAMELESS = """[...document.querySelectorAll("input, select, button, canvas")]
    .filter(e => !e.labels?.length && !e.ariaLabel && !e.textContent.trim()).map(e => e.outerHTML)"""
PIXELS = """() => {
    const canvas = document.getElementById("painted");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.width, canvas.height, [...data]];
}"""


COUNT = """() => {
    const { prototype } = CanvasRenderingContext2D;
    const put = prototype.putImageData;
    window.count = 0;
    prototype.putImageData = function (...given) {
        window.count += 1;
        return put.apply(this, given);
    };
}"""


class Quiet(SimpleHTTPRequestHandler):
    """A static host, which may send some headers."""

    def end_headers(self):
        for name, value in self.isolation.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def served(folder, headers=None):
    handler = type("Handler", (Quiet,), {"isolation": headers or {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    try:
        page = vidstyle.export_web([*STYLES, ROOT / "samples/styles/swirls.jpg"], folder / "page")
    except (InputError, MissingPackageError) as error:
        pytest.skip(f"onnxruntime-web cannot be had: {error}")
    clips.make_picture(page / "picture.png")
    return page


@pytest.fixture(scope="module")
def address(page_folder):
    with served(page_folder) as found:
        yield found


@pytest.fixture(scope="module")
def launch():
    """Open a browser with some flags, which is closed at the end."""
    with playwright.sync_playwright() as made:
        browsers = []

        def one(*flags):
            # As root, in a container, it has no sandbox.
            flags = ["--no-sandbox", "--use-fake-ui-for-media-stream", *flags]
            browsers.append(made.chromium.launch(executable_path=CHROMIUM, args=flags))
            return browsers[-1]

        yield one
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="module")
def browser(launch):
    return launch("--use-fake-device-for-media-stream=fps=30")


@contextmanager
def opened(browser, address, query="", errors=(), cores=None):
    """Open the page; at its end, no other origin was asked for anything, and nothing went wrong."""
    made = browser.new_context(viewport={"width": 1280, "height": 860})
    page = made.new_page()
    if cores:
        words = {"hardwareConcurrency": cores}
        made.new_cdp_session(page).send("Emulation.setHardwareConcurrencyOverride", words)
    wrong = []
    own = (address, f"blob:{address}")
    made.on("request", lambda r: r.url.startswith(own) or wrong.append(r.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: m.type == "error" and wrong.append(m.text))
    page.goto(address + query)
    try:
        yield page
    finally:
        made.close()
    assert [w for w in wrong if not any(re.search(e, w) for e in errors)] == []


def until(page, what, seconds=90):
    end = time.monotonic() + seconds
    while not (value := page.evaluate(what)):
        said = page.evaluate("document.getElementById('errors').textContent")
        assert time.monotonic() < end, f"{what}: {said}"
        page.wait_for_timeout(100)
    return value


def figures(page, what="frames a second", seconds=90):
    """Wait for the line of figures and return it."""
    line = "document.getElementById('figures').textContent"
    until(page, f"{line}.includes('{what}')", seconds)
    return page.evaluate(line)


def pixels(page):
    width, height, data = page.evaluate(PIXELS)
    return np.array(data, np.uint8).reshape(height, width, 4)[..., :3]


def ready(page):
    """Wait until the first style is loaded."""
    until(page, "document.getElementById('says').textContent.includes('is ready')")


def photo(path, width=320, height=180):
    """Write a frame of the sample clip and return it."""
    _, frame = cv2.VideoCapture(str(ROOT / "samples" / "clip.mp4")).read()
    frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), frame)
    return np.ascontiguousarray(frame[..., ::-1])


def ours(style, frame):
    with vidstyle.load(style, device="torch-cpu") as model:
        return model(frame).astype(int)


def test_a_photo_is_painted_as_we_paint_it_in_each_style(browser, address, tmp_path):
    frame = photo(tmp_path / "photo.png")
    with opened(browser, address) as page:
        ready(page)
        assert page.evaluate(NAMELESS) == []
        page.set_input_files("#file", tmp_path / "photo.png")
        assert "wasm, 1 thread" in figures(page, "seconds")
        off = np.abs(pixels(page) - ours(STYLES[0], frame))
        assert off.max() <= 2
        # By the keyboard alone.
        page.focus("input[value=starry_night]")
        page.keyboard.press("ArrowRight")
        until(page, "document.getElementById('says').textContent.startsWith('The Great Wave')")
        assert np.abs(pixels(page) - ours(STYLES[1], frame)).max() <= 2
        with page.expect_download() as waited:
            page.click("#save")
        assert waited.value.suggested_filename == "great_wave.png"
        waited.value.save_as(tmp_path / "saved.png")
        saved = cv2.imread(str(tmp_path / "saved.png"))[..., ::-1]
        assert np.abs(saved - ours(STYLES[1], frame)).max() <= 2


def test_the_fake_camera_at_five_frames_a_second_or_more(browser, address, judge, tmp_path):
    with opened(browser, address, "?source=camera&size=320") as page:
        figures(page)
        page.evaluate(COUNT)
        began, frames = time.monotonic(), page.evaluate("count")
        page.wait_for_timeout(6000)
        rate = (page.evaluate("count") - frames) / (time.monotonic() - began)
        busy = os.getloadavg()[0] > 2 * os.cpu_count()
        assert rate >= 5 or busy
        assert ", 320\u00d7180, wasm, 1 thread" in figures(page)
        before = pixels(page)
        page.check("input[value=swirls]", force=True)
        until(page, "document.getElementById('says').textContent.startsWith('swirls')")
        page.wait_for_timeout(2000)
        assert np.abs(before.astype(int) - pixels(page)).mean() > 10
        page.click("#record")
        page.wait_for_timeout(4000)
        with page.expect_download() as waited:
            page.click("#record")
        kind = waited.value.suggested_filename.rsplit(".")[-1]
        assert waited.value.suggested_filename == f"swirls.{kind}"
        waited.value.save_as(tmp_path / f"recorded.{kind}")
        stream = judge.stream(tmp_path / f"recorded.{kind}")
        assert (stream["width"], stream["height"]) == (320, 180)
        assert len(judge.times(tmp_path / f"recorded.{kind}")) > 3
        if busy and rate < 5:
            pytest.skip(f"this computer is too busy to tell the speed: {rate:.1f} frames a second")


def test_a_clip_is_painted_recorded_with_its_sound_and_can_be_paused(
    browser, address, judge, tmp_path
):
    path = clips_of(tmp_path / "clip.webm", seconds=3)
    with opened(browser, address, "?size=320") as page:
        ready(page)
        page.set_input_files("#file", path)
        figures(page)
        assert page.locator("#player").is_visible()
        page.click("#play")
        until(page, "document.getElementById('play').textContent === 'Play'")
        page.evaluate("document.getElementById('time').value = 0")
        page.dispatch_event("#time", "input")
        page.click("#record")
        with page.expect_download(timeout=90000) as waited:  # it ends with the clip
            page.click("#play")
        name = waited.value.suggested_filename
        waited.value.save_as(tmp_path / name)
        assert len(judge.times(tmp_path / name)) > 3
        assert judge.stream(tmp_path / name, "a:0")["codec_type"] == "audio"
        page.set_input_files("#file", ROOT / "README.md")
        until(page, "document.querySelector('#errors p')")
        assert "cannot play README.md" in page.text_content("#errors p span")


def clips_of(path, seconds, rate=20):
    """Write a clip with a tone, as browsers without licensed codecs play it."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx", rate=rate)
        video.width, video.height = 160, 90
        sound = container.add_stream("libopus", rate=48000)
        for n in range(seconds * rate):
            pixels = np.full((90, 160, 3), (n * 4 % 256, 100, 50), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        tone = np.sin(np.arange(seconds * 48000) / 20).astype(np.float32)[None]
        for n in range(0, tone.shape[1], 960):
            frame = av.AudioFrame.from_ndarray(tone[:, n : n + 960], "flt", "mono")
            frame.sample_rate, frame.pts = 48000, n
            container.mux(sound.encode(frame))
        container.mux(video.encode())
        container.mux(sound.encode())
    return path


FLASH = """async (file) => {
    const { Painter } = await import("./painter.js");
    const painter = new Painter();
    await painter.ask("start", { webgpu: false, cores: 1 });
    await painter.ask("open", { file });
    const context = document.createElement("canvas").getContext("2d");
    Object.assign(context.canvas, { width: 320, height: 180 });
    const photo = await createImageBitmap(await (await fetch("photo.png")).blob());
    context.drawImage(photo, 0, 0);
    let painted = null;
    for (let n = 0; n < 12; n++) {
        if (n === 10) context.fillStyle = "#fff", context.fillRect(0, 0, 110, 90);
        painted = await painter.paint(context.getImageData(0, 0, 320, 180), { follow: true });
    }
    return [...painted.image.data];
}"""


def test_statistics_are_pooled_over_a_shot_as_ours_are(browser, address, page_folder):
    frame = photo(page_folder / "photo.png")
    flash = frame.copy()
    flash[:90, :110] = 255
    with opened(browser, address) as page:
        data = page.evaluate(FLASH, f"styles/{STYLES[0]}.onnx")
    painted = np.array(data, np.uint8).reshape(180, 320, 4)[..., :3].astype(int)
    pool = Pool(NETWORK_FOLLOWING)
    with vidstyle.load(STYLES[0], device="torch-cpu") as model:
        for n in range(12):
            one = pad(flash if n >= 10 else frame)
            painting = model.engine.paint([one], np.empty(0, np.float32), pool.statistics)
            expected = painting.frames()[0][:180, :320].astype(int)
            pool = pool.add(painting.statistics())
        before, alone = model(frame).astype(int), model(flash).astype(int)
    assert np.abs(painted - expected).max() <= 2
    # What lies far from the flash changes little, by its own statistics it would by more.
    off = [np.abs(other - before)[:, 220:].mean() for other in (painted, alone)]
    assert off[0] < 0.75 * off[1]


def test_threads_where_the_host_isolates_the_page(browser, page_folder, tmp_path):
    frame = photo(tmp_path / "photo.png")
    with served(page_folder, ISOLATED) as address, opened(browser, address, cores=2) as page:
        ready(page)
        page.set_input_files("#file", tmp_path / "photo.png")
        assert "wasm, 2 threads" in figures(page, "seconds")
        assert np.abs(pixels(page) - ours(STYLES[0], frame)).max() <= 2


def test_the_graphics_card_paints_likewise(launch, address, tmp_path):
    """By an adapter in software, which is slow; Chromium takes it only where it is asked to."""
    frame = photo(tmp_path / "photo.png", 160, 90)
    flags = "--enable-unsafe-webgpu --use-webgpu-adapter=swiftshader --enable-features=Vulkan"
    with opened(launch(*flags.split()), address, "?backend=webgpu") as page:
        until(
            page,
            "document.getElementById('says').textContent || document.querySelector('#errors p')",
        )
        if page.locator("#errors p").count():
            assert "has no WebGPU" in page.text_content("#errors p span")
            pytest.skip("this Chromium has no WebGPU in software")
        page.set_input_files("#file", tmp_path / "photo.png")
        assert "WebGPU" in figures(page, "seconds")
        assert np.abs(pixels(page) - ours(STYLES[0], frame)).max() <= 2


def test_a_browser_source_shows_the_painting_alone(browser, address):
    with opened(browser, address, "?source=picture.png&bare=1&style=great_wave") as page:
        until(page, "document.getElementById('figures').textContent.includes('seconds')")
        assert page.locator("button:visible, h1:visible").count() == 0
        box = page.locator("#painted").bounding_box()
        assert (box["width"], box["height"]) == (1280, 860)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?style=stary", "Expected a style of starry_night, great_wave, swirls, got stary."),
        ("?size=17", "Expected a size of 256,"),
        ("?source=none.mp4", "There is no none.mp4 beside the page."),
        ("?source=https://example.org/a.mp4", "opens files of its own server alone"),
        ("?source=main.js", "This browser cannot play main.js."),
        ("?backend=webgpu", "This browser has no WebGPU."),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(browser, address, query, said):
    with opened(browser, address, query, errors=["404"]) as page:
        until(page, "document.querySelector('#errors p')")
        assert said in page.text_content("#errors p span")


def test_no_camera_and_no_wasm_are_said(launch, address):
    with opened(launch(), address, "?source=camera", errors=["wasm"]) as page:
        until(page, "document.querySelector('#errors p')")
        assert "There is no camera" in page.text_content("#errors p span")
        page.add_init_script("delete window.WebAssembly")
        page.reload()
        until(page, "document.getElementById('errors').textContent.includes('no WebAssembly')")
        page.context.route("**/*.wasm", lambda route: route.fulfill(status=200, body="no code"))
        other = page.context.new_page()
        other.goto(address)
        until(other, "document.getElementById('errors').textContent.includes('cannot be loaded')")


def test_without_a_server_it_says_so(browser, page_folder):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"file://{page_folder}/index.html")
    page.wait_for_timeout(2500)
    assert page.locator("#starting").is_visible()
    assert "python -m http.server" in page.text_content("#starting")
    context.close()
