"""Checking a customer's PIN. What was typed is held by nobody: not stored, logged, traced or quoted back.

A contact has three tries, a PIN ten failures over all contacts until it is set anew; every check takes the same time,
whether or not there is a PIN to check against.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from services.profile.domain.identification import IdentityLevel, Verification
from services.profile.store import contacts, customers, pins
from shared.postgres import Pool, tenant_transaction

TRIES_OF_A_CONTACT: Final = 3
FAILURES_OF_A_PIN: Final = 10

_HASHER = argon2.PasswordHasher()
_NO_PIN = _HASHER.hash(secrets.token_urlsafe(16))


async def hash_of(pin: str) -> str:
    """argon2id, off the event loop."""
    return await asyncio.to_thread(_HASHER.hash, pin)


@dataclass(frozen=True, slots=True)
class VerifyPin:
    """The self-service's way to a verified contact."""

    pool: Pool

    async def __call__(self, tenant: str, contact_id: str, pin: str, by: str) -> bool:
        """Whether the PIN is that of the contact's customer; then the contact is verified."""
        async with tenant_transaction(self.pool, tenant) as connection:
            attempt = await pins.take_attempt(connection, tenant, contact_id, TRIES_OF_A_CONTACT, FAILURES_OF_A_PIN)
        if attempt is None:
            return False
        fits = await asyncio.to_thread(_fits, attempt.hash or _NO_PIN, pin)
        if attempt.hash is None or attempt.customer_id is None:
            return False
        async with tenant_transaction(self.pool, tenant) as connection:
            if not fits:
                await pins.was_wrong(connection, tenant, attempt.customer_id)
                return False
            contact = await contacts.lock(connection, tenant, contact_id)
            if contact.customer_id != attempt.customer_id:  # linked to another customer meanwhile
                return False
            await pins.was_right(connection, tenant, attempt.customer_id)
            await contacts.set_level(connection, tenant, contact_id, IdentityLevel.VERIFIED)
            await contacts.touch(connection, tenant, [attempt.customer_id])
            await customers.audit(
                connection, tenant, by, "customer_verified", customer_id=attempt.customer_id, contact_id=contact_id,
                detail={"method": Verification.PIN},
            )  # fmt: skip
        return True


async def set_pin(pool: Pool, tenant: str, customer_id: str, pin: str, by: str, at: datetime) -> None:
    """Give a customer a PIN. Raises NotFound."""
    pin_hash = await hash_of(pin)
    async with tenant_transaction(pool, tenant) as connection:
        await customers.require(connection, tenant, customer_id)
        await pins.set_pin(connection, tenant, customer_id, pin_hash, by, at)
        await customers.audit(connection, tenant, by, "pin_set", customer_id=customer_id)


def _fits(pin_hash: str, pin: str) -> bool:
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False
