"""A server of the page, as a process of its own, and a client that is no browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytest.importorskip("aiohttp", reason="the extra web is not installed")


class Client:
    """Asks the server as a page does; each part of a question may be another."""

    def __init__(self, address: str, cookie: str = "") -> None:
        self.address = address
        self.port = int(re.search(r":(\d+)/", address)[1])
        self.origin = f"http://127.0.0.1:{self.port}"
        self.cookie = cookie

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, **headers):
        """Return status, headers and body; a header that is None is left out."""
        sent = {"Cookie": self.cookie, "Origin": self.origin} | headers
        connection = self.connect()
        if isinstance(body, dict):
            body = json.dumps(body)
        connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.headers, data

    def json(self, method, path, body=None, status=200):
        found, _, data = self.ask(method, path, body)
        assert found == status, data
        return json.loads(data)

    def enter(self):
        """Exchange the address for a cookie."""
        path = self.address.removeprefix(self.origin)
        status, headers, _ = self.ask("GET", path, Origin=None)
        assert (status, headers["Location"]) == (303, "/")
        self.cookie = headers["Set-Cookie"].split(";")[0]
        return headers["Set-Cookie"]

    def upload(self, path: Path, name: str | None = None, status=201):
        return self.json(
            "PUT",
            f"/api/clips?name={path.name if name is None else name}",
            path.read_bytes(),
            status,
        )

    def finished(self, render: str, seconds=60):
        """Wait for a result and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status, _, data = self.ask("GET", f"/api/renders/{render}/file")
            if status == 200:
                return data
            assert b"not finished" in data, data
            time.sleep(0.1)
        raise AssertionError("it did not end")


class Server:
    """`vidstyle web` in a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tmp", "data"):
            (folder / name).mkdir(exist_ok=True)
        variables = {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "tmp"),
            "XDG_DATA_HOME": str(folder / "data"),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vidstyle", "web", "--no-open", "--device", "cpu"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | variables,
        )
        self.address = self.told()

    def told(self) -> str:
        """Return the address in the next line."""
        return re.search(r"http\S+", self.process.stderr.readline())[0]

    def left(self) -> list[Path]:
        """Return the files that it holds."""
        # Not rglob, which raises where a folder goes meanwhile.
        return [
            Path(folder, name)
            for folder, _, names in os.walk(self.folder / "tmp")
            for name in names
        ]

    def stop(self, number=signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("web"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(server):
    made = Client(server.address)
    made.enter()
    made.next_address = server.told()
    return made
