"""Deciding and applying in one go, for those who need no commit in between: the simulator and what-if.

`decide` works on copies and `apply` does everything again on the state. Here an input is decided on the pool's own records,
which leaves them, the indexes and the timers as `apply` would; a test holds both to the same decisions and the same hash.
"""

from __future__ import annotations

from services.router.domain.absorb import absorb
from services.router.domain.apply import apply, conclude
from services.router.domain.decide.dispatch import decide, decide_in, refused
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.inputs import Decided, Fact, Input, TimerDue, TimerKind
from services.router.domain.state import PartitionState
from shared.contracts import contact_events as events
from shared.contracts.routing_decisions import InputRefused

AT_ONCE = frozenset(
    {
        events.ContactArrived,
        events.ContactProfiled,
        events.ContactAbandoned,
        events.ContactConnected,
        events.ContactEnded,
        events.OfferAccepted,
        events.OfferRejected,
        events.PresenceChanged,
        events.WrapUpCompleted,
    }
)
AT_ONCE_TIMERS = frozenset({TimerKind.ENRICHMENT, TimerKind.OFFER, TimerKind.CONNECT, TimerKind.WRAP_UP})
"""What a contact centre is busy with. Whatever changes skills, capacity or rules is left out: the indexes a decision asks
must be those of the records as they were before the input, and records changed in place would belie them."""


def advance(state: PartitionState, given: Input) -> tuple[Decided, ...]:
    """The decisions of an input; `state` has them applied. The same as `decide`, then `apply`.

    Should it raise, the state is half changed and of no more use.
    """
    pool = state.pools.get((given.tenant, given.pool))
    if (
        pool is None
        or pool.policy is None
        or pool.queues is None
        or not _is_frequent(given.fact)
        or given.event_id in pool.events
    ):
        decided = decide(state, given)
        apply(state, given, decided)
        return decided
    draft = Draft(state.partition, pool, given, pool.policy, pool.queues, at_once=True)
    work = draft.work
    try:
        decided = tuple(decide_in(state, draft))
    except Refusal as refusal:
        if work.agents or work.contacts:
            raise AssertionError("an input is refused before anything is decided on it") from refusal
        told = refused(given, refusal)
        assert isinstance(told.decision, InputRefused)
        conclude(state, work, given, told.decision)
        return (told,)
    if not draft.absorbed:
        absorb(work, given)
    conclude(state, work, given, None)
    for agent_id, agent in work.agents.items():
        if agent is None:
            del pool.agents[agent_id]
    return decided


def _is_frequent(fact: Fact) -> bool:
    return fact.kind in AT_ONCE_TIMERS if isinstance(fact, TimerDue) else type(fact) in AT_ONCE
