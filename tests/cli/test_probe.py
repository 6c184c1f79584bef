"""`vidstyle probe`: what is said is what would happen."""

from __future__ import annotations

import json

from tests.clips import make_clip
from tests.conftest import vidstyle
from tests.media.media import make_media


def test_probe_says_what_would_become_of_everything(tmp_path, judge):
    made = make_media(tmp_path)
    text = vidstyle("probe", made["full"], "-o", "x.webm").stdout
    for line in (
        "video   h264 64x48 yuv420p, pixel aspect 1",
        "times   10 fps, even, in units of 1/1000 s, 10 frames",
        "audio stream 2 (ac3) becomes libopus: webm cannot hold ac3",
        "subtitle stream 3 (subrip) becomes webvtt: webm cannot hold subrip",
        "attachment stream 4 (font.ttf) is dropped: webm holds no attachments",
        "chapters 2",
    ):
        assert line in text, text
    found = json.loads(vidstyle("probe", made["hdr"], "--json").stdout)
    assert found["video"]["hdr"]
    assert found["video"]["transfer"] == "pq"
    assert found["video"]["bits"] == 10
    assert found["streams"] == [
        {
            "index": 0,
            "kind": "video",
            "codec": "hevc",
            "action": "paint",
            "target": None,
            "reason": None,
            "name": None,
        }
    ]
    assert "HDR: refused without" in found["notes"][0]
    uneven = json.loads(vidstyle("probe", made["vfr"], "-o", "x.avi", "--json").stdout)
    assert not uneven["video"]["even"]
    assert any("uneven times" in note for note in uneven["notes"])


def test_probe_of_what_cannot_be_read(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    for path in (tmp_path / "nosuch.mp4", tmp_path / "text.mp4"):
        done = vidstyle("probe", path)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1
    clip = make_clip(tmp_path / "in.mp4", sound=False)
    assert vidstyle("probe", clip, "-o", "x.nosuch").returncode == 2
