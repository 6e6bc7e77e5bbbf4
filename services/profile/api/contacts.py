"""Contacts: the screen-pop, who it is, how sure we are, what was noted."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import model_validator

from services.profile.api.access import (
    ForTenant,
    InRoom,
    PathId,
    Staff,
    StaffOrService,
    Worker,
    sees_numbers,
    tenant_of,
)
from services.profile.api.customers import CustomerIn, create_customer
from services.profile.api.resources import (
    Cursor,
    Document,
    Id,
    IdentityIn,
    Limit,
    Page,
    Prose,
    Request,
    rfc3339,
    time_cursor,
)
from services.profile.domain.identification import IdentityLevel, Verification
from services.profile.domain.pop import pop_for
from services.profile.handlers.linking import link_contact
from services.profile.store import contacts, customers
from services.profile.store.cards import fresh_card
from services.profile.store.statements import errors_by_consequence
from shared.contracts.masking import masked
from shared.errors import Refused
from shared.http import encode_cursor

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])


class CustomerChoice(Request):
    """Either a customer that exists, or one to create (the contact's address becomes an identity of the new one)."""

    customer_id: Id | None = None
    create: CustomerIn | None = None

    @model_validator(mode="after")
    def one_of_two(self) -> Self:
        if (self.customer_id is None) == (self.create is None):
            raise ValueError("name either customer_id or create")
        return self


class Proof(Request):
    method: Verification


class Note(Request):
    text: Prose


@router.get("", response_model=Page[Document], summary="Newest first; of one customer, or only the open ones")
async def listed(
    room: InRoom, principal: Staff, customer_id: Annotated[Id | None, Query()] = None,
    open_only: Annotated[bool, Query(alias="open")] = False, limit: Limit = 50, cursor: Cursor = None,
) -> Page[Document]:  # fmt: skip
    async with room.of_tenant(principal) as connection:
        rows = await contacts.listed(
            connection, tenant_of(principal), time_cursor(cursor), customer_id, open_only, limit + 1
        )
    items = [
        {
            "contact_id": row["contact_id"], "channel": row["channel"], "business_line": row["business_line"],
            "group": row["group_name"], "arrived_at": rfc3339(row["arrived_at"]), "customer_id": row["customer_id"],
            "end": row["end_kind"], "closed_at": rfc3339(row["closed_at"]), "agent_id": row["agent_id"],
            "waited_seconds": row["waited_seconds"], "reason": row["reason"], "disposition": row["disposition"],
            "identity_level": row["identity_level"],
            "address_masked": masked(row["address_kind"], row["address"]) if row["address"] else None,
        }
        for row in rows[:limit]
    ]  # fmt: skip
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=items, next=encode_cursor(last["arrived_at"].isoformat(), last["contact_id"]) if last else None)


@router.get("/{contact_id}/pop", response_model=dict[str, Any], summary="The screen-pop, cut to the asker's role")
async def pop(contact_id: PathId, room: InRoom, principal: StaffOrService, tenant: ForTenant = None) -> Response:
    """Who it is: contact, customer or candidates, tier and why, preferences, last contacts, open cases and promises, deals, prompts."""
    of = tenant_of(principal, tenant)
    with errors_by_consequence():
        row = await contacts.read_pop(room.api, of, contact_id)
    card, version = row.card, row.customer_version
    if row.customer_id is not None and (card is None or row.built_on != room.today()):  # changed since it was prepared
        async with room.of_tenant(principal, tenant) as connection:
            fresh = await fresh_card(
                connection, of, row.customer_id, room.today(), room.settings.unresolved_dispositions
            )
        card, version = fresh.document, fresh.version
    document = pop_for(row.half, card, version, sees_numbers=sees_numbers(principal))
    return Response(json.dumps(document, ensure_ascii=False, separators=(",", ":")), media_type="application/json")


@router.post(
    "/{contact_id}/customer", response_model=Document, summary="Say who it is: choose a customer or create one"
)
async def choose(contact_id: PathId, body: CustomerChoice, room: InRoom, principal: Worker) -> Document:
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        customer_id = body.customer_id
        if body.create is not None:
            contact = await contacts.lock(connection, tenant, contact_id)
            if contact.address_kind is not None and contact.address:
                own = IdentityIn(kind=contact.address_kind, value=contact.address)
                body.create.identities = [own, *body.create.identities]
            customer_id = await create_customer(room, connection, principal, body.create)
        assert customer_id is not None
        await link_contact(
            connection, tenant, contact_id, customer_id, principal.subject, room.now(), room.settings
        )  # fmt: skip
    return {"contact_id": contact_id, "customer_id": customer_id}


@router.post(
    "/{contact_id}/verification", response_model=Document, summary="The customer proved who they are; terms open"
)
async def verify(contact_id: PathId, body: Proof, room: InRoom, principal: Worker) -> Document:
    """409 `no_customer` while nobody is linked: there is nobody to be."""
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        contact = await contacts.lock(connection, tenant, contact_id)
        if contact.customer_id is None:
            raise Refused("no_customer", "link a customer before verifying")
        await contacts.set_level(connection, tenant, contact_id, IdentityLevel.VERIFIED)
        await contacts.touch(connection, tenant, [contact.customer_id])
        await customers.audit(
            connection, tenant, principal.subject, "customer_verified", customer_id=contact.customer_id,
            contact_id=contact_id, detail={"method": body.method},
        )  # fmt: skip
    return {"contact_id": contact_id, "identity_level": IdentityLevel.VERIFIED}


@router.post("/{contact_id}/reveal", response_model=Document, summary="The contact's whole address; written down")
async def reveal(contact_id: PathId, room: InRoom, principal: Worker) -> Document:
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        contact = await contacts.lock(connection, tenant, contact_id)
        await customers.audit(
            connection, tenant, principal.subject, "address_revealed", customer_id=contact.customer_id, contact_id=contact_id
        )  # fmt: skip
    return {"contact_id": contact_id, "kind": contact.address_kind, "value": contact.address}


@router.put("/{contact_id}/note", response_model=Document, summary="The agent's note; saved as typed")
async def note(contact_id: PathId, body: Note, room: InRoom, principal: Worker) -> Document:
    async with room.of_tenant(principal) as connection:
        version = await contacts.write_note(connection, tenant_of(principal), contact_id, body.text)
    return {"contact_id": contact_id, "version": version}
