"""PINs of customers, as hashes, and the tries that contacts made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.profile.store.statements import SQL
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class PinAttempt:
    """A try that counts: of whom, and against what (None: no PIN, or one locked by failures)."""

    customer_id: str | None
    hash: str | None


async def set_pin(connection: Connection, tenant: str, customer_id: str, pin_hash: str, by: str, at: datetime) -> None:
    """Keep a customer's PIN in place of the one before."""
    await connection.execute(SQL["set_pin"], tenant, customer_id, pin_hash, at, by)


async def take_attempt(
    connection: Connection, tenant: str, contact_id: str, per_contact: int, per_pin: int
) -> PinAttempt | None:
    """Count one try of a contact; None when it has none left (or is not there)."""
    row = await connection.fetchrow(SQL["take_pin_attempt"], tenant, contact_id, per_contact, per_pin)
    return None if row is None else PinAttempt(row["customer_id"], row["hash"])


async def was_right(connection: Connection, tenant: str, customer_id: str) -> None:
    await connection.execute(SQL["pin_was_right"], tenant, customer_id)


async def was_wrong(connection: Connection, tenant: str, customer_id: str) -> None:
    await connection.execute(SQL["pin_was_wrong"], tenant, customer_id)
