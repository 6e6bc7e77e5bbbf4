"""How an SMS gateway is set up: where texts go, what its webhooks look like and how they are signed, which words mean no."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field

from services.gateway.domain.entries import Entry
from shared.contracts.fields import Channel

Path = Annotated[str, Field(min_length=1, max_length=100)]
"""Where a field stands in a gateway's message: names separated by points (`data.message.id`, `results.0.to`)."""


class _Set(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Incoming(_Set):
    """Fields of a received text."""

    id: Path = "id"
    sender: Path = "from"
    entry: Path = "to"
    text: Path = "text"


class Reports(_Set):
    """Fields of a delivery report, and its words for how it went; other words (queued, sent) are passed over."""

    id: Path = "id"
    state: Path = "status"
    reason: Path = "error"
    delivered: tuple[str, ...] = ("delivered", "DELIVRD")
    failed: tuple[str, ...] = ("failed", "undelivered", "rejected", "expired", "UNDELIV", "REJECTD", "EXPIRED")


class Signature(_Set):
    """`standard`: Standard Webhooks with the row's secret · `hmac`: a header with the HMAC of the body under `secret`."""

    kind: Literal["standard", "hmac"] = "standard"
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-]{1,64}$")] = "X-Signature"
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Annotated[str, Field(max_length=20)] = ""  # before the signature, e.g. "sha256="
    secret: Annotated[str, Field(min_length=16, max_length=256)] | None = None  # None: the row's


class SmsSettings(_Set):
    """`body` is sent with {to}, {from}, {text}, {id} and {parts} filled in wherever they stand."""

    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]
    send_url: AnyHttpUrl
    send_headers: dict[str, str] = {}  # keys of the gateway among them: never given out
    send_as: Literal["json", "form"] = "json"
    body: dict[str, Any] = {"id": "{id}", "from": "{from}", "to": "{to}", "text": "{text}"}
    sent_id: Path | None = "id"  # the gateway's own id in its answer, which reports then name; None: they name ours
    idempotency_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9\-]{1,64}$")] | None = "Idempotency-Key"
    """None: the gateway sends a repeated request twice; what may have been sent is then not sent again."""
    incoming: Incoming = Incoming()
    reports: Reports = Reports()
    signature: Signature = Signature()
    opt_out_words: tuple[str, ...] = ("STOP", "UNSUBSCRIBE", "CANCEL", "TD", "T", "退订")
    opt_out_covers: tuple[Literal[Channel.SMS, Channel.PHONE], ...] = (Channel.SMS, Channel.PHONE)
    """What such a word refuses, beside texts of this number: it is told on `consents` for each of these channels."""
    opted_out: dict[str, str] = {
        "zh": "您已退订，我们不会再向您发送短信。如需帮助，请随时来信。",
        "en": "You have opted out; we will not text you again. Write to us whenever you need us.",
    }
    parts_limit: Annotated[int, Field(ge=1, le=20)] = 10
