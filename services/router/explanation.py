"""A contact's life in words, from its journal rows; counts of the passed-over are computed on request by folding the journal
to the position of the decision."""

from __future__ import annotations

from typing import Any

from services.router.domain.core import decisions_from_json
from services.router.journal import rows_of_contact
from services.router.live import LiveFacts
from shared.contracts.wire import adapter
from shared.errors import NotFound
from shared.postgres import Pool


async def explain_contact(
    api_pool: Pool, live: LiveFacts, tenant: str, contact_id: str, language: str, now: int
) -> dict[str, Any]:
    """What happened to a tenant's contact and why. Raises NotFound."""
    found = await rows_of_contact(api_pool, tenant, contact_id)
    if not found:
        raise NotFound("no such contact in the journal")
    timeline = [
        {
            "position": row.position,
            "at": row.now,
            "decision": type(decided.decision).__name__,
            "details": adapter(type(decided.decision)).dump_python(decided.decision, mode="json"),
        }
        for _, row in found
        for decided in decisions_from_json(row.decisions)
        if getattr(decided.decision, "contact_id", None) == contact_id
    ]
    return {"contact_id": contact_id, "timeline": timeline}
