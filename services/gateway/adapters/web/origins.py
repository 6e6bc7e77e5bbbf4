"""Which pages may speak to a site's chat: CORS for its visitor routes, answered for errors and preflights too.

No cookies are involved: a visitor's token travels in a header, so a foreign page has nothing to act with; the list of
origins keeps others from offering our chat as theirs.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.adapters.web.settings import WebSettings
from shared.errors import NotFound
from shared.http import problem

PREFIX = "/v1/web/"
ALLOWED = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-max-age": "3600",
}


class Origins:
    """ASGI middleware for `/v1/web/{site}/…`: a foreign page that is not listed is refused before anything is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            return await self.app(scope, receive, send)
        allowed = self._allowed(scope, origin, headers.get("host", ""))

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.add_vary_header("Origin")
                if allowed:
                    answer["access-control-allow-origin"] = origin
            await send(message)

        if not allowed:
            return await problem(403, "foreign_origin", "this page may not use the chat")(scope, receive, marked)
        if scope["method"] == "OPTIONS":
            return await _preflight(marked)
        await self.app(scope, receive, marked)

    @staticmethod
    def _allowed(scope: Scope, origin: str, host: str) -> bool:
        """Pages of our own host (the demonstration) may, and those the site's settings name; of no site none."""
        if urlsplit(origin).netloc == host:
            return True
        site = scope["path"].removeprefix(PREFIX).partition("/")[0]
        try:
            settings: WebSettings = scope["app"].state.channels.port(site, "web")[1]
        except NotFound:
            return False
        return "*" in settings.origins or origin.lower() in {allowed.lower() for allowed in settings.origins}


async def _preflight(send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in ALLOWED.items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
