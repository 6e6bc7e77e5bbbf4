"""The smallest channel: carrier pigeons. Slips come in by HTTP, answers go out by HTTP. Explained in docs/adding-a-channel.md."""

from __future__ import annotations

import httpx
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel

from services.gateway.adapters.kind import ChannelKind, port_of
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.entries import Entry
from shared.contracts.conversation_messages import MessageSent
from shared.security import verify_webhook

router = APIRouter(prefix="/v1/pigeons/{gateway_id}", tags=["pigeons"])


class PigeonSettings(BaseModel):
    entries: tuple[Entry, ...]
    loft_url: str  # where answers are flown from


class Slip(BaseModel):
    key: str  # the carrier's own id of the slip: a repeat is a repeat
    home: str  # the pigeon's home: one conversation
    text: str


@router.post("/slips", status_code=202)
async def receive(request: Request, gateway_id: str, slip: Slip) -> None:
    port, settings = port_of(request, gateway_id, "pigeons")
    if not verify_webhook(port.secret, request.headers, await request.body()):
        raise HTTPException(401, "not signed by this loft")
    line = settings.entries[0].business_line
    await port.report("ContactArrived", slip.home, f"arrived {slip.home}", {"channel": "sms", "business_line": line})
    await port.said(slip.home, slip.key, slip.text)


async def run(port: ChannelPort, settings: PigeonSettings) -> None:
    async with httpx.AsyncClient(trust_env=False) as loft:
        async for event in port.events(await port.read_to()):
            if isinstance(event.data, MessageSent) and event.data.author in ("agent", "bot"):
                flown = {"key": event.data.message_id, "home": event.subject, "text": event.data.text}
                (await loft.post(settings.loft_url, json=flown)).raise_for_status()
            await port.carried_out(event.number)


PIGEONS = ChannelKind("pigeons", PigeonSettings, run, router)
