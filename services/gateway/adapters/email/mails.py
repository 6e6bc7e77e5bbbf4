"""Mails read and written: who, about what, in which thread; machines told from people. Pure: bytes in, values out, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses, parseaddr
from typing import Literal, cast

from services.gateway.adapters.email.plain_text import new_words, of_html, quoted
from services.gateway.adapters.uploads import KINDS, kind_of, shown_name

MARK = "X-UCC-Gateway"
"""Header of every mail of ours: one that comes back to us goes no further."""
TEXT_CHARACTERS = 15_000
QUOTED_CHARACTERS = 4_000
PARSED_CHARACTERS = 200_000
"""Of a body: who writes more has pasted something, and a parser's time is ours."""
TITLE_CHARACTERS = 200
REFERENCES = 20
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS = re.compile(r"[^@\s<>\x00-\x1f]{1,128}@[A-Za-z0-9.\-]{1,120}")

Kind = Literal["person", "machine", "report", "own"]
"""`machine`: an automatic reply, a list, a notice · `report`: on the delivery of a mail · `own`: ours, come back"""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a report says. `original`: Message-ID of the mail it is about."""

    original: str | None
    state: Literal["delivered", "failed"] | None  # None: only delayed
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    message_id: str
    kind: Kind
    sender: str  # lower case
    sender_name: str
    to: tuple[str, ...]  # everybody it names as a receiver, lower case
    title: str
    text: str
    references: tuple[str, ...] = ()  # newest last
    files: tuple[File, ...] = ()
    left_out: int = 0  # files too many, too large or of a kind that is not taken
    delivery: Delivery | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    files: int
    file_bytes: int


_PARSER_FAULTS = (
    MessageError, ValueError, IndexError, KeyError, AttributeError, TypeError, AssertionError, RecursionError
)  # fmt: skip
"""How the standard library's parser breaks on headers nobody should send; such a mail must not stop those behind it."""


def read(raw: bytes, limits: Limits, fallback_id: str) -> Mail:
    """Whatever came; `fallback_id` names a mail without a Message-ID."""
    try:
        return _read(cast(EmailMessage, message_from_bytes(raw, policy=policy.default)), limits, fallback_id)
    except _PARSER_FAULTS:
        return _read_roughly(raw, fallback_id)


