"""Same policy, same decisions: a recorded journal run again under its own policy decides every input as it was decided."""

from __future__ import annotations

import json

import pytest

from services.router.domain.core import PartitionState, TimerDue, apply, decisions_from_json, input_from_json
from services.router.journal import Row
from services.router.what_if.reading import Reader
from services.router.what_if.record import Record, only_pool
from services.router.what_if.rerun import Question
from services.router.what_if.unrecorded import Models
from tests.integration.router.journaled import lively_day
from tests.unit.router.centre import POLICY
from tests.unit.router.what_if.lived import BEGINS, HOUR, POOL, TENANT, lived


def _row(given: str, decisions: str) -> Row:
    heard = input_from_json(given)
    return Row(heard.position, 1, heard.now, heard.tenant, heard.pool, 0, 0, given, decisions)


def record_of(rows: list[Row], begins: int, ends: int, before_the_first: int = 0) -> Record:
    """What the shell does with the database, done with a list: fold up to the beginning, read up to the end."""
    state = PartitionState.empty(3)
    state.position = before_the_first
    before = [row for row in rows if row.now < begins]
    for row in before:
        apply(state, input_from_json(row.input), decisions_from_json(row.decisions))
    start = json.dumps(only_pool(state.facts(), TENANT, POOL)).encode() if before else None
    reader = Reader(Record(TENANT, POOL, begins, ends, 3, start), state)
    for row in rows:
        if begins <= row.now < ends:
            reader.hear(input_from_json(row.input), decisions_from_json(row.decisions), row.decisions)
    return reader.finish()


@pytest.mark.parametrize("seed", range(6))
def test_a_whole_day_is_decided_again_as_it_was(seed: int) -> None:
    rows = lived(seed)
    record = record_of(rows, BEGINS, rows[-1].now + 1)
    run = Question(record, Models(record), {}).run(1, compared=True)
    assert run.fidelity is not None
    assert (run.fidelity.first_differing, run.fidelity.equal) == (None, len(rows))
    assert not run.use.any_modelled, run.use.modelled


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_day_with_every_kind_of_happening_is_decided_again_as_it_was(seed: int) -> None:
    """Repeats, late answers, lost pages, transfers of every kind, supervisors: the days of the fault tests."""
    rows = [_row(given, decisions) for given, decisions in lively_day(seed)]
    record = record_of(rows, rows[0].now, rows[-1].now + 1, before_the_first=-1)
    run = Question(record, Models(record), {}).run(1, compared=True)
    assert run.fidelity is not None
    assert (run.fidelity.first_differing, run.fidelity.equal) == (None, len(rows))


WITH_PLUMBER = {**POLICY, "outside": {"plumber": {"name": "Plumber", "number": "+862155550100"}}}


@pytest.mark.parametrize(("seed", "minute"), [(0, 0), (1, 0), (2, 33)])
def test_calls_passed_on_outside_are_decided_again_as_they_were(seed: int, minute: int) -> None:
    rows = lived(seed, policy=WITH_PLUMBER, outside=0.3)
    begins = BEGINS + HOUR * minute // 60
    record = record_of(rows, begins, rows[-1].now + 1)
    run = Question(record, Models(record), {}).run(1, compared=True)
    assert run.fidelity is not None
    assert (run.fidelity.first_differing, run.fidelity.equal) == (None, sum(row.now >= begins for row in rows))
    passed_on = [turn for contact in record.contacts.values() for turn in contact.outside]
    assert len(passed_on) > 10
    assert any(not turn.reactions for turn in passed_on), "some keep silent"


def test_a_router_that_was_behind_is_decided_again_as_it_was() -> None:
    """Profiles, answers and hang-ups that stood in the log before a timer that was due by then: they were heard first."""
    overtaken = 0
    for seed in (0, 2, 3):
        rows = lived(seed, behind=3_000)
        record = record_of(rows, BEGINS, rows[-1].now + 1)
        run = Question(record, Models(record), {}).run(1, compared=True)
        assert run.fidelity is not None
        assert (run.fidelity.first_differing, run.fidelity.equal) == (None, len(rows))
        fired = sum(isinstance(input_from_json(row.input).fact, TimerDue) for row in rows)
        overtaken += len(record.heard_timers) - fired
    assert overtaken > 0


@pytest.mark.parametrize("minutes", [(17, 61), (40, 95)])
def test_a_period_in_the_middle_begins_with_what_stood_then(minutes: tuple[int, int]) -> None:
    rows = lived(3)
    begins, ends = (BEGINS + HOUR * minute // 60 for minute in minutes)
    record = record_of(rows, begins, ends)
    assert record.start is not None
    run = Question(record, Models(record), {}).run(1, compared=True)
    assert run.fidelity is not None
    assert (run.fidelity.first_differing, run.fidelity.equal) == (None, len(record.decided))
