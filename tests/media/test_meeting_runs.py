"""Runs that meet at one name, and what a run leaves that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial

import pytest

import vidstyle
from tests.conftest import ROOT
from tests.media.test_replacing import needs_locks
from vidstyle import UsageError
from vidstyle.disk.pending import PendingFile, write_whole
from vidstyle.media.atomic_output import pending_output


@pytest.mark.parametrize("name", ["out.mkv", "%04d.png"])
@pytest.mark.parametrize("links", [True, False])
def test_of_two_runs_into_one_name_one_wins(tmp_path, monkeypatch, name, links):
    """However they meet, and whether the disk knows hard links or not."""

    def no_link(*_):
        raise PermissionError(1, "no links")

    if not links:
        monkeypatch.setattr(os, "link", no_link)
    for turn in range(20):
        folder = tmp_path / str(turn)
        folder.mkdir()
        runs = [pending_output(folder / name) for _ in range(4)]
        for number, run in enumerate(runs):
            files = (
                [run.file] if name == "out.mkv" else [run.folder / f"{n:04d}.png" for n in (1, 2)]
            )
            for file in files:
                file.write_text(str(number))
        told = commit_at_once(runs)
        assert len(told) == 3
        assert all("exists already" in text for text in told)
        made = list(folder.iterdir())
        assert len(made) == (1 if name == "out.mkv" else 2)
        assert len({p.read_text() for p in made}) == 1


def commit_at_once(runs):
    """Commit outputs in threads; return what those are told that fail."""
    told = []
    begin = threading.Barrier(len(runs))

    def commit(run):
        begin.wait()
        try:
            run.commit(overwrite=False)
        except UsageError as error:
            told.append(str(error))
            run.discard()

    in_threads([partial(commit, run) for run in runs])
    return told


def in_threads(jobs):
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def kill(run):
    run.kill()
    run.communicate()


@needs_locks
@pytest.mark.parametrize("name", ["out.mp4", "%03d.png"])
def test_what_a_killed_run_left_is_removed_by_the_next(base, tmp_path, name):
    out = tmp_path / name
    code = (
        "import os, sys; from pathlib import Path; from vidstyle.media.atomic_output import pending_output;"
        "kept = pending_output(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(out)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    (tmp_path / ".other.mp4.01234567.part").write_text("of another name")
    for run in runs:
        run.stdout.readline()
    assert len(list(tmp_path.glob(".*.part"))) == 3
    kill(runs[0])
    vidstyle.stylize(base, "identity", out)
    # That of the run that lives, and that of another name.
    assert len(list(tmp_path.glob(".*.part"))) == 2
    kill(runs[1])
    vidstyle.stylize(base, "identity", out, overwrite=True)
    assert [p.name for p in tmp_path.glob(".*.part")] == [".other.mp4.01234567.part"]


@needs_locks
def test_a_file_that_is_being_made_is_never_taken_for_a_dead_ones(tmp_path):
    """Many begin the same name at once; each looks for leftovers and must spare the others'."""
    failures = []

    def begin():
        try:
            for _ in range(50):
                pending = PendingFile(tmp_path / "out.mp4")
                pending.file.write_bytes(b"mine")
                pending.commit(overwrite=True)
        except Exception as error:
            failures.append(error)

    in_threads([begin] * 8)
    assert not failures
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


@needs_locks
def test_what_only_looks_like_a_leftover_stays(tmp_path):
    os.mkfifo(tmp_path / ".out.mp4.00000000.part")
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".out.mp4.11111111.part").symlink_to("precious")
    (tmp_path / ".out.mp4.2222.part").write_text("another length")
    write_whole(tmp_path / "out.mp4", b"data")
    assert len(list(tmp_path.iterdir())) == 5


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    import vidstyle.disk.leftovers as leftovers

    (tmp_path / ".out.mp4.00000000.part").write_text("whose?")
    with monkeypatch.context() as patched:

        def no_locks(*_):
            raise OSError(95, "not supported")

        if leftovers.fcntl:
            patched.setattr(leftovers.fcntl, "flock", no_locks)
        write_whole(tmp_path / "out.mp4", b"data")
        patched.setattr(leftovers, "fcntl", None)
        write_whole(tmp_path / "out.mp4", b"data")
        pending_output(tmp_path / "%d.png").discard()
    assert len(list(tmp_path.iterdir())) == 2
