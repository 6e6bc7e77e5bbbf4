"""Where golden histories come from: every truth file, random mornings, a living day, and a recorded day of the bank."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from services.router.domain.core import (
    Decided,
    Input,
    PartitionState,
    PolicyInForce,
    apply,
    decide,
    decisions_to_json,
    input_to_json,
)
from services.router.domain.inputs import Fact
from services.router.simulation.behaviour import Answer
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from services.router.what_if.records.call_log import read_day
from services.router.what_if.records.calls import CallEnd, RecordedCall
from services.router.what_if.records.mapping import load_map
from shared.contracts.contact_events import ContactArrived
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactQueued,
    InteractionStarted,
    OfferMade,
    WrapUpStarted,
)
from tests.golden.histories import Recorded, Sources, journal_of
from tests.integration.router.policies import POLICY_YAML
from tests.integration.router.world import World
from tests.unit.router.centre import START
from tests.unit.router.simulation.small_centre import policy, sign_in
from tests.unit.router.test_determinism import busy_morning
from tests.unit.router.truth_files import FOLDER as TRUTH
from tests.unit.router.truth_files import Story

BANK = Path(__file__).resolve().parents[3] / "shared/data/anonymous_bank/calls_19990201_19990221.tsv"
BANK_DAY = "990216"
BANK_FINGERPRINT = Path(__file__).parent / "bank_day.sha256"
"""Of the decisions; the calls themselves are not ours to keep here."""
BANK_AGENTS = 9


def stories() -> Iterator[Recorded]:
    """Every truth file, step by step: each rule at least once."""
    for path in sorted(TRUTH.glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        story = Story(truth.get("policy", {}), truth.get("hours"))
        story.centre.check_read_only = False
        for step in truth["steps"]:
            story.run(step)
        yield from journal_of(f"{path.stem}@{story.centre.state.partition}", story.centre.journal)


def mornings() -> Iterator[Recorded]:
    """Events in random order, legal or not."""
    for seed in (11, 12):
        centre = busy_morning(seed, 120)
        yield from journal_of(f"morning {seed}@{centre.state.partition}", centre.journal)


def living_day() -> Iterator[Recorded]:
    """Customers and agents who react to what is decided, from the first caller to the last."""
    world = World(21, agents=8, contacts=90, gap=4 * SECOND)
    state, now, sequence = PartitionState.empty(0), START, 0
    rows: list[tuple[str, str]] = []

    def feed(fact: Fact, event_id: str, at: int) -> None:
        nonlocal sequence
        given = Input(state.position + 1, max(at, state.now), world.tenant, world.pool, event_id, at, fact)
        decided = decide(state, given)
        apply(state, given, decided)
        rows.append((input_to_json(given), decisions_to_json(decided)))
        for one in decided:
            sequence += 1
            world.read(Envelope(f"d{sequence}", "/golden", given.now, one.tenant, one.subject, one.decision, one.pool))

    feed(PolicyInForce(1, "1" * 64, yaml.safe_load(POLICY_YAML)), "policy-1", now)
    world.begin(now)
    world.last_call()
    while not world.finished:
        happening, timer = world.next_due(), state.next_timer()
        now = min(at for at in (happening, timer) if at is not None)
        if happening is not None and happening <= now:
            for envelope in world.due(now):
                feed(envelope.data, envelope.id, now)
        elif (due := state.due_timer(now)) is not None:
            feed(due[2], f"timer:{state.position + 1}", now)
    yield from journal_of("living day@0", rows)


RECORDED: Sources = {"stories": stories, "mornings": mornings, "living_day": living_day}


class AsRecorded:
    """The bank's customers: as patient as they were when they hung up, talking as long as they did."""

    def __init__(self, calls: Sequence[RecordedCall]) -> None:
        self._calls = {call.key: call for call in calls}

    def patience(self, queued: ContactQueued) -> int | None:
        call = self._calls[queued.contact_id]
        return None if call.end is CallEnd.SERVED else call.waited_seconds * SECOND

    def answer(self, offer: OfferMade) -> Answer:
        return Answer(2 * SECOND)

    def connect(self, assigned: ContactAssigned) -> int | None:
        return 0

    def talk(self, started: InteractionStarted, group: str) -> int:
        return max(1, self._calls[started.contact_id].service_seconds or 120) * SECOND

    def wrap_up(self, started: WrapUpStarted) -> int | None:
        return 15 * SECOND

    def back_after_missed(self, agent_id: str) -> int | None:
        return None

    def forget(self, contact_id: str) -> None:
        return None


def bank_day() -> Sequence[Sequence[Decided]]:
    """Decisions of a day of the bank, its calls coming as they came. Needs the folder of public data."""
    calls = [call for call in read_day(BANK, load_map("anonymous-bank"), BANK_DAY) if call.offered]
    groups = {call.group: () for call in sorted(calls, key=lambda call: call.group)}
    kernel = Kernel(
        policy(groups, wrap_up={"phone": {"mode": "timed", "seconds": 30}}), start=calls[0].queued_at - SECOND
    )
    People(kernel, AsRecorded(calls))
    for n in range(BANK_AGENTS):
        sign_in(kernel, f"a{n}", at=calls[0].queued_at - SECOND)
    for call in calls:
        kernel.schedule(
            call.queued_at, ContactArrived(call.key, Channel.PHONE, "line", call.queued_at, group=call.group)
        )
    decided: list[Sequence[Decided]] = []
    kernel.listen(lambda _, decisions: decided.append(tuple(decisions)))
    kernel.run()
    return decided
