"""The server: it listens on this computer alone, until it is stopped."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from vidstyle.errors import UsageError
from vidstyle.runtime.compute import Compute
from vidstyle.web.events import Events
from vidstyle.web.guard import Guard, add_headers
from vidstyle.web.live import Live
from vidstyle.web.routes import application
from vidstyle.web.session import Language, Limits, Session

_OFTEN = 0.2
"""Seconds after which it is asked again whether it is to stop."""


@dataclass(frozen=True)
class Server:
    """What `serve` is given."""

    pictures: Path
    """The folder of one's own style pictures."""
    language: Language
    on_address: Callable[[str], None]
    """Told each address that lets a browser in, once; in the order in which they become valid."""
    stop: Callable[[], None]
    """Called often; what it raises ends the server."""
    port: int = 0
    """0: any that is free."""
    compute: Compute = Compute()  # noqa: RUF009 - it is frozen
    limits: Limits = Limits()  # noqa: RUF009 - it is frozen

    def serve(self) -> None:
        """Serve until `stop` raises; then end what is being painted, and remove all that was uploaded.

        Raises:
            UsageError: the port is taken.
            OutputError: there is no room for a folder.
        """
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(("127.0.0.1", self.port))
                listening.listen(128)  # before the address is told: who comes early waits
            except OSError as error:
                raise UsageError(
                    f"cannot listen at `port` {self.port} ({error.strerror}); "
                    "take another, or leave it out for one that is free"
                ) from error
            asyncio.run(self._serve(listening))

    async def _serve(self, listening: socket.socket) -> None:
        events = Events(asyncio.get_running_loop(), self.limits.sockets)
        session = Session(self.pictures, self.language, self.compute, self.limits, events.tell)
        try:
            guard = Guard(listening.getsockname()[1], self.on_address)
            cameras = Live(session, self.compute)
            app = application(session, events, cameras, guard.middleware())
            app.on_response_prepare.append(add_headers)
            runner = web.AppRunner(
                app,
                access_log=None,
                handler_cancellation=True,
                lingering_time=1,
                shutdown_timeout=1,
                handle_signals=False,
            )
            await runner.setup()
            try:
                await web.SockSite(runner, listening).start()
                while True:
                    self.stop()
                    await asyncio.sleep(_OFTEN)
            finally:
                await events.close()
                await cameras.close()
                await runner.cleanup()
        finally:
            await asyncio.to_thread(session.close)
