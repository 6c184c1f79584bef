"""The sockets of live cameras, asked by clients that are no browser, and lie."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import cv2
import numpy as np
import pytest

BEGIN = {"style": "udnie", "strength": 0, "stability": 0, "rate": 24, "width": 96, "height": 64}


def picture(height=64, width=96, level=(200, 60, 20), kind=".jpg") -> bytes:
    return cv2.imencode(kind, np.full((height, width, 3), level, np.uint8))[1].tobytes()


def talk(client, conversation, **headers):
    """Open a session as the page does, or with other headers, and let something happen in it."""
    sent = {"Cookie": client.cookie, "Origin": client.origin} | headers

    async def run():
        async with aiohttp.ClientSession(
            headers={name: value for name, value in sent.items() if value is not None}
        ) as session:
            return await conversation(session)

    return asyncio.run(asyncio.wait_for(run(), 60))


def connected(client, conversation, **headers):
    async def run(session):
        async with session.ws_connect(f"{client.origin}/api/live") as socket:
            return await conversation(socket)

    return talk(client, run, **headers)


async def painted(socket):
    async for message in socket:
        if message.type == aiohttp.WSMsgType.BINARY:
            return cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    return None


async def refusal(socket):
    """Return the line by which a socket ends."""
    line = None
    async for message in socket:
        if message.type == aiohttp.WSMsgType.TEXT:
            line = message.json().get("error", line)
    return line


@pytest.mark.slow
def test_pictures_come_back_painted_whatever_their_size(client):
    async def conversation(socket):
        await socket.send_json({"begin": BEGIN})
        found = []
        for size in ((64, 96), (50, 80), (65, 97)):
            await socket.send_bytes(picture(*size))
            found.append(await painted(socket))
        await socket.send_json({"strength": 1})
        await asyncio.sleep(0.6)
        await socket.send_bytes(picture())
        await painted(socket)  # the strength fades from the frame on that hears of it
        await asyncio.sleep(0.6)
        await socket.send_bytes(picture())
        return found, await painted(socket)

    found, strong = connected(client, conversation)
    assert [p.shape[:2] for p in found] == [(64, 96), (50, 80), (65, 97)]
    assert all(np.abs(p.mean((0, 1)) - (200, 60, 20)).max() < 6 for p in found)
    assert np.abs(strong.mean((0, 1)) - (200, 60, 20)).max() > 10


def test_the_newest_picture_wins(client):
    async def conversation(socket):
        await socket.send_json({"begin": BEGIN})
        for level in range(0, 240, 5):
            await socket.send_bytes(picture(level=(level, level, level)))
        found = []
        while not found or found[-1] < 230:
            found.append((await painted(socket)).mean())
        return found

    found = connected(client, conversation)
    assert found == sorted(found)
    assert len(found) < 48


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": None},
        {"Cookie": "vidstyle_1=x"},
        {"Origin": "http://evil.example"},
        {"Origin": None},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_strangers_get_no_socket(client, headers):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        connected(client, refusal, **headers)
    assert refused.value.status == 403


def test_the_page_may_use_the_camera_and_nobody_else(client):
    _, headers, _ = client.ask("GET", "/")
    assert headers["Permissions-Policy"] == "camera=(self), microphone=(self), geolocation=()"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ("no JSON", "expected JSON"),
        ("[1]", "expected an object of JSON"),
        ({"begin": 7}, "expected the name of a style"),
        ({"begin": BEGIN | {"style": "../x"}}, "no style is called ../x"),
        ({"begin": BEGIN | {"width": 1e9}}, "expected 64 to 3840 for width, got 1000000000.0"),
        ({"begin": BEGIN | {"rate": "fast"}}, "expected 5 to 60 for rate, got fast"),
        ({"strength": True}, "expected 0 to 1 for strength, got True"),
        ({"style": "nobody"}, "no style is called nobody"),
        ({"quit": 1}, "a camera's page must not send quit now"),
        ({"offer": ""}, "expected an offer of one video"),
        ({"offer": "m=video 9 RTP/AVP 0\r\nm=audio 9 x"}, "expected an offer of one video"),
        ({"offer": "x" * 70000}, "expected an offer of 65536 characters at most"),
    ],
    ids=str,
)
def test_nonsense_ends_it_with_a_line(client, sent, line):
    async def conversation(socket):
        await (socket.send_str(sent) if isinstance(sent, str) else socket.send_json(sent))
        return await refusal(socket)

    assert connected(client, conversation) == line
    assert client.ask("GET", "/api/constants")[0] == 200


def test_an_offer_of_no_use_leaves_the_camera_to_pictures(client):
    async def conversation(socket):
        await socket.send_json({"offer": "v=0\r\nm=video 9 nonsense"})
        return await socket.receive_json(timeout=30)

    assert connected(client, conversation) == {"answer": None}


BOMB = bytearray(picture())
_SIZE = BOMB.index(b"\xff\xc0") + 5
BOMB[_SIZE : _SIZE + 4] = b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (bytes(BOMB), "expected a baseline JPEG of at most 3840x2160 pixels from the page"),
        (picture(kind=".png"), "expected a baseline JPEG of at most 3840x2160 pixels"),
        (b"", "expected a baseline JPEG"),
        (picture(8, 8), "expected frames of 16x16 to 3840x2160 pixels, got 8x8"),
    ],
    ids=["bomb", "png", "empty", "small"],
)
def test_a_picture_that_is_none_ends_it_with_a_line(client, data, line):
    async def conversation(socket):
        await socket.send_json({"begin": BEGIN})
        await socket.send_bytes(data)
        return await refusal(socket)

    assert connected(client, conversation).startswith(line)


@pytest.mark.slow
def test_fifty_cameras_do_not_end_it(client):
    async def crowd(session):
        opened = [await session.ws_connect(f"{client.origin}/api/live") for _ in range(50)]
        refused = [await refusal(one) for one in opened[3:]]
        assert {one.close_code for one in opened[3:]} == {1013}
        await opened[0].send_json({"begin": BEGIN})
        await opened[0].send_bytes(picture())
        found = await painted(opened[0])
        with contextlib.suppress(ConnectionError):
            await opened[1].send_bytes(bytes(5 << 20))  # more than a page may say
        assert await refusal(opened[1]) is None
        for one in opened:
            await one.close()
        return set(refused), found

    refused, found = talk(client, crowd)
    assert refused == {"3 cameras are being painted already"}
    assert found.shape == (64, 96, 3)
    test_pictures_come_back_painted_whatever_their_size(client)  # there is room again
