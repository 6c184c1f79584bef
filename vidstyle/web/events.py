"""The sockets by which pages hear what is new."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import WSMsgType, web

_PAUSE = 0.15
"""Seconds from one message to the next, at least."""


class Events:
    """Open sockets, and what wakes them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop, self._most = loop, most
        self._open: dict[web.WebSocketResponse, asyncio.Event] = {}

    def tell(self) -> None:
        """Let every page hear of something new; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for news in self._open.values():
            news.set()

    async def listen(
        self, request: web.Request, facts: Callable[[], dict[str, object]]
    ) -> web.StreamResponse:
        """Send a page all facts, now and whenever they have changed, until it is gone."""
        if len(self._open) >= self._most:
            return web.json_response({"error": f"{self._most} pages are open already"}, status=503)
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=1024)
        news = asyncio.Event()
        news.set()
        self._open[socket] = news
        try:
            await socket.prepare(request)
            sending = asyncio.create_task(self._send(socket, news, facts))
            try:
                async for message in socket:
                    if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                        break  # a page says nothing
            finally:
                sending.cancel()
            await socket.close()
        finally:
            del self._open[socket]
        return socket

    async def _send(
        self,
        socket: web.WebSocketResponse,
        news: asyncio.Event,
        facts: Callable[[], dict[str, object]],
    ) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await news.wait()
                news.clear()
                await socket.send_json(facts())
                await asyncio.sleep(_PAUSE)

    async def close(self) -> None:
        """Close all sockets."""
        for socket in list(self._open):
            await socket.close(code=1001)
