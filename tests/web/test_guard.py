"""Who is let in, asked by a client that lies."""

from __future__ import annotations

import socket

import pytest

from tests.web.conftest import Client

LISTEN = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_an_address_lets_one_browser_in(client):
    again = Client(client.address)
    status, headers, body = again.ask("GET", client.address.removeprefix(client.origin))
    assert status == 403
    assert "Set-Cookie" not in headers
    assert b"vidstyle web" in body
    assert client.ask("GET", "/", Origin=None)[0] == 200  # who was let in stays so


def test_the_next_address_lets_another_in(client, server):
    other = Client(client.next_address)
    said = other.enter()
    client.next_address = server.told()
    assert "HttpOnly" in said
    assert "SameSite=Strict" in said
    assert other.ask("GET", "/api/constants")[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(
    "path", ["/", "/main.js", "/api/clips", "/api/events", "/?token=", "/?token=x%00y"]
)
@pytest.mark.parametrize("cookie", ["", "vidstyle=1", "vidstyle_{port}=", "vidstyle_{port}=é"])
def test_nobody_else_is_let_in(client, method, path, cookie):
    cookie = cookie.format(port=client.port).encode("utf-8")
    status, headers, _ = client.ask(method, path, Cookie=cookie)
    assert status == 403
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Host": "evil.example:{port}"},  # a name of theirs that was bound to 127.0.0.1
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another server of this computer
    ],
    ids=str,
)
@pytest.mark.parametrize("extra", [{}, LISTEN], ids=["request", "socket"])
def test_another_page_is_refused_even_with_the_cookie(client, headers, extra):
    headers = {name: value.format(port=client.port) for name, value in headers.items()}
    assert client.ask("GET", "/api/events", **headers, **extra)[0] == 403
    assert client.ask("PUT", "/api/clips?name=a.mp4", b"x", **headers)[0] == 403


def test_what_changes_something_says_where_it_comes_from(client):
    assert client.ask("PUT", "/api/clips?name=a.mp4", b"x", Origin=None)[0] == 403
    assert client.ask("DELETE", "/api/renders/x", Origin=None)[0] == 403
    assert client.ask("GET", "/api/events", Origin=None, **LISTEN)[0] == 403


def test_two_hosts_are_none(client):
    with socket.create_connection(("127.0.0.1", client.port)) as raw:
        hosts = f"Host: 127.0.0.1:{client.port}\r\nHost: evil.example\r\n"
        raw.sendall(f"GET / HTTP/1.1\r\n{hosts}Cookie: {client.cookie}\r\n\r\n".encode())
        assert raw.recv(100).split()[1] in {b"400", b"403"}


def test_it_listens_on_this_computer_alone(client):
    with socket.socket(type=socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))  # nothing is sent: it only tells our own address
        except OSError:
            pytest.skip("this computer has no other address")
        address = asked.getsockname()[0]
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex((address, client.port)) != 0


def test_nothing_outside_may_be_asked(client):
    for path in ("/", "/main.js", "/api/constants", "/nothing"):
        _, headers, body = client.ask("GET", path)
        rules = headers["Content-Security-Policy"]
        assert rules.startswith("default-src 'self';")
        assert "unsafe" not in rules
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert b"https://" not in body
