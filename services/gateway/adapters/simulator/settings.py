"""Numbers that can be called, people who can be played, outside parties, and the site beside the telephone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.gateway.adapters.simulator.fates import Network
from services.gateway.domain.entries import Entry
from shared.contracts.fields import Id, ShortText


class Caller(BaseModel, frozen=True):
    """Somebody who can be played; without a number: withheld."""

    label: ShortText
    number: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")] | None = None


class OutsideParty(BaseModel, frozen=True):
    """How an outside number behaves that customers are passed on to; numbers not named answer after a few seconds."""

    number: Annotated[str, Field(pattern=r"^\+[0-9]{6,15}$")]
    does: Literal["answers", "busy", "rings"] = "answers"
    after_seconds: Annotated[int, Field(ge=0, le=120)] = 4


class SimulatorSettings(BaseModel, frozen=True):
    """`site`: gateway id of a row of kind web, whose page is shown beside the telephone; `network`: whom calls reach that
    nobody plays; None: outbound's calls its defaults, callbacks nobody."""

    entries: Annotated[tuple[Entry, ...], Field(min_length=1)]
    callers: tuple[Caller, ...] = ()
    outside: tuple[OutsideParty, ...] = ()
    network: Network | None = None
    site: Id | None = None
    calls_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 30
