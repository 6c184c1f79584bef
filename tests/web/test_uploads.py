"""Uploads that end too late, or do not fit: with limits that a test can reach."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer as Serving

from vidstyle.web.session import Limits
from vidstyle.web.uploads import Refused, receive


def sent(path, body, most, limits):
    """Return the status and the reason for a body, an iterator of chunks; 201 where it is taken."""

    async def take(request):
        try:
            await receive(request, path, most, limits)
        except Refused as refused:
            answer = web.Response(status=refused.status, text=str(refused))
            answer.force_close()
            return answer
        return web.Response(status=201)

    async def run():
        app = web.Application()
        app.router.add_put("/", take)
        async with (
            Serving(app) as server,
            ClientSession() as session,
            session.put(server.make_url("/"), data=body()) as answer,
        ):
            return answer.status, await answer.text()

    return asyncio.run(run())


async def whole():
    for _ in range(5):
        yield b"x" * 300000


async def stuck():
    yield b"x" * 300000
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    ("body", "most", "limits", "expected"),
    [
        (whole, 1500000, Limits(), (201, "")),
        (whole, 1499999, Limits(), (413, "expected a file of 1.43051 MiB at most")),
        (stuck, 1500000, Limits(silence=0.2), (408, "nothing came for 0.2 seconds")),
        (whole, 1500000, Limits(spare=1 << 60), (507, "there is no room")),
    ],
    ids=["whole", "large", "stuck", "full"],
)
def test_an_upload_is_whole_or_not_there(tmp_path, body, most, limits, expected):
    status, reason = sent(tmp_path / "a", body, most, limits)
    assert (status, reason[: len(expected[1])]) == expected
    assert [p.stat().st_size for p in tmp_path.iterdir()] == ([1500000] if status == 201 else [])
