"""A journal's reports in memory, and whether they add up."""

from __future__ import annotations

from collections.abc import Iterable

from services.router.domain.core import decisions_from_json, input_from_json
from services.router.domain.reporting.book import Book
from services.router.domain.reporting.fold import Reports, add
from services.router.domain.reporting.rows import AgentQuarter, GroupQuarter, quarter_of
from shared.contracts.metrics import definitions

OUTCOMES = ("answered", "abandoned", "flowed_out", "callback", "turned_away", "failed")
ACTIVITIES = ("available", "ringing", "handling", "wrapping", "not_ready", "unreachable")


def reported(journal: Iterable[tuple[str, str]], partition: int = 3) -> Book:
    """The reports of a journal's text."""
    reports, book = Reports(partition, definitions()), Book()
    for given, decisions in journal:
        reports.hear(input_from_json(given), decisions_from_json(decisions))
    book.enter(reports.take())
    return book


def check_cohorts(book: Book) -> None:
    """Every offered contact is in exactly one outcome; counts are the sums of the rows; agents' time is spent once."""
    groups: dict[GroupQuarter, dict[str, int]] = {}
    staff: dict[AgentQuarter, dict[str, int]] = {}
    for stay in book.rows.stays.values():
        at = quarter_of(stay.entered_at)
        found = groups.setdefault(
            GroupQuarter(stay.tenant_id, stay.pool_id, stay.group_id, stay.channel, stay.direction, at), {}
        )
        add(found, "offered")
        if stay.outcome is None:
            continue
        assert stay.outcome in OUTCOMES
        add(found, stay.outcome)
        if stay.outcome in ("answered", "abandoned"):
            add(found, f"{stay.outcome}_within", int(stay.waited <= stay.target))
            add(found, f"wait_{stay.outcome}", stay.waited)
        add(found, "short_abandons", int(stay.short))
    for contact in book.rows.contacts.values():
        if contact.queued_at is not None and contact.first_group is not None:
            at = quarter_of(contact.queued_at)
            where = GroupQuarter(
                contact.tenant_id, contact.pool_id, contact.first_group, contact.channel, contact.direction, at
            )
            add(groups.setdefault(where, {}), "asked")
            add(groups[where], "reached", int(contact.connected_at is not None))
        own = [s for s in book.rows.stays.values() if (s.contact_id, s.born) == (contact.contact_id, contact.born)]
        assert len(own) == contact.stays == len(contact.groups)
        assert sum(s.outcome is None for s in own) <= (1 if contact.ended is None else 0)
        assert contact.waited == sum(s.waited for s in own if s.outcome is not None)
        talks = [t for t in book.rows.talks.values() if (t.contact_id, t.born) == (contact.contact_id, contact.born)]
        for measure in ("talk", "hold", "wrap"):
            assert getattr(contact, measure) == sum(getattr(t, measure) for t in talks)
        assert len(contact.agents) == sum(t.started_at is not None for t in talks)
        assert contact.open == (contact.ended is None or any(t.open for t in talks))
    for talk in book.rows.talks.values():
        if talk.started_at is None or talk.ended_at is None:
            continue
        assert talk.talk >= 0
        assert talk.talk + talk.hold + talk.parked == talk.ended_at - talk.started_at
        at = quarter_of(talk.started_at)
        found = groups.setdefault(
            GroupQuarter(talk.tenant_id, talk.pool_id, talk.group_id, talk.channel, talk.direction, at), {}
        )
        agent = staff.setdefault(AgentQuarter(talk.tenant_id, talk.pool_id, talk.agent_id, at), {})
        for measure, n in (("handled", 1), ("talk", talk.talk), ("hold", talk.hold), ("wrap", talk.wrap)):
            add(found, measure, n)
            add(agent, f"agent_{measure}", n)
        add(found, "transferred", int(talk.why == "transferred"))
        add(agent, "transfers_out", int(talk.why == "transferred"))
        add(agent, "transfers_in", int(talk.transferred_in))
    assert {where: found for where, found in book.groups.items() if found} == {w: f for w, f in groups.items() if f}
    for where, found in book.staff.items():
        assert found.get("signed_in", 0) == sum(found.get(activity, 0) for activity in ACTIVITIES)
        by_talk = {m: n for m, n in found.items() if m.startswith(("agent_", "transfers_"))}
        assert by_talk == staff.get(where, {})
        pauses = [
            n for pause, n in book.breaks.items() if (pause.agent_id, pause.quarter) == (where.agent_id, where.quarter)
        ]
        assert sum(pauses) == found.get("not_ready", 0)
        assert found.get("accepted", 0) + found.get("missed", 0) + found.get("rejected", 0) >= 0
