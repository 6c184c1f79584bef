"""Addresses as inputs, against a server of our own: with parts and without, and with all that goes wrong."""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import av
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT
from tests.conftest import vidstyle as command
from vidstyle import InputError, Interrupted, Reading
from vidstyle.media import capture, download, inputs
from vidstyle.media.address import Address, located
from vidstyle.media.source import FileSource
from vidstyle.media.video import Video
from vidstyle.naming import default_output


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; what the first part of the path asks for goes wrong."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        kind, _, rest = self.path.lstrip("/").partition("/")
        self.server.seen.append(
            (kind, self.headers.get("Range"), self.headers.get("Authorization"))
        )
        if kind == "parts":
            self._part(rest)
        elif kind == "whole":
            self._send(self._data(rest))
        elif kind == "stall":
            data = self._data(rest)
            self._send(data, sent=len(data) * 2 // 3)
            self.server.over.wait(20)
        elif kind == "silent":
            self.server.over.wait(20)
        elif kind == "cut":
            data = self._data(rest)
            self._send(data, sent=len(data) * 2 // 3)
        elif kind == "to":
            self.send_response(302)
            self.send_header("Location", rest)
            self.end_headers()
        elif kind == "chunked":
            self._chunked(self._data(rest))
        else:
            self.send_error(int(kind))

    def _data(self, name):
        return (Path(self.directory) / name.split("?")[0]).read_bytes()

    def _send(self, data, sent=None, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(data[:sent])

    def _part(self, name):
        data = self._data(name)
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        where = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(data[start:], status=206, Content_Range=where)

    def _chunked(self, data):
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in (data[:5000], data[5000:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    make_clip(folder / "in.mp4", times=range(60), size=(320, 180))  # its index comes last
    make_clip(folder / "in.mkv", times=range(60))
    make_clip(folder / "in.ts", times=range(60))
    (folder / "page.html").write_text("<html>please log in</html>")
    (folder / "empty.mp4").touch()
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nin.ts\n")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    ) as server:
        server.seen, server.over = [], threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def at(server, monkeypatch):
    """Return the address of a file, served in some way."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    # Small pieces, or a small file would come in one.
    monkeypatch.setattr(inputs, "_BUFFER", 2**12)
    monkeypatch.setattr(download, "_CHUNK", 2**13)
    monkeypatch.setattr(download, "_NEAR", 2**14)
    server.seen.clear()
    return lambda how: f"http://127.0.0.1:{server.server_port}/{how}"


def sums(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        return [(float(f.pts * f.time_base), int(f.pixels.sum())) for f in source], source.damage


@pytest.mark.parametrize("how", ["parts", "whole", "chunked"])
@pytest.mark.parametrize("name", ["in.mp4", "in.mkv", "in.ts"])
def test_an_address_is_read_like_its_file(at, folder, how, name):
    if how == "chunked" and name == "in.mp4":
        pytest.skip("no size: the index cannot be found from the end")
    assert sums(Address(at(f"{how}/{name}"))) == sums(folder / name)


@pytest.mark.parametrize("how", ["parts", "whole"])
def test_a_part_of_it_is_sought(at, folder, how):
    for name in ("in.mp4", "in.mkv"):
        assert sums(Address(at(f"{how}/{name}")), start=1) == sums(folder / name, start=1)


def test_sound_goes_along_and_the_name_is_of_the_address(at, server, tmp_path, monkeypatch, judge):
    monkeypatch.chdir(tmp_path)
    result = vidstyle.stylize(at("parts/in.mp4?token=a//b"), "identity")
    assert result.output == Path("in.identity.mp4")
    assert result.summary.frames == 60
    assert judge.stream(result.output, "a:0")["codec_name"] == "aac"
    assert len(server.seen) < 12


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://host/a/b/clip.mkv?x=http://y/z.mp4#t=1", "clip.identity.mkv"),
        ("https://host/a%20b.mp4", "a b.identity.mp4"),
        ("https://host/..%2F..%2Fetc%2Fpasswd", "passwd.identity.mp4"),
        ("https://host/%2e%2e", "video.identity.mp4"),
        ("https://host/a%2505d.png", "a_05d.identity.png"),
        ("https://host/%1b%5b31m.mp4", "_[31m.identity.mp4"),
        ("https://host/.hidden.mp4", "hidden.identity.mp4"),
        ("https://host", "video.identity.mp4"),
    ],
)
def test_the_default_output_lies_in_this_folder(url, name):
    assert default_output(located(url), "identity") == Path(name)


def test_it_is_looked_at(at):
    found = vidstyle.probe(at("parts/in.mp4"))
    assert found.video.frames == 60
    assert found.video.even
    assert found.file == at("parts/in.mp4")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("404/in.mp4", "the server says 404 Not Found"),
        ("500/in.mp4", "the server says 500"),
        ("parts/page.html", "not a media file"),
        ("whole/empty.mp4", "not a media file"),
        ("whole/list.m3u8", "it is a playlist"),
        ("to/file:///etc/passwd", "sends to an address that is not read"),
        ("to/ftp://127.0.0.1/in.mp4", "unknown url type: ftp"),
        ("to/data:text/plain,x", "sends to an address that is not read"),
    ],
)
def test_what_cannot_be_read_is_told(at, how, message):
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        Video.open(Address(at(how)))
    assert "\n" not in str(refused.value)


def test_a_redirection_is_followed(at, folder):
    other = at("parts/in.mp4")
    assert sums(Address(at(f"to/{other}"))) == sums(folder / "in.mp4")


def test_nobody_listens():
    with pytest.raises(InputError, match="Connection refused"):
        Video.open(Address("http://127.0.0.1:9/in.mp4"))


def test_a_password_is_sent_and_not_shown(at, server):
    url = at("404/in.mp4").replace("http://", "http://me:secret%21@")
    with pytest.raises(InputError, match="404") as refused:
        Video.open(Address(url))
    assert "secret" not in str(refused.value)
    assert server.seen[-1][2] == "Basic bWU6c2VjcmV0IQ=="


@pytest.mark.parametrize("how", ["stall/in.ts", "silent/in.ts"])
def test_a_server_that_falls_silent_is_left(at, how, monkeypatch):
    monkeypatch.setattr(download, "_SILENCE", 0.5)
    with pytest.raises(InputError, match=r"nothing came for 0\.5 seconds"):
        sums(Address(at(how)), strict=True)


def test_a_connection_that_is_lost_is_damage(at, tmp_path, caplog):
    times, damage = sums(Address(at("cut/in.ts")))
    assert 10 < len(times) < 60
    assert damage >= 1
    assert "is lost: the connection was lost" in caplog.text
    with pytest.raises(InputError, match="the connection was lost"):
        sums(Address(at("cut/in.ts")), strict=True)


@pytest.mark.parametrize("how", ["stall/in.ts", "silent/in.ts"])
def test_a_stop_does_not_wait_for_the_server(at, tmp_path, how):
    begun = time.monotonic()

    def stop():
        if time.monotonic() - begun > 0.3:
            raise Interrupted(15)

    with pytest.raises(Interrupted):
        vidstyle.stylize(at(how), "identity", tmp_path / "out.mkv", stop=stop)
    assert not list(tmp_path.iterdir())
    assert time.monotonic() - begun < 3


def test_a_signal_ends_a_run_that_waits_for_the_server(at, server, tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", "run", at("silent/in.ts"), "-s", "identity"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    while not server.seen:
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert run.communicate(timeout=10)[1] == b"vidstyle: interrupted\n"
    assert run.returncode == 143
    assert time.monotonic() - begun < 3


def test_a_server_without_parts_is_not_asked_for_ever(at, monkeypatch):
    monkeypatch.setattr(download, "_RESTARTS", 0)
    with pytest.raises(InputError, match="gives no parts of it; download it first"):
        sums(Address(at("whole/in.mp4")))


def test_other_addresses_and_other_places_are_told():
    for url, way in {
        "rtsp://host/a": "vidstyle live takes others",
        "udp://host:1": "vidstyle live takes others",
        "file:///etc/passwd": "name the file itself",
    }.items():
        with pytest.raises(InputError, match=way):
            vidstyle.stylize(url, "identity", "o.mp4")
    with pytest.raises(InputError, match="an address is not read here; download it"):
        vidstyle.measure("https://host/a.mp4", "b.mp4")
    with pytest.raises(InputError, match="download it first"):
        vidstyle.load("photoreal").style("https://host/starry.jpg")


def test_the_commands_take_addresses(at, tmp_path):
    done = command("run", at("parts/in.mp4"), "-s", "identity", "-o", "out.mkv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "out.mkv")) as made:
        assert sum(1 for _ in made.decode(video=0)) == 60


def test_a_live_address_leads_to_nothing_on_this_machine(at, server, folder):
    """A playlist of a server may name further addresses, but no file."""
    for name, part in (("far.m3u8", f"file://{folder}/in.ts"), ("near.m3u8", at("whole/in.ts"))):
        (folder / name).write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{part}\n#EXT-X-ENDLIST\n"
        )

    def streams(url):
        with av.open(url, options=capture.address(url).restrictions) as found:
            return len(found.streams)

    with pytest.raises(av.FFmpegError):
        streams(at("whole/far.m3u8"))
    assert streams(at("whole/near.m3u8")) == 2


def test_who_has_no_address_does_not_wait_for_the_client_of_one():
    code = "import vidstyle.cli.app, sys; print({'ssl', 'http.client', 'urllib.request'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
