"""An input opens nothing but itself: what refers elsewhere, or draws what is no picture, is refused by its content."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import av
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT
from tests.conftest import vidstyle as command
from tests.media.boxes import alias, refer, url
from vidstyle import InputError, Reading, UsageError
from vidstyle.media import capture
from vidstyle.media.video import Video
from vidstyle.media.whitelist import FORMATS, NETWORK, NETWORK_FORMATS, restricted

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n"
TEXT = "user=root password=hunter2\n" * 2000

REFERRING = {
    "script.mp4": ("ffconcat version 1.0\nfile other.mp4\n", "a concat script"),
    "texts.mkv": ("ffconcat version 1.0\nfile notes.txt\n", "a concat script"),
    "itself.mp4": ("ffconcat version 1.0\nfile itself.mp4\n", "a concat script"),
    "list.m3u8": (PLAYLIST.format("other.ts"), "a playlist"),
    "list.m3u": (PLAYLIST.format("file:///etc/passwd"), "a playlist"),
    "list.mp4": (PLAYLIST.format("other.ts"), "a playlist"),
    "list.ts": ("\ufeff" + PLAYLIST.format("other.ts"), "a playlist"),
    "session.sdp": (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "a session description",
    ),
    "dash.mpd": ('<?xml version="1.0"?>\n<MPD profiles="isoff-live"></MPD>', "a DASH manifest"),
    "sub.idx": ("# VobSub index file, v7\nid: en, index: 0\n", "an index of subtitles"),
}
NO_PICTURE = {
    "notes.txt": TEXT,
    "notes.ans": TEXT,
    "notes.nfo": TEXT,
    "notes.diz": TEXT,
    "notes.bin": TEXT,
    "notes.adf": TEXT,
    "art.xb": "XBIN\x1a\x50\x00\x19\x00\x10\x00" + TEXT,
    "art.idf": "\x041.4\x00\x00\x00\x00\x4f\x00\x15\x00" + TEXT,
    "page.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"></svg>',
    "meta.mp4": ";FFMETADATA1\ntitle=x\n",
}


@pytest.fixture
def folder(tmp_path):
    """A folder with what the files refer to."""
    make_clip(tmp_path / "other.mp4", times=range(5), sound=False)
    make_clip(tmp_path / "other.ts", times=range(5), sound=False)
    (tmp_path / "notes.txt").write_text(TEXT)
    return tmp_path


def write(folder, name, text):
    (folder / name).write_text(text, "utf-8")
    return folder / name


@pytest.mark.parametrize("name", REFERRING)
def test_what_refers_elsewhere_is_refused(folder, name):
    text, kind = REFERRING[name]
    path = write(folder, name, text)
    with pytest.raises(InputError, match=f"it is {kind}.*, which names other files or addresses"):
        Video.open(path)
    with (
        pytest.raises(InputError, match=f"it is {kind}"),
        capture.LiveSource(capture.address(str(path))),
    ):
        pass


@pytest.mark.parametrize("name", NO_PICTURE)
def test_a_text_is_not_drawn(folder, name):
    path = write(folder, name, NO_PICTURE[name])
    with pytest.raises(InputError, match=r"not a media file|no video in it|not one frame"):
        Video.open(path)
    with pytest.raises(InputError), capture.LiveSource(capture.address(str(path))):
        pass


def test_a_magic_lantern_video_is_not_joined(folder):
    path = folder / "a.mlv"
    path.write_bytes(b"MLVI" + (52).to_bytes(4, "little") + b"v2.0\0\0\0\0" + bytes(40))
    with pytest.raises(InputError, match="names other files"):
        Video.open(path)


@pytest.mark.parametrize("name", ["texts.mkv", "list.m3u8", "session.sdp"])
def test_the_same_on_standard_input(folder, name):
    words = [sys.executable, "-m", "vidstyle", "run", "-", "-s", "identity", "-o", "out.mkv"]
    done = subprocess.run(
        words,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=REFERRING[name][0].encode(),
        capture_output=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert REFERRING[name][1] in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert not (folder / "out.mkv").exists()


FOLLOWING = {"enable_drefs": "1", "use_absolute_path": "1"}
"""FFmpeg's options to follow what a movie refers to."""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
@pytest.mark.parametrize("kind", ["from the root", "beside it", "address"])
def test_a_movie_whose_data_lie_elsewhere_opens_nothing(tmp_path, kind):
    other = make_clip(tmp_path / "other.mov", times=range(5), sound=False)
    references = {"from the root": alias(str(other)), "beside it": alias(other.name)}
    path = tmp_path / "in.mov"
    path.write_bytes(refer(other.read_bytes(), references.get(kind, url(str(other))), b"vmhd"))
    if kind in references:  # it is one that can be followed
        path.write_bytes(path.read_bytes().replace(b"mdat", b"free", 1))
        with av.open(str(path), options=FOLLOWING) as found:
            assert len(list(found.decode(video=0))) == 5
    other.unlink()
    os.mkfifo(other)  # who opened it would wait for ever
    done = command("run", path, "-s", "identity", "-o", "out.mkv", cwd=tmp_path, timeout=30)
    if kind in references:
        assert done.returncode == 2
        assert "not one frame could be decoded" in done.stderr
        assert done.stderr.count("\n") == 1
    else:  # FFmpeg follows no address, and finds at the same place what is here
        assert done.returncode == 0


