"""Topic `crm-records`: customers and deals from existing systems. `profile` imports them idempotently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from shared.contracts.fields import AddressKind, LongText, Microseconds, Name, ShortText, personal

Key = Annotated[str, Field(min_length=1, max_length=128)]
"""Key of a record in the system it comes from."""


@dataclass(frozen=True, slots=True)
class Identity:
    kind: AddressKind
    value: ShortText | None = personal()
    label: ShortText | None = None


@dataclass(frozen=True, slots=True)
class CustomerRecorded:
    """A customer as the source system has it now; repeating it changes nothing."""

    source: Name
    key: Key
    revised_at: Microseconds
    tier: Name | None = None
    language: Name | None = None
    account_owner: ShortText | None = None  # agent id
    name: ShortText | None = personal()
    identities: tuple[Identity, ...] = ()
    preferences: dict[str, ShortText] = field(default_factory=dict[str, str])
    note: LongText | None = personal()


@dataclass(frozen=True, slots=True)
class DealRecorded:
    """A lease, sale, decoration or service contract of a customer."""

    source: Name
    key: Key
    customer_key: Key
    business_line: Name
    product: ShortText
    status: Name
    revised_at: Microseconds
    signed_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    ends_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    amount_cents: Annotated[int, Field(ge=0)] | None = None
    currency: Annotated[str, Field(min_length=3, max_length=3)] = "CNY"
    site: Name | None = None


CrmRecord = CustomerRecorded | DealRecorded
