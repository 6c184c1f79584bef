"""Ray itself, on this machine: workers that are killed, a driver that is killed, a list of clips; and what is refused."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from vidstyle import MissingPackageError, UsageError
from vidstyle.cluster import session
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.session import Cluster
from vidstyle.runtime.compute import Compute

from .processes import (
    alive,
    family,
    finished,
    kill_a_worker,
    needs_ray,
    run,
    wait_for,
    wait_for_a_file,
)
from .test_pieces import make_shots

SEVEN = (180, 90, 260, 130, 240, 170, 210)
"""Frames of seven shots: five pieces of 250 frames, and some behind them."""


def wait_for_a_piece(process, folder: Path) -> None:
    wait_for_a_file(process, folder, "*.resume/*.npz")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_shots(tmp_path_factory.mktemp("seven") / "in.mp4", SEVEN)


@pytest.fixture(scope="module")
def whole(clip):
    """The clip, painted in one run on one machine."""
    output = clip.with_name("one.mp4")
    finished(run(clip, "-s", "starry_night", "-o", output))
    return output


def spread(clip, output, *arguments):
    return run(clip, "-s", "starry_night", "-o", output, "--on", "ray", "--workers", 2, *arguments)


@needs_ray
@pytest.mark.slow
def test_a_killed_worker_changes_nothing(clip, whole, tmp_path):
    output = tmp_path / "two.mp4"
    process = spread(clip, output)
    wait_for_a_piece(process, tmp_path)
    kill_a_worker(process)
    said = finished(process)
    assert "2 workers" in said
    assert output.read_bytes() == whole.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["two.mp4"]


@needs_ray
@pytest.mark.slow
def test_a_killed_driver_is_resumed(clip, whole, tmp_path):
    output = tmp_path / "two.mp4"
    process = spread(clip, output)
    wait_for_a_piece(process, tmp_path)
    others = family(process.pid)
    process.kill()
    process.communicate()
    # They end by themselves, some seconds later.
    wait_for(lambda: not [p for p in others if Path(f"/proc/{p}/cmdline").exists() and alive(p)])
    assert not output.exists()
    said = finished(spread(clip, output))
    assert "before)" in said
    assert output.read_bytes() == whole.read_bytes()


@needs_ray
@pytest.mark.slow
def test_a_signal_leaves_what_can_be_resumed_and_no_process(clip, tmp_path):
    process = spread(clip, tmp_path / "two.mp4")
    wait_for_a_piece(process, tmp_path)
    others = family(process.pid)
    process.send_signal(signal.SIGINT)
    said = finished(process, 130)
    assert "`resume`" not in said
    assert list(tmp_path.glob("two.mp4.resume/*.npz"))
    wait_for(lambda: not [p for p in others if alive(p)])


@needs_ray
@pytest.mark.slow
def test_a_list_is_spread_by_clip(tmp_path):
    clips = [make_shots(tmp_path / f"{name}.mp4", (12, 9)) for name in "abc"]
    (tmp_path / "d.mp4").write_text("no video")
    report = tmp_path / "report.json"
    style = ("-s", "starry_night", "--report", report)
    pattern = ("-o", tmp_path / "many" / "{name}.{ext}")
    said = finished(
        run(*clips, tmp_path / "d.mp4", *style, *pattern, "--on", "ray", "--workers", 2), 2
    )
    assert "3 done, 0 skipped, 1 failed" in said
    results = json.loads(report.read_text())["results"]
    assert [r["status"] for r in results] == ["done"] * 3 + ["failed"]
    assert "d.mp4" in results[3]["reason"]
    finished(run(*clips, "-s", "starry_night", "-o", tmp_path / "one" / "{name}.{ext}"))
    for clip in clips:
        one, many = (tmp_path / folder / clip.name for folder in ("one", "many"))
        assert one.read_bytes() == many.read_bytes()


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_a_list_that_was_cut_off_is_resumed_though_a_worker_dies(tmp_path, number):
    # The first two are whole at about the same time, where the report has one of them. The last one is only of the second
    # run: its workers have something to do even if those of the first have ended all clips before they ended themselves.
    clips = [make_shots(tmp_path / f"{n}.mp4", (300,)) for n in range(4)]
    report, folder = tmp_path / "report.json", tmp_path / "many"
    how = ("-s", "starry_night", "-o", folder / "{name}.{ext}", "--report", report)
    process = run(*clips[:3], *how, "--on", "ray", "--workers", 2)
    wait_for_a_file(process, tmp_path, report.name)  # when the first is settled
    others = family(process.pid)
    process.send_signal(number)
    said = finished(process, 130 if number == signal.SIGINT else -signal.SIGKILL)
    assert ("of 3 results were settled" in said) == (number == signal.SIGINT)
    wait_for(lambda: not [p for p in others if alive(p)])
    process = run(*clips, *how, "--on", "ray", "--workers", 2)
    wait_for_a_file(process, folder, ".*.part")
    kill_a_worker(process)
    said = finished(process)
    assert "0 failed" in said
    assert " 0 skipped" not in said
    finished(run(*clips, "-s", "starry_night", "-o", tmp_path / "one" / "{name}.{ext}"))
    assert {path.name for path in folder.iterdir()} == {clip.name for clip in clips}
    for clip in clips:
        assert (tmp_path / "one" / clip.name).read_bytes() == (folder / clip.name).read_bytes()


@needs_ray
@pytest.mark.slow
def test_workers_read_and_write_addresses(tmp_path):
    pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'vidstyle[fsspec]'")
    (tmp_path / "in").mkdir()
    clips = [make_shots(tmp_path / "in" / f"{name}.mp4", (12, 9)) for name in "ab"]
    at, style = f"local://{tmp_path}", ("-s", "starry_night")
    pattern = ("-o", f"{at}/many/{{name}}.{{ext}}", "--report", tmp_path / "report.json")
    said = finished(run(f"{at}/in/", *style, *pattern, "--on", "ray", "--workers", 2))
    assert f"{at}/many/a.mp4: 21 frames" in said
    finished(run(*clips, *style, "-o", tmp_path / "one" / "{name}.{ext}"))
    for clip in clips:
        one, many = (tmp_path / folder / clip.name for folder in ("one", "many"))
        assert one.read_bytes() == many.read_bytes()


def test_without_ray_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(MissingPackageError, match=r"pip install 'vidstyle\[ray\]'"):
        Cluster(Spreading("ray"), Compute())


def test_an_address_that_needs_grpcio(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SilentRay())
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(
        MissingPackageError, match=r"needs grpcio, .* pip install 'vidstyle\[ray\]'"
    ):
        Cluster(Spreading("ray://127.0.0.1:10001"), Compute())


def test_ray_that_is_in_use_is_left_alone(monkeypatch):
    used = SilentRay()
    used.is_initialized = lambda: True
    monkeypatch.setitem(sys.modules, "ray", used)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(UsageError, match=r"call ray\.shutdown\(\) before `on`"):
        Cluster(Spreading("ray"), Compute())


def test_ray_that_was_imported_without_tokens(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray._raylet", SilentRay())
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(UsageError, match="set RAY_AUTH_MODE=token in the environment before"):
        Cluster(Spreading("ray"), Compute())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ray has died. Look into the logs.\nmore", "Ray has died"),
        ("Initialization failure from server:\nTraceback\nRuntimeError: no.\n", "Initialization failure from server: RuntimeError: no"),
        ("", "OSError"),
    ],
)  # fmt: skip
def test_what_ray_says_is_one_line(monkeypatch, text, said):
    class FailingRay(SilentRay):
        def init(self, **_):
            raise OSError(text)

    monkeypatch.setitem(sys.modules, "ray", FailingRay())
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with (
        pytest.raises(UsageError, match=f"^Ray does not begin on this machine: {said}; on a"),
        Cluster(Spreading("ray"), Compute()),
    ):
        pass


@pytest.mark.parametrize("on", ["http://head:1", "ray://head", "head", "rays"])
def test_what_is_no_address(on):
    with pytest.raises(UsageError, match="expected `on` ray, ray://HOST:PORT or HOST:PORT"):
        Spreading(on)


def test_an_address_where_nobody_listens(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SilentRay())
    monkeypatch.setattr(session, "find_spec", lambda name: name)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with (
            pytest.raises(UsageError, match=f"nobody answers at ray://127.0.0.1:{port}"),
            Cluster(Spreading(f"ray://127.0.0.1:{port}"), Compute()),
        ):
            pass


class SilentRay:
    """Ray, as long as it is not begun."""

    def is_initialized(self):
        return False


@pytest.mark.parametrize(
    "arguments",
    [("--compare", "side"), ("--low-latency",), ("-o", "out.gif")],
    ids=lambda arguments: arguments[0],
)
def test_what_is_not_painted_in_pieces(tmp_path, arguments):
    clip = make_shots(tmp_path / "in.mp4", (3,))
    said = finished(run(clip, "-s", "starry_night", *arguments, "--on", "ray", cwd=tmp_path), 2)
    assert "--on spreads one video by its pieces" in said
