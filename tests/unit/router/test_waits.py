"""Place and estimate: the real order, calibrated quotes, and "unknown" rather than a quote that grows."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.explain import routing as explain
from services.router.domain.hours import Opening
from services.router.domain.recent_waits import BEYOND, ENOUGH, HALF, LATELY, NINE_IN_TEN, rest_of_wait
from services.router.domain.state import PoolState
from services.router.domain.waits import Waits
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import ContactAssigned, RequirementStep, StaffingNoted
from tests.unit.router.centre import POLICY, POOL, TENANT, Centre

WAITS = st.lists(st.integers(0, 600 * SECOND), max_size=80)


@settings(deadline=None)
@given(WAITS, st.lists(st.integers(0, 700 * SECOND), min_size=2, max_size=20), st.sampled_from([500, 900, 930]))
def test_a_quote_never_grows_with_the_time_waited(waits: list[int], moments: list[int], share: int) -> None:
    quotes = [rest_of_wait(waits, moment, share) for moment in sorted(moments)]
    known = [quote for quote in quotes if quote is not None]
    assert known == sorted(known, reverse=True)
    assert all(quote >= 0 for quote in known)


def test_too_little_data_is_unknown_and_so_is_waiting_beyond_it() -> None:
    waits = [n * SECOND for n in range(1, ENOUGH + 1)]
    assert rest_of_wait(waits[:-1], 0, HALF) is None
    assert rest_of_wait(waits, 0, HALF) == 10 * SECOND
    assert rest_of_wait(waits, 0, NINE_IN_TEN) == 18 * SECOND
    assert rest_of_wait(waits, (ENOUGH - BEYOND) * SECOND, NINE_IN_TEN) is not None
    assert rest_of_wait(waits, (ENOUGH - BEYOND + 1) * SECOND, NINE_IN_TEN) is None


def test_a_quote_that_proved_far_too_short_is_not_replaced_by_a_longer_one() -> None:
    waits = [10 * SECOND] * 50 + [600 * SECOND] * 10
    assert rest_of_wait(waits, 4 * SECOND, HALF) == 6 * SECOND
    assert rest_of_wait(waits, 11 * SECOND, HALF) is None


def test_nine_in_ten_are_answered_within_the_p90() -> None:
    """On an endless supply of the same waits, quoted at any age at which something is quoted: 85 to 95 % (domain, rule 12)."""
    chance = random.Random(7)
    for draw in (
        lambda: chance.expovariate(1 / 40),
        lambda: chance.lognormvariate(3.2, 0.8),
        lambda: chance.uniform(5, 90),
    ):
        within = quoted = 0
        for _ in range(1500):
            waits = [int(draw() * SECOND) for _ in range(200)]
            own, age = int(draw() * SECOND), int(draw() * SECOND * 0.7)
            quote = rest_of_wait(waits, age, NINE_IN_TEN) if own > age else None
            if quote is not None:
                quoted += 1
                within += own - age <= quote
        assert quoted > 400
        assert 0.85 <= within / quoted <= 0.95, within / quoted


def follow(centre: Centre) -> Waits:
    """A read model that heard every input of the centre from here on."""
    waits = Waits()
    pool = centre.state.pools[TENANT, POOL]
    waits.begin(pool)
    feed = centre.feed

    def heard(fact: object, event_id: str | None = None) -> list:
        decisions = feed(fact, event_id)  # type: ignore[arg-type]
        waits.heard(pool, centre.now, decisions)
        return decisions

    centre.feed = heard  # type: ignore[method-assign]
    return waits


def test_the_place_is_that_of_the_contact_order_within_group_and_channel() -> None:
    centre = Centre(POLICY)
    centre.arrive("c0")
    waits = follow(centre)
    pool = centre.state.pools[TENANT, POOL]
    centre.pass_seconds(2)
    centre.arrive("c1")
    centre.arrive("w1", channel=Channel.WEB)
    centre.arrive("x1", "complaints")
    centre.pass_seconds(5)
    centre.arrive("c2")
    centre.feed(ev.ContactProfiled("c2", "k", tier="gold"))  # two minutes ahead
    places = {c: waits.place(pool.contacts[c], centre.now) for c in pool.contacts}
    shown = {c: (p.group, p.position, p.waiting) for c, p in places.items() if p is not None}
    assert shown == {
        "c2": ("general", 1, 3),
        "c0": ("general", 2, 3),
        "c1": ("general", 3, 3),
        "w1": ("general", 1, 1),
        "x1": ("complaints", 1, 1),
    }
    assert all(explain.place_in_queue(pool, c) == p.position for c, p in places.items() if p is not None)
    assert all((p.p50_seconds, p.p90_seconds) == (None, None) for p in places.values() if p is not None)


def test_who_is_being_asked_about_is_next_and_who_talks_has_no_place() -> None:
    centre = Centre(POLICY)
    waits = follow(centre)
    pool = centre.state.pools[TENANT, POOL]
    centre.sign_in("ann", "zh:5")
    centre.arrive("c0")
    centre.arrive("c1")
    place = waits.place(pool.contacts["c0"], centre.now)
    assert place is not None
    assert (place.position, place.waiting) == (1, 2)
    centre.serve("c0")
    assert waits.place(pool.contacts["c0"], centre.now) is None
    centre.end("c0")
    centre.feed(ev.ContactAbandoned("c1"))
    centre.arrive("m1", self_service=True)
    assert waits.place(pool.contacts["m1"], centre.now) is None


def test_recent_waits_speak_old_ones_do_not() -> None:
    centre = Centre(POLICY)
    waits = follow(centre)
    pool = centre.state.pools[TENANT, POOL]
    for n in range(1, 41):
        waits.answered("general", Channel.PHONE, centre.now - n * SECOND, n * SECOND)
    centre.arrive("c0")
    centre.pass_seconds(10)
    place = waits.place(pool.contacts["c0"], centre.now)
    assert place is not None
    assert (place.p50_seconds, place.p90_seconds) == (15, 28)
    later = waits.place(pool.contacts["c0"], centre.now + LATELY)
    assert later is not None
    assert later.p50_seconds is None


def quoted(
    waits: Waits, centre: Centre, at: int | None = None
) -> dict[tuple[str, Channel], tuple[int, int | None, int | None]]:
    pool = centre.state.pools[TENANT, POOL]
    found = waits.prospects(pool, centre.now if at is None else at)
    return {(each.group, each.channel): (each.waiting, each.p50_seconds, each.p90_seconds) for each in found}


def test_a_newcomer_is_quoted_by_group_and_channel() -> None:
    centre = Centre(POLICY)
    waits = follow(centre)
    for n in range(1, 41):
        waits.answered("general", Channel.PHONE, centre.now - n * SECOND, n * SECOND)
        waits.answered("general", Channel.WEB, centre.now - n * SECOND, 0)  # all of them at once
    for n in range(1, ENOUGH):
        waits.answered("complaints", Channel.PHONE, centre.now, n * SECOND)
    assert quoted(waits, centre) == {
        ("complaints", Channel.PHONE): (0, None, None),  # one too few
        ("general", Channel.PHONE): (0, 20, 38),
        ("general", Channel.WEB): (0, 0, 0),
    }
    centre.arrive("w1", channel=Channel.WEB)  # somebody waits: "at once" is over, and nothing else is known
    assert quoted(waits, centre)["general", Channel.WEB] == (1, None, None)
    assert quoted(waits, centre, centre.now + LATELY)["general", Channel.PHONE] == (0, None, None)


def test_what_is_quoted_to_a_newcomer_is_what_one_who_just_came_hears() -> None:
    centre = Centre(POLICY)
    waits = follow(centre)
    pool = centre.state.pools[TENANT, POOL]
    for n in range(1, 41):
        waits.answered("general", Channel.PHONE, centre.now - n * SECOND, n * SECOND)
    before = quoted(waits, centre)["general", Channel.PHONE]
    centre.arrive("c0")
    place = waits.place(pool.contacts["c0"], centre.now)
    assert place is not None
    assert before[1:] == (place.p50_seconds, place.p90_seconds) == quoted(waits, centre)["general", Channel.PHONE][1:]


def test_behind_others_the_waits_of_those_who_came_behind_others_speak() -> None:
    """Twenty pairs: who comes to an empty queue is answered after 4 s, who comes behind them after 40 s."""
    pool, waits, now = PoolState("t", "main"), Waits(), 0

    def comes(name: str) -> None:
        entered = Contact(
            name, Channel.PHONE, "rental", now, now, ContactPhase.QUEUED, entered_group_at=now, due_at=now
        )
        entered.group = "general"
        pool.contacts[name] = entered
        waits.heard(pool, now, [StaffingNoted(name, staffed=True)])

    def is_answered(name: str, seconds: int) -> None:
        del pool.contacts[name]
        took = ContactAssigned(name, "a", "o", "i", Channel.PHONE, "general", now, seconds * SECOND)
        waits.heard(pool, now + seconds * SECOND, [took])

    def expected() -> tuple[int, int | None, int | None]:
        [each] = waits.prospects(pool, now)
        return (each.waiting, each.p50_seconds, each.p90_seconds)

    for n in range(ENOUGH):
        now += 60 * SECOND
        comes(f"a{n}")
        comes(f"b{n}")
        is_answered(f"a{n}", 4)
        is_answered(f"b{n}", 40)
    now += 60 * SECOND
    assert expected() == (0, 4, 4)
    comes("last")
    assert expected() == (1, 40, 40)


def test_those_who_wait_far_beyond_a_quote_make_it_unknown() -> None:
    centre = Centre(POLICY)
    waits = follow(centre)
    for n in range(1, 41):
        waits.answered("general", Channel.PHONE, centre.now, n * SECOND)
    centre.arrive("c0")
    now = centre.now
    assert quoted(waits, centre, now + 81 * SECOND)["general", Channel.PHONE] == (1, 20, 38)
    assert quoted(waits, centre, now + 82 * SECOND)["general", Channel.PHONE] == (1, None, None)


def test_nothing_is_quoted_of_a_closed_group() -> None:
    centre = Centre(POLICY)
    waits = follow(centre)
    pool = centre.state.pools[TENANT, POOL]
    for n in range(1, 41):
        waits.answered("general", Channel.PHONE, centre.now, n * SECOND)
    pool.openings["general"] = Opening(open=False)
    assert quoted(waits, centre)["general", Channel.PHONE] == (0, None, None)


def test_who_stands_on_a_step_is_quoted_what_it_took_from_there_once_enough_came_to_it() -> None:
    pool, waits, now = PoolState("t", "p"), Waits(), 10**12

    def relaxes(name: str) -> Contact:
        """Comes into the group, and 30 s later to its second step."""
        contact = pool.contacts[name] = Contact(
            name,
            Channel.PHONE,
            "line",
            now,
            now,
            ContactPhase.QUEUED,
            group="general",
            entered_group_at=now,
            due_at=now,
        )
        waits.heard(pool, now, [StaffingNoted(name, staffed=True)])
        contact.step = 1
        waits.heard(pool, now + 30 * SECOND, [StaffingNoted(name, staffed=True)])
        return contact

    def is_answered(name: str, seconds: int) -> None:
        del pool.contacts[name]
        took = ContactAssigned(name, "a", "o", "i", Channel.PHONE, "general", now, seconds * SECOND)
        waits.heard(pool, now + seconds * SECOND, [took])

    def quoted_now() -> int | None:
        place = waits.place(relaxes("last"), now + 31 * SECOND)
        assert place is not None
        return place.p90_seconds

    for _ in range(100):  # answered on the first step
        waits.answered("general", Channel.PHONE, now, 200 * SECOND)
    for n in range(ENOUGH - 1):
        now += 60 * SECOND
        relaxes(f"c{n}")
        is_answered(f"c{n}", 35)
    now += 60 * SECOND
    assert quoted_now() == 169, "too few came to the step: the group's, of those who waited longer than 31 s"
    is_answered("last", 35)
    now += 60 * SECOND
    assert quoted_now() == 4, "5 s from the step on, one of them gone by"


def test_who_waits_already_on_a_step_is_taken_in_with_it() -> None:
    pool, waits = PoolState("t", "p"), Waits()
    steps = (RequirementStep(0, ()), RequirementStep(30 * SECOND, ()))
    pool.contacts["c1"] = Contact(
        "c1", Channel.PHONE, "line", 0, 0, ContactPhase.QUEUED, group="general", steps=steps, step=1
    )
    waits.begin(pool)
    for n in range(ENOUGH):
        waits.answered("general", Channel.PHONE, 0, n * SECOND)
    place = waits.place(pool.contacts["c1"], 40 * SECOND)
    assert place is not None
    assert (place.position, place.p90_seconds) == (1, None)
