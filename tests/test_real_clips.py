"""Real clips of the team, where they are at hand: nothing of them is lost."""

from __future__ import annotations

import pytest

import vidstyle
from tests.conftest import SHARED, shared

CLIPS = sorted(p.name for p in (SHARED / "video").glob("*.mp4"))


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("style", ["starry_night", "great_wave", "composition_vii"])
def test_frames_times_sound_and_size_are_kept(name, style, tmp_path, judge):
    clip, out = shared(f"video/{name}"), tmp_path / name
    vidstyle.stylize(clip, shared(f"style_hero/{style}.jpg"), out)
    assert judge.times(out) == judge.times(clip)
    before, after = judge.stream(clip), judge.stream(out)
    for key in ("width", "height", "sample_aspect_ratio"):
        assert after.get(key, "1:1") == before.get(key, "1:1")
    if "audio" in name:
        assert judge.packets_md5(out) == judge.packets_md5(clip)
