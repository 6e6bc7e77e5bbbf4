"""Two ways of telling 1,000 pages the same thing, under the same server: the console's push, and a bare loop of sends."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from services.console.domain.shapes import WALLBOARD, Notice
from services.console.push import FrameLog, encode_frame, encode_shape, stream

SHAPE = {"group": "rental", "waiting": 3, "longest_wait_since": 1_700_000_000_000_000, "answered": 120, "offered": 130}


class PushServer:
    """ASGI: `/push` and `/raw` are endless; `/tell?way=…&frames=…` sends that many frames one by one to everybody there."""

    def __init__(self) -> None:
        self.log = FrameLog("bench")
        self.raw: list[Send] = []
        self.frame = encode_frame("bench-1", encode_shape("group", SHAPE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["path"] == "/push":
            subscription = self.log.subscribe([WALLBOARD], None, time.time() + 3600)
            await stream(subscription, lambda: b"data: snapshot\n\n", receive, send)
        elif scope["path"] == "/raw":
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
            )
            await send({"type": "http.response.body", "body": b"data: snapshot\n\n", "more_body": True})
            self.raw.append(send)
            while (await receive())["type"] != "http.disconnect":
                pass
            self.raw.remove(send)
        else:
            asked = parse_qs(scope["query_string"].decode())
            await self.tell(asked["way"][0], int(asked["frames"][0]))
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def tell(self, way: str, frames: int) -> None:
        for _ in range(frames):
            if way == "raw":
                for send in self.raw:
                    await send({"type": "http.response.body", "body": self.frame, "more_body": True})
                await asyncio.sleep(0)
            else:
                self.log.append(Notice("group", (WALLBOARD,), SHAPE))
                while any(
                    s.cursor < self.log.last for s in self.log.subscriptions
                ):  # one frame at a time, as the raw loop
                    await asyncio.sleep(0)


def create_app() -> PushServer:
    return PushServer()
