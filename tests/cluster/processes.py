"""Runs as processes of their own, with what Ray starts below them; to wait for, and to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'vidstyle[ray]'"
)

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


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what):
    end = time.monotonic() + SECONDS
    while not (found := what()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    return found


def wait_for_a_file(process, folder: Path, pattern: str) -> None:
    try:
        wait_for(lambda: any(folder.glob(pattern)) or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
    except BaseException:
        kill_family(process.pid)
        process.kill()
        raise


def kill_a_worker(process) -> None:
    def workers():
        assert process.poll() is None, process.communicate()[1]
        return [pid for pid, name in family(process.pid).items() if "ray::Worker" in name]

    os.kill(wait_for(workers)[0], signal.SIGKILL)
