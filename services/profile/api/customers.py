"""Customers: find, read, create, change; numbers masked by role, revealing one is a command that is written down."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from services.profile.api.access import InRoom, PathId, Room, Staff, Worker, sees_numbers, tenant_of
from services.profile.api.resources import (
    Code,
    Cursor,
    Document,
    Id,
    IdentityIn,
    Limit,
    Line,
    Page,
    Prose,
    Request,
    normal_identities,
    rfc3339,
    time_cursor,
)
from services.profile.domain.pop import without_terms, without_values
from services.profile.numbers import UnusableAddress, normal_form
from services.profile.store import customers
from services.profile.store.cards import fresh_card
from shared.contracts.fields import AddressKind
from shared.contracts.masking import masked
from shared.errors import Conflict
from shared.http import decode_cursor, encode_cursor
from shared.postgres import Connection
from shared.security import Principal, Role

router = APIRouter(prefix="/v1/customers", tags=["customers"])

Preferences = Annotated[dict[Code, Line], Field(max_length=50)]
LAST_DIGITS = 3
"""Fewer digits would list half the customers."""


class CustomerIn(Request):
    name: Line | None = None
    tier: Code | None = None
    language: Code | None = None
    account_owner: Id | None = None
    preferences: Preferences = Field(default_factory=dict)
    note: Prose | None = None
    identities: Annotated[list[IdentityIn], Field(max_length=20, default_factory=list)]


class CustomerChange(Request):
    """Only what is named changes; null empties a field. `version`: the one the change was made on."""

    name: Line | None = None
    tier: Code | None = None
    language: Code | None = None
    account_owner: Id | None = None
    preferences: Preferences = Field(default_factory=dict)
    note: Prose | None = None
    add_identities: Annotated[list[IdentityIn], Field(max_length=20, default_factory=list)]
    remove_identities: Annotated[list[Id], Field(max_length=20, default_factory=list)]
    version: int | None = None


class Reveal(Request):
    identity_id: Id


OWN_FIELDS = ("name", "tier", "language", "account_owner", "preferences", "note")


async def country_of(room: Room, principal: Principal) -> str:
    """Region for numbers written without a country code."""
    return (await room.directory.tenant(tenant_of(principal))).default_country


async def customer_document(room: Room, connection: Connection, principal: Principal, customer_id: str) -> Document:
    """The card as a resource: terms of deals for those who need no caller on the line, numbers by role. Raises NotFound."""
    card = await fresh_card(
        connection, tenant_of(principal), customer_id, room.today(), room.settings.unresolved_dispositions
    )
    document = {key: value for key, value in card.document.items() if key != "routing"}
    if not sees_numbers(principal):
        document["customer"] = {
            **document["customer"],
            "identities": without_values(document["customer"]["identities"]),
        }
    if not principal.has(Role.SUPERVISOR, Role.ANALYST, Role.ADMIN):
        document["deals"] = without_terms(document["deals"])
    return {**document, "version": card.version}


async def create_customer(room: Room, connection: Connection, principal: Principal, wanted: CustomerIn) -> str:
    """A new customer; returns its id."""
    tenant = tenant_of(principal)
    identities = normal_identities(wanted.identities, await country_of(room, principal))
    fields = customers.OwnFields(**{name: getattr(wanted, name) for name in OWN_FIELDS})
    customer_id = await customers.create(connection, tenant, fields, identities)
    await customers.audit(connection, tenant, principal.subject, "customer_created", customer_id=customer_id)
    return customer_id


@router.get("", response_model=Page[Document], summary="By part of the name, last digits, e-mail or CRM key")
async def search(
    room: InRoom, principal: Staff, query: Annotated[str, Query(max_length=256)] = "", limit: Limit = 50, cursor: Cursor = None
) -> Page[Document]:  # fmt: skip
    """Digits (three at least) match the end of a number or a whole key; anything else a part of the name, in any script."""
    wanted = await _search_of(room, principal, query.replace("\x00", "").strip())
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    async with room.of_tenant(principal) as connection:
        rows = await customers.search(
            connection, tenant_of(principal), wanted, (str(after[0]), str(after[1])), limit + 1
        )
    items = [
        {
            "customer_id": row["customer_id"], "name": row["name"], "tier": row["tier"], "language": row["language"],
            "account_owner": row["account_owner"], "version": row["version"],
            "identities": [_shown(identity, principal) for identity in row["identities"]],
        }
        for row in rows[:limit]
    ]  # fmt: skip
    more = encode_cursor(rows[limit - 1]["name"], rows[limit - 1]["customer_id"]) if len(rows) > limit else None
    return Page(items=items, next=more)


async def _search_of(room: Room, principal: Principal, query: str) -> customers.Search | None:
    if not query:
        return None
    digits = re.sub(r"[\s()+\-]", "", query)
    exact = [query, query.lower()]
    if not digits.isascii() or not digits.isdigit():
        return customers.Search(name_part=query, exact=exact)
    try:
        exact.append(normal_form(AddressKind.PHONE, query, await country_of(room, principal)))
    except UnusableAddress:
        pass  # too short for a whole number: its last digits are looked for
    return customers.Search(last_digits=digits if len(digits) >= LAST_DIGITS else None, exact=exact)


def _shown(identity: dict[str, Any], principal: Principal) -> dict[str, Any]:
    shown = {**identity, "masked": masked(identity["kind"], identity["value"])}
    return shown if sees_numbers(principal) else without_values([shown])[0]


@router.post("", status_code=201, response_model=Document)
async def create(body: CustomerIn, room: InRoom, principal: Worker) -> Document:
    async with room.of_tenant(principal) as connection:
        customer_id = await create_customer(room, connection, principal, body)
        return await customer_document(room, connection, principal, customer_id)


@router.get("/{customer_id}", response_model=Document)
async def read(customer_id: PathId, room: InRoom, principal: Staff) -> Document:
    async with room.of_tenant(principal) as connection:
        return await customer_document(room, connection, principal, customer_id)


@router.patch("/{customer_id}", response_model=Document)
async def change(customer_id: PathId, body: CustomerChange, room: InRoom, principal: Worker) -> Document:
    """Only the named fields change. 409 `version_conflict` when somebody was faster and `version` was given."""
    tenant = tenant_of(principal)
    identities = normal_identities(body.add_identities, await country_of(room, principal))
    changes = {name: getattr(body, name) for name in OWN_FIELDS if name in body.model_fields_set}
    async with room.of_tenant(principal) as connection:
        fields, version = await customers.lock(connection, tenant, customer_id)
        if body.version not in (None, version):
            raise Conflict("version_conflict", "somebody changed the customer meanwhile; read it again")
        await customers.change(connection, tenant, customer_id, fields, changes)
        for identity_id in body.remove_identities:
            await customers.remove_identity(connection, tenant, customer_id, identity_id)
        await customers.add_identities(connection, tenant, customer_id, identities)
        changed = ",".join(sorted(body.model_fields_set - {"version"}))
        await customers.audit(
            connection, tenant, principal.subject, "customer_changed", customer_id=customer_id, detail={"fields": changed}
        )  # fmt: skip
        return await customer_document(room, connection, principal, customer_id)


@router.get(
    "/{customer_id}/timeline", response_model=Page[Document], summary="Contacts, deals, cases, promises; newest first"
)
async def timeline(
    customer_id: PathId, room: InRoom, principal: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[Document]:  # fmt: skip
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        await customers.require(connection, tenant, customer_id)
        rows = await customers.timeline(connection, tenant, customer_id, time_cursor(cursor), limit + 1)
    open_terms = principal.has(Role.SUPERVISOR, Role.ANALYST, Role.ADMIN)
    items: list[Document] = []
    for row in rows[:limit]:
        detail = row["detail"]
        if row["kind"] == "deal" and not open_terms:
            detail = without_terms([detail])[0]
        items.append({"kind": row["kind"], "id": row["id"], "at": rfc3339(row["at"]), **{"detail": detail}})
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=items, next=encode_cursor(last["at"].isoformat(), last["id"]) if last else None)


@router.post("/{customer_id}/reveal", response_model=Document, summary="One whole number; written down")
async def reveal(customer_id: PathId, body: Reveal, room: InRoom, principal: Worker) -> Document:
    tenant = tenant_of(principal)
    async with room.of_tenant(principal) as connection:
        kind, value = await customers.identity_value(connection, tenant, customer_id, body.identity_id)
        await customers.audit(
            connection, tenant, principal.subject, "identity_revealed", customer_id=customer_id,
            detail={"identity_id": body.identity_id},
        )  # fmt: skip
    return {"identity_id": body.identity_id, "kind": kind, "value": value}
