"""The whole job in a real browser: Debian's Chromium without a window, led by Playwright."""

from __future__ import annotations

import base64
import importlib.util
import shutil
import time

import pytest

from tests.web.conftest import Server
from vidstyle.masks import FOUND

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt install chromium"),
]

NAMELESS = """[...document.querySelectorAll("input, select, button, progress, video, a")]
    .filter(e => !e.labels?.length && !e.ariaLabel && !e.textContent.trim()).map(e => e.outerHTML)"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as made:
        # As root, in a container, it has no sandbox.
        opened = made.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, tmp_path):
    """A page as it comes up, and what was asked of others or went wrong in it."""
    server = Server(tmp_path)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong = []
    page.on(
        "request",
        lambda r: r.url.startswith((server.address.split("/?")[0], "blob:")) or wrong.append(r.url),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        # Chromium writes a line for each refusal, which the page tells itself.
        lambda line: (
            line.type == "error" and "status of 4" not in line.text and wrong.append(line.text)
        ),
    )
    try:
        page.goto(server.address)
        yield page
    finally:
        context.close()
        server.close()
    assert wrong == []


def until(page, what, seconds=60):
    """Wait until a value of the page is true; the page's own rules let Playwright's waiting not in."""
    end = time.monotonic() + seconds
    while not (value := page.evaluate(what)):
        assert time.monotonic() < end, what
        page.wait_for_timeout(100)
    return value


def drop(page, place, path, kind):
    data = base64.b64encode(path.read_bytes()).decode()
    held = page.evaluate_handle(
        """([name, type, data]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const held = new DataTransfer();
            held.items.add(new File([bytes], name, { type }));
            return held;
        }""",
        [path.name, kind, data],
    )
    page.dispatch_event(place, "dragover", {"dataTransfer": held})
    page.dispatch_event(place, "drop", {"dataTransfer": held})


def ready(page):
    until(page, "document.getElementById('stage').getAttribute('aria-busy') === 'false'")


def test_from_a_drop_to_a_download(opened, base, picture, judge, tmp_path):
    page = opened
    drop(page, "body", base, "video/mp4")
    page.wait_for_selector("#clips li")
    drop(page, "#style-section", picture, "image/png")
    page.wait_for_selector(f".style:has-text('{picture.name}')")
    ready(page)
    until(page, "[...document.querySelectorAll('.style img')].every((i) => i.naturalWidth > 0)")
    page.check("input[value=great_wave]", force=True)
    page.fill("input[name=strength]", "0.75")
    command = f"vidstyle run {base.name} --style great_wave --strength 0.75 -o base.great_wave.mp4"
    until(page, f"document.getElementById('command').textContent === '{command}'")
    ready(page)
    page.click("#paint")
    page.wait_for_selector("#renders video", timeout=60000)
    # It plays here, with its sound.
    video = "document.querySelector('#renders video')"
    page.evaluate(f"{video}.muted = true; {video}.play()")
    until(page, f"{video}.currentTime > 0.1 && {video}.videoWidth === 128")
    assert page.evaluate(f"{video}.webkitAudioDecodedByteCount") > 0
    with page.expect_download() as waited:
        page.click("#renders a:has-text('Download')")
    assert waited.value.suggested_filename == "base.great_wave.mp4"
    out = tmp_path / "out.mp4"
    waited.value.save_as(out)
    assert judge.times(out) == judge.times(base)
    assert judge.packets_md5(out) == judge.packets_md5(base)
    assert judge.luma_psnr(out, base) < 30
    page.click("#renders button:has-text('Before and after')")
    until(page, "document.querySelector('#renders .original')?.readyState > 1")


def test_the_keyboard_alone_does_it(opened, base):
    page = opened
    page.set_input_files("#clip-input", base)  # the system's own dialog
    page.wait_for_selector("#clips li")
    ready(page)

    def tab_to(what):
        for _ in range(40):
            if page.evaluate(f"document.activeElement.matches('{what}')"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no way to {what}")

    for place in ("#clip-input", "input[name=clip]", "#split", "#moment-input"):
        tab_to(place)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.getElementById('moment-output').textContent") != "0.0 s"
    tab_to("input[name=style]")
    before = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.querySelector('input[name=style]:checked').value") != before
    tab_to("input[name=strength]")
    page.keyboard.press("ArrowLeft")
    tab_to("#paint")
    page.keyboard.press("Enter")
    page.wait_for_selector("#renders a:has-text('Download')", timeout=60000)
    assert "--strength 0.95" in page.text_content("#command")
    assert page.evaluate(NAMELESS) == []


def test_a_reload_and_another_tab_lose_nothing(opened, base):
    page = opened
    page.set_input_files("#clip-input", base)
    page.wait_for_selector("#clips li")
    page.check("input[value=udnie]", force=True)
    page.fill("input[name=stability]", "1")
    page.click("#paint")
    page.wait_for_selector("#renders li")
    page.reload()
    page.wait_for_selector("#renders li")
    assert page.is_checked("input[value=udnie]")
    assert page.input_value("input[name=stability]") == "1"
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_selector("#renders video", timeout=60000)
    page.wait_for_selector("#renders video", timeout=60000)
    other.click("#renders button:has-text('Remove')")
    page.wait_for_selector("#no-results:visible")


def test_a_mask_is_dropped_and_people_are_kept(opened, base, picture):
    page = opened
    page.set_input_files("#clip-input", base)
    page.wait_for_selector("#clips li")
    page.check("input[value=udnie]", force=True)
    page.click("#where summary")
    kept = page.evaluate("[...document.querySelector('select[name=keep]')].map(o => o.value)")
    assert kept == ["", *(name.removeprefix("auto:") for name in FOUND)]
    page.select_option("select[name=keep]", "face")
    shows(page, "--keep face")
    assert page.is_disabled("input[name=invert]")
    drop(page, "#where", picture, "image/png")
    shows(page, f"--mask {picture.name}")
    page.check("input[name=invert]")
    page.fill("input[name=feather]", "12")
    shows(page, f"--mask {picture.name} --invert --feather 12")
    assert page.evaluate(NAMELESS) == []
    ready(page)
    page.reload()
    shows(page, f"--mask {picture.name} --invert --feather 12")
    page.select_option("select[name=keep]", "background")
    shows(page, "--feather 12 --keep background")
    assert page.is_disabled("select[name=mask]")
    ready(page)
    if importlib.util.find_spec("mediapipe") is None:
        page.wait_for_selector("#errors p:has-text('pip install')")
        page.fill("input[name=feather]", "13")
        ready(page)
        assert page.locator("#errors p").count() == 1
    page.select_option("select[name=keep]", "")
    page.click("#remove-mask")
    shows(page, "")


def shows(page, masks):
    """Wait for the command with some options."""
    middle = f" {masks}" if masks else ""
    command = f"vidstyle run base.mp4 --style udnie{middle} -o base.udnie.mp4"
    until(page, f"document.getElementById('command').textContent === '{command}'")


def test_what_is_no_clip_is_told_and_a_phone_is_wide_enough(opened, tmp_path):
    page = opened
    text = tmp_path / "notes.mp4"
    text.write_text("no video")
    with page.expect_response(lambda r: r.request.method == "PUT") as answer:
        drop(page, "body", text, "video/mp4")
    assert answer.value.status == 400
    page.wait_for_selector("#errors p:has-text('cannot read')")
    for width in (375, 820, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
