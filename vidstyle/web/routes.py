"""What the page asks of the server."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web

from vidstyle.errors import OutputError, UsageError, VidstyleError
from vidstyle.images.masks import read_mask
from vidstyle.media.reading import Reading
from vidstyle.web.clips import Clip
from vidstyle.web.engine import PICTURE, TILE
from vidstyle.web.events import Events
from vidstyle.web.live import Live
from vidstyle.web.names import picture_name
from vidstyle.web.previews import thumbnail
from vidstyle.web.renders import DONE, told
from vidstyle.web.session import Session
from vidstyle.web.settings import Settings
from vidstyle.web.uploads import Refused, receive

ResultT = TypeVar("ResultT")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SHOWN = ("video/", "image/")
"""Types of files that are shown as what they are. A page or a script that was uploaded is not."""

_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what goes wrong into a status and a line."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _said(error.status, error.reason)
    except Refused as refused:
        response = _said(refused.status, str(refused))
        response.force_close()  # what comes yet is not read
        return response
    except KeyError:
        return _said(404, "there is no such clip or result; it was removed, or the server is new")
    except ConnectionError:
        return _said(400, "the connection was lost")
    except Exception as error:
        status = 507 if isinstance(error, OutputError) else 400
        line = request.app[SESSION].said(told(error))
        return _said(status if isinstance(error, VidstyleError) else 500, line)


def _said(status: int, line: str) -> web.Response:
    return web.json_response({"error": line}, status=status)


SESSION = web.AppKey("session", Session)
EVENTS = web.AppKey("events", Events)


def application(session: Session, events: Events, cameras: Live, guard: Any) -> web.Application:
    """Return the server's application, whose first middleware is the guard."""
    app = web.Application(middlewares=[guard, errors], client_max_size=1 << 16)
    app[SESSION], app[EVENTS] = session, events
    routes = _Routes(session, events)
    for name, data in _page().items():
        app.router.add_get(f"/{name}".removesuffix("index.html"), _file(data, name))
    app.router.add_routes(
        [
            web.get("/api/constants", routes.constants),
            web.get("/api/events", routes.events),
            web.get("/api/live", cameras.serve),
            web.post("/api/live/command", routes.live_command),
            web.put("/api/clips", routes.upload),
            web.delete("/api/clips/{id}", routes.remove_clip),
            web.get("/api/clips/{id}/file", routes.clip_file),
            web.get("/api/clips/{id}/frame", routes.frame),
            web.get("/api/clips/{id}/styles/{style}", routes.tile),
            web.post("/api/clips/{id}/preview", routes.preview),
            web.post("/api/clips/{id}/command", routes.command),
            web.post("/api/clips/{id}/render", routes.render),
            web.put("/api/masks", routes.take_mask),
            web.delete("/api/masks/{name}", routes.remove_mask),
            web.put("/api/pictures", routes.keep_picture),
            web.delete("/api/pictures/{name}", routes.remove_picture),
            web.get("/api/pictures/{name}", routes.picture),
            web.delete("/api/renders/{id}", routes.cancel),
            web.get("/api/renders/{id}/file", routes.result),
        ]
    )
    return app


def _page() -> dict[str, bytes]:
    folder = resources.files("vidstyle.web") / "page"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


def _file(data: bytes, name: str) -> Handler:
    kind = _TYPES[name.rpartition(".")[2]]

    async def send(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=data, content_type=kind, charset="utf-8" if "text" in kind else None
        )

    return send


