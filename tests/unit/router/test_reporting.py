"""Reports count what happened, once: cohorts add up to the contact, and time signed in to what it was spent on."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from services.router.domain.core import Decided, Input, decisions_from_json, input_from_json
from services.router.domain.reporting.book import Book
from services.router.domain.reporting.fold import UNCOUNTED, Reports
from services.router.domain.reporting.rows import QUARTER, AgentRow, GroupQuarter, quarter_of
from shared.contracts import contact_events as ev
from shared.contracts import routing_decisions as said
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel
from shared.contracts.metrics import definitions
from shared.contracts.routing_decisions import ContactEnd, RoutingDecision, WorkState
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre
from tests.unit.router.reported import check_cohorts, reported
from tests.unit.router.test_determinism import busy_morning

MINUTE = 60 * SECOND


def counts(book: Book, group: str, channel: Channel = Channel.PHONE) -> dict[str, int]:
    """All quarters of a group's inbound contacts together."""
    total: dict[str, int] = {}
    for where, found in book.groups.items():
        if (where.group_id, where.channel, where.direction) == (group, channel, "inbound"):
            for measure, n in found.items():
                total[measure] = total.get(measure, 0) + n
    return total


def test_every_decision_is_counted_or_said_not_to_be() -> None:
    assert Reports(0, definitions()).hears.keys() | UNCOUNTED == set(get_args(RoutingDecision))
    assert not Reports(0, definitions()).hears.keys() & UNCOUNTED


def test_every_end_has_its_column() -> None:
    found = definitions()
    assert set(found.ends) == set(ContactEnd)
    assert all(found.measures[column].at == "entry" for column in found.ends.values())


def test_one_call_from_arrival_to_the_code_written() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.pass_seconds(60)
    centre.arrive("c1", reason="leak")
    centre.pass_seconds(4)
    centre.serve("c1")
    centre.pass_seconds(40)
    centre.feed(ev.ContactHeld("c1", "ann"))
    centre.pass_seconds(25)
    centre.feed(ev.ContactHeld("c1", "ann", held=False))
    centre.pass_seconds(35)
    centre.end("c1")
    centre.pass_seconds(12)
    talk = next(iter(centre.state.pools[TENANT, POOL].agents["ann"].wrapping))
    centre.feed(ev.WrapUpCompleted("ann", "c1", talk, "done"))
    book = reported(centre.journal)
    assert counts(book, "general") == {
        "offered": 1, "asked": 1, "answered": 1, "answered_within": 1, "wait_answered": 4 * SECOND, "reached": 1,
        "handled": 1, "talk": 75 * SECOND, "hold": 25 * SECOND, "wrap": 12 * SECOND,
    }  # fmt: skip
    (row,) = book.rows.contacts.values()
    assert (row.groups, row.agents, row.waited, row.talk, row.hold, row.wrap) == (
        ("general",), ("ann",), 4 * SECOND, 75 * SECOND, 25 * SECOND, 12 * SECOND,
    )  # fmt: skip
    assert (row.disposition, row.reason, row.ended, row.open) == ("done", "leak", ContactEnd.SERVED, False)
    figures = {name: m.value(counts(book, "general")) for name, m in definitions().metrics.items() if m.of == "group"}
    assert (figures["service_level"], figures["asa"], figures["aht"], figures["connect_rate"]) == (100, 4, 112, 100)
    agent: Counter[str] = Counter()
    for found in book.staff.values():
        agent.update(found)
    assert (agent["handling"], agent["wrapping"], agent["ringing"]) == (100 * SECOND, 12 * SECOND, 4 * SECOND)


def test_who_leaves_early_is_reported_apart() -> None:
    centre = Centre(POLICY)
    for contact, patience in (("quick", 3), ("patient", 15), ("late", 30)):
        centre.arrive(contact)
        centre.pass_seconds(patience)
        centre.feed(ev.ContactAbandoned(contact))
    found = counts(reported(centre.journal), "general")
    assert (found["abandoned"], found["abandoned_within"], found["short_abandons"]) == (3, 2, 1)
    metrics = definitions().metrics
    assert metrics["service_level"].ratio(found) == (0, 3)
    assert metrics["service_level_less_short"].ratio(found) == (0, 2)
    assert metrics["service_level_settled"].ratio(found) == (2, 3)


