"""A record: one person of a campaign's lists, with the numbers they may be reached at and what happened so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class RecordState(StrEnum):
    WAITING = "waiting"
    IN_HOPPER = "in_hopper"  # claimed by the planner of its pool
    DIALLING = "dialling"  # an attempt is open
    RESTING = "resting"  # until `not_before`
    DONE = "done"
    SUPPRESSED = "suppressed"  # not dialled again, short of a new consent


@dataclass(frozen=True, slots=True)
class ReachableNumber:
    """One number of a person. `zones`, `regions`: where it may ring; nothing: unknown."""

    number: str  # E.164
    key: str
    zones: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DialRecord:
    """A record as the gate sees it. Times µs."""

    record_id: str
    list_id: str
    person_key: str
    numbers: tuple[ReachableNumber, ...]
    number_index: int
    state: RecordState
    customer_id: str | None = None
    address_zone: str | None = None
    region: str | None = None
    language: str | None = None
    turn: int = 2
    agent_id: str | None = None
    window_until: int | None = None
    priority: int = 0
    value: int = 0
    not_before: int | None = None
    reason: str | None = None
    requested_at: int | None = None
    on_registry: bool = False
    registry_at: int | None = None  # µs; when its list was compared with the registry
    attempts: int = 0
    contacts: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict[str, int])
    last_outcome: str | None = None
    last_attempt_at: int | None = None
    name: str | None = None  # personal
    purpose: str | None = None  # where it is not the campaign's
    subject: str | None = None  # the particular debt, product or matter, where it is not the campaign's
    consented_at: int | None = None  # by a consent its list brought, which the profile may not have yet
    success: float = 1.0  # how much likelier than usual a conversation succeeds
    score: float = 0.0  # what its next dial is worth, as last ranked

    @property
    def undialled(self) -> int:
        """Attempts that were never made: they count for their ids alone."""
        return self.outcomes.get("cancelled", 0)

    @property
    def is_callback(self) -> bool:
        """Whether a call was agreed with the person: an agent has it first, whatever the campaign's mode."""
        return self.turn < 2

    @property
    def number(self) -> ReachableNumber | None:
        """The one dialled next; None: there is none left."""
        return self.numbers[self.number_index] if self.number_index < len(self.numbers) else None

    @property
    def zones(self) -> tuple[str, ...]:
        """All zones the next number and the address may be in; the window must hold in each."""
        own = self.number.zones if self.number else ()
        return tuple(dict.fromkeys([*own, *((self.address_zone,) if self.address_zone else ())]))

    @property
    def regions(self) -> tuple[str, ...]:
        own = self.number.regions if self.number else ()
        return tuple(dict.fromkeys([*own, *((self.region,) if self.region else ())]))
