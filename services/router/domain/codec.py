"""Inputs and decisions as the journal stores them: JSON with stable bytes, and back.

Equal values give equal text: keys stand in field order, numbers are integers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring as _text
from typing import Any, get_args

from services.router.domain.inputs import Decided, Fact, HoursExpanded, Input, PolicyInForce, Quarantined, TimerDue
from shared.contracts.contact_events import ContactEvent
from shared.contracts.routing_decisions import RoutingDecision
from shared.contracts.wire import adapter, dump_data

_FACTS: Mapping[str, type[Any]] = {
    kind.__name__: kind for kind in (*get_args(ContactEvent), TimerDue, PolicyInForce, HoursExpanded, Quarantined)
}
_DECISIONS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(RoutingDecision)}


def input_to_json(given: Input) -> str:
    """The journal's text of an input."""
    return (
        f'{{"position":{given.position},"now":{given.now},"tenant":{_text(given.tenant)},"pool":{_text(given.pool)},'
        f'"event_id":{_text(given.event_id)},"occurred_at":{given.occurred_at},'
        f'"type":"{type(given.fact).__name__}","fact":{dump_data(given.fact).decode()}}}'
    )


def input_from_json(text: str) -> Input:
    """The input a journal row holds. Raises ValueError (pydantic's among them) or KeyError on foreign text."""
    row = json.loads(text)
    fact: Fact = adapter(_FACTS[row["type"]]).validate_python(row["fact"])
    return Input(row["position"], row["now"], row["tenant"], row["pool"], row["event_id"], row["occurred_at"], fact)


def decision_bodies(decisions: Sequence[Decided]) -> tuple[bytes, ...]:
    """The JSON of each decision itself, as it stands in the journal and travels on Kafka."""
    return tuple(dump_data(decided.decision) for decided in decisions)


def decisions_to_json(decisions: Sequence[Decided], bodies: Sequence[bytes] | None = None) -> str:
    """The journal's text of the decisions of one input; `bodies` for those who have them already."""
    bodies = decision_bodies(decisions) if bodies is None else bodies
    return "[" + ",".join(map(_decided_to_json, decisions, bodies)) + "]"


def _decided_to_json(decided: Decided, body: bytes) -> str:
    return (
        f'{{"tenant":{_text(decided.tenant)},"pool":{_text(decided.pool)},"subject":{_text(decided.subject)},'
        f'"type":"{type(decided.decision).__name__}","decision":{body.decode()}}}'
    )


def decisions_from_json(text: str) -> tuple[Decided, ...]:
    """The decisions a journal row holds. Raises ValueError or KeyError on foreign text."""
    return tuple(
        Decided(
            row["tenant"],
            row["pool"],
            row["subject"],
            adapter(_DECISIONS[row["type"]]).validate_python(row["decision"]),
        )
        for row in json.loads(text)
    )