def test_a_transfer_is_two_stays_and_two_conversations_of_one_contact() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.sign_in("bob", "zh:5 complaint:9")
    centre.arrive("c1", "general")
    centre.serve("c1")
    sender = centre.state.pools[TENANT, POOL].contacts["c1"].interaction
    assert sender is not None
    centre.pass_seconds(30)
    centre.feed(ev.TransferRequested("c1", sender.agent_id, "t1", ev.TransferTarget.GROUP, "complaints"))
    centre.pass_seconds(10)
    centre.feed(ev.ContactAbandoned("c1"))
    book = reported(centre.journal)
    general, complaints = counts(book, "general"), counts(book, "complaints")
    assert (general["offered"], general["answered"], general["transferred"]) == (1, 1, 1)
    assert complaints["offered"] == complaints["abandoned"] == 1
    assert "asked" not in complaints
    (row,) = book.rows.contacts.values()
    assert (row.groups, row.transfers, row.ended) == (("general", "complaints"), 1, ContactEnd.ABANDONED_WHILE_OFFERED)


def test_a_warm_transfer_counts_the_consultation_and_the_hand_over() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1", "general")
    centre.serve("c1")
    centre.sign_in("bob", "zh:5 complaint:9")
    centre.feed(ev.TransferRequested("c1", "ann", "t1", ev.TransferTarget.GROUP, "complaints", "warm"))
    centre.accept("c1")
    centre.pass_seconds(20)
    centre.feed(ev.TransferCompleted("c1", "ann", "t1"))
    centre.pass_seconds(50)
    centre.end("c1")
    book = reported(centre.journal)
    talks = {talk.agent_id: talk for talk in book.rows.talks.values()}
    assert (talks["bob"].consult, talks["bob"].talk, talks["bob"].group_id) == (20 * SECOND, 50 * SECOND, "complaints")
    assert (talks["bob"].transferred_in, talks["ann"].why) == (True, "transferred")
    assert "offered" not in counts(book, "complaints"), "a colleague was asked, no queue was entered"


def test_breaks_by_reason_and_time_over_the_quarter() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5", Presence.NOT_READY)
    centre.pass_seconds(1000)
    centre.feed(ev.PresenceChanged("ann", Presence.NOT_READY, "lunch"))
    centre.pass_seconds(2000)
    centre.feed(ev.AgentSignedOut("ann"))
    book = reported(centre.journal)
    by_reason: dict[str, int] = {}
    for where, passed in book.breaks.items():
        by_reason[where.reason] = by_reason.get(where.reason, 0) + passed
    assert by_reason == {"": 1000 * SECOND, "lunch": 2000 * SECOND}
    assert sum(found["signed_in"] for found in book.staff.values()) == 3000 * SECOND
    assert all(found["signed_in"] <= QUARTER for found in book.staff.values())


@pytest.mark.parametrize("seed", range(6))
def test_cohorts_add_up_on_a_busy_morning(seed: int) -> None:
    check_cohorts(reported(busy_morning(seed).journal))


def test_going_on_from_written_rows_changes_nothing() -> None:
    """A worker that dies after any taking reads open rows back and arrives at the same book."""
    journal = busy_morning(3).journal
    whole, pieces = reported(journal), Book()
    for start in range(0, len(journal), 37):
        reports = Reports(3, definitions())
        rows = pieces.rows
        reports.begin(
            (row for row in rows.contacts.values() if row.open),
            (row for row in rows.stays.values() if row.outcome is None),
            (row for row in rows.talks.values() if row.open),
            (row for row in rows.agents.values() if row.presence is not Presence.SIGNED_OUT),
            rows.targets.values(),
        )
        for given, decisions in journal[start : start + 37]:
            reports.hear(input_from_json(given), decisions_from_json(decisions))
        pieces.enter(reports.take())
    assert pieces == whole


