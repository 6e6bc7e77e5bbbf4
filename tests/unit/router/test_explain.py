"""Explanations: every reason has words in both languages, and the sentences say what happened."""

from __future__ import annotations

import pytest

from services.router.domain.eligibility import NotEligible
from services.router.domain.explain import elsewhere
from services.router.domain.explain import routing as explain
from services.router.domain.explain import words as explain_words
from services.router.domain.policy.model import Strategy, Words
from shared.contracts import contact_events as ev
from shared.contracts.routing_decisions import (
    ContactClosed,
    ContactEnd,
    ContactQueued,
    Hold,
    InputRefused,
    OfferMade,
    OfferOutcome,
    OfferWithdrawn,
    QueueCause,
    RefusalReason,
)
from tests.unit.router.centre import POLICY, POOL, TENANT, Centre, of_type


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (explain_words.STRATEGIES, Strategy),
        (explain_words.NOT_ELIGIBLE, NotEligible),
        (explain_words.CAUSES, QueueCause),
        (explain_words.OUTCOMES, OfferOutcome),
        (explain_words.ENDS, ContactEnd),
        (explain_words.REFUSALS, RefusalReason),
    ],
)
def test_every_reason_has_words(words: dict, kind: type) -> None:
    assert set(words) == set(kind)  # type: ignore[call-overload]
    assert all(w.zh and w.en and w.zh != w.en for w in words.values())


def english(lines: tuple[Words, ...]) -> list[str]:
    return [line.en for line in lines]


def test_why_this_agent() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.pass_seconds(1)
    centre.sign_in("bea", "zh:5")
    made = of_type(centre.arrive("c1", reason="leak"), OfferMade)[0]
    policy = centre.state.pools[TENANT, POOL].policy
    assert policy is not None
    assert english(explain.why_this_agent(made, policy)) == [
        "After 0 s the contact found agent ann idle",
        "Among the eligible agents: idle the longest",
        "Next would have been agent bea",
        "Contact reason counts as 300 s of waiting",
        "Under policy version 1",
    ]


def test_why_this_contact_when_an_agent_became_free() -> None:
    centre = Centre(POLICY)
    centre.arrive("c1")
    centre.feed(ev.ContactProfiled("c1", "k1", tier="gold"))
    centre.arrive("c2")
    centre.pass_seconds(7)
    made = of_type(centre.sign_in("ann", "zh:5"), OfferMade)[0]
    policy = centre.state.pools[TENANT, POOL].policy
    assert policy is not None
    assert english(explain.why_this_agent(made, policy, tier="gold")) == [
        "When agent ann became free, this contact was first of those they may take (7 s waited)",
        "Among the eligible agents: idle the longest",
        "Next in line was contact c2",
        "Customer tier counts as 120 s of waiting (gold)",
        "Under policy version 1",
    ]


def test_why_still_waiting_counts_the_passed_over_by_the_first_thing_that_fails() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:2")
    centre.sign_in("bea", "zh:1")
    centre.sign_in("cho", "yue:9")
    centre.sign_in("dan", "zh:9", ev.Presence.NOT_READY)
    centre.sign_in("eve", "zh:9")
    centre.arrive("c0")
    centre.arrive("c1")
    centre.reject("c0")
    pool = centre.state.pools[TENANT, POOL]
    centre.pass_seconds(12)
    assert english(explain.why_still_waiting(pool, "c0", centre.now)) == [
        "Place 1 in group general, waiting for 12 s",
        "An agent who missed it may be asked again in 48 s",
        "2 agent(s): not proficient enough",
        "1 agent(s): full on this channel",
        "1 agent(s): lacks a skill",
        "1 agent(s): not available",
    ]
    assert english(explain.why_still_waiting(pool, "c1", centre.now)) == ["Offered; the agent is being asked"]
    centre.arrive("c2")
    assert explain.place_in_queue(pool, "c2") == 2


def test_holds_have_a_name_and_an_end() -> None:
    centre = Centre({**POLICY, "enrichment_wait_ms": 150})
    centre.sign_in("bea", "zh:5", ev.Presence.NOT_READY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    pool = centre.state.pools[TENANT, POOL]
    assert [h.hold for h in explain.holds(pool.contacts["c1"], centre.now)] == [Hold.ENRICHMENT]
    centre.feed(ev.ContactProfiled("c1", preferred=(ev.PreferredAgent("bea", "case_owner"),)))
    held = explain.holds(pool.contacts["c1"], centre.now)
    assert [(h.hold, h.until - centre.now) for h in held] == [(Hold.PREFERRED_AGENT, 30_000_000)]
    assert "Held for a preferred agent for 30 s more" in english(explain.why_still_waiting(pool, "c1", centre.now))
    centre.pass_seconds(30)
    assert centre.offered() == {"c1": "ann"}
    assert explain.holds(pool.contacts["c1"], centre.now) == ()


def test_why_a_menus_choice_did_not_count() -> None:
    centre = Centre(POLICY)
    centre.arrive("c1", self_service=True)
    pool = centre.state.pools[TENANT, POOL]
    assert english(explain.why_still_waiting(pool, "c1", centre.now)) == ["Being served by self-service"]
    queued = of_type(centre.feed(ev.SelfServiceEnded("c1", "to_person", "billing")), ContactQueued)[0]
    assert explain.why_queued(queued) == Words(
        "自助服务后转人工（general；所选问题组 billing 不受理）",
        "handed to people by self-service (general; the group it chose, billing, does not serve it)",
    )


def test_who_is_consulted_is_told() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.sign_in("bea", "zh:5", ev.Presence.NOT_READY)
    centre.arrive("c1")
    centre.serve("c1")
    centre.feed(ev.TransferRequested("c1", "ann", "t1", ev.TransferTarget.AGENT, "bea", "warm"))
    pool = centre.state.pools[TENANT, POOL]
    told = english(explain.why_still_waiting(pool, "c1", centre.now))
    assert told == ["Agent ann consults bea; the customer waits with them"]


def test_why_queued_withdrawn_ended_and_refused() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    queued = of_type(centre.arrive("c1"), ContactQueued)[0]
    assert explain.why_queued(queued).en == "newly queued (general)"
    centre.pass_seconds(3)
    decided = centre.feed(ev.ContactAbandoned("c1"))
    assert explain.why_withdrawn(of_type(decided, OfferWithdrawn)[0]).en == "the customer left first"
    assert (
        explain.why_ended(of_type(decided, ContactClosed)[0]).en
        == "the customer left while it was offered after waiting 3 s"
    )
    refused = of_type(centre.accept("c1"), InputRefused)[0]
    assert explain.why_refused(refused).zh == "OfferAccepted 未生效：该分配已被收回"


def test_what_becomes_of_a_call_passed_on_outside_is_told() -> None:
    centre = Centre({**POLICY, "outside": {"plumber": {"name": "Plumber", "number": "+862155550100"}}})
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    centre.serve("c1")
    centre.feed(ev.TransferRequested("c1", "ann", "t1", ev.TransferTarget.OUTSIDE, "plumber"))
    centre.pass_seconds(5)
    pool = centre.state.pools[TENANT, POOL]
    contact = pool.contacts["c1"]
    rings = "The outside number plumber rings; unanswered within 40 s, back to group general with its place"
    assert english(elsewhere.coming(pool, contact, centre.now)) == [rings]
    assert contact.outside is not None
    centre.feed(ev.DialAnswered("c1", contact.outside.attempt_id))
    told = english(elsewhere.coming(pool, pool.contacts["c1"], centre.now))
    assert told == ["In conversation with the outside number plumber"]