def _read(message: EmailMessage, limits: Limits, fallback_id: str) -> Mail:
    name, sender = parseaddr(_header(message, "From"))
    receivers = getaddresses(
        [_header(message, h) for h in ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")]
    )
    references = [
        *_MESSAGE_ID.findall(_header(message, "References")),
        *_MESSAGE_ID.findall(_header(message, "In-Reply-To")),
    ]
    files, left_out = _files(message, limits)
    delivery = _delivery(message)
    found = _MESSAGE_ID.search(_header(message, "Message-ID"))
    return Mail(
        found.group() if found else fallback_id,
        "report" if delivery is not None else _kind(message, sender),
        sender.strip().lower() if _ADDRESS.fullmatch(sender.strip()) else "",
        " ".join(name.split())[:100],
        tuple(address.strip().lower() for _, address in receivers if address),
        " ".join(_header(message, "Subject").split())[:TITLE_CHARACTERS],
        new_words(_text(message))[:TEXT_CHARACTERS],
        tuple(dict.fromkeys(references))[-REFERENCES:],
        files,
        left_out,
        delivery,
    )


def _read_roughly(raw: bytes, fallback_id: str) -> Mail:
    """Sender, subject and words of a mail whose headers cannot be parsed, by plain search."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = {
        name.strip().lower(): value.strip()
        for name, colon, value in (line.partition(":") for line in head.decode("utf-8", "replace").split("\n"))
        if colon
    }
    sender = _ADDRESS.search(lines.get("from", ""))
    found = _MESSAGE_ID.search(lines.get("message-id", ""))
    automatic = lines.get("auto-submitted", "no").lower() != "no" or sender is None
    return Mail(
        found.group() if found else fallback_id,
        "own" if MARK.lower() in lines else "machine" if automatic else "person",
        sender.group().lower() if sender else "", "", (), lines.get("subject", "")[:TITLE_CHARACTERS].replace("\x00", ""),
        new_words(body[:TEXT_CHARACTERS].decode("utf-8", "replace").replace("\x00", "")),
    )  # fmt: skip


def _header(message: EmailMessage, name: str) -> str:
    """Decoded as far as it can be."""
    return "" if (value := message.get(name)) is None else _clean(str(value))


def _clean(text: str) -> str:
    """Without what cannot be stored or sent on: NUL, and bytes the parser could not decode."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _kind(message: EmailMessage, sender: str) -> Kind:
    """RFC 3834 and what machines of before it and beside it do."""
    if message.get(MARK) is not None:
        return "own"
    automatic = _header(message, "Auto-Submitted").split(";")[0].strip().lower() not in ("", "no")
    bulk = _header(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
    marked = any(
        message.get(h) is not None for h in ("X-Autoreply", "X-Autorespond", "List-Id", "List-Unsubscribe", "X-Loop")
    )
    nobody = _header(message, "Return-Path").strip() == "<>" or not sender
    daemon = sender.split("@")[0].lower() in ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply")
    return "machine" if automatic or bulk or marked or nobody or daemon else "person"


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    text = _decoded(body)[:PARSED_CHARACTERS]
    return _clean(of_html(text) if body.get_content_type() == "text/html" else text)


def _decoded(part: MIMEPart) -> str:
    """The text of a part. Many mails in Chinese name a smaller character set than they use."""
    payload = cast(bytes, part.get_payload(decode=True) or b"")
    named = (part.get_content_charset() or "utf-8").lower()
    for charset in ("gb18030" if named in ("gb2312", "gbk", "gb18030") else named, "utf-8", "gb18030"):
        try:
            return payload.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return payload.decode("utf-8", "replace")


def _files(message: EmailMessage, limits: Limits) -> tuple[tuple[File, ...], int]:
    taken: list[File] = []
    left_out = 0
    if not message.is_multipart() or message.get_content_type() == "multipart/report":
        return (), 0
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        body = payload if isinstance(payload, bytes) else b""
        kind = kind_of(body) if 0 < len(body) <= limits.file_bytes else None
        if kind is None or len(taken) >= limits.files:
            left_out += 1
        else:
            taken.append(File(shown_name(_clean(part.get_filename() or "file"), kind), KINDS[kind], body))
    return tuple(taken), left_out


def _delivery(message: EmailMessage) -> Delivery | None:
    """RFC 3464: what a report says of the mail it is about; None for what is no report."""
    if message.get_content_type() != "multipart/report" or "delivery-status" not in _header(message, "Content-Type"):
        return None
    action, status, original = "", "", None
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            for block in cast("list[EmailMessage]", part.get_payload()):
                action = _header(block, "Action").strip().lower() or action
                status = _header(block, "Status").strip() or status
        elif part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            inner = part.as_bytes().partition(b"\n\n")[2]
            found = re.search(rb"^Message-ID:\s*(<[^<>\s]+>)", inner, re.IGNORECASE | re.MULTILINE)
            original = found.group(1).decode("ascii", "replace") if found else original
    state: dict[str, Literal["delivered", "failed"]] = {
        "failed": "failed",
        "delivered": "delivered",
        "relayed": "delivered",
    }
    return Delivery(original, state.get(action), f"status {status}"[:100] if status else "")


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of ours."""

    message_id: str
    sender: str
    sender_name: str
    to: str
    title: str
    text: str
    signature: str = ""
    history: str = ""
    references: Sequence[str] = field(default_factory=tuple[str, ...])
    files: Sequence[File] = ()
    automatic: bool = False


def written(letter: Letter, gateway_id: str) -> EmailMessage:
    """The mail on the wire: threaded, signed, with what it answers quoted below."""
    message = EmailMessage(policy=policy.SMTP)
    user, _, domain = letter.sender.rpartition("@")
    message["From"] = Address(letter.sender_name, user, domain)
    message["To"] = letter.to
    title = letter.title or "(no subject)"
    message["Subject"] = title if re.match(r"(re|回复|答复)\s*[:：]", title, re.IGNORECASE) else f"Re: {title}"
    message["Message-ID"] = letter.message_id
    if letter.references:
        message["In-Reply-To"] = letter.references[-1]
        message["References"] = " ".join(letter.references[-REFERENCES:])
    message["Auto-Submitted"] = "auto-replied" if letter.automatic else "no"
    message[MARK] = gateway_id
    parts = [letter.text, f"-- \n{letter.signature}" if letter.signature else "", letter.history]
    message.set_content("\n\n".join(part for part in parts if part) + "\n", cte="quoted-printable")
    for file in letter.files:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.body, maintype=main, subtype=sub or "octet-stream", filename=file.name)
    return message


def history(text: str, sender: str, language: str) -> str:
    """What is answered, quoted."""
    head = f"{sender} 写道：" if language.startswith("zh") else f"{sender} wrote:"
    return f"{head}\n{quoted(text, QUOTED_CHARACTERS)}" if text else ""


LEFT_OUT = "[{count} 个附件未收 / {count} attachments not taken]"


def words(mail: Mail, *, first: bool) -> str:
    """A mail as a message of a conversation; in the first one its subject is the first line."""
    note = LEFT_OUT.format(count=mail.left_out) if mail.left_out else ""
    return "\n".join(part for part in (mail.title if first else "", mail.text, note) if part)