def test_quarters_follow_the_clock() -> None:
    row = AgentRow(TENANT, POOL, 0, "ann", START, Presence.AVAILABLE, "", WorkState.IDLE, True)
    parts = row.spread(START + 3 * QUARTER)
    assert sum(passed for _, passed in parts) == 3 * QUARTER
    assert all(quarter % QUARTER == 0 for quarter, _ in parts)
    assert next(quarter for quarter, _ in parts) == quarter_of(START)


def test_still_waiting_is_an_outcome_too() -> None:
    centre = Centre(POLICY)
    centre.arrive("c1")
    book = reported(centre.journal)
    where = GroupQuarter(TENANT, POOL, "general", Channel.PHONE, "inbound", quarter_of(START))
    assert book.groups[where] == {"offered": 1, "asked": 1}
    (stay,) = book.rows.stays.values()
    assert stay.outcome is None
    check_cohorts(book)


def test_a_chat_that_waited_for_its_customer_and_was_rated() -> None:
    """Parked time is neither talk nor hold; the invitation and the answer, days apart, are one rating."""
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("w1", "general", Channel.WEB)
    centre.serve("w1")
    talk = centre.state.pools[TENANT, POOL].contacts["w1"].interaction
    assert talk is not None
    reports, book = Reports(3, definitions()), Book()
    for given, decisions in centre.journal:
        reports.hear(input_from_json(given), decisions_from_json(decisions))
    at = START

    def hear(seconds: int, *decisions: RoutingDecision) -> None:
        nonlocal at
        at += seconds * SECOND
        given = Input(centre.state.position + 1, at, TENANT, POOL, "e", at, ev.ContactAbandoned("w1"))
        reports.hear(given, tuple(Decided(TENANT, POOL, "w1", decision) for decision in decisions))

    hear(60, said.ContactParked("w1", Channel.WEB, "general", at + 60 * SECOND, None, "ann", talk.interaction_id))
    hear(300, said.ContactResumed("w1", "ann", talk.interaction_id, at + 300 * SECOND, 300 * SECOND))
    hear(
        40,
        said.InteractionEnded("w1", "ann", talk.interaction_id, at + 40 * SECOND, "ended", 400 * SECOND),
        said.ContactClosed("w1", ContactEnd.SERVED, at + 40 * SECOND, Channel.WEB, "rental", "customer"),
        said.RatingAwaited("w1", "ann", "general", Channel.WEB, 5, at + 40 * SECOND),
    )
    book.enter(reports.take())
    (row,) = book.rows.talks.values()
    assert (row.talk, row.parked, row.hold) == (100 * SECOND, 300 * SECOND, 0)
    hear(86_400, said.ContactRated("w1", "ann", "general", Channel.WEB, 2, 5, True, "link", at))
    book.enter(reports.take())
    (rating,) = book.rows.ratings.values()
    assert (rating.invited_at, rating.score, rating.low) == (START + 400 * SECOND, 2, True)
    assert reports.open_contacts == 0


def test_a_call_passed_on_outside_was_answered_once_by_the_group_and_transferred() -> None:
    centre = Centre({**POLICY, "outside": {"plumber": {"name": "Plumber", "number": "+862155550100"}}})
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1", "general")
    centre.serve("c1")
    centre.pass_seconds(30)
    centre.feed(ev.TransferRequested("c1", "ann", "t1", ev.TransferTarget.OUTSIDE, "plumber"))
    attempt = centre.state.pools[TENANT, POOL].contacts["c1"].outside
    assert attempt is not None
    centre.feed(ev.DialAnswered("c1", attempt.attempt_id))
    centre.pass_seconds(100)
    centre.feed(ev.ContactEnded("c1", "system"))
    book = reported(centre.journal)
    general = counts(book, "general")
    assert (general["offered"], general["answered"], general["transferred"]) == (1, 1, 1)
    (row,) = book.rows.contacts.values()
    assert (row.transfers, row.ended, row.agents) == (1, ContactEnd.SERVED, ("ann",))
    (talk,) = book.rows.talks.values()
    assert (talk.talk, talk.why) == (30 * SECOND, "transferred"), "the outside conversation is nobody's talk"
