"""A cluster of Ray that others have begun: its cores may be in use, and its address may be a ray:// one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from .processes import SECONDS, finished, kill_family, needs_ray, run, wait_for
from .test_pieces import make_shots

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


def listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


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
