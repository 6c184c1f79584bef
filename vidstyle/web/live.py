"""The sockets of live cameras: each has a session of its own, in a thread, that ends with the socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from aiohttp import WSMsgType, web

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.live import session as live
from vidstyle.live.controls import Command
from vidstyle.live.meter import Meter
from vidstyle.live.pace import Pace
from vidstyle.live.painter import LivePainter
from vidstyle.live.switching import SwitchingPainter
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look
from vidstyle.web.camera import PageCamera, decode_jpeg
from vidstyle.web.previews import jpeg
from vidstyle.web.renders import told
from vidstyle.web.session import Session

_LARGEST = 4 << 20
"""Bytes of a message: a JPEG."""

_HEARTBEAT = 10
"""Seconds after which a page is asked whether it is there yet; half of it later it is taken to be gone."""

_EVERY = 0.5
"""Seconds from one status to the next."""

_RATES = 5.0, 60.0
"""Frames a second that a page may ask for."""

_SIDES = 64, 3840
"""Pixels of a side of the frames that it announces."""

_ENDING = 15
"""Seconds that the thread of a session may take to end: a model may be being loaded."""


class Live:
    """The open sockets."""

    def __init__(self, session: Session, compute: Compute) -> None:
        self._session, self._compute = session, compute
        self._streams: set[_Stream] = set()
        self._ending: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Paint what a page's camera shows, until the page is gone."""
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, max_msg_size=_LARGEST)
        await socket.prepare(request)
        most = self._session.limits.cameras
        # A browser shows no reason where a socket is refused before it is open.
        if len(self._streams) >= most:
            await socket.send_json({"error": f"{most} cameras are being painted already"})
            await socket.close(code=1013)
            return socket
        stream = _Stream(socket, self._session, self._compute)
        self._streams.add(stream)
        try:
            await stream.listen()
        finally:
            ending = asyncio.create_task(self._end(stream))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
        return socket

    async def _end(self, stream: _Stream) -> None:
        """End a session; it counts until its thread has ended."""
        try:
            await stream.end()
        finally:
            self._streams.discard(stream)

    async def close(self) -> None:
        """End all."""
        for stream in list(self._streams):
            await stream.leave()
        await asyncio.sleep(0)
        if self._ending:
            await asyncio.wait(self._ending, timeout=_ENDING)


