"""Same inputs, same bytes: under two hash seeds, in a fresh process, from a snapshot, and folded from text."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from services.router.domain.core import (
    PartitionState,
    apply,
    decide,
    decisions_from_json,
    decisions_to_json,
    input_from_json,
    input_to_json,
)
from services.router.domain.state import LATER_FIELDS
from shared.contracts import contact_events as ev
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import OfferMade
from tests.unit.router.centre import POLICY, Centre

ROOT = Path(__file__).parents[3]


def busy_morning(seed: int, length: int = 250) -> Centre:
    """A seeded morning with every kind of event; the journal is what matters."""
    chance = random.Random(seed)
    centre = Centre({**POLICY, "enrichment_wait_ms": 150})
    centre.check_read_only = False
    for n in range(8):
        centre.sign_in(f"a{n}", f"zh:{3 + n % 5} complaint:{1 + n}")
    for n in range(length):
        what = chance.randrange(7)
        made = [d for _, d in centre.log if isinstance(d, OfferMade)]
        offer = chance.choice(made) if made else None
        if what < 2 or offer is None:
            channel = chance.choice([Channel.PHONE, Channel.WEB, Channel.FAX])
            centre.arrive(f"c{n}", chance.choice(["general", "complaints", None]), channel)
            centre.feed(ev.ContactProfiled(f"c{n}", f"k{n}", tier=chance.choice([None, "gold"])))
        elif what == 2:
            centre.feed(ev.OfferAccepted(offer.agent_id, offer.contact_id, offer.offer_id))
        elif what == 3:
            centre.feed(ev.ContactConnected(offer.contact_id, offer.offer_id))
        elif what == 4:
            centre.feed(ev.ContactEnded(offer.contact_id, "customer"))
        elif what == 5:
            centre.feed(ev.PresenceChanged(offer.agent_id, ev.Presence.AVAILABLE))
        else:
            centre.pass_seconds(chance.randrange(1, 30))
    return centre


def test_folding_the_journals_text_gives_the_live_state() -> None:
    centre = busy_morning(1)
    assert centre.fold().hash() == centre.state.hash()
    assert len({type(d).__name__ for _, d in centre.log}) >= 12  # a morning in which nothing happens proves nothing


def test_deciding_again_from_a_snapshot_gives_the_recorded_bytes() -> None:
    centre = busy_morning(2)
    state = PartitionState.empty(centre.state.partition)
    for given_text, decisions_text in centre.journal:
        given = input_from_json(given_text)
        assert input_to_json(given) == given_text
        assert decisions_to_json(decide(state, given)) == decisions_text
        apply(state, given, decisions_from_json(decisions_text))
        if given.position % 40 == 0:
            state = PartitionState.from_facts(json.loads(json.dumps(state.facts(), sort_keys=True)))
    assert state.hash() == centre.state.hash()
    assert state.next_timer() == centre.state.next_timer()


def test_the_hash_is_that_of_the_facts() -> None:
    for state in (busy_morning(5).state, Centre(POLICY).state, PartitionState.empty(2)):
        whole = json.dumps(state.facts(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert "".join(state.canonical()) == whole
        assert state.hash() == hashlib.sha256(whole.encode()).hexdigest()


def test_a_snapshot_from_before_menus_and_consultations_keeps_its_hash() -> None:
    """What such a state does not hold is not in its facts, so an upgraded router recovers from it."""
    facts = busy_morning(4).state.facts()
    text = json.dumps(facts, sort_keys=True)
    assert not [name for names in LATER_FIELDS.values() for name in names if f'"{name}"' in text]


def test_a_snapshot_in_the_middle_of_a_menu_and_a_consultation_is_whole() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.sign_in("bea", "zh:5")
    centre.arrive("c1")
    centre.serve("c1")
    centre.arrive("c2", self_service=True)
    target = ev.TransferTarget.AGENT
    centre.feed(ev.TransferRequested("c1", centre.open_offer("c1").agent_id, "t1", target, "bea", "warm"))
    for _ in range(2):
        again = PartitionState.from_facts(json.loads(json.dumps(centre.state.facts())))
        assert (again.hash(), again.next_timer()) == (centre.state.hash(), centre.state.next_timer())
        centre.accept("c1")


@pytest.mark.parametrize("seeds", [("1", "4242")])
def test_two_hash_seeds_give_identical_bytes(seeds: tuple[str, str]) -> None:
    program = (
        "import hashlib; from tests.unit.router.test_determinism import busy_morning; c = busy_morning(3);"
        "print(hashlib.sha256(repr(c.journal).encode()).hexdigest(), c.state.hash())"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    ]
    assert told[0] == told[1] != ""
