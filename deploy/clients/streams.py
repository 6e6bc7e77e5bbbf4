"""Server-sent events as a client reads them: reconnects by itself from the last id seen, so nothing is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import SSEError, aconnect_sse

RECONNECT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a stream: its type, its body and the cursor after it."""

    type: str
    body: Mapping[str, Any]
    cursor: str


async def follow(
    client: httpx.AsyncClient, path: str, *, params: Mapping[str, str] | None = None, after: str | None = None
) -> AsyncGenerator[Frame]:
    """Frames of the stream at `path`, for ever. A refused credential (401, 403) raises httpx.HTTPStatusError."""
    cursor = after
    while True:
        headers = {"Last-Event-ID": cursor} if cursor else {}
        try:
            async with aconnect_sse(
                client, "GET", path, params=dict(params or {}), headers=headers, timeout=httpx.Timeout(10, read=60)
            ) as source:
                if source.response.status_code in (401, 403):
                    source.response.raise_for_status()
                async for event in source.aiter_sse():
                    cursor = event.id or cursor
                    if event.data:
                        body = json.loads(event.data)
                        yield Frame(body.get("type", event.event), body, cursor or "")
        except (httpx.TransportError, SSEError):
            pass  # the service restarts or the line broke: ask again from the cursor
        await asyncio.sleep(RECONNECT_SECONDS)
