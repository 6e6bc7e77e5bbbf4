"""What self-service asks of profile: a PIN checked, a note taken; and how a customer comes by a PIN."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr, field_validator

from services.profile.api.access import ForTenant, InRoom, PathId, tenant_of
from services.profile.api.resources import Document, Prose, Request
from services.profile.handlers.verification import VerifyPin, set_pin
from services.profile.store import contacts
from services.profile.store.statements import errors_by_consequence
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1", tags=["self-service"])

Overseer = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ADMIN))]
Service = Annotated[Principal, Depends(allow(Role.SERVICE))]


class SecureEntry(Request):
    kind: Literal["pin"]
    value: Annotated[SecretStr, Field(min_length=1, max_length=32)]


class NewPin(Request):
    pin: Annotated[SecretStr, Field(min_length=4, max_length=12)]

    @field_validator("pin")
    @classmethod
    def of_digits(cls, pin: SecretStr) -> SecretStr:
        """It is typed on a telephone."""
        if not (pin.get_secret_value().isascii() and pin.get_secret_value().isdigit()):
            raise ValueError("a PIN is made of digits")
        return pin


class TypedNote(Request):
    note: Annotated[Prose, Field(min_length=1, max_length=4_000)]


@router.post("/contacts/{contact_id}/verify", response_model=Document, summary="Check secret digits of a contact")
async def verify(
    contact_id: PathId, body: SecureEntry, room: InRoom, principal: Service, tenant: ForTenant = None
) -> Document:
    """`verified` says whether they fit, never why not. Three tries a contact."""
    check = VerifyPin(room.api)
    with errors_by_consequence():
        fits = await check(tenant_of(principal, tenant), contact_id, body.value.get_secret_value(), principal.subject)
    return {"verified": fits}


@router.post(
    "/contacts/{contact_id}/self-service", response_model=Document, summary="What the customer chose and typed"
)
async def take_note(
    contact_id: PathId, body: TypedNote, room: InRoom, principal: Service, tenant: ForTenant = None
) -> Document:
    """The pop shows it as the contact's note; taken twice it stands there once."""
    of = tenant_of(principal, tenant)
    async with room.of_tenant(principal, tenant) as connection:
        await contacts.note_of_self_service(connection, of, contact_id, body.note)
    return {"contact_id": contact_id}


@router.put("/customers/{customer_id}/pin", status_code=204, summary="Give a customer a PIN for self-service")
async def give_pin(customer_id: PathId, body: NewPin, room: InRoom, principal: Overseer) -> None:
    """Only its hash is kept; failures of the PIN before are forgotten."""
    with errors_by_consequence():
        await set_pin(
            room.api, tenant_of(principal), customer_id, body.pin.get_secret_value(), principal.subject, room.now()
        )
