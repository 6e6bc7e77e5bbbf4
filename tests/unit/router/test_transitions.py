"""The tables are complete and drawn: every decision that moves something has a row, and the README shows them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

from services.router.domain.contacts import ConsultationState, ContactPhase, OfferState
from services.router.domain.transitions import (
    CONSULTATION_TRANSITIONS,
    CONTACT_TRANSITIONS,
    INTERACTION_TRANSITIONS,
    OFFER_TRANSITIONS,
    IllegalTransition,
    InteractionPhase,
    mermaid,
    next_offer_state,
    next_phase,
)
from shared.contracts.routing_decisions import ContactClosed, OfferMade, RoutingDecision
from tests.unit.router.truth_files import FOLDER

README = Path(__file__).parents[3] / "services/router/README.md"


def test_the_readme_shows_the_tables() -> None:
    text = README.read_text(encoding="utf-8")
    shown = text.split("<!-- diagrams: begin -->\n")[1].split("<!-- diagrams: end -->")[0]
    assert shown == mermaid(), "paste what `transitions.mermaid()` gives between the marks"


@pytest.mark.parametrize(
    "table", [CONTACT_TRANSITIONS, OFFER_TRANSITIONS, CONSULTATION_TRANSITIONS, INTERACTION_TRANSITIONS]
)
def test_every_state_is_reached_and_left_unless_it_is_an_end(
    table: Mapping[StrEnum | None, Mapping[type, StrEnum]],
) -> None:
    ends = {
        ContactPhase.CLOSED,
        OfferState.ACCEPTED,
        OfferState.CONSULTED,
        OfferState.WITHDRAWN,
        ConsultationState.ENDED,
        ConsultationState.HANDED_OVER,
        InteractionPhase.FINISHED,
    }
    states: set[StrEnum] = set(type(next(s for s in table if s is not None)))
    reached = {target for row in table.values() for target in row.values()}
    assert reached == states
    assert {state for state in states if not table.get(state)} == states & ends


def test_only_decisions_move() -> None:
    kinds = set(get_args(RoutingDecision))
    tables = (CONTACT_TRANSITIONS, OFFER_TRANSITIONS, CONSULTATION_TRANSITIONS, INTERACTION_TRANSITIONS)
    rows = [row for table in tables for row in table.values()]
    assert {decision for row in rows for decision in row} <= kinds


def test_what_the_table_does_not_hold_is_illegal() -> None:
    offer = object.__new__(OfferMade)
    for phase in ContactPhase:
        if phase is ContactPhase.QUEUED:
            assert next_phase(phase, offer) is ContactPhase.OFFERED
        else:
            with pytest.raises(IllegalTransition):
                next_phase(phase, offer)
    with pytest.raises(IllegalTransition):
        next_offer_state(OfferState.ACCEPTED, offer)
    with pytest.raises(IllegalTransition):
        next_phase(ContactPhase.CONNECTED, object.__new__(ContactClosed))  # a conversation ends before its contact


def test_the_stories_show_every_decision() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json"))
    untold = {kind.__name__ for kind in get_args(RoutingDecision)} - {"AgentStateChanged"}
    assert {name for name in untold if f'"{name} ' not in told} == set()