@pytest.mark.parametrize("name", ["concat", "hls", "sdp", "tty", "lavfi", "image2", "vobsub"])
def test_naming_the_format_opens_no_door(folder, name):
    path = write(folder, "a%d.png", REFERRING["script.mp4"][0])
    shutil.copy(folder / "other.mp4", folder / "a1.png")
    with pytest.raises((InputError, UsageError)):
        Video.open(path, Reading(format=name))


def test_a_name_is_no_pattern(tmp_path):
    """image2 would read other pictures that match it."""
    import cv2

    for name, level in (("a%d.jpg", 200), ("a1.jpg", 50), ("b%*.tga", 200), ("bx.tga", 50)):
        data = np.full((16, 16, 3), level, np.uint8)
        encoded = cv2.imencode(".jpg", data)[1].tobytes()
        if name.endswith("tga"):
            header = bytes([0, 0, 2, *[0] * 9, 16, 0, 16, 0, 24, 32])
            encoded = header + data.tobytes()
        (tmp_path / name).write_bytes(encoded)
    for name in ("a%d.jpg", "b%*.tga"):
        with Video.open(tmp_path / name) as video:
            levels = [int(frame.pixels.mean()) for frame in video.frames]
        assert levels == [pytest.approx(200, abs=2)]


def test_a_finished_output_is_checked_alike(base, tmp_path, monkeypatch):
    seen = []
    opened = av.open

    def watched(file, mode=None, **settings):
        if mode != "w":
            seen.append(settings["options"])
        return opened(file, mode, **settings)

    monkeypatch.setattr(av, "open", watched)
    vidstyle.stylize(base, "identity", tmp_path / "out.mp4")
    assert len(seen) >= 2
    for options in seen:
        assert options["protocol_whitelist"] == "file"
        assert set(options["format_whitelist"].split(",")) == FORMATS


def test_an_address_leads_to_no_file():
    options = capture.address("https://example.com/live.m3u8").restrictions
    protocols = set(options["protocol_whitelist"].split(","))
    assert protocols == NETWORK
    assert not protocols & {"file", "data", "pipe", "concat", "fd", "subfile", "unix"}
    assert set(options["format_whitelist"].split(",")) == FORMATS | NETWORK_FORMATS
    assert capture.address("a.mp4").restrictions == restricted()


def test_names_are_ffmpegs():
    for name in FORMATS | NETWORK_FORMATS:
        assert av.ContainerFormat(name, "r").is_input
