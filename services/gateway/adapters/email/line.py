"""The adapter's two loops: mail in, letters out. A mailbox that is away stops neither the other nor the service."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TypeVar

from services.gateway.adapters.email import mails, threads
from services.gateway.adapters.email.mailbox import FAULTS, Mailbox, Position
from services.gateway.adapters.email.mails import File, Letter
from services.gateway.adapters.email.post import NotSent, PerhapsSent, send
from services.gateway.adapters.email.settings import EmailSettings
from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.port import ChannelPort
from shared import telemetry
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.wire import InvalidMessage

log = telemetry.logger("gateway")

T = TypeVar("T")

IDLE_SLICE_SECONDS = 2.0
"""A thread that waits for the server looks up after this long, so that nothing waits for it at the end."""
AWAY_SECONDS = (1.0, 5.0, 30.0)
WAITS = (0.5, 2.0, 5.0)
SENT_DAYS = 400
_POSITION = "mailbox"


async def run(port: ChannelPort, settings: EmailSettings) -> None:
    """Read and write, for ever."""
    async with asyncio.TaskGroup() as loops:
        loops.create_task(_read(port, settings))
        loops.create_task(_write(port, settings))


async def _read(port: ChannelPort, settings: EmailSettings) -> None:
    away = 0
    while True:
        mailbox = Mailbox(settings.imap, settings.mail_bytes)
        thread = ThreadPoolExecutor(
            1, "mailbox"
        )  # of its own: it waits most of the time, and would starve the shared ones
        try:
            await _in(thread, mailbox.open)
            away = 0
            await _follow(port, settings, mailbox, thread)
        except FAULTS as error:
            log.warning("mailbox away", gateway_id=port.gateway_id, fault=type(error).__name__)
        finally:
            mailbox.close()
            thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.sleep(AWAY_SECONDS[min(away, len(AWAY_SECONDS) - 1)])
        away += 1


async def _in(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


async def _follow(port: ChannelPort, settings: EmailSettings, mailbox: Mailbox, thread: ThreadPoolExecutor) -> None:
    """Take over each new mail, in order, then remember where we are. A new row begins with what comes from now on."""
    note = await port.recall(_POSITION)
    if note is None:
        position = await _in(thread, mailbox.newest)
        await _remember(port, position)
    else:
        position = Position(note.value["validity"], note.value["uid"])
    limits = mails.Limits(settings.files_limit, settings.file_bytes)
    while True:
        arrived = mailbox.after(position)
        while (fetched := await _in(thread, partial(next, arrived, None))) is not None:
            unnamed = f"<{hashlib.sha256(fetched.raw).hexdigest()}@no-message-id>"
            mail = await _in(thread, partial(mails.read, fetched.raw, limits, unnamed))
            try:
                await threads.receive(port, settings, mail)
            except InvalidMessage as error:
                log.error(
                    "a mail cannot be taken over; those behind it are", gateway_id=port.gateway_id, fault=str(error)
                )
            position = fetched.position
            await _remember(port, position)
        if mailbox.tells:
            await _in(thread, partial(mailbox.wait, min(IDLE_SLICE_SECONDS, settings.imap.look_seconds)))
        else:
            await asyncio.sleep(settings.imap.look_seconds)
            await _in(thread, partial(mailbox.wait, 0))


async def _remember(port: ChannelPort, position: Position) -> None:
    await port.remember(_POSITION, {"validity": position.validity, "uid": position.uid})


async def _write(port: ChannelPort, settings: EmailSettings) -> None:
    async with aclosing(port.events(await port.read_to())) as events:
        async for event in events:
            if (
                event.subject is not None
                and isinstance(event.data, MessageSent)
                and event.data.author in ("agent", "bot")
            ):
                await _send_once(port, settings, event.subject, event.data)
            await port.carried_out(event.number)


async def _send_once(port: ChannelPort, settings: EmailSettings, subject: str, message: MessageSent) -> None:
    """Written down before it is sent: what may have left is not sent twice, but said to be uncertain."""
    thread, key = await threads.recall_thread(port, subject), f"sent {message.message_id}"
    if thread is None:
        return
    before = await port.recall(key)
    if before is not None and before.value["state"] == "done":
        return
    if before is not None and before.value["state"] == "sending":
        await _give_up(port, key, message, "unknown")
        return
    letter = await _letter(port, settings, thread, message)
    await threads.place_mail(port, letter.message_id, subject)
    references = (*thread.references, letter.message_id)
    await threads.keep_thread(port, subject, replace(thread, references=references))
    wire = mails.written(letter, port.gateway_id)
    for wait in (*WAITS, None):
        await port.remember(key, {"state": "sending"}, days=SENT_DAYS)
        try:
            await asyncio.to_thread(send, settings.smtp, wire, letter.sender, letter.to)
        except PerhapsSent:
            await _give_up(port, key, message, "unknown")
            return
        except NotSent as error:
            if wait is None or not error.again:
                await _give_up(port, key, message, error.reason)
                return
            await port.remember(key, {"state": "waiting"}, days=SENT_DAYS)
            await asyncio.sleep(wait)
        else:
            await port.remember(key, {"state": "done"}, days=SENT_DAYS)
            return


async def _give_up(port: ChannelPort, key: str, message: MessageSent, reason: str) -> None:
    log.warning("letter not sent", gateway_id=port.gateway_id, contact_id=message.contact_id)
    await threads.change_state(port, message.message_id, message.contact_id, "failed", reason[:256])
    await port.remember(key, {"state": "done"}, days=SENT_DAYS)


async def _letter(port: ChannelPort, settings: EmailSettings, thread: threads.Thread, message: MessageSent) -> Letter:
    sender = thread.entry if "@" in thread.entry else next(e.entry for e in settings.entries if "@" in e.entry)
    files = [
        File(kept.name or "file", kept.media_type, body)
        for kept in message.attachments
        if (body := await port.file(kept.file_id)) is not None
    ]
    return Letter(
        f"<{message.message_id}@{sender.rpartition('@')[2]}>", sender, settings.name, thread.customer, thread.title,
        message.text or "", settings.signature.get("zh" if thread.language.startswith("zh") else "en", ""),
        mails.history(thread.quote, thread.customer_name or thread.customer, thread.language),
        thread.references, files, automatic=message.author == "bot",
    )  # fmt: skip


EMAIL = ChannelKind("email", EmailSettings, run)
