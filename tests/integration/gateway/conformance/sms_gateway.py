"""An SMS gateway: takes texts over HTTP (once for an idempotency key), signs what it delivers, reports what became of ours."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from shared.security import sign_webhook


@dataclass
class SmsGateway:
    """`refusals`: how often the next requests are answered 503 first; `on_air`: accepted texts, as they were sent."""

    http: httpx.AsyncClient
    inbound_url: str = ""
    reports_url: str = ""
    secret: str = ""
    refusals: int = 0
    asked: int = 0
    on_air: list[dict[str, Any]] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)  # deliveries to us
    ids: dict[str, str] = field(default_factory=dict)  # idempotency key → our id
    reporting: set[asyncio.Task[Any]] = field(default_factory=set)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/texts")
        async def send(request: Request) -> Response:
            assert request.headers["authorization"] == "Bearer key of the gateway"
            self.asked += 1
            if self.refusals > 0:
                self.refusals -= 1
                return JSONResponse({"error": "busy"}, 503)
            key, text = request.headers["idempotency-key"], await request.json()
            if key not in self.ids:
                self.ids[key] = uuid.uuid4().hex
                self.on_air.append(text)
                reporting = asyncio.create_task(self.report(self.ids[key], "delivered"))
                self.reporting.add(reporting)
                reporting.add_done_callback(self.reporting.discard)
            return JSONResponse({"message": {"id": self.ids[key]}}, 202)

        return app

    async def text(self, sender: str, to: str, words: str, **more: str) -> httpx.Response:
        body = {"message": {"id": uuid.uuid4().hex, "text": words}, "from": sender, "to": to, **more}
        return await self.post(self.inbound_url, body)

    async def report(self, message_id: str, status: str) -> httpx.Response:
        return await self.post(self.reports_url, {"message": {"id": message_id}, "status": status, "error": "30003"})

    async def post(self, url: str, body: dict[str, Any]) -> httpx.Response:
        raw = json.dumps(body).encode()
        self.sent.append((url, raw))
        return await self.deliver(url, raw)

    async def deliver(self, url: str, raw: bytes) -> httpx.Response:
        signed = sign_webhook(self.secret, f"msg_{uuid.uuid4().hex}", raw, int(time.time()))
        return await self.http.post(url, content=raw, headers={"content-type": "application/json", **signed})
