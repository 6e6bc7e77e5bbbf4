"""How a mailbox is set up: where mail is read and sent, which own addresses there are, how letters are signed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway.domain.entries import Entry

Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-:\[\]]{1,253}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
Security = Literal["tls", "starttls", "none"]


class _Set(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(_Set):
    """IMAP. `idle`: the server tells us of new mail where it can; `look_seconds`: how often we look ourselves."""

    host: Host
    port: Port = 993
    security: Security = "tls"
    user: Annotated[str, Field(min_length=1, max_length=256)]
    password: Annotated[str, Field(max_length=256)]
    folder: Annotated[str, Field(min_length=1, max_length=256)] = "INBOX"
    idle: bool = True
    look_seconds: Annotated[float, Field(ge=0.1, le=3600)] = 15.0


class Sending(_Set):
    """SMTP. Without `user` nobody signs in."""

    host: Host
    port: Port = 587
    security: Security = "starttls"
    user: Annotated[str, Field(max_length=256)] | None = None
    password: Annotated[str, Field(max_length=256)] = ""


class EmailSettings(_Set):
    """`entries`: own addresses. A mail that names none of them is taken as the first one's: misplaced is better than lost."""

    imap: Reading
    smtp: Sending
    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]
    name: Annotated[str, Field(max_length=100)] = ""  # shown beside our address
    signature: dict[str, Annotated[str, Field(max_length=2_000)]] = {}  # language → what stands under a letter
    mail_bytes: Annotated[int, Field(ge=10_000, le=50_000_000)] = 25_000_000  # of a larger one only the head is read
    files_limit: Annotated[int, Field(ge=0, le=50)] = 10
    file_bytes: Annotated[int, Field(ge=1, le=20_000_000)] = 10_000_000

    @model_validator(mode="after")
    def _has_an_address(self) -> EmailSettings:
        if not any("@" in entry.entry for entry in self.entries):
            raise ValueError("entries: one at least is an address of ours, from which letters are sent")
        return self
