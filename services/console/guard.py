"""What stands between a browser and every route: no foreign page may act with our cookie, and a used session renews itself.

Requests with a bearer token pass untouched: no browser sends one by itself.
"""

from __future__ import annotations

import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.sessions import SECRET_COOKIE, TOKEN_COOKIE, SignIns, token_expiry
from services.console.settings import ConsoleSettings
from shared.http import problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WITHOUT_SESSION = ("/static/", "/livez", "/readyz", "/metrics")


def cookie_headers(settings: ConsoleSettings, token: str, secret: str | None) -> list[str]:
    """`Set-Cookie` values; an empty token deletes both. The token's cookie outlives it a little: an expired one is renewed."""
    secure = "; Secure" if settings.console_url.startswith("https:") else ""
    age = settings.session_seconds if token else 0
    manner = f"Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
    cookies = [f"{TOKEN_COOKIE}={token}; {manner}"]
    if secret is not None:
        cookies.append(f"{SECRET_COOKIE}={secret}; {manner}")
    return cookies


def read_cookies(headers: Headers) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


class BrowserGuard:
    """ASGI middleware. `sign_ins` is asked for at each request: it exists once the service has started."""

    def __init__(self, app: ASGIApp, settings: ConsoleSettings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(WITHOUT_SESSION):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        if "authorization" in headers:
            return await self.app(scope, receive, send)
        cookies = read_cookies(headers)
        holds_cookie = TOKEN_COOKIE in cookies or SECRET_COOKIE in cookies
        if scope["method"] not in SAFE_METHODS and not self._own_page(headers, required=holds_cookie):
            answer = problem(403, "foreign_origin", "this request does not come from a page of this console")
            return await answer(scope, receive, send)
        changes_session = scope["path"] == "/api/session" and scope["method"] not in SAFE_METHODS
        if SECRET_COOKIE in cookies and not changes_session and self._half_spent(scope, cookies.get(TOKEN_COOKIE, "")):
            sign_ins: SignIns = scope["app"].state.parts.sign_ins
            renewed = await sign_ins.renew(cookies[SECRET_COOKIE])
            if renewed is not None:
                send = _with_cookies(send, cookie_headers(self.settings, renewed.token, None))
                MutableHeaders(scope=scope)["cookie"] = f"{TOKEN_COOKIE}={renewed.token}; " + "; ".join(
                    f"{name}={value}" for name, value in cookies.items() if name != TOKEN_COOKIE
                )
        await self.app(scope, receive, send)

    def _own_page(self, headers: Headers, *, required: bool) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return not required
        return urlsplit(origin).netloc in (headers.get("host", ""), urlsplit(self.settings.console_url).netloc)

    def _half_spent(self, scope: Scope, token: str) -> bool:
        left = token_expiry(token) - time.time()
        return left < self.settings.token_seconds / 2 or scope["app"].state.verifier.verify(token) is None


def _with_cookies(send: Send, cookies: list[str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *((b"set-cookie", c.encode()) for c in cookies)]
        await send(message)

    return sending
