"""Ray itself: workers that are killed, a driver that is killed, and a list of clips."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from vidstyle import MissingPackageError, UsageError
from vidstyle.cluster import session
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


def kill_a_worker(process) -> None:
    def workers():
        assert process.poll() is None, process.communicate()[1]
        return [pid for pid, name in family(process.pid).items() if "ray::Worker" in name]

    os.kill(wait_for(workers)[0], signal.SIGKILL)


def wait_for_a_file(process, folder: Path, pattern: str) -> None:
    try:
        wait_for(lambda: any(folder.glob(pattern)) or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
    except BaseException:
        kill_family(process.pid)
        process.kill()
        raise


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


IMPATIENT = """
from vidstyle.cluster import crew
crew.PATIENCE, crew.NOTICE = {patience}, 2
from vidstyle.cli.entry import main
main()
"""
HOLDER = """
import ray, sys, time
ray.init(sys.argv[1], log_to_driver=False)
@ray.remote(num_cpus=1)
class Holder:
    def begun(self):
        pass
holders = [Holder.remote() for _ in range(int(sys.argv[2]))]
ray.get([holder.begun.remote() for holder in holders])
print("held", flush=True)
time.sleep(3600)
"""


@contextmanager
def ended_with_its_family(command, **options):
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        kill_family(process.pid)
        process.kill()
        process.communicate()


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A cluster of two cores, which others may hold: its address, and the environment that has its token."""
    with started_cluster(tmp_path_factory.mktemp("head")) as (address, environment):
        yield address, environment


@contextmanager
def started_cluster(folder, *arguments):
    address = free_address()
    environment = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
    environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    environment |= {"RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": str(SECONDS)}
    environment |= {"RAY_agent_register_timeout_ms": str(1000 * SECONDS)}
    start = [
        sys.executable,
        "-m",
        "ray.scripts.scripts",
        "start",
        "--head",
        "--block",
        "--num-cpus=2",
    ]
    start += [f"--port={address.rpartition(':')[2]}", "--include-dashboard=false"]
    start += ["--node-ip-address=127.0.0.1", f"--object-store-memory={80 * 2**20}", *arguments]
    log = (folder / "log").open("w")
    with log, ended_with_its_family(start, env=environment, stdout=log, stderr=log) as head:
        wait_for(lambda: head.poll() is not None or "runtime started" in Path(log.name).read_text())
        assert head.poll() is None, Path(log.name).read_text()
        yield address, environment


@contextmanager
def held(cluster, cores):
    """Hold some of the cluster's cores."""
    address, environment = cluster
    command = [sys.executable, "-c", HOLDER, address, str(cores)]
    with ended_with_its_family(command, env=environment, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        yield


def run_on(cluster, *arguments, patience=SECONDS):
    address, environment = cluster
    code = IMPATIENT.format(patience=patience)
    words = ["run", *arguments, "-s", "starry_night", "--on", address, "--workers", 2]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], text=True, **pipes)


@needs_ray
@pytest.mark.slow
def test_a_cluster_without_room_is_waited_for_so_long(cluster, tmp_path):
    clips = [make_shots(tmp_path / f"{name}.mp4", (9,)) for name in "ab"]
    report = tmp_path / "report.json"
    to = ("-o", tmp_path / "{name}.out.mp4", "--report", report)
    with held(cluster, 2):
        said = finished(run_on(cluster, *clips, *to, patience=20), 2)
    assert "2 of 2 workers have not begun" in said
    assert "waiting for a worker" in said
    assert "no worker has begun or answered for 20 seconds: 0 of 2 cores of the cluster are" in said
    assert said.count("no worker") == 1
    assert [r["status"] for r in json.loads(report.read_text())["results"]] == ["waiting"] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "report.json"]


@needs_ray
@pytest.mark.slow
def test_a_worker_that_is_never_placed_holds_nobody_up(cluster, tmp_path):
    clip = make_shots(tmp_path / "in.mp4", (270, 240))
    finished(run(clip, "-s", "starry_night", "-o", tmp_path / "one.mp4"))
    with held(cluster, 1):
        said = finished(run_on(cluster, clip, "-o", tmp_path / "two.mp4"))
    assert "1 of 2 workers have not begun" in said
    assert "1 worker," in said
    assert (tmp_path / "two.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()


@needs_ray
@pytest.mark.slow
def test_a_cluster_at_a_ray_address_paints_lists_and_long_clips(tmp_path):
    client = free_address()
    port = f"--ray-client-server-port={client.rpartition(':')[2]}"
    clips = [make_shots(tmp_path / f"{name}.mp4", (12, 9)) for name in "ab"]
    long = make_shots(tmp_path / "long.mp4", (270, 240))
    with started_cluster(tmp_path, port) as (_, environment):
        wait_for(lambda: listens(client))
        cluster = f"ray://{client}", environment
        finished(run_on(cluster, *clips, "-o", tmp_path / "many" / "{name}.{ext}"))
        finished(run_on(cluster, long, "-o", tmp_path / "two.mp4"))
    finished(run(*clips, "-s", "starry_night", "-o", tmp_path / "one" / "{name}.{ext}"))
    finished(run(long, "-s", "starry_night", "-o", tmp_path / "one.mp4"))
    for clip in clips:
        one, many = (tmp_path / folder / clip.name for folder in ("one", "many"))
        assert one.read_bytes() == many.read_bytes()
    assert (tmp_path / "two.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()


def listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


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