class _Routes:
    """The handlers."""

    def __init__(self, session: Session, events: Events) -> None:
        self._session, self._events = session, events

    async def _call(self, function: Callable[[], ResultT], urgency: int = PICTURE) -> ResultT:
        """Let the engine call a function; dropped where the browser no longer waits for it."""
        return await asyncio.wrap_future(self._session.engine.call(function, urgency))

    def _clip(self, request: web.Request) -> Clip:
        return self._session.clip(request.match_info["id"])

    async def constants(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._session.constants)

    async def events(self, request: web.Request) -> web.StreamResponse:
        return await self._events.listen(request, lambda: self._session.facts)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        session = self._session
        session.check_clips()
        path = session.place(request.query.get("name", ""))
        clip = None
        try:
            await receive(request, path, session.limits.upload, session.limits)
            clip = await self._call(lambda: Clip.of(path.parent.name, path))
        finally:
            if clip is None:
                session.discard(path)
        session.add(clip)
        return web.json_response(clip.facts, status=201)

    async def remove_clip(self, request: web.Request) -> web.StreamResponse:
        clip = self._session.remove_clip(request.match_info["id"])
        await asyncio.to_thread(self._session.discard, clip.path)
        return web.json_response({})

    async def clip_file(self, request: web.Request) -> web.StreamResponse:
        return _sent(self._clip(request).path, download=False)

    async def frame(self, request: web.Request) -> web.StreamResponse:
        clip, time = self._clip(request), _time(request.query.get("time", "0"))
        reading = Reading(hdr=request.query.get("hdr", Reading().hdr))
        return _jpeg(await self._call(lambda: self._session.previews.original(clip, time, reading)))

    async def tile(self, request: web.Request) -> web.StreamResponse:
        clip, style = self._clip(request), self._session.style(request.match_info["style"])
        return _jpeg(await self._call(lambda: self._session.previews.tile(clip, style), TILE))

    async def preview(self, request: web.Request) -> web.StreamResponse:
        clip, asked = self._clip(request), await _asked(request)
        time, settings = _time(asked.pop("time", 0)), Settings.of(asked)
        style, masks = self._session.style(settings.style), settings.masks.of(self._session.masks)
        previews = self._session.previews
        return _jpeg(await self._call(lambda: previews.painted(clip, time, settings, style, masks)))

    async def command(self, request: web.Request) -> web.StreamResponse:
        settings = Settings.of(await _asked(request))
        command = self._session.command(self._clip(request), settings)
        options = self._session.options(settings)
        return web.json_response({"command": command, "options": options})

    async def live_command(self, request: web.Request) -> web.StreamResponse:
        settings = Settings.of(await _asked(request))
        command = self._session.live_command(settings)
        return web.json_response({"command": command, "options": self._session.options(settings)})

    async def render(self, request: web.Request) -> web.StreamResponse:
        settings = Settings.of(await _asked(request))
        made = self._session.render(self._clip(request), settings)
        return web.json_response(made.facts, status=201)

    async def take_mask(self, request: web.Request) -> web.StreamResponse:
        session = self._session
        path = session.place(picture_name(request.query.get("name", ""), "mask"))
        name = None
        try:
            await receive(request, path, session.limits.picture, session.limits)
            await self._call(lambda: read_mask(path))
            name = session.add_mask(path)
        finally:
            if name is None:
                session.discard(path)
        return web.json_response({"name": name}, status=201)

    async def remove_mask(self, request: web.Request) -> web.StreamResponse:
        path = self._session.remove_mask(request.match_info["name"])
        await asyncio.to_thread(self._session.discard, path)
        return web.json_response({})

    async def keep_picture(self, request: web.Request) -> web.StreamResponse:
        session = self._session
        path = session.place("style")
        try:
            await receive(request, path, session.limits.picture, session.limits)
            name = request.query.get("name", "")
            kept = await self._call(lambda: session.pictures.keep(path, name))
        finally:
            session.discard(path)
        session.changed()
        return web.json_response({"name": kept}, status=201)

    async def remove_picture(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        await self._call(lambda: self._session.pictures.remove(name))
        self._session.changed()
        return web.json_response({})

    async def picture(self, request: web.Request) -> web.StreamResponse:
        path = self._session.pictures.by_name[request.match_info["name"]]
        return _jpeg(await self._call(lambda: thumbnail(path), TILE))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        removed = self._session.cancel(request.match_info["id"])
        if removed:
            await asyncio.to_thread(self._session.discard, removed.output)
        return web.json_response({})

    async def result(self, request: web.Request) -> web.StreamResponse:
        render = self._session.renders[request.match_info["id"]]
        if render.status != DONE:
            raise UsageError(f"{render.output.name} is not finished")
        return _sent(render.output, download="download" in request.query)


async def _asked(request: web.Request) -> dict[str, Any]:
    try:
        asked = json.loads(await request.text())
    except (ValueError, RecursionError) as error:
        raise UsageError("expected JSON") from error
    if not isinstance(asked, dict):
        raise UsageError("expected an object of JSON")
    return asked


def _time(given: object) -> float:
    try:
        time = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        time = -1.0
    if not 0 <= time < 1e8:
        raise UsageError(f"expected a time in seconds, got {str(given)[:40]}")
    return time


def _jpeg(data: bytes) -> web.Response:
    return web.Response(body=data, content_type="image/jpeg")


def _sent(path: Path, *, download: bool) -> web.StreamResponse:
    kind = mimetypes.guess_type(path.name)[0] or ""
    shown = kind.startswith(_SHOWN) and kind != "image/svg+xml"
    response = web.FileResponse(path)
    response.content_type = kind if shown else "application/octet-stream"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if download or not shown:
        # As in RFC 6266: names have letters that a header has not.
        response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(path.name)}"
    return response
