"""Field types shared by every contract, and the mark that keeps personal data out of the journal.

Contracts are frozen standard-library dataclasses, so that pure domain code can use them without a
framework; pydantic validates them only at the edges (`shared.contracts.wire`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import field
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar, cast, get_args, get_type_hints

from pydantic import Field

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
"""An opaque identifier: it says nothing about the person behind it."""
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.\-]+$")]
"""A configured name (group, skill, business line, reason code); letters of any script, no spaces."""
Microseconds = Annotated[int, Field(ge=0, le=2**53)]
"""A time in microseconds since 1970-01-01T00:00:00Z. Integers, so that replay is exact to the byte."""
ShortText = Annotated[str, Field(max_length=256)]
LongText = Annotated[str, Field(max_length=16_000)]
Level = Annotated[int, Field(ge=1, le=10)]
"""Proficiency in a skill, 1 (beginner) to 10."""

SECOND = 1_000_000
"""Microseconds in a second."""


class Channel(StrEnum):
    PHONE = "phone"
    WEB = "web"
    FAX = "fax"
    SMS = "sms"
    EMAIL = "email"


class AddressKind(StrEnum):
    """What kind of identity a contact came with."""

    PHONE = "phone"  # E.164
    EMAIL = "email"
    WEB = "web"  # a visitor or account id of the organisation's site
    FAX = "fax"  # E.164
    CRM = "crm"  # key of a record in an existing system


class IdentityLevel(StrEnum):
    """How sure we are who the customer is (domain: profile). Contract and payment fields open at `verified`."""

    CLAIMED = "claimed"
    RECOGNISED = "recognised"
    VERIFIED = "verified"  # PIN, question or signed id


@dataclasses.dataclass(frozen=True, slots=True)
class SkillLevel:
    """A skill with a proficiency: held (agent) or needed at least (requirement)."""

    skill: Name
    level: Level = 1


@dataclasses.dataclass(frozen=True, slots=True)
class HeldSkill:
    """A skill an agent holds, which may expire."""

    skill: Name
    level: Level
    expires_at: Microseconds | None = None


def personal() -> Any:
    """A field that may hold a number, a name or text of a person.

    Such fields travel on Kafka (7 days) but are dropped by `without_personal` before anything is
    journaled, so that erasure never breaks a replay.
    """
    return field(default=None, metadata={"personal": True})


T = TypeVar("T")


def without_personal(fact: T) -> T:
    """The same fact with every field marked `personal()` emptied, in the dataclasses it holds too."""
    marked, holding = personal_fields(type(fact))
    changes: dict[str, Any] = dict.fromkeys(marked)
    for name in holding:
        value: Any = getattr(fact, name)
        if isinstance(value, tuple):
            changes[name] = tuple(map(without_personal, cast("tuple[Any, ...]", value)))
        else:
            changes[name] = without_personal(value)
    return dataclasses.replace(fact, **changes) if changes else fact  # type: ignore[type-var]


@cache
def personal_fields(message: type) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of a dataclass: the fields marked `personal()`, and the fields that hold dataclasses with such fields."""
    if not dataclasses.is_dataclass(message):
        return (), ()
    hints = get_type_hints(message)
    fields = dataclasses.fields(message)
    marked = tuple(f.name for f in fields if f.metadata.get("personal"))
    holding = tuple(f.name for f in fields if f.name not in marked and any(map(any, _parts(hints[f.name]))))
    return marked, holding


def _parts(hint: Any) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """`personal_fields` of every class within a type."""
    if arguments := get_args(hint):
        return [part for argument in arguments for part in _parts(argument)]
    return [personal_fields(hint)] if isinstance(hint, type) else []
