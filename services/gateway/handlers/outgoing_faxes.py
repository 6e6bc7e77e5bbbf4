"""Faxes out: a command becomes a letter and a job, the job attempts, and the last of them a report. Each step counts once."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Coroutine
from typing import Final, Literal

from services.gateway import fax_store, store
from services.gateway.domain.cloud_events import Sender
from services.gateway.domain.documents import TIFF
from services.gateway.domain.fax_transport import Ending, FaxResult, FaxTransport, OutgoingFax, after_attempt
from services.gateway.domain.letters import LetterPages, LetterRefused
from services.gateway.domain.sessions import SOURCE, HeldContact
from services.gateway.handlers.commands import OVERTAKING
from services.gateway.handlers.letters import Words, compose, number_of, printed, reference_of
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.channel_commands import SendFax
from shared.contracts.conversation_messages import Attachment, ConversationMessage, FaxReported, MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.wire import CONVERSATION_MESSAGES, InvalidMessage
from shared.errors import Backpressure
from shared.postgres import Connection, enqueue, worker_transaction

log = telemetry.logger("gateway")

SILENT_SECONDS: Final = 60.0
"""A sender not heard of for so long is taken for dead."""
KEEP_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 1.0

REASONS: Final = {
    "busy": ("对方占线", "busy"),
    "no_answer": ("无人应答", "no answer"),
    "no_carrier": ("对方不是传真机", "no fax machine answered"),
    "failed": ("传输中断", "the transmission broke off"),
    "refused": ("线路拒绝该号码", "the line refuses this number"),
    "unknown": ("结果不明，请向对方确认", "nobody knows whether it arrived; please ask the receiver"),
    "too_late": ("已过时限", "too late"),
    "no_number": ("没有有效的传真号码", "no valid fax number"),
    "no_line": ("没有可用的传真线路", "no line that sends faxes"),
    "no_font": ("服务器没有中文字体", "no font with Chinese characters on the server"),
    "no_template": ("没有此模板", "no such template"),
    "too_long": ("信件过长", "the letter is too long"),
    "not_drawn": ("信件无法生成", "the letter could not be drawn"),
}
"""Why a fax did not go out, for the conversation: both languages, because the reader's is not known here."""


async def accept(parts: Parts, envelope: Envelope[SendFax]) -> None:
    """Draw the letter, lay it into the conversation and queue it; a second time the same command changes nothing.

    Also for a contact that has ended: an answer by fax often comes after it. What cannot be sent is reported at once.
    Raises Backpressure for a contact we may only not know yet, InvalidMessage for one nobody knows.
    """
    command, now = envelope.data, parts.clock.now()
    async with worker_transaction(parts.worker) as connection:
        contact = (await store.contacts_held(connection, [command.contact_id])).get(command.contact_id)
        patience = int(OVERTAKING * parts.settings.clock_rate)
        if contact is None and now <= min(command.not_after, envelope.time + patience):
            raise Backpressure("the contact is not known yet")
        if contact is None or contact.tenant != envelope.tenant:
            raise InvalidMessage("contact_id: no such contact in this tenant")
        if await fax_store.known(connection, envelope.tenant, command.command_id):
            return
        number = await number_of(parts, connection, envelope.tenant, command.to, command.contact_id)
    letter, reason = await _letter(parts, contact, command, number, now)
    async with worker_transaction(parts.worker) as connection:
        outcome = "stale" if reason == "too_late" else "done"
        if not await store.add_command(connection, envelope.tenant, command, outcome, now):
            return
        file_id = None if letter is None else stable_id("fax_file", envelope.tenant, command.command_id)
        await fax_store.add_job(
            connection,
            fax_store.NewJob(
                envelope.tenant, command.command_id, command.contact_id, command.requested_by, number, command.title,
                reference_of(command.command_id), command.not_after, file_id, len(letter.pngs) if letter else 0, reason,
            ),
        )  # fmt: skip
        if letter is None or file_id is None:
            await _report(connection, contact, command.command_id, FaxResult("failed"), 0, reason, now)
        else:
            await _lay_into_conversation(connection, contact, envelope, letter, file_id, now)
    telemetry.count("ucc_channel_commands_total", type="SendFax", outcome=outcome)


async def _letter(
    parts: Parts, contact: HeldContact, command: SendFax, number: str | None, now: int
) -> tuple[LetterPages | None, str | None]:
    """The letter, or why there is none."""
    if now > command.not_after:
        return None, "too_late"
    if number is None:
        return None, "no_number"
    if parts.fax_lines.transport(contact.tenant, contact.gateway_id) is None:
        return None, "no_line"
    words = Words(command.title, command.body or "", command.language, command.template)
    try:
        reference = reference_of(command.command_id)
        to = printed(number, whole=command.to is not None)
        return await compose(parts, contact.tenant, contact.gateway_id, to, words, reference, now), None
    except LetterRefused as refused:
        log.warning("a letter was not made", command_id=command.command_id, reason=refused.reason)
        return None, refused.reason


