"""Who is let in: the browser that was given the address of the terminal, and nobody else."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>vidstyle</title>
<h1>This page belongs to another browser</h1>
<p>Open the address that <code>vidstyle web</code> shows in its terminal. Each address works once;
the newest one is at the bottom.</p></html>"""


class Guard:
    """Checks every request and socket: its host, where it comes from, and its cookie."""

    def __init__(self, port: int, on_address: Callable[[str], None]) -> None:
        """Make the first address.

        Args:
            port: of the server.
            on_address: told each address that lets a browser in, once.
        """
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if port == 80:
            self._hosts |= {"127.0.0.1", "localhost"}
        self._port, self._on_address = port, on_address
        self._cookie, self._secret = f"vidstyle_{port}", secrets.token_urlsafe(32)
        self._token = ""
        self.renew()

    def renew(self) -> None:
        """Let the token be another one, and tell the address."""
        self._token = secrets.token_urlsafe(32)
        self.address = f"http://127.0.0.1:{self._port}/?token={self._token}"
        self._on_address(self.address)

    def middleware(self) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
        """Return what stands before every handler."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if reason := self._stranger(request):
                response: web.StreamResponse = web.json_response({"error": reason}, status=403)
                response.force_close()
                return response
            if self._known(request):
                return await handler(request)
            token = request.query.get("token", "")
            if request.method == "GET" and request.path == "/" and _same(token, self._token):
                self.renew()
                response = web.Response(status=303, headers={"Location": "/"})
                response.set_cookie(
                    self._cookie, self._secret, httponly=True, samesite="Strict", path="/"
                )
                return response
            response = web.Response(text=_REFUSED, content_type="text/html", status=403)
            response.force_close()
            return response

        return check

    def _stranger(self, request: web.Request) -> str | None:
        """Return why a request cannot come from the page; None: it can."""
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "another host is asked for than this computer"
        origins = request.headers.getall("Origin", [])
        if any(origin not in {f"http://{host}" for host in self._hosts} for origin in origins):
            return "the request comes from another page"
        if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            return "the request comes from another page"
        reads = request.method in {"GET", "HEAD"} and "Upgrade" not in request.headers
        if not (origins or reads):
            return "the request does not say which page it comes from"
        return None

    def _known(self, request: web.Request) -> bool:
        return _same(request.cookies.get(self._cookie, ""), self._secret)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add to every response what keeps a browser from asking anybody else, and others from showing it."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
