"""A gateway of one's own, as anybody outside would write it: signed batches in, its stream of commands out."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import httpx

from deploy.clients.streams import Frame, follow
from shared.contracts.wire import to_iso
from shared.security import sign_webhook

RETRY_SECONDS = 0.2
SECONDS = 15.0
FAX_SECONDS = 120.0  # its pages are read before it is acknowledged


def cloud_event(kind: str, subject: str, at: int, data: Mapping[str, Any], *, event_id: str = "") -> dict[str, Any]:
    """A CloudEvent in structured JSON; `at` in microseconds, `subject` the gateway's own key of the contact."""
    return {
        "specversion": "1.0",
        "id": event_id or uuid.uuid4().hex,
        "type": kind,
        "subject": subject,
        "time": to_iso(at),
        "datacontenttype": "application/json",
        "data": dict(data),
    }


class GatewayRefused(RuntimeError):
    """The gateway service said no for good (4xx); the text is its problem document."""

    def __init__(self, status: int, path: str, problem: str) -> None:
        super().__init__(f"{status} {path}: {problem}")
        self.status = status


class GatewayClient:
    """Speaks the signed HTTP interface of the gateway service for one set of credentials."""

    def __init__(
        self, url: str, gateway_id: str, secret: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.gateway_id = gateway_id
        self._secret = secret
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        self._http = httpx.AsyncClient(
            base_url=url, timeout=SECONDS, trust_env=False, limits=limits, transport=transport
        )
        self._stream_http = httpx.AsyncClient(base_url=url, trust_env=False, auth=self._signed, transport=transport)

    def _signed(self, request: httpx.Request) -> httpx.Request:
        body = request.read()
        signature = sign_webhook(self._secret, f"msg_{uuid.uuid4().hex}", body, int(time.time()))
        request.headers.update({**signature, "UCC-Gateway": self.gateway_id})
        return request

    async def send(self, *events: Mapping[str, Any]) -> dict[str, str]:
        """Deliver events; repeats until acknowledged (event ids make that harmless). Subject → contact id."""
        body = json.dumps(events).encode()
        answer = await self._post("/v1/contact-events", content=body, kind="application/cloudevents+json")
        return answer.get("contacts", {})

    async def reconcile(self, alive: Sequence[str]) -> dict[str, Any]:
        """Every other open contact of this gateway ends as failed."""
        return await self._post("/v1/gateway/reconcile", content=json.dumps({"alive": list(alive)}).encode())

    async def heartbeat(self) -> None:
        """Renew the lease for contacts this gateway carries."""
        await self._post("/v1/gateway/heartbeat", content=b"{}")

    async def write(self, subject: str, message_id: str, text: str) -> bool:
        """A visitor writes. False: the conversation was over already."""
        body = json.dumps({"message_id": message_id, "text": text}).encode()
        try:
            await self._post(f"/v1/contacts/{subject}/messages", content=body)
        except GatewayRefused as error:
            if error.status != 409:
                raise
            return False
        return True

    async def fax(self, document: bytes, fields: Mapping[str, str]) -> dict[str, Any]:
        """Deposit a fax (PDF). Answers contact_id, file_id and pages."""
        request = httpx.Request(
            "POST", str(self._http.base_url) + "/v1/faxes", data=dict(fields),
            files={"file": ("fax.pdf", document, "application/pdf")},
        )  # fmt: skip
        body, kind = request.read(), request.headers["content-type"]
        return await self._post("/v1/faxes", content=body, kind=kind, seconds=FAX_SECONDS)

    async def _post(
        self, path: str, *, content: bytes, kind: str = "application/json", seconds: float = SECONDS
    ) -> dict[str, Any]:
        while True:
            try:
                answer = await self._http.post(
                    path, content=content, headers={"content-type": kind}, auth=self._signed, timeout=seconds
                )  # signed anew each time: a signature is good for 300 s
            except httpx.TransportError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status_code in (429, 503):
                await asyncio.sleep(float(answer.headers.get("retry-after", RETRY_SECONDS)))
                continue
            if answer.is_error:
                raise GatewayRefused(answer.status_code, path, answer.text[:400])
            return answer.json() if answer.content else {}

    def stream(self, after: str | None = None) -> AsyncGenerator[Frame]:
        """Decisions and commands for this gateway's contacts, for ever."""
        return follow(self._stream_http, "/v1/gateway/stream", after=after)

    async def close(self) -> None:
        await self._http.aclose()
        await self._stream_http.aclose()
