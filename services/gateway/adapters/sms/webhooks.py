"""What SMS gateways tell: texts received, and what became of ours. Every request is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel

from services.gateway.adapters.kind import ChannelKind, port_of
from services.gateway.adapters.numbers import caller, e164
from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.sms import conversations, texts
from services.gateway.adapters.sms.line import report_by_id, run
from services.gateway.adapters.sms.settings import Signature, SmsSettings
from services.gateway.domain.entries import Entry, entry_of
from shared import telemetry
from shared.security import same, verify_webhook

router = APIRouter(prefix="/v1/sms/{gateway_id}", tags=["sms"])

KIND = "sms"
SENDING_SECONDS = 3.0
"""A report can be here before we have written down which message it is about."""
TEXT_CHARACTERS = 16_000


class Taken(BaseModel):
    """`outcome`: taken, opted_out, or passed_over (a report of no interest)."""

    outcome: str


Told = tuple[ChannelPort, SmsSettings, Any]


async def _told(request: Request, gateway_id: str) -> Told:
    """Port, settings and message. Raises NotFound, HTTP 401 without a fitting signature, 422 for what is no message."""
    port, settings = port_of(request, gateway_id, KIND)
    body = await request.body()
    if not _signed(settings.signature, port.secret, request, body):
        telemetry.count("ucc_signature_failures_total", way="http")
        raise HTTPException(401, "no valid signature of this gateway")
    try:
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return port, settings, dict(parse_qsl(body.decode(), keep_blank_values=True))
        return port, settings, json.loads(body)
    except ValueError as error:
        raise HTTPException(422, "neither JSON nor a form") from error


ToldOf = Annotated[Told, Depends(_told)]


def _signed(how: Signature, row_secret: str, request: Request, body: bytes) -> bool:
    if how.kind == "standard":
        return verify_webhook(how.secret or row_secret, request.headers, body)
    made = hmac.digest((how.secret or row_secret).encode(), body, getattr(hashlib, how.algorithm))
    written = made.hex() if how.encoding == "hex" else base64.b64encode(made).decode()
    return same(how.prefix + written, request.headers.get(how.header, ""))


@router.post("/inbound", summary="A text was received")
async def inbound(told: ToldOf) -> Taken:
    port, settings, message = told
    where = settings.incoming
    key, text = texts.at(message, where.id), texts.at(message, where.text)
    country = await port.country()
    sender = caller(texts.at(message, where.sender), country)
    reached = texts.at(message, where.entry)
    entry = _entry(settings, reached, country)
    missing = [name for name, value in (("id", key), ("from", sender), ("to", entry), ("text", text)) if value is None]
    if key is None or text is None or sender is None or reached is None or entry is None:
        raise HTTPException(422, f"not found where the settings say, or not usable: {', '.join(missing)}")
    received = conversations.IncomingText(key, sender, reached, entry, text[:TEXT_CHARACTERS].replace("\x00", ""))
    return Taken(outcome=await conversations.receive(port, settings, received))


def _entry(settings: SmsSettings, reached: str | None, country: str) -> Entry | None:
    """The own number as it was set up: as written, or as the number it means; else what is set up for all others."""
    if reached is None:
        return None
    named = {entry.entry for entry in settings.entries}
    return entry_of(settings.entries, next((way for way in (reached, e164(reached, country)) if way in named), "*"))


@router.post("/reports", summary="What became of a text of ours")
async def reports(told: ToldOf) -> Taken:
    port, settings, message = told
    where = settings.reports
    reference, state = texts.at(message, where.id), texts.at(message, where.state)
    if reference is None or state is None:
        raise HTTPException(422, "id or state not found where the settings say")
    outcome = "delivered" if state in where.delivered else "failed" if state in where.failed else None
    if outcome is None:
        return Taken(outcome="passed_over")
    key = f"sent {reference}" if settings.sent_id is None else f"reference {reference}"
    note = await port.changed(key, 0, SENDING_SECONDS)
    if note is None:
        return Taken(outcome="passed_over")
    about = note.value
    reason = texts.at(message, where.reason) if outcome == "failed" else None
    if outcome == "delivered" and about["parts"] > 1:
        reason = f"{about['parts']} parts"
    await report_by_id(port, about["message"], about["contact"], outcome, reason[:256] if reason else None)
    return Taken(outcome="taken")


SMS = ChannelKind(KIND, SmsSettings, run, router)
