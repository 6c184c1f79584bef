"""Too little memory, threads or descriptors: a line and exit 2, from the first import on, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.clips import make_clip
from tests.conftest import ROOT

SHORT = "vidstyle: memory, threads or open files do not suffice"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("shortage") / "in.mp4", sound=False)


def limited(limit, *args, before=(), threads="1"):
    """Run the command with a limit of the shell."""
    command = [sys.executable, "-m", "vidstyle", *map(str, args)]
    return subprocess.run(
        [*before, "bash", "-c", f'ulimit {limit} && exec "$@"', "bash", *command],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": threads},
    )


def is_told(done):
    return done.returncode == 2 and done.stderr.startswith(SHORT) and done.stderr.count("\n") == 1


def honors(limit, code):
    """Return whether a limit of the shell is one here: a program that exceeds it fails."""
    ended = subprocess.run(["bash", "-c", f"ulimit {limit} && {code}"], capture_output=True)
    return ended.returncode != 0


needs_limited_memory = pytest.mark.skipif(
    not honors("-v 300000", f"{sys.executable} -c 'bytearray(10**9)'"),
    reason="addresses cannot be limited here",
)


@needs_limited_memory
@pytest.mark.parametrize("limit", [30_000, 200_000, 300_000])
def test_too_little_memory_to_begin_is_told(limit):
    done = limited(f"-v {limit}", "styles")
    assert is_told(done), done.stderr
    assert "to begin" in done.stderr


@pytest.mark.slow
@needs_limited_memory
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("limit", [500_000, 700_000, 1_000_000, 1_200_000])
def test_too_little_memory_to_paint_is_told(clip, tmp_path, limit, threads):
    out = tmp_path / "out.mkv"
    done = limited(
        f"-v {limit}", "run", clip, "-s", "udnie", "-o", out, "--device", "cpu", threads=threads
    )
    assert done.returncode == 0 or is_told(done), done.stderr
    assert list(tmp_path.iterdir()) == ([] if done.returncode else [out])


@pytest.mark.slow
def test_too_few_threads_are_told(clip, tmp_path):
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        pytest.skip("only root can start a program as a user who has no threads")
    rights = "-all,+dac_override,+dac_read_search"
    stranger = ["setpriv", "--reuid=61234", "--clear-groups", "--bounding-set", rights]
    stranger += ["--inh-caps", rights, "--ambient-caps", rights]
    if subprocess.run([*stranger, "true"], capture_output=True).returncode:
        pytest.skip("rights cannot be given up here")
    out = tmp_path / "out.mkv"
    done = limited("-u 3", "run", clip, "-s", "udnie", "-o", out, before=stranger)
    assert is_told(done), done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("started", [0, 1, 2])
def test_a_thread_that_cannot_be_started_is_told(clip, tmp_path, started):
    """Whichever it is: those that were started end."""
    code = f"""
import threading
start, left = threading.Thread.start, list(range({started}))
def fail(self):
    if not left:
        raise RuntimeError("can't start new thread")
    left.pop()
    start(self)
threading.Thread.start = fail
from vidstyle.cli.entry import main
main()
"""
    out = tmp_path / "out.mkv"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", clip, "-s", "identity", "-o", out],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert is_told(done), done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error",
    [
        "ImportError('libx.so: failed to map segment from shared object')",
        "MemoryError()",
        "OSError(12, 'Cannot allocate memory')",
        "OSError(24, 'Too many open files')",
        'RuntimeError("can\'t start new thread")',
    ],
)
def test_libraries_that_cannot_be_loaded_are_told(error):
    code = f"""
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            raise {error}
sys.meta_path.insert(0, Finder())
from vidstyle.cli.entry import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert is_told(done), done.stderr


def test_no_library_gets_threads_that_have_nothing_to_do():
    """OpenBLAS maps some 180 MB a thread, and crashes where one does not fit."""
    code = """
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            raise MemoryError(os.environ["OPENBLAS_NUM_THREADS"] + " thread")
sys.meta_path.insert(0, Finder())
from vidstyle.cli.entry import main
main()
"""
    free = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=free)
    assert is_told(done), done.stderr
    assert "(1 thread)" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="addresses are not limited there")
def test_room_for_the_runtime_is_looked_for_before_it_is_used(clip, tmp_path):
    """Where a thread of OpenVINO's cannot start, it ends the process, or waits for ever."""
    code = """
import mmap
from unittest import mock
from vidstyle.runtime import openvino
def refuse(*_):
    raise OSError(12, "Cannot allocate memory")
openvino.ov = mock.Mock(side_effect=AssertionError)
mmap.mmap = refuse
from vidstyle.cli.app import main
main()
"""
    words = ["run", clip, "-s", "udnie", "-o", tmp_path / "out.mkv", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=60
    )
    assert is_told(done), done.stderr
    assert not list(tmp_path.iterdir())


def test_the_installed_command_begins_where_a_shortage_is_told():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"vidstyle": "vidstyle.cli.entry:main"}
    code = "import vidstyle.cli.entry, sys; print({'numpy', 'cv2', 'av', 'typer'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
