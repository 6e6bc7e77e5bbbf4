"""Contacts: the screen-pop."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from services.profile.api.access import InRoom, PathId, Staff, sees_numbers, tenant_of
from services.profile.domain.pop import pop_for
from services.profile.store import contacts
from services.profile.store.cards import fresh_card
from services.profile.store.statements import outage_is_backpressure

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])


@router.get("/{contact_id}/pop", response_model=dict[str, Any], summary="The screen-pop, cut to the asker's role")
async def pop(contact_id: PathId, room: InRoom, principal: Staff) -> Response:
    """Who it is: contact, customer or candidates, tier and why, preferences, last contacts, open cases and promises, deals, prompts."""
    tenant = tenant_of(principal)
    with outage_is_backpressure():
        row = await contacts.read_pop(room.api, tenant, contact_id)
    card, version = row.card, row.customer_version
    if row.customer_id is not None and (card is None or row.built_on != room.today()):  # changed since it was prepared
        async with room.of_tenant(principal) as connection:
            fresh = await fresh_card(
                connection, tenant, row.customer_id, room.today(), room.settings.unresolved_dispositions
            )
        card, version = fresh.document, fresh.version
    document = pop_for(row.half, card, version, sees_numbers=sees_numbers(principal))
    return Response(json.dumps(document, ensure_ascii=False, separators=(",", ":")), media_type="application/json")
