"""The command in a process of its own, forked from one that has made its imports, which take an interpreter half a second.

That process, `serve`, reads a line for each command (JSON: its words, folder, environment, and files for its output); it answers
with the number of the process, and with how it ended once it has.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(
    words: list[str], *, cwd: Path | None = None, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run the command, and return what it wrote and its exit code; a signal that ended it is negative.

    Raises:
        subprocess.TimeoutExpired: it took longer than so many seconds.
    """
    if sys.platform != "linux":
        command = [sys.executable, "-m", "vidstyle", *words]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=timeout
        )
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("stdout", "stderr")]
        code = _server()(words, str(cwd or Path.cwd()), environment, files, timeout)
        texts = [file.read_text() for file in files]
    return subprocess.CompletedProcess(["vidstyle", *words], code, *texts)


@cache
def _server() -> _Server:
    return _Server()


class _Server:
    """The process that forks."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.commands import serve; serve()"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._turn = threading.Lock()
        atexit.register(self._close)

    def _close(self) -> None:
        self._process.communicate()

    def __call__(
        self,
        words: list[str],
        cwd: str,
        environment: dict[str, str],
        files: list[Path],
        timeout: float,
    ) -> int:
        asked = [words, cwd, environment, *map(str, files)]
        with self._turn:
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            child = int(self._process.stdout.readline())
            late = threading.Event()
            timer = threading.Timer(timeout, lambda: (late.set(), os.kill(child, 9)))
            timer.start()
            code = int(self._process.stdout.readline())
            timer.cancel()
        if late.is_set():
            raise subprocess.TimeoutExpired(words, timeout)
        return code


def serve() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does before its imports
    # Not torch: forked behind its import, a training takes twice as long.
    import vidstyle.cli.paint
    import vidstyle.cli.run  # noqa: F401

    for line in sys.stdin:
        words, cwd, environment, *files = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(words, cwd, environment, files)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(words: list[str], cwd: str, environment: dict[str, str], files: list[str]) -> None:
    """Be the command from here on; it ends the process."""
    from vidstyle.cli.entry import main

    for number, (name, flags) in enumerate(
        [(os.devnull, os.O_RDONLY), *((file, os.O_WRONLY | os.O_CREAT) for file in files)]
    ):
        os.dup2(os.open(name, flags), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = ["vidstyle", *words]
    main()
