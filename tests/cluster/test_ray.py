"""Ray itself: workers that are killed, a driver that is killed, and a list of clips."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from vidstyle import MissingPackageError, UsageError
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.session import Cluster
from vidstyle.runtime.compute import Compute

from .test_pieces import make_shots

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'vidstyle[ray]'"
)

SEVEN = (180, 90, 260, 130, 240, 170, 210)
"""Frames of seven shots: five pieces of 250 frames, and some behind them."""

SECONDS = 900
"""For one run, on a machine that does much else."""


def run(*arguments, **options):
    command = [sys.executable, "-m", "vidstyle", "run", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes, **options)


def finished(process, code=0) -> str:
    try:
        printed, said = process.communicate(timeout=SECONDS)
    except BaseException:
        kill_family(process.pid)
        process.kill()
        raise
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert printed == ""
    return said


def family(pid: int) -> dict[int, str]:
    """Return the processes that descend from one, and their commands."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                commands[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found: dict[int, str] = {}
    below = {pid}
    while below := {p for p, parent in parents.items() if parent in below}:
        found |= {p: commands[p] for p in below}
    return found


def kill_family(pid: int) -> None:
    for process in family(pid):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_for(what):
    end = time.monotonic() + SECONDS
    while not (found := what()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    return found


def wait_for_a_piece(process, folder: Path) -> None:
    wait_for(lambda: any(folder.glob("*.resume/*.npz")) or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]


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

    def painting():
        found = family(process.pid).items()
        return [pid for pid, name in found if "Worker.paint_pieces" in name]

    try:
        wait_for_a_piece(process, tmp_path)
        os.kill(painting()[0], signal.SIGKILL)
    except BaseException:
        kill_family(process.pid)
        process.kill()
        raise
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


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


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


def test_without_ray_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(MissingPackageError, match=r"pip install 'vidstyle\[ray\]'"):
        Cluster(Spreading("ray"), Compute())


@pytest.mark.parametrize("on", ["http://head:1", "ray://head", "head", "rays"])
def test_what_is_no_address(on):
    with pytest.raises(UsageError, match="expected `on` ray, ray://HOST:PORT or HOST:PORT"):
        Spreading(on)


def test_an_address_where_nobody_listens(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SilentRay())
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
