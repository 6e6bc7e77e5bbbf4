"""The router's deterministic core in one place: what the shell, the replay and the simulator build on.

`decide(state, input) → decisions`, `apply(state, input, decisions) → state`; same inputs, same bytes.
"""

from services.router.domain.apply import apply
from services.router.domain.codec import (
    decision_bodies,
    decisions_from_json,
    decisions_to_json,
    input_from_json,
    input_to_json,
)
from services.router.domain.decide.dispatch import decide
from services.router.domain.eligibility import NotEligible, eligible
from services.router.domain.inputs import (
    Decided,
    Fact,
    HoursExpanded,
    Input,
    PolicyInForce,
    Quarantined,
    TimerDue,
    TimerKind,
)
from services.router.domain.policy.document import PolicyErrors, parse_policy
from services.router.domain.policy.model import Policy
from services.router.domain.queues import Queues
from services.router.domain.state import PartitionState, PoolState

__all__ = [
    "Decided",
    "Fact",
    "HoursExpanded",
    "Input",
    "NotEligible",
    "PartitionState",
    "Policy",
    "PolicyErrors",
    "PolicyInForce",
    "PoolState",
    "Quarantined",
    "Queues",
    "TimerDue",
    "TimerKind",
    "apply",
    "decide",
    "decision_bodies",
    "decisions_from_json",
    "decisions_to_json",
    "eligible",
    "input_from_json",
    "input_to_json",
    "parse_policy",
]
