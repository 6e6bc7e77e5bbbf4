"""The gate says what the obvious model says, for any attempt, history and choice of rulesets, mostly at the edges; and whatever
it says, it keeps to its word: `until` is when the refusal ends, and not a microsecond sooner.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.outbound.domain.abandonment import AbandonmentFigures, Counts
from services.outbound.domain.compliance import (
    Allowed,
    DialAsked,
    HeldConsent,
    HeldRefusal,
    History,
    PersonWishes,
    Suppressed,
    authorise,
)
from services.outbound.domain.contact_ledger import DAY, HOUR, LedgerEntry
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.suppressions import CATALOGUE, EndsWith, Suppression
from services.outbound.ruleset_documents import SHIPPED, shipped
from shared.yaml_document import read_document
from tests.unit.outbound.asking import SECOND, TERMS, asking, moment, refusals
from tests.unit.outbound.obvious_model import refused_by

TEXTS: dict[str, Any] = {
    path.stem: read_document(path.read_text(encoding="utf-8"), "a ruleset").plain for path in SHIPPED.glob("*.yaml")
}
PLACES = {
    "US-NY": ["America/New_York"], "US-FL": ["America/New_York", "America/Chicago"], "US-OK": ["America/Chicago"],
    "US-MD": ["America/New_York"], "US": [], "FR": ["Europe/Paris"], "RE": ["Indian/Reunion"],
    "GB": ["Europe/London", "Europe/Jersey"], "DE": ["Europe/Berlin"], "CN": ["Asia/Shanghai"], "JP": ["Asia/Tokyo"],
}  # fmt: skip
CHANGES = ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-08-11", "2026-12-25"]
HOURS = ["00:00", "07:59", "08:00", "10:00", "12:00", "13:00", "14:00", "19:59", "20:00", "21:00"]
AGES = [0, 1, HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR, 7 * DAY, 30 * DAY, 60 * DAY, 31 * DAY]

edges = st.sampled_from([-1, 0, 1])
ages = st.builds(lambda age, edge: max(0, age + edge), st.sampled_from(AGES), edges) | st.integers(0, 61 * DAY)
purposes = st.sampled_from(list(Purpose))


@st.composite
def moments(draw: st.DrawFn) -> int:
    """Near the edge of an hour that rules name, on a day when something changes."""
    zone = draw(
        st.sampled_from(["America/New_York", "America/Chicago", "Europe/Paris", "Europe/London", "Asia/Shanghai"])
    )
    at = moment(f"{draw(st.sampled_from(CHANGES))} {draw(st.sampled_from(HOURS))}", zone)
    return at + draw(st.sampled_from([-2, -1, 0, 1])) * DAY + draw(edges)


@st.composite
def histories(draw: st.DrawFn, now: int) -> History:
    rows = draw(
        st.lists(
            st.builds(
                LedgerEntry,
                at=ages.map(lambda age: now - age),
                number=st.sampled_from(["n1", "n2"]),
                purpose=purposes,
                subject=st.sampled_from([None, "debt-1", "debt-2"]),
                campaign=st.sampled_from(["spring", "winter"]),
                record=st.sampled_from(["r1", "r2"]),
                outcome=st.sampled_from([o for o in DialOutcome if o is not DialOutcome.UNKNOWN])
                | st.sampled_from([DialOutcome.NO_ANSWER, DialOutcome.ANSWERED_PERSON, None, DialOutcome.UNKNOWN]),
                refused=st.booleans(),
            ),
            max_size=10,
        )
    )
    answered = draw(st.integers(0, 200))
    lost = st.integers(0, min(answered, 8))
    audited = draw(st.sampled_from([0, 50, 99, 100, 400]))
    counts = Counts(
        answered,
        (draw(lost), draw(lost), draw(lost)),
        draw(st.sampled_from([0, 0, 30])),
        audited,
        draw(st.integers(0, min(audited, 9))),
    )
    figures = {draw(st.sampled_from([DAY, 30 * DAY])): AbandonmentFigures(counts)}
    return History(rows, draw(st.integers(0, 7)), draw(st.integers(0, 5)), figures)


@st.composite
def attempts(draw: st.DrawFn, now: int) -> DialAsked:
    regions = draw(st.lists(st.sampled_from(sorted(PLACES)), max_size=2, unique=True))
    zones = sorted({zone for region in regions for zone in PLACES[region]})
    if draw(st.integers(0, 9)) == 0:
        zones.append("Mars/Olympus")
    consent = st.builds(
        HeldConsent,
        given_at=st.builds(lambda age, edge: now - age + edge, ages, edges),
        expires_at=st.none() | st.builds(lambda edge, days: now + edge + days * DAY, edges, st.sampled_from([0, 1])),
    )
    refusal = st.builds(HeldRefusal, at=ages.map(lambda age: now - age), purpose=st.none() | purposes)
    return asking(
        now,
        tuple(zones),
        purpose=draw(purposes),
        regions=tuple(regions),
        subject=draw(st.sampled_from([None, "debt-1", "debt-2"])),
        wishes=PersonWishes(
            known=draw(st.sampled_from([True, True, True, False])),
            consent=draw(st.none() | consent),
            refusals=tuple(draw(st.lists(refusal, max_size=2))) if draw(st.booleans()) else (),
            customer=draw(st.booleans()),
        ),
        terms=replace(
            TERMS,
            running=draw(st.sampled_from([True, True, True, False])),
            ring_seconds=draw(st.sampled_from([14, 15, 25])),
            connect_milliseconds=draw(st.sampled_from([2_000, 2_000, 2_001])),
            information_message=draw(st.booleans()),
            automated_opt_out=draw(st.booleans()),
            has_caller_id=draw(st.sampled_from([True, True, True, False])),
            licensed=draw(st.booleans()),
            records_conversations=draw(st.booleans()),
            keeps_days=draw(st.sampled_from([29, 30, 1826, 1827])),
            max_attempts=draw(st.none() | st.integers(1, 7)),
        ),
        agent_guaranteed=draw(st.booleans()),
        agent_waiting=draw(st.booleans()),
        agentless=draw(st.booleans()),
        number_valid=draw(st.sampled_from([True, True, True, False])),
        on_registry=draw(st.booleans()),
        registry_at=draw(st.none() | st.builds(lambda age, edge: now - age + edge, ages, edges)),
        holidays=frozenset({date(2026, 12, 25)}),
        not_before=draw(st.none() | edges.map(lambda edge: now + edge)),
        requested_at=draw(st.none() | ages.map(lambda age: now - age)),
    )


@settings(max_examples=200)
@given(st.data(), moments(), st.lists(st.sampled_from(sorted(TEXTS)), max_size=4, unique=True))
def test_the_gate_says_what_the_obvious_model_says(data: st.DataObject, now: int, chosen: list[str]) -> None:
    asked, history = data.draw(attempts(now)), data.draw(histories(now))
    said = authorise(asked, history, now, [shipped()[name] for name in chosen])
    named = {f"gate:{reason}" if rule == "gate" else rule for reason, rule in refusals(said)}
    assert named == refused_by(asked, history, now, [TEXTS[name] for name in chosen])


@settings(max_examples=100)
@given(st.data(), moments(), st.sampled_from(sorted(TEXTS)))
def test_a_refusal_ends_when_it_says_and_not_sooner(data: st.DataObject, now: int, chosen: str) -> None:
    """With time alone passing, the named rule still refuses a microsecond before `until` and does no more at `until`."""
    ruleset = shipped()[chosen]
    timed = {rule.clause.id for rule in ruleset.rules}
    rule = data.draw(st.sampled_from(sorted(timed)))
    alone = replace(ruleset, rules=tuple(r for r in ruleset.rules if r.clause.id == rule), regions=frozenset())
    asked, history = data.draw(attempts(now)), data.draw(histories(now))
    asked = replace(asked, zones=tuple(z for z in asked.zones if z != "Mars/Olympus") or ("Europe/Paris",))
    said = authorise(asked, history, now, [alone])
    if not isinstance(said, Suppressed) or said.rule == "gate" or said.until is None:
        return
    assert said.until > now

    def refuses(at: int) -> bool:
        return any(name == rule for _, name in refusals(authorise(asked, history, at, [alone])))

    assert refuses(said.until - 1)
    assert not refuses(said.until)


@settings(max_examples=60)
@given(st.data(), moments(), st.lists(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=3, unique=True))
def test_more_rules_never_allow_more(data: st.DataObject, now: int, chosen: list[str]) -> None:
    asked, history = data.draw(attempts(now)), data.draw(histories(now))
    few = authorise(asked, history, now, [shipped()[name] for name in chosen])
    more = authorise(asked, history, now, list(shipped().values()))
    # but for "no law chosen for this place", which more laws may mend
    standing = {refusal for refusal in refusals(few) if refusal[0] is not Suppression.NO_RULESET}
    assert standing <= refusals(more)
    if isinstance(few, Allowed) and isinstance(more, Allowed):
        assert more.ring_seconds >= few.ring_seconds
        assert more.keep_days >= few.keep_days


@settings(max_examples=60)
@given(st.integers(0, 20 * DAY), edges, st.sampled_from(["America/New_York", "Europe/Paris", "Asia/Shanghai"]))
@example(0, 0, "America/New_York")
def test_a_refusal_holds_from_its_first_moment_long_before_the_law_wants_it(age: int, edge: int, zone: str) -> None:
    """Ten business days are allowed; here none is used: at no time after the refusal is anything dialled."""
    said_at = moment("2026-06-01 12:00", zone)
    asked = asking(
        said_at,
        (zone,),
        wishes=PersonWishes(True, refusals=(HeldRefusal(said_at, Purpose.MARKETING),)),
        registry_at=said_at,
    )
    for rulesets in ([shipped()["us"]], [shipped()["restraint"]], list(shipped().values())):
        after = authorise(asked, History(), said_at + age, rulesets)
        assert (Suppression.OPTED_OUT, "gate") in refusals(after)
    if edge == 0:
        reply = replace(asked, purpose=Purpose.PROMISED_REPLY)
        assert (Suppression.OPTED_OUT, "gate") not in refusals(
            authorise(reply, History(), said_at + age, [shipped()["us"]])
        )


@pytest.mark.parametrize("reason", list(Suppression))
def test_every_suppression_has_words(reason: Suppression) -> None:
    told = CATALOGUE[reason]
    assert told.title.zh
    assert told.title.en
    assert told.words.zh.endswith("。")
    assert told.words.en.endswith(".")


@settings(max_examples=100)
@given(st.data(), moments())
def test_the_words_of_a_refusal_have_all_their_facts(data: st.DataObject, now: int) -> None:
    asked, history = data.draw(attempts(now)), data.draw(histories(now))
    said = authorise(asked, history, now, list(shipped().values()))
    if isinstance(said, Suppressed):
        told = CATALOGUE[said.reason]
        for words in (told.words.zh, told.words.en):
            words.format_map(said.facts)
        if told.ends_with is EndsWith.NOTHING:
            assert said.until is None


def test_a_fast_clock_of_a_gateway_counts() -> None:
    """A row a second in the future is counted, not overlooked."""
    now = moment("2026-06-01 19:00", "Asia/Tokyo")
    row = LedgerEntry(now + SECOND, "n1", Purpose.MARKETING, None, "spring", "r1", DialOutcome.NO_ANSWER)
    asked = asking(now, ("Asia/Tokyo",), regions=("JP",))
    said = authorise(asked, History([row] * 3), now, [shipped()["restraint"]])
    assert (Suppression.CAP_24H, "restraint.calls_a_day") in refusals(said)
