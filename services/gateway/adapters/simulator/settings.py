"""Numbers that can be called, people who can be played, and the site beside the telephone."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from services.gateway.domain.entries import Entry
from shared.contracts.fields import Id, ShortText


class Caller(BaseModel, frozen=True):
    """Somebody who can be played; without a number: withheld."""

    label: ShortText
    number: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")] | None = None


class SimulatorSettings(BaseModel, frozen=True):
    """`site`: gateway id of a row of kind web, whose page is shown beside the telephone."""

    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]
    callers: tuple[Caller, ...] = ()
    site: Id | None = None
    calls_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 30
