"""One Asterisk by its REST interface (ARI): requests, and the events of our application over a WebSocket.

Three things can become of a request, and callers care which: it was done, the thing is gone (`Gone`: the channel hung up
while we spoke, whose own event tells), or Asterisk cannot be reached (`Away`: reconciled when it is back). Everything else
is a refusal (`AriRefused`): a fault of settings or of ours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import websockets
from websockets.exceptions import WebSocketException

REQUEST_SECONDS: Final = 5.0
CONNECTIONS: Final = 32
PING_SECONDS: Final = 5.0
"""A dead line to Asterisk is noticed within two of these."""
EVENT_BYTES: Final = 4 * 2**20
GONE: Final = frozenset({404, 409, 412})  # no such thing · not in our application any more · channel not up
"""Into and out of bridges it says 400 of a channel it does not know."""


class Away(Exception):
    """Asterisk does not answer, or not in time: whether the request was carried out is unknown."""


class Gone(Exception):
    """What the request is about is not there (any more)."""


class AriRefused(Exception):
    """Asterisk said no."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"{what}: {status}")
        self.status = status


def path(*parts: str) -> str:
    """A request path of parts that may hold any character."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


class Ari:
    """A client of one Asterisk for one Stasis application. Close it after use."""

    def __init__(self, url: str, user: str, password: str, app: str, *, seconds: float = REQUEST_SECONDS) -> None:
        self.app = app
        self._url = url.rstrip("/")
        self._credentials = (user, password)
        self._http = httpx.AsyncClient(
            base_url=self._url, auth=self._credentials, timeout=seconds, trust_env=False,
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )  # fmt: skip

    async def close(self) -> None:
        await self._http.aclose()

    async def request(self, method: str, where: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """The JSON answer (None without a body). Raises Gone, Away, AriRefused."""
        answer = await self._ask(method, where, body, query)
        return answer.json() if answer.content else None

    async def download(self, where: str) -> bytes:
        """A file, such as a stored recording. Raises Gone, Away, AriRefused."""
        return (await self._ask("GET", where, None, {})).content

    async def _ask(
        self, method: str, where: str, body: Mapping[str, Any] | None, query: Mapping[str, Any]
    ) -> httpx.Response:
        asked = {name: value for name, value in query.items() if value is not None}
        try:
            answer = await self._http.request(method, where, params=asked, json=body)
        except httpx.TransportError as error:
            raise Away(type(error).__name__) from error
        if answer.status_code in GONE or (answer.status_code == httpx.codes.BAD_REQUEST and where.endswith("Channel")):
            raise Gone(where.split("/")[1])
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise Away("503")
        if answer.is_error:
            raise AriRefused(answer.status_code, f"{method} /{where.split('/')[1]}")
        return answer

    @asynccontextmanager
    async def events(self) -> AsyncGenerator[AsyncGenerator[Mapping[str, Any]]]:
        """The application, registered while the block runs, and its events. Raises Away when the line cannot be opened
        and, out of the events, when it breaks."""
        user, password = (quote(part, safe="") for part in self._credentials)
        query = f"app={quote(self.app, safe='')}&api_key={user}:{password}"
        async with self._line(f"{urlsplit(self._url).path}/events", query) as line:
            yield _events(_read(line))

    @asynccontextmanager
    async def sound(self, connection: str) -> AsyncGenerator[AsyncGenerator[bytes]]:
        """What a channel of external media that waits for us is sent, as long as the block runs: bytes of its format.

        Raises Away when the line cannot be opened and, out of the sound, when it breaks.
        """
        where = urlsplit(self._url).path.removesuffix("/ari")
        async with self._line(f"{where}/media/{quote(connection, safe='')}", subprotocol="media") as line:
            yield _sound(_read(line))

    @asynccontextmanager
    async def _line(
        self, where: str, query: str = "", subprotocol: str | None = None
    ) -> AsyncGenerator[websockets.ClientConnection]:
        parts = urlsplit(self._url)
        url = urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, where, query, ""))
        try:
            line = await websockets.connect(
                url, max_size=EVENT_BYTES, open_timeout=REQUEST_SECONDS, ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS, proxy=None,
                subprotocols=None if subprotocol is None else [websockets.Subprotocol(subprotocol)],
            )  # fmt: skip
        except (OSError, WebSocketException, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Away(type(error).__name__) from error
        try:
            yield line
        finally:
            await line.close()


async def _events(frames: AsyncGenerator[str | bytes]) -> AsyncGenerator[Mapping[str, Any]]:
    async for frame in frames:
        yield json.loads(frame)


async def _sound(frames: AsyncGenerator[str | bytes]) -> AsyncGenerator[bytes]:
    async for frame in frames:
        if isinstance(frame, bytes):  # a text is about the line itself
            yield frame


async def _read(line: websockets.ClientConnection) -> AsyncGenerator[str | bytes]:
    try:
        async for frame in line:
            yield frame
    except (WebSocketException, OSError) as error:
        raise Away(type(error).__name__) from error
    raise Away("closed")
