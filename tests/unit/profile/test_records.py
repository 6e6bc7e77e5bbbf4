"""Records in any order, repeated and torn over batches end the same, and counts are true."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain.records import Held, Outcome, digest_of, laid_over, plan
from shared.contracts.crm_records import CustomerRecorded

CREATED, UPDATED, UNCHANGED = Outcome


def customer(revised_at: int, key: str = "c1", **fields: str) -> CustomerRecorded:
    return CustomerRecorded("crm", key, revised_at, **fields)  # type: ignore[arg-type]


def test_newer_wins_older_and_equal_change_nothing() -> None:
    held = {"c1": Held(5, b"x")}
    planned = plan([customer(4, name="old"), customer(5, name="same time"), customer(6, name="new")], held, laid_over)
    assert planned.outcomes == (UNCHANGED, UNCHANGED, UPDATED)
    assert planned.writes["c1"].record.name == "new"


def test_same_content_again_is_unchanged_and_remembered_as_newer() -> None:
    held = {"c1": Held(5, digest_of(customer(5, name="王芳")))}
    planned = plan([customer(9, name="王芳")], held, laid_over)
    assert (planned.outcomes, planned.writes, planned.confirmed) == ((UNCHANGED,), {}, {"c1": 9})


def test_a_key_twice_in_a_batch_is_one_write_of_both() -> None:
    planned = plan([customer(1, name="王芳", tier="gold"), customer(2, language="zh-yue")], {}, laid_over)
    assert planned.outcomes == (CREATED, UPDATED)
    record = planned.writes["c1"].record
    assert (record.name, record.tier, record.language, record.revised_at) == ("王芳", "gold", "zh-yue", 2)
    assert planned.writes["c1"].created


def test_whole_records_end_the_same_in_any_order() -> None:
    revisions = [customer(n, name=f"n{n}", tier=f"t{n}") for n in range(1, 5)]
    ends = {plan(order, {}, laid_over).writes["c1"].record.name for order in permutations(revisions)}
    assert ends == {"n4"}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.sampled_from("xyz")), max_size=30),
    st.integers(0, 30),
)
def test_split_batches_count_like_one(rows: list[tuple[str, int, str]], cut: int) -> None:
    records = [customer(at, key, name=name) for key, at, name in rows]
    whole = plan(records, {}, laid_over)
    first = plan(records[:cut], {}, laid_over)
    between = {key: Held(write.record.revised_at, write.digest) for key, write in first.writes.items()}
    between |= {key: Held(at, between[key].digest) for key, at in first.confirmed.items()}
    second = plan(records[cut:], between, laid_over)
    assert first.outcomes + second.outcomes == whole.outcomes