class _Stream:
    """One page's camera: what comes by its socket, and the session that paints it. See `live.outputs.Output`."""

    def __init__(self, socket: web.WebSocketResponse, session: Session, compute: Compute) -> None:
        self._socket, self._session, self._compute = socket, session, compute
        self._loop = asyncio.get_running_loop()
        self._camera = PageCamera(session.limits.silence)
        self._commands: dict[str, Command] = {}
        """The newest of each kind: while a model is being loaded nobody heeds them."""
        self._lock = threading.Lock()
        self._peer: Any = None
        self._show: Callable[[Pixels, float], None] | None = None
        self._late: deque[float] = deque(maxlen=30)
        self._thread: threading.Thread | None = None
        self._sends: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Heed what the page sends, until it is gone."""
        async for message in self._socket:
            try:
                if message.type == WSMsgType.BINARY:
                    self._show = self._send_jpeg
                    self._camera.put(lambda data=message.data: decode_jpeg(data))  # type: ignore[misc]
                elif message.type == WSMsgType.TEXT:
                    await self._heed(_parsed(message.data))
            except UsageError as error:
                await self._fail(self._session.said(str(error)))

    async def _heed(self, said: Mapping[str, Any]) -> None:
        for what, value in said.items():
            if what == "begin" and self._thread is None:
                self._begin(value)
            elif what == "offer" and isinstance(value, str):
                await self._answer(value)
            elif what == "style" and isinstance(value, str):
                self._session.style(value)  # or it is refused at once
                self._command(Command("style", value))
            elif what in {"strength", "stability"}:
                self._command(Command(what, _number(what, value, 0, 1)))
            else:
                raise UsageError(f"a camera's page must not send {str(what)[:40]} now")

    def _command(self, command: Command) -> None:
        with self._lock:
            self._commands[command.what] = command

    def _begin(self, asked: object) -> None:
        asked = asked if isinstance(asked, Mapping) else {}
        style = asked.get("style")
        if not isinstance(style, str):
            raise UsageError("expected the name of a style")
        self._session.style(style)
        strength, stability = (_number(n, asked.get(n), 0, 1) for n in ("strength", "stability"))
        height, width = (round(_number(n, asked.get(n), *_SIDES)) for n in ("height", "width"))
        pace = Pace(_number("rate", asked.get("rate"), *_RATES), height, width)
        self._thread = threading.Thread(
            target=self._run, args=(style, strength, stability, pace), daemon=True, name="live"
        )
        self._thread.start()

    async def _answer(self, offer: str) -> None:
        if self._peer:
            raise UsageError("there is an offer already")
        try:
            module = await asyncio.to_thread(import_module, "vidstyle.web.peer")
        except ImportError:  # aiortc is missing: the page sends JPEGs then
            await self._send({"answer": None})
            return
        peer = module.Peer(self._camera)
        try:
            answer = await peer.answer(offer)
        except UsageError:
            await peer.close()
            raise
        if answer:
            self._peer, self._show = peer, peer.show
        else:  # the page sends JPEGs then, too
            await peer.close()
        await self._send({"answer": answer})

    def _load(self, style: str, strength: float, stability: float) -> LivePainter:
        named = str(self._session.style(style))
        return LivePainter.of(
            [named], self._compute, look=Look(strength=strength, stability=stability)
        )

    def _run(self, style: str, strength: float, stability: float, pace: Pace) -> None:
        """Load and paint; the session's thread."""
        try:
            painter = SwitchingPainter(
                *(style, self._load, lambda error: self._tell({"note": str(error)})),
                strength=strength,
                stability=stability,
            )
            try:
                live.Session(
                    self._camera,
                    painter,
                    [self],
                    pace,
                    say=lambda line: self._tell({"note": line}),
                    warm_up=False,
                    on_status=self._report,
                    every=_EVERY,
                ).run()
            finally:
                painter.close()
        except Exception as error:  # the page is told
            line = self._session.said(told(error))
            self._post(lambda: self._fail(line))

    def put(self, pixels: Pixels, stamp: float, meter: Meter | None) -> None:
        """See `Output.put`."""
        if self._show:
            self._show(pixels, stamp)
        late = time.monotonic() - stamp
        self._late.append(late)
        if meter:
            meter.add(late)

    def commands(self) -> list[Command]:
        """Return what the page has asked for since the last call."""
        with self._lock:
            commands = list(self._commands.values())
            self._commands.clear()
        return commands

    def _send_jpeg(self, pixels: Pixels, stamp: float) -> None:
        data = jpeg(pixels)
        self._post(lambda: self._socket.send_bytes(data))

    def _report(self, status: live.Status) -> None:
        late = sorted(self._late)
        height, width = status.size
        facts = {
            "rate": status.rate,
            "late": late[len(late) // 2] if late else 0,
            "sending": self._peer.sending if self._peer else 0,
            "size": [width, height],
            "came": status.came,
            "dropped": status.dropped,
        }
        self._tell({"status": facts})

    def _tell(self, facts: Mapping[str, object]) -> None:
        """Send the page something; from any thread."""
        if "note" in facts:
            facts = {"note": self._session.said(str(facts["note"]))}
        self._post(lambda: self._send(facts))

    def _post(self, send: Callable[[], Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._start, send)

    def _start(self, send: Callable[[], Any]) -> None:
        async def sending() -> None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await send()

        task = asyncio.create_task(sending())
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, facts: Mapping[str, object]) -> None:
        await self._socket.send_json(facts)

    async def _fail(self, line: str) -> None:
        """Tell why it ends."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._send({"error": line})
        await self._socket.close(code=1008)

    def close(self) -> None:
        """See `Output.close`: the socket is closed where it was opened."""

    async def leave(self) -> None:
        """Close the socket, by which all ends."""
        await self._socket.close(code=1001)

    async def end(self) -> None:
        """End the session and the connection, and wait for them."""
        self._camera.close()
        if self._peer:
            await self._peer.close()
        if self._thread:
            await asyncio.to_thread(self._thread.join, _ENDING)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("expected JSON") from error
    if not isinstance(said, dict):
        raise UsageError("expected an object of JSON")
    return said


def _number(what: str, value: object, low: float, high: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    raise UsageError(f"expected {low:g} to {high:g} for {what}, got {str(value)[:40]}")
