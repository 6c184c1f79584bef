"""What is checked, and made fit for other machines, before any work is spread."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clips import make_clip, make_picture
from vidstyle import UsageError
from vidstyle.batch.plan import Plan
from vidstyle.batch.work import Batch
from vidstyle.cluster import spread
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.pieces import absolute, network_of
from vidstyle.files import Job
from vidstyle.masks import Masks
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions


@pytest.mark.parametrize("of_on", [{"workers": 2}, {"worker_cores": 2}])
def test_options_of_on_go_with_it_alone(of_on):
    with pytest.raises(UsageError, match="are of `on`"):
        Spreading(**of_on)
    Spreading(on="ray", **of_on)


def test_a_job_and_a_network_are_found_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_clip(Path("in.mp4"), times=range(2))
    make_picture(Path("m.png"), 8, 8)
    Path("mine.safetensors").touch()
    masks = Masks(mask=("m.png", "auto:person"))
    job = absolute(Job(Path("in.mp4"), Path("out.mp4"), masks=masks))
    assert (job.source, job.output) == (tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert job.masks.mask == (str(tmp_path / "m.png"), "auto:person")
    options = StyleOptions(patch_size=5)
    network = network_of("mine.safetensors", Look(), options)
    assert network.name == tmp_path / "mine.safetensors"
    assert network.styles == options
    assert network_of("starry_night", Look(), options).name == "starry_night"


def test_several_are_files_and_no_jobs(tmp_path):
    clips = [make_clip(tmp_path / f"{name}.mp4", times=range(2)) for name in "ab"]
    plan = Plan.of(clips, [["starry_night"]], str(tmp_path / "{name}.out.mp4"))
    with pytest.raises(UsageError, match="`jobs` are of one machine"):
        spread.paint_many(Batch(plan, Look(), jobs=2), Spreading(on="ray"))
