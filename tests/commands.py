"""The command in a process of its own, forked from one that has made its imports, which take an interpreter half a second.

That process, `serve`, reads a line for each command (JSON: its words, folder, environment, seconds, and files for its output), and answers
with its exit code and whether it took too long.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
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
    """The process that forks; one command at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from tests.commands import serve; serve()"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._turn = threading.Lock()
        atexit.register(self._process.communicate)

    def __call__(
        self,
        words: list[str],
        cwd: str,
        environment: dict[str, str],
        files: list[Path],
        timeout: float,
    ) -> int:
        asked = [words, cwd, environment, timeout, *map(str, files)]
        with self._turn:
            try:
                print(json.dumps(asked), file=self._process.stdin, flush=True)
                code, late = json.loads(self._process.stdout.readline())
            except BaseException:  # an answer that comes later must not be the next command's
                self._process.kill()
                _server.cache_clear()
                raise
        if late:
            raise subprocess.TimeoutExpired(words, timeout)
        return code


def serve() -> None:
    from vidstyle.cli.entry import ENVIRONMENT

    os.environ |= ENVIRONMENT | os.environ
    # Not torch: forked behind its import, a training takes twice as long.
    import vidstyle.cli.paint
    import vidstyle.cli.run  # noqa: F401

    for line in sys.stdin:
        words, cwd, environment, timeout, *files = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(words, cwd, environment, files)
        ended = os.pidfd_open(child)
        late = not select.select([ended], [], [], timeout)[0]
        if late:
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(ended)
        print(json.dumps([code, late]), flush=True)


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
