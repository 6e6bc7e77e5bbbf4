"""Reading and replaying truth files: a story of steps, each an event or a wait, and the decisions it must lead to.

A file holds `says` (what is shown, in words), `policy` (changes to the common one of `centre.POLICY`), where it is about
opening hours `hours` (calendar → intervals in seconds since the story began) and `steps`. A step has `event` (type and
fields; `$offer:c1` and `$interaction:c1` stand for the latest ids of contact c1, `$attempt:c1` for its latest dialling) or
`wait` (seconds), `then` (every decision in order, one line each, times in seconds since the story began) and optionally
`agents` (presence/work state afterwards, `offline` once signed out).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from shared.contracts import contact_events as ev
from shared.contracts.routing_decisions import (
    ConsultationStarted,
    ContactAssigned,
    DialRequested,
    OfferMade,
    RoutingDecision,
)
from shared.contracts.wire import adapter
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre

FOLDER = Path(__file__).parent / "truth"
EVENTS = {kind.__name__: kind for kind in get_args(ev.ContactEvent)}
TIMES = {
    "arrived_at",
    "queued_at",
    "entered_group_at",
    "due_at",
    "until",
    "expires_at",
    "connect_deadline",
    "preferred_until",
    "rest_until",
    "drain_until",
    "not_before",
    "not_after",
    "window_until",
    "expires",
}
SHOWN: dict[str, tuple[str, ...]] = {
    "SelfServiceAwaited": ("contact_id", "until"),
    "SelfServiceEngaged": ("contact_id", "dialogue", "until"),
    "SelfServiceAnswerGiven": ("contact_id", "question"),
    "EnrichmentAwaited": ("contact_id", "until"),
    "ContactQueued": ("contact_id", "group", "cause", "due_at", "head_start", "only_agent", "preferred_until", "note"),
    "ContactRekeyed": ("contact_id", "due_at", "head_start", "preferred_until"),
    "RelaxationReached": ("contact_id", "step", "requirement", "let_in", "skipped"),
    "ExposureWaitEnded": ("contact_id", "resting"),
    "ExposureOverridden": ("contact_id", "agent_id", "why", "total", "cap", "rest_until"),
    "ExposureCounted": ("agent_id", "contact_id", "amount", "total", "cap"),
    "AgentRested": ("agent_id", "until", "why"),
    "AgentRestEnded": ("agent_id",),
    "AgentPaused": ("agent_id", "until", "why", "whole"),
    "ReserveChanged": ("held", "service_level", "sample"),
    "PreferredWaitEnded": ("contact_id",),
    "ExclusionEnded": ("contact_id", "agents"),
    "OfferMade": ("contact_id", "agent_id", "expires_at", "trigger", "step", "relaxed_to", "runner_up", "consult_of"),
    "OfferWithdrawn": ("contact_id", "agent_id", "outcome"),
    "ContactAssigned": ("contact_id", "agent_id", "connect_deadline", "waited", "unoffered"),
    "InteractionStarted": ("contact_id", "agent_id"),
    "HoldNoted": ("contact_id", "agent_id", "held"),
    "AgentReturnAwaited": ("contact_id", "agent_id", "until"),
    "InteractionEnded": ("contact_id", "agent_id", "why", "talked"),
    "WrapUpStarted": ("agent_id", "mode", "until", "extensions_left"),
    "WrapUpProlonged": ("agent_id", "until", "extensions_left"),
    "WrapUpNoted": ("agent_id", "disposition"),
    "WrapUpFinished": ("agent_id", "disposition", "by_timeout"),
    "ContactTransferred": ("contact_id", "from_agent", "target_kind", "target", "to_agent"),
    "ConsultationRequested": ("contact_id", "from_agent", "target_kind", "target", "until"),
    "ConsultationStarted": ("contact_id", "from_agent", "agent_id"),
    "ConsultationEnded": ("contact_id", "from_agent", "why", "agent_id"),
    "TransferSettled": ("contact_id", "from_agent", "outcome", "agent_id"),
    "ReplyAwaited": ("contact_id", "agent_id", "of", "until"),
    "ContactParked": ("contact_id", "agent_id", "until"),
    "ContactReturning": ("contact_id", "agent_id", "until"),
    "ContactResumed": ("contact_id", "agent_id", "parked"),
    "ColleagueAdmitted": ("contact_id", "agent_id"),
    "ColleagueReleased": ("contact_id", "agent_id"),
    "RatingAwaited": ("contact_id", "agent_id", "scale"),
    "ContactRated": ("contact_id", "agent_id", "score", "low"),
    "ContactClosed": ("contact_id", "end", "waited", "reason", "to_kind", "to", "number"),
    "GroupHoursChanged": ("group", "open", "why", "until", "serving", "drain_until", "by"),
    "ContactOverflowed": ("contact_id", "group", "why", "to_kind", "to", "waiting"),
    "StaffingNoted": ("contact_id", "staffed", "until"),
    "ContactDeferred": ("contact_id", "group", "why", "until"),
    "CallbackOffered": ("contact_id", "why", "until"),
    "CallbackQueued": ("contact_id", "origin", "group", "mode", "queued_at", "not_before", "attempt", "agent_id"),
    "DialRequested": ("contact_id", "number_of_attempt", "agent_id", "not_after"),
    "DialSettled": ("contact_id", "outcome", "by"),
    "CallbackRetryScheduled": ("contact_id", "attempts", "not_before", "outcome"),
    "RonaAlerted": ("agent_id", "in_a_row"),
    "PolicyApplied": ("version",),
    "InputRefused": ("event_type", "reason"),
}
"""What a line of `then` shows of a decision; `AgentStateChanged` is told by `agents` instead."""


def tell(decision: RoutingDecision) -> str | None:
    """A decision in one line, e.g. `OfferMade contact_id=c1 agent_id=ann expires_at=20`."""
    name = type(decision).__name__
    if name not in SHOWN:
        return None
    parts = [name]
    for field in SHOWN[name]:
        owner = decision.reasons if isinstance(decision, OfferMade) and hasattr(decision.reasons, field) else decision
        value: Any = _relaxed_to(decision) if field == "relaxed_to" else getattr(owner, field)
        if value is not None and not (field == "unoffered" and not value):
            parts.append(f"{field}={_shown(field, value)}")
    return " ".join(parts)


def _relaxed_to(decision: Any) -> str | None:
    """The step an offer was made at, where the contact was relaxed."""
    why = decision.reasons
    return None if not why.relaxation else f"{why.relaxation}{'(let in)' if why.let_in else ''}"


def _shown(field: str, value: Any) -> str:
    if field == "requirement":
        return "+".join(f"{need.skill}:{need.level}" for need in value) or "nothing"
    if field == "let_in":
        return ",".join(f"{door.kind}:{door.id}" for door in value) or "nobody"
    if field == "head_start":
        return str(value.seconds)
    if field in TIMES:
        return f"{(value - START) / 1_000_000:g}"
    if field in ("waited", "talked", "parked"):
        return f"{value / 1_000_000:g}"
    return ",".join(value) if field == "agents" else str(value)


class Story:
    """A truth file under replay."""

    def __init__(self, policy: dict[str, Any], hours: dict[str, Any] | None = None) -> None:
        groups = {**POLICY["groups"]}
        for name, changes in policy.get("groups", {}).items():
            groups[name] = {**groups.get(name, {}), **changes}
        self.policy = {**POLICY, **policy, "groups": groups}
        self.hours = hours
        self.centre = Centre(self.policy, hours=hours)

    def run(self, step: dict[str, Any]) -> list[str]:
        """The lines of `then` of one step."""
        if "wait" in step:
            decided = self.centre.pass_seconds(step["wait"])
        elif "publish" in step:
            story = Story(step["publish"])
            decided = self.centre.publish(
                story.policy, step["version"], step.get("hours", self.hours), step.get("waiting", "apply")
            )
        else:
            decided = self.centre.feed(self.event(step["event"]), step.get("event_id"))
        return [line for line in map(tell, decided) if line is not None]

    def event(self, fields: dict[str, Any]) -> Any:
        data = {key: self._id(value) for key, value in fields.items() if key != "type"}
        data |= {key: START + data[key] * 1_000_000 for key in ("not_before", "window_until") if key in data}
        if fields["type"] == "ContactArrived":
            data = {"channel": "phone", "business_line": "rental", "arrived_at": self.centre.now, **data}
        if fields["type"] == "AgentSignedIn":
            data = {"session_id": "s1", "presence": "available", **data}
        if isinstance(data.get("skills"), dict):
            data["skills"] = [self._skill(name, level) for name, level in data["skills"].items()]
        return adapter(EVENTS[fields["type"]]).validate_json(json.dumps(data))

    @staticmethod
    def _skill(name: str, level: Any) -> dict[str, Any]:
        if isinstance(level, dict):
            return {"skill": name, "level": level["level"], "expires_at": START + level["expires"] * 1_000_000}
        return {"skill": name, "level": level}

    def _id(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        kind, contact_id = value[1:].split(":")
        if kind == "attempt":
            dialled = [d for _, d in self.centre.log if isinstance(d, DialRequested) and d.contact_id == contact_id]
            return dialled[-1].attempt_id
        made = OfferMade if kind == "offer" else (ContactAssigned, ConsultationStarted)
        found = [d for _, d in self.centre.log if isinstance(d, made) and d.contact_id == contact_id]
        return found[-1].offer_id if kind in ("offer", "assigned") else found[-1].interaction_id  # type: ignore[union-attr]

    def agents(self) -> dict[str, str]:
        """Presence, what is pending, and work state of everybody signed in."""
        shown: dict[str, str] = {}
        for agent in self.centre.state.pools[TENANT, POOL].agents.values():
            reason = f"({agent.presence_reason})" if agent.presence_reason else ""
            pending = f", then {agent.pending_presence}" if agent.pending_presence else ""
            away = "" if agent.reachable else ", unreachable"
            shown[agent.agent_id] = f"{agent.presence}{reason}{pending}{away} / {agent.work_state}"
        return shown
