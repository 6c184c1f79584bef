"""The job and the attacks, by a client that is no browser."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT, needs_judge, vidstyle
from tests.web.conftest import Client, Server


@pytest.fixture(scope="module")
def clip(client, base):
    return client.upload(base)["id"]


def jpeg(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def facts(client):
    """Return what a page hears first."""

    async def hear():
        import aiohttp

        headers = {"Cookie": client.cookie, "Origin": client.origin}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(f"{client.origin}/api/events") as heard,
        ):
            return json.loads((await heard.receive()).data)

    return asyncio.run(hear())


def test_a_clip_becomes_a_painting_with_its_sound(client, clip, base, judge, tmp_path):
    needs_judge()
    body = {"style": "udnie", "strength": 0.7}
    render = client.json("POST", f"/api/clips/{clip}/render", body, 201)
    out = tmp_path / render["name"]
    out.write_bytes(client.finished(render["id"]))
    assert judge.times(out) == judge.times(base)
    assert judge.packets_md5(out) == judge.packets_md5(base)
    assert judge.luma_psnr(out, base) < 30
    assert render["command"].endswith("--style udnie --strength 0.7 -o base.udnie.mp4")
    _, headers, _ = client.ask("GET", f"/api/renders/{render['id']}/file?download")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''base.udnie.mp4"
    (known,) = (r for r in facts(client)["renders"] if r["id"] == render["id"])
    assert (known["status"], known["frames"], known["error"]) == ("done", 30, "")
    status, headers, part = client.ask(
        "GET", f"/api/renders/{render['id']}/file", Range="bytes=0-9"
    )
    assert (status, len(part), headers["Content-Type"]) == (206, 10, "video/mp4")


@pytest.mark.slow
def test_the_command_that_is_shown_makes_the_same_file(client, clip, base):
    body = {"style": "udnie", "strength": 0.5, "colors": "lab", "compare": "wipe"}
    render = client.json("POST", f"/api/clips/{clip}/render", body, 201)
    shown = shlex.split(render["command"])
    assert shown[:2] == ["vidstyle", "run"]
    folder = base.parent / "same"
    folder.mkdir()
    shutil.copy(base, folder)
    assert vidstyle(*shown[1:], cwd=folder).returncode == 0
    assert (folder / render["name"]).read_bytes() == client.finished(render["id"])


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tiff", ""])
def test_a_photo_becomes_a_picture(client, picture, tmp_path, ending):
    file = tmp_path / f"photo{ending or '.bmp'}"
    cv2.imwrite(str(file), cv2.imread(str(picture)))
    photo = client.upload(file, f"photo{ending}")
    assert (photo["still"], photo["seconds"]) == (True, 0)
    render = client.json("POST", f"/api/clips/{photo['id']}/render", {"style": "identity2"}, 400)
    assert render["error"] == "no style is called identity2"
    body = {"style": "udnie"}
    render = client.json("POST", f"/api/clips/{photo['id']}/render", body, 201)
    painted = jpeg(client.finished(render["id"]))
    assert painted.shape[1::-1] == (photo["width"], photo["height"])


def test_a_moment_is_shown_before_and_after(client, clip):
    where = f"/api/clips/{clip}"
    before = jpeg(client.ask("GET", f"{where}/frame?time=0.5")[2])
    assert before.shape == (96, 128, 3)
    asked = {"style": "udnie", "time": 0.5}
    after = jpeg(client.ask("POST", f"{where}/preview", asked)[2])
    none = jpeg(client.ask("POST", f"{where}/preview", asked | {"blend": 0})[2])
    assert np.abs(after.astype(int) - before).mean() > 10
    assert np.abs(none.astype(int) - before).mean() < 1


def test_own_pictures_are_kept(client, clip, picture, server):
    name = client.json("PUT", "/api/pictures?name=../..%2Fswirls.jpg", picture.read_bytes(), 201)
    assert name == {"name": "swirls.jpg"}
    again = client.json("PUT", "/api/pictures?name=other.jpg", picture.read_bytes(), 201)
    assert again == name  # the same picture
    kept = server.folder / "data" / "vidstyle" / "styles" / "swirls.jpg"
    assert kept.read_bytes() == picture.read_bytes()
    assert jpeg(client.ask("GET", f"/api/clips/{clip}/styles/swirls.jpg")[2]) is not None
    command = client.json(
        "POST", f"/api/clips/{clip}/command", {"style": "swirls.jpg", "style_scale": 2}
    )
    assert command["command"].split(" --style ")[1] == (
        f"{kept} --style-scale 2 -o base.swirls.mp4"
    )
    client.json("DELETE", "/api/pictures/swirls.jpg")
    assert not kept.exists()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"style": "udnie", "strength": 2}, "expected --strength from 0 to 1, got 2"),
        ({"style": "udnie", "strength": "x"}, "expected a number for --strength, got x"),
        ({"style": "udnie", "strength": True}, "expected a number for --strength, got True"),
        ({"style": "udnie", "strength": 10**400}, "expected a number for --strength"),
        ({"style": "udnie", "colors": "red"}, "expected --colors style or luminance"),
        ({"style": "udnie", "output": "/etc/passwd"}, "there is no dial output"),
        ({"style": "/etc/passwd"}, "no style is called /etc/passwd"),
        ({"style": "../styles/x.jpg"}, "no style is called"),
        ({"style": ["udnie"]}, "expected settings such as"),
    ],
    ids=str,
)
def test_settings_are_refused_in_the_words_of_the_command(client, clip, settings, line):
    for action in ("render", "preview", "command"):
        answer = client.json("POST", f"/api/clips/{clip}/{action}", settings, 400)
        assert answer["error"].startswith(line)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 60000, b"\xff", b"x" * 70000], ids=len)
def test_what_is_no_json_is_refused(client, clip, body):
    status, _, answer = client.ask("POST", f"/api/clips/{clip}/render", body)
    assert status in {400, 413}
    assert json.loads(answer)["error"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\x.mp4", "x.mp4"),
        ("/etc/passwd", "passwd"),
        ("..", "clip"),
        ("", "clip"),
        (".bashrc", "bashrc"),
        ("-rf.mp4", "rf.mp4"),
        ("frame%05d.png", "frame_05d.png"),
        ("a\x00b\n.mp4", "a_b_.mp4"),
        ("http://evil.example/x.mp4", "x.mp4"),
        ("con.mp4", "clip.mp4"),
        ("$(touch x);`y`.mp4", "_(touch x)__y_.mp4"),
        ("ü" * 300 + ".mp4", "ü" * 50 + ".mp4"),
        ("波" * 300 + ".mp4", "波" * 33 + ".mp4"),
        ("a.mp4" + "x" * 300, "a.mp4" + "x" * 95),
    ],
)
def test_names_are_made_harmless(client, base, name, kept, server):
    found = client.upload(base, quote(name))
    assert found["name"] == kept
    assert len([p for p in server.left() if p.parent.name == found["id"]]) == 1
    client.json("DELETE", f"/api/clips/{found['id']}")
    assert not [p for p in server.left() if p.parent.name == found["id"]]


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/page/..%2f..%2fserver.py",
        "/%2e%2e/server.py",
        "/server.py",
        "/api/clips/..%2f..%2fetc/file",
        "/api/clips/%2e%2e/file",
        "/api/renders/../file",
        "/api/pictures/..%2f..%2f..%2fetc%2fpasswd",
        "/api/clips/sample/styles/..%2f..%2fx",
        "/api/nothing",
    ],
)
def test_no_path_leads_out(client, path):
    status, _, body = client.ask("GET", path)
    assert status in {400, 404}
    assert b"root:" not in body


def test_links_among_the_pictures_are_not_followed(client, server, picture, tmp_path):
    folder = server.folder / "data" / "vidstyle" / "styles"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link.jpg").symlink_to(picture)
    png = tmp_path / "dot.png"
    cv2.imwrite(str(png), np.full((40, 40, 3), 90, np.uint8))
    client.json("PUT", "/api/pictures?name=dot.png", png.read_bytes(), 201)  # it looks again
    assert facts(client)["pictures"] == ["dot.png"]
    (folder / "link.jpg").unlink()
    client.json("DELETE", "/api/pictures/dot.png")


def test_what_is_no_video_leaves_nothing(client, server):
    before = server.left()
    for data in (b"#!/bin/sh\nrm -rf /\n", b"<html><script>1</script>", os.urandom(5000)):
        status, _, body = client.ask("PUT", "/api/clips?name=x.html", data)
        assert status == 400
        assert json.loads(body)["error"].startswith("cannot read x.html")
    assert client.ask("PUT", "/api/clips?name=x.mp4", b"")[0] == 400
    assert server.left() == before


def test_a_file_is_no_page(client, picture):
    """A picture that is also a page would have the rights of ours, were it sent as one."""
    both = client.upload(picture, "x.html")
    _, headers, _ = client.ask("GET", f"/api/clips/{both['id']}/file")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def begun(client, length, path="/api/clips?name=a.mp4"):
    raw = socket.create_connection(("127.0.0.1", client.port), timeout=20)
    head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nOrigin: {client.origin}\r\n"
    raw.sendall(f"{head}Cookie: {client.cookie}\r\n{length}\r\n\r\n".encode())
    return raw


def test_what_is_announced_too_large_is_refused_at_once(client, server):
    began = time.monotonic()
    with begun(client, f"Content-Length: {10 << 30}") as raw:
        assert raw.recv(100).split()[1] == b"413"
    with begun(client, f"Content-Length: {65 << 20}", "/api/pictures?name=a.jpg") as raw:
        assert raw.recv(100).split()[1] == b"413"
    assert time.monotonic() - began < 5
    assert client.ask("GET", "/api/constants")[0] == 200


def test_what_is_too_large_unannounced_is_cut_off(client, server):
    before = server.left()
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with begun(client, "Transfer-Encoding: chunked", "/api/pictures?name=a.jpg") as raw:
        try:
            for _ in range(80):
                raw.sendall(chunk)
            answer = raw.recv(100)
        except ConnectionError:
            answer = b"HTTP/1.1 413"
    assert answer.split()[1] == b"413"
    assert server.left() == before


def test_half_an_upload_leaves_nothing(client, server, base):
    before = server.left()
    for _ in range(5):
        with begun(client, "Content-Length: 5000000") as raw:
            raw.sendall(base.read_bytes())
            time.sleep(0.1)
    end = time.monotonic() + 10
    while server.left() != before and time.monotonic() < end:
        time.sleep(0.1)
    assert server.left() == before
    assert {p.name for p in server.folder.glob("tmp/.vid*/*")} == {p.parent.name for p in before}


def test_fifty_sockets_do_not_end_it(client, clip):
    async def crowd():
        import aiohttp

        headers = {"Cookie": client.cookie, "Origin": client.origin}
        refused, opened = 0, []
        async with aiohttp.ClientSession(headers=headers) as session:
            for _ in range(50):
                try:
                    opened.append(await session.ws_connect(f"{client.origin}/api/events"))
                except aiohttp.WSServerHandshakeError as error:
                    assert error.status == 503
                    refused += 1
            first = await opened[0].receive_json()
            await opened[1].send_str("x" * 100000)  # more than a page may say
            for one in opened:
                await one.close()
        return refused, first

    refused, first = asyncio.run(crowd())
    assert refused == 50 - 32
    assert any(known["id"] == clip for known in first["clips"])
    assert facts(client)["clips"]  # there is room again


def test_a_silent_crowd_does_not_hold_others_up(client):
    crowd = [socket.create_connection(("127.0.0.1", client.port)) for _ in range(50)]
    try:
        for one in crowd:
            one.sendall(b"GET / HTTP/1.1\r\nHost: ")
        began = time.monotonic()
        assert client.ask("GET", "/api/constants")[0] == 200
        assert time.monotonic() - began < 2
    finally:
        for one in crowd:
            one.close()


def test_a_queue_is_worked_off_and_cancelled(client, clip):
    """A browser that is gone loses nothing; pictures are painted while a render goes on."""
    long = {"style": "composition_vii", "stability": 1}
    ids = [client.json("POST", f"/api/clips/{clip}/render", long, 201)["id"] for _ in range(3)]
    names = [r["name"] for r in facts(client)["renders"] if r["id"] in ids]
    assert len(set(names)) == 3
    assert client.ask("POST", f"/api/clips/{clip}/preview", {"style": "udnie"})[0] == 200
    answer = client.json("DELETE", f"/api/clips/{clip}", status=400)
    assert answer["error"] == "base.mp4 is being painted; cancel that first"
    for one in ids[1:]:
        client.json("DELETE", f"/api/renders/{one}")
    assert client.finished(ids[0])
    found = {r["id"]: r["status"] for r in facts(client)["renders"]}
    assert [found[one] for one in ids] == ["done", "cancelled", "cancelled"]
    for one in ids:
        client.json("DELETE", f"/api/renders/{one}")
    assert not {r["id"] for r in facts(client)["renders"]} & set(ids)
    assert client.ask("DELETE", f"/api/renders/{ids[0]}")[0] == 404


def test_a_port_that_is_taken_is_told_in_a_line(client):
    done = vidstyle("web", "--no-open", "--port", str(client.port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"vidstyle: cannot listen at --port {client.port} (")
    assert done.stderr.count("\n") == 1


def test_without_its_library_it_says_what_brings_it():
    code = "import sys; sys.modules['aiohttp'] = None; from vidstyle.cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "web", "--no-open"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    line = (
        "the page needs aiohttp, and aiortc for the camera by WebRTC: pip install 'vidstyle[web]'"
    )
    assert done.stderr == f"vidstyle: {line}\n"


@pytest.mark.slow
def test_nothing_is_left_at_the_end(base, tmp_path):
    """In the middle of an upload and of a render; and what a server that was killed left, the next one removes."""
    (tmp_path / "tmp").mkdir()
    killed = Server(tmp_path)
    killed.stop(signal.SIGKILL)
    killed.close()
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    server = Server(tmp_path)
    client = Client(server.address)
    client.enter()
    (folder,) = (tmp_path / "tmp").iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    clip = client.upload(base)["id"]
    body = {"style": "the_kiss", "stability": 1}
    client.json("POST", f"/api/clips/{clip}/render", body, 201)
    with begun(client, "Content-Length: 5000000") as raw:
        raw.sendall(base.read_bytes())
        assert server.stop(signal.SIGTERM) == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    server.close()
