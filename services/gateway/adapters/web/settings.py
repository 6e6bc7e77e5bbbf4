"""How a web site's chat is set up: entries, lines offered, words, colours, who may embed it, limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from services.gateway.adapters.uploads import KINDS
from services.gateway.domain.entries import Entry, entry_of
from shared.contracts.fields import Name, ShortText

Language = Literal["zh", "en"]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.\-]+(:\d{1,5})?)$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Words(BaseModel, frozen=True):
    """The same in both languages."""

    zh: ShortText
    en: ShortText

    def of(self, language: str | None) -> str:
        return self.en if language == "en" else self.zh


class Line(BaseModel, frozen=True):
    """A business line visitors may choose."""

    business_line: Name
    title: Words


class Hours(BaseModel, frozen=True):
    """When somebody answers; `days` 1 (Monday) to 7, local time of the tenant; `closes` ≤ `opens` goes past midnight."""

    days: Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1, max_length=7)]
    opens: time
    closes: time

    def hold(self, at: datetime) -> bool:
        day, now = at.isoweekday(), at.time()
        if self.opens < self.closes:
            return day in self.days and self.opens <= now < self.closes
        before = (day - 2) % 7 + 1
        return (day in self.days and now >= self.opens) or (before in self.days and now < self.closes)


class Uploads(BaseModel, frozen=True):
    """What visitors (and agents) may send; `kinds` by their usual file endings, told by first bytes, never by name."""

    max_bytes: Annotated[int, Field(ge=1, le=20 * 1024 * 1024)] = 10 * 1024 * 1024
    per_contact: Annotated[int, Field(ge=0, le=200)] = 20
    kinds: tuple[str, ...] = tuple(KINDS)

    @model_validator(mode="after")
    def _known(self) -> Uploads:
        if unknown := sorted(set(self.kinds) - KINDS.keys()):
            raise ValueError(f"kinds: there is no {', '.join(unknown)}; known are {', '.join(KINDS)}")
        return self


class WebSettings(BaseModel, frozen=True):
    """A row of kind `web` is one site.

    `origins`: pages that may embed the chat (`*`: any; only for a demonstration). `identity_key`: secret shared with the
    site, which signs its signed-in visitors' ids (JWT HS256 over id, name, exp). `mail`: gateway id of a channel of kind
    `email` that sends transcripts and answers to messages left; without one neither is offered. `languages`: skill asked for
    when a page speaks zh or en; one not named asks for none.
    """

    entries: tuple[Entry, ...] = ()
    lines: Annotated[tuple[Line, ...], Field(min_length=1)]
    origins: tuple[Origin, ...] = ()
    languages: Mapping[Language, Name] = Field(default_factory=dict[Language, Name])
    title: Words = Words(zh="在线客服", en="Chat with us")
    greeting: Words = Words(zh="您好！请问有什么可以帮您？", en="Hello! How can we help?")
    accent: Colour = "#0b6bcb"
    hours: tuple[Hours, ...] = ()
    offline_text: Words = Words(
        zh="现在无人在线。请留言，我们会尽快回复您。",
        en="Nobody is online now. Leave a message and we will answer you.",
    )
    deposits: bool = True
    identity_key: Annotated[str, Field(min_length=32, max_length=256)] | None = Field(default=None, repr=False)
    mail: Name | None = None
    uploads: Uploads = Uploads()
    visitor_days: Annotated[int, Field(ge=1, le=400)] = 30
    idle_minutes: Annotated[float, Field(gt=0, le=1440)] = 10
    continue_hours: Annotated[int, Field(ge=0, le=720)] = 72
    sessions_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 30
    messages_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 60

    def entry(self, page: str | None, business_line: str | None) -> Entry:
        """The entry of a page's key, else of the chosen line, else one that hands over to people."""
        reached = entry_of(self.entries, page) if page else None
        if reached is None or (business_line is not None and reached.business_line != business_line):
            of_line = next((e for e in self.entries if e.business_line == business_line), None)
            reached = of_line or reached or entry_of(self.entries, "*")
        line = business_line or (reached.business_line if reached else self.lines[0].business_line)
        if reached is None or reached.business_line != line:
            return Entry(page or "*", line, self_service=reached.self_service if reached else False)
        return reached

    def offers(self, business_line: str) -> bool:
        return business_line in {line.business_line for line in self.lines} | {e.business_line for e in self.entries}

    def open_at(self, local: datetime) -> bool:
        """Whether somebody answers at this local time; without hours always."""
        return not self.hours or any(hours.hold(local) for hours in self.hours)
