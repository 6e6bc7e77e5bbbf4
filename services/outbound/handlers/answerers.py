"""Somebody says who answered: the agent who had the call, or whoever listened to it. A machine that counted as a conversation is one
no more: its record is called again by the campaign's rule for machines.
"""

from __future__ import annotations

from services.outbound.domain.outcomes import DialOutcome
from services.outbound.handlers.desk import own_attempt
from services.outbound.handlers.recycling import go_on
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, desk
from shared.errors import Refused
from shared.postgres import worker_transaction
from shared.security import Principal


async def keep_answerer(parts: Parts, asker: Principal, attempt_id: str, *, machine: bool) -> None:
    """Said again it changes nothing.

    Raises NotFound, Forbidden; Refused where nobody answered, or somebody said otherwise before: the first word stays, so that the
    abandonment ledger is the same in whatever order it is read.
    """
    now = parts.clock.now()
    async with worker_transaction(parts.workers) as connection:
        attempt = await own_attempt(connection, asker, attempt_id)
        if not await desk.keep_answerer(connection, asker.tenant, attempt_id, machine, now):
            raise Refused("answerer_stands", "nobody answered this call, or somebody has said otherwise before")
        said = {"attempt": attempt_id, "machine": machine}
        await campaigns.audit(connection, asker.tenant, now, asker.subject, "answerer_said", attempt.campaign_id, said)
        if not machine or not await desk.machine_spoke(connection, attempt):
            return
        if attempt.record_id and await desk.call_again_after_machine(connection, attempt):
            await go_on(connection, attempt, DialOutcome.MACHINE, None, now, learns=False)
        moved = {f"outcome.{DialOutcome.ANSWERED_PERSON}": -1, f"outcome.{DialOutcome.MACHINE}": 1}
        await attempts.count(connection, asker.tenant, attempt.campaign_id, now, moved)
