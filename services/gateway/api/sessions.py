"""A gateway's stream of events, its lease, and its word on what it still holds."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from services.gateway import store
from services.gateway.api.access import Gateway, PartsOf
from services.gateway.credentials import Credential
from services.gateway.handlers import leases
from services.gateway.parts import Parts
from services.gateway.wakeups import Wakeups
from shared import telemetry
from shared.contracts.wire import from_iso
from shared.postgres import tenant_transaction

router = APIRouter(tags=["gateways"])

PAGE = 500
UNSETTLED_SECONDS = 0.05


@router.get(
    "/v1/gateway/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
    summary="Offers, assignments, ends, commands and agents' messages for this gateway's contacts, from a cursor on",
)
async def stream(
    request: Request,
    parts: PartsOf,
    credential: Gateway,
    after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    last_event_id: Annotated[str | None, Header(pattern=r"^\d{1,15}$")] = None,
) -> Response:
    """Without a cursor the stream begins at its present end, with `after=0` at the oldest event kept. `Last-Event-ID` wins."""
    cursor = int(last_event_id) if last_event_id is not None else after
    events = _events(parts, request.app.state.wakeups, credential, cursor)
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(parts: Parts, wakeups: Wakeups, credential: Credential, cursor: int | None) -> AsyncGenerator[bytes]:
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        last, pruned_to = await store.stream_bounds(connection, credential.gateway_id) or (0, 0)
    start = last if cursor is None else cursor
    if not pruned_to <= start <= last:  # older than what is kept, or of another database
        start = last if start > last else pruned_to
        yield _frame(start, "StreamReset", json.dumps({"after": start, "hint": "events were missed; reconcile"}))
    else:
        yield _frame(start, "StreamOpened", json.dumps({"after": start}))
    beat_seconds, beat_at = parts.settings.gateway_lease_seconds / 3, float("-inf")
    with wakeups.of(credential.gateway_id) as grown:
        while parts.credentials.still_valid(credential):
            grown.clear()
            async with tenant_transaction(parts.api, credential.tenant) as connection:
                if time.monotonic() - beat_at >= beat_seconds:
                    await store.beat_if_leased(connection, credential.gateway_id)
                    beat_at = time.monotonic()
                found = await store.events_after(connection, credential.gateway_id, start, PAGE)
            unsettled = next((i for i, e in enumerate(found) if e.subject is None and not e.settled), None)
            for event in found[:unsettled]:
                start = event.number
                yield _frame(start, event.type, _with_subject(event))
                telemetry.count("ucc_push_frames_total", stream="gateway")
            if unsettled is not None:  # its key is being written at this moment
                await asyncio.sleep(UNSETTLED_SECONDS)
            elif len(found) < PAGE and not await wakeups.wait(grown, beat_seconds):
                yield b": still here\n\n"


def _with_subject(event: store.StreamEvent) -> str:
    subject = json.dumps(event.subject, ensure_ascii=False)
    return f'{{"subject":{subject},{event.body[1:]}'


def _frame(number: int, kind: str, data: str) -> bytes:
    return f"id: {number}\nevent: {kind}\ndata: {data}\n\n".encode()


class Alive(BaseModel):
    """The gateway's keys of the contacts it holds. `until`: when it looked; contacts that came later are left alone."""

    alive: Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=100_000)]
    until: AwareDatetime | None = None


class ReconcileAnswer(BaseModel):
    """`unknown`: keys UCC has no open contact for; the gateway should end them."""

    alive: int
    failed: int
    unknown: list[str]


@router.post(
    "/v1/gateway/reconcile", summary="What this gateway still holds; every other contact of its ends as failed"
)
async def reconcile(request: Request, parts: PartsOf, credential: Gateway, body: Alive) -> ReconcileAnswer:
    until = None if body.until is None else from_iso(body.until.isoformat())
    signed = "authorization" not in request.headers
    webhook_id = request.headers.get("webhook-id") if signed else None
    done = await leases.reconcile(parts, credential, body.alive, until, webhook_id)
    return ReconcileAnswer(alive=done.alive, failed=done.failed, unknown=done.unknown)


class Lease(BaseModel):
    lease_seconds: float


@router.post("/v1/gateway/heartbeat", summary="Keep a lease from now on; an open stream renews it")
async def heartbeat(parts: PartsOf, credential: Gateway) -> Lease:
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        await store.beat(connection, credential.gateway_id)
    return Lease(lease_seconds=parts.settings.gateway_lease_seconds)


@router.delete("/v1/gateway/heartbeat", status_code=204, summary="Give the lease up in order")
async def leave(parts: PartsOf, credential: Gateway) -> None:
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        await store.give_up_lease(connection, credential.gateway_id)