async def _lay_into_conversation(
    connection: Connection,
    contact: HeldContact,
    envelope: Envelope[SendFax],
    letter: LetterPages,
    file_id: str,
    now: int,
) -> None:
    command = envelope.data
    owner = Sender(contact.tenant, contact.gateway_id or "gateway", contact.pool_id or "")
    stored = store.StoredFile(TIFF, len(letter.pngs), letter.tiff)
    await store.add_file(connection, owner, file_id, contact.contact_id, stored, letter.pngs)
    author: Literal["agent", "bot"] = "bot" if envelope.source.startswith("/ivr") else "agent"
    message = MessageSent(
        stable_id("fax_letter", contact.tenant, command.command_id), contact.contact_id, author, now,
        agent_id=command.requested_by if author == "agent" else None, text=command.title,
        attachments=(Attachment(file_id, TIFF, len(letter.tiff), len(letter.pngs)),),
    )  # fmt: skip
    await _converse(connection, contact.tenant, message, now)


# --- attempts ---------------------------------------------------------------------------------------------------------


async def send_faxes(parts: Parts) -> None:
    """Send what is due, for ever, `fax_lines_at_once` at a time."""
    async with asyncio.TaskGroup() as lines:
        for number in range(parts.settings.fax_lines_at_once):
            lines.create_task(_one_line(parts, f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}/{number}"))


async def _one_line(parts: Parts, sender: str) -> None:
    while True:
        if not await send_next(parts, sender):
            await asyncio.sleep(IDLE_SECONDS)


async def send_next(parts: Parts, sender: str) -> bool:
    """One attempt of the next job that is due, or the trace of one whose sender died; False when nothing is due."""
    async with worker_transaction(parts.worker) as connection:
        job = await fax_store.claim_job(connection, sender, SILENT_SECONDS)
        if job is None:
            return False
        contact = (await store.contacts_held(connection, [job.contact_id])).get(job.contact_id)
        file = await store.file(connection, job.file_id)
    assert file is not None, "a queued fax has its letter"
    gateway_id = contact.gateway_id if contact else None
    transport = parts.fax_lines.transport(job.tenant, gateway_id)
    fax = OutgoingFax(job.tenant, job.job_id, job.attempt, job.number, job.pages, file.body)
    if transport is None:
        result = FaxResult("refused")
    elif not job.adopted and parts.clock.now() > job.not_after:
        result = None
    else:
        result = await _kept(parts, job, sender, _attempted(transport, fax, adopted=job.adopted))
    await _finish(parts, job, sender, contact, result)
    return True


async def _attempted(transport: FaxTransport, fax: OutgoingFax, *, adopted: bool) -> FaxResult:
    try:
        if adopted and (traced := await transport.trace(fax)) is not None:
            return traced
        return await transport.send(fax)
    except Exception:  # whatever broke, the fax may lie on the other side's paper: it is never sent again by itself
        log.error("a fax broke off; nobody knows whether it arrived", job_id=fax.job_id, exc_info=True)
        return FaxResult("unknown")


async def _kept(
    parts: Parts, job: fax_store.ClaimedJob, sender: str, attempt: Coroutine[None, None, FaxResult]
) -> FaxResult:
    """The attempt's result; meanwhile others hear that its sender lives."""
    running = asyncio.create_task(attempt, name=f"fax {job.job_id}")
    try:
        while True:
            done, _ = await asyncio.wait([running], timeout=KEEP_SECONDS)
            if done:
                return running.result()
            async with worker_transaction(parts.worker) as connection:
                await fax_store.keep_job(connection, job, sender)
    finally:
        running.cancel()


async def _finish(
    parts: Parts, job: fax_store.ClaimedJob, sender: str, contact: HeldContact | None, result: FaxResult | None
) -> None:
    now = parts.clock.now()
    waits = [60.0 * minutes for minutes in parts.settings.fax_retry_minutes]
    step = (
        Ending(delivered=False, reason="too_late")
        if result is None
        else after_attempt(result, job.attempt, waits, now, job.not_after, parts.settings.clock_rate)
    )
    async with worker_transaction(parts.worker) as connection:
        if not isinstance(step, Ending):
            await fax_store.finish_job(connection, job, sender, "queued", step.reason, step.seconds)
        elif await fax_store.finish_job(
            connection, job, sender, "delivered" if step.delivered else "failed", step.reason
        ):
            contact = contact or HeldContact(job.tenant, job.contact_id, Channel.FAX, 0)
            await _report(connection, contact, job.job_id, result or FaxResult("failed"), job.attempt, step.reason, now)
    telemetry.count("ucc_faxes_sent_total", outcome=result.outcome if result else "too_late")


async def _report(
    connection: Connection,
    contact: HeldContact,
    command_id: str,
    result: FaxResult,
    attempts: int,
    reason: str | None,
    now: int,
) -> None:
    """The end of a job, for the rooms (`FaxReported`) and in the conversation."""
    delivered = result.outcome == "delivered"
    report = FaxReported(
        stable_id("fax_report", contact.tenant, command_id), contact.contact_id, command_id, now,
        "delivered" if delivered else "failed", result.pages, attempts, reason,
    )  # fmt: skip
    zh, en = REASONS.get(reason or "", (reason or "", reason or ""))
    text = (
        f"传真已送达（{result.pages} 页）。 Fax delivered, {result.pages} page(s)."
        if delivered
        else f"传真未送达：{zh}。 Fax not delivered: {en}."
    )
    said = MessageSent(stable_id("fax_said", contact.tenant, command_id), contact.contact_id, "system", now, text=text)
    for message in (report, said):
        await _converse(connection, contact.tenant, message, now)


async def _converse(connection: Connection, tenant: str, message: ConversationMessage, now: int) -> None:
    envelope = Envelope(message.message_id, SOURCE, now, tenant, message.contact_id, message)
    await enqueue(connection, CONVERSATION_MESSAGES, envelope, partition=None, key=message.contact_id)
