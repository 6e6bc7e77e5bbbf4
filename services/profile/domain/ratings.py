"""What a low rating leads to: a case of its own with a promised call back, under ids made of the contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.envelope import stable_id
from shared.contracts.routing_decisions import ContactRated

CALL_BACK = "联系客户，听取意见并回复 · Call the customer, listen first, then answer"
"""Listen before solving (requirement 38): the promise is a conversation, not a result."""


@dataclass(frozen=True, slots=True)
class RatingCase:
    """`owner`: who owes the call; `due_at`: by when."""

    tenant: str
    contact_id: str
    case_id: str
    promise_id: str
    entry_id: str
    owner: str
    due_at: datetime
    opened_at: datetime
    subject: str


def case_of(tenant: str, rated: ContactRated, rated_at: datetime, owner: str, reply_hours: int) -> RatingCase:
    """The case a low rating opens. Without a named owner it is the agent's whom the customer knows."""

    def own(kind: str) -> str:
        return f"{kind}-{stable_id('low rating', tenant, rated.contact_id).replace('-', '')}"

    return RatingCase(
        tenant,
        rated.contact_id,
        own("ca"),
        own("pr"),
        own("en"),
        owner or rated.agent_id,
        rated_at + timedelta(hours=reply_hours),
        rated_at,
        f"低分评价 {rated.score}/{rated.scale} · Rated {rated.score} of {rated.scale}",
    )
