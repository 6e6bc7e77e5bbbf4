"""By mail: a transcript to its visitor, and messages left as mails to be answered, over the tenant's own mail channel.

The mail channel is a row of kind `email` of the same tenant, named in the site's settings; without one neither is offered.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.email import post, threads
from services.gateway.adapters.email.settings import EmailSettings
from services.gateway.adapters.kind import port_of
from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.web.access import Site, SiteOf, VisitorOf, state_of
from services.gateway.adapters.web.files import transcript_of
from services.gateway.adapters.web.settings import Language, Words
from shared.errors import NotFound, Refused

router = APIRouter(prefix="/v1/web/{site}", tags=["web chat"])

MAILS_PER_MINUTE = 3
EmailAddress = Annotated[
    str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f,;<>\"]+@[^@\s\x00-\x1f,;<>\"]+\.[^@\s\x00-\x1f,;<>\"]+$")
]
_TITLE = Words(zh="会话记录", en="Transcript of your chat")
_LEFT = Words(zh="网站留言", en="Message from our web site")


@dataclass(frozen=True, slots=True)
class Post:
    """The tenant's mail channel."""

    port: ChannelPort
    settings: EmailSettings

    @property
    def sender(self) -> str:
        return next(entry.entry for entry in self.settings.entries if "@" in entry.entry)


def post_of(request: Request, site: Site) -> Post | None:
    """None where the site names no mail channel of its own tenant."""
    if site.settings.mail is None:
        return None
    try:
        port, settings = port_of(request, site.settings.mail, "email")
    except NotFound:
        return None
    return Post(port, settings) if port.tenant == site.port.tenant else None


class MailWish(BaseModel):
    model_config = ConfigDict(extra="forbid")
    to: EmailAddress
    language: Language = "zh"


@router.post("/transcript/mail", status_code=202, summary="The visitor's conversation to an e-mail address")
async def mail_transcript(request: Request, site: SiteOf, visitor: VisitorOf, body: MailWish) -> dict[str, str]:
    mail = post_of(request, site)
    if mail is None:
        raise Refused("no_mail", "this site sends no mail; the transcript can be downloaded")
    await state_of(request).limits.charge(MAILS_PER_MINUTE, "mail", site.port.gateway_id, visitor.visitor_id)
    letter = EmailMessage(policy=policy.SMTP)
    user, _, domain = mail.sender.rpartition("@")
    letter["From"] = Address(mail.settings.name, user, domain)
    letter["To"] = body.to
    letter["Subject"] = f"{_TITLE.of(body.language)} · {site.settings.title.of(body.language)}"
    letter["Message-ID"] = make_msgid(domain=domain)
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(await transcript_of(site, visitor.visitor_id, "txt", body.language), cte="quoted-printable")
    try:
        await asyncio.to_thread(post.send, mail.settings.smtp, letter, mail.sender, body.to)
    except post.NotSent as error:
        raise Refused("not_sent", "the mail was not taken") from error
    except post.PerhapsSent:
        return {"state": "unknown"}
    return {"state": "sent"}


async def leave_by_mail(mail: Post, language: Language | None, subject: str, arrival: dict[str, Any]) -> str:
    """A message left becomes a contact of the mail channel, as if it had been mailed: its answer goes out by mail."""
    shown = language or "zh"
    thread = threads.Thread(
        customer=arrival["address"], customer_name=arrival.get("display_name") or "", entry=mail.sender, language=shown,
        title=_LEFT.of(shown), quote=arrival["text"],
    )  # fmt: skip
    await threads.keep_thread(mail.port, subject, thread, new=True)
    return await mail.port.report("ContactArrived", subject, f"arrived {subject}", {**arrival, "channel": "email"})
