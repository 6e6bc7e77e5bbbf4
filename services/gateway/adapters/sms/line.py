"""The adapter's loop: what is said to customers goes to the SMS gateway, each message once.

A message is written down before it is asked for. A gateway that knows our ids is asked again after a failure; from one
that does not, a message that may have been sent is reported failed rather than sent twice.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

import httpx

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.sms import conversations, texts
from services.gateway.adapters.sms.conversations import OPTED_OUT, Parties
from services.gateway.adapters.sms.settings import SmsSettings
from shared import telemetry
from shared.contracts.conversation_messages import MessageSent, MessageStateChanged
from shared.contracts.envelope import stable_id

log = telemetry.logger("gateway")

SECONDS = 10.0
WAITS = (0.5, 1.0, 2.0)
"""Seconds before each further try."""
SENT_DAYS = 30
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


async def run(port: ChannelPort, settings: SmsSettings) -> None:
    """Send what is said in the gateway's conversations, for ever."""
    async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
        line = Line(port, settings, client)
        async with aclosing(port.events(await port.read_to())) as events:
            async for event in events:
                if event.subject is not None and isinstance(event.data, MessageSent):
                    await line.send(event.subject, event.data)
                await port.carried_out(event.number)


@dataclass(frozen=True, slots=True)
class Line:
    port: ChannelPort
    settings: SmsSettings
    client: httpx.AsyncClient

    async def send(self, subject: str, message: MessageSent) -> None:
        """Send a message once, or say why not."""
        known = await conversations.parties(self.port, subject)
        if known is None or message.author == "customer":
            return
        text = message.text
        if message.author == "system":
            if text != OPTED_OUT:
                return  # for staff, as every system message is
            text = self.settings.opted_out["zh" if known.language.startswith("zh") else "en"]
        elif await conversations.has_opted_out(self.port, known.pair):
            await report(self.port, message, "failed", "opted_out")
            return
        if not text:
            await report(self.port, message, "failed", "no_text")
        elif (count := texts.parts(text)) > self.settings.parts_limit:
            await report(self.port, message, "failed", f"too_long: {count} parts")
        else:
            await self._send_once(known, message, text, count)

    async def _send_once(self, known: Parties, message: MessageSent, text: str, count: int) -> None:
        key = f"sent {message.message_id}"
        before = await self.port.recall(key)
        if before is not None and before.value["state"] == "done":
            return
        if before is not None and self.settings.idempotency_header is None:
            await self._give_up(message, "unknown")
            return
        about = {"message": message.message_id, "contact": message.contact_id, "parts": count}
        await self.port.remember(key, {"state": "sending", **about}, days=SENT_DAYS)
        values = {
            "to": known.customer,
            "from": known.entry,
            "text": text,
            "id": message.message_id,
            "parts": str(count),
        }
        fault, reference = await self._post(texts.filled(self.settings.body, values), message.message_id)
        if fault is not None:
            await self._give_up(message, fault)
            return
        await self.port.remember(key, {"state": "done", **about}, days=SENT_DAYS)
        if reference is not None:
            await self.port.remember(f"reference {reference}", about, days=SENT_DAYS)

    async def _give_up(self, message: MessageSent, reason: str) -> None:
        await report(self.port, message, "failed", reason)
        done = {"state": "done", "message": message.message_id, "contact": message.contact_id, "parts": 1}
        await self.port.remember(f"sent {message.message_id}", done, days=SENT_DAYS)

    async def _post(self, body: object, message_id: str) -> tuple[str | None, str | None]:
        """(what went wrong, the gateway's id of the message)."""
        header = self.settings.idempotency_header
        headers = {**self.settings.send_headers, **({header: message_id} if header else {})}
        given = {"json": body} if self.settings.send_as == "json" else {"data": body}
        fault = ""
        for wait in (*WAITS, None):
            try:
                answer = await self.client.post(str(self.settings.send_url), headers=headers, **given)  # type: ignore[arg-type]
            except httpx.TransportError as error:
                never_left = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
                fault, again = type(error).__name__, never_left or header is not None
            else:
                if answer.is_success:
                    return None, self._reference(answer)
                fault, again = f"status {answer.status_code}", answer.status_code in _AGAIN and header is not None
            if wait is None or not again:
                break
            await asyncio.sleep(wait)
        log.warning("text not sent", fault=fault)
        return fault, None

    def _reference(self, answer: httpx.Response) -> str | None:
        if self.settings.sent_id is None:
            return None
        try:
            return texts.at(answer.json(), self.settings.sent_id)
        except ValueError:
            return None


async def report(
    port: ChannelPort, message: MessageSent, state: Literal["delivered", "failed"], reason: str | None
) -> None:
    """Say what became of a message of ours; said twice it counts once."""
    await report_by_id(port, message.message_id, message.contact_id, state, reason)


async def report_by_id(
    port: ChannelPort, target: str, contact_id: str, state: Literal["delivered", "failed"], reason: str | None
) -> None:
    said = stable_id("state", contact_id, target, state)
    await port.converse(MessageStateChanged(said, contact_id, target, state, port.now(), reason))
