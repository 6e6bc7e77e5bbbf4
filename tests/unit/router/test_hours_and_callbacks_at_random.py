"""Random days of groups that open, close and flow over, and of callbacks: after every input the slow model finds no fault,
the auditor none in the journal, and every contact has one end."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.router.domain.contacts import ContactPhase
from services.router.domain.core import HoursExpanded, PartitionState
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import ContactClosed, RoutingDecision
from tests.unit.router import reference_elsewhere
from tests.unit.router.auditing import audited
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre

AGENTS = ["ann", "bea", "cho"]
SKILLS = {"ann": "zh:5", "bea": "zh:5 complaint:6", "cho": "en:5"}
GROUPS = ["general", "complaints", "english"]
NO_WRAP_UP = {"phone": {"mode": "none"}, "web": {"mode": "none"}, "fax": {"mode": "none"}}


def policy(variant: int) -> dict[str, Any]:
    """Two ways to close, to flow over and to call back."""
    groups: dict[str, Any] = {
        "general": {
            **POLICY["groups"]["general"],
            "wrap_up": NO_WRAP_UP,
            "hours": "office",
            "closing": {"drain_seconds": 5 * variant, "then": "message", "when_closed": ["callback", "message"][variant]},
            "overflow": [
                {"max_waiting": 2, "to": {"group": "english"}},
                {"max_wait_seconds": 15, "to": "callback"},
                {"max_wait_seconds": 30, "to": {"number": "plumber"}, "channels": ["phone"]},
            ],
            "callback": {
                "offered": True, "attempts": 2, "retry_seconds": 20, "answer_seconds": 5,
                "mode": ["agent_first", "customer_first"][variant],
            },
        },
        "complaints": {
            **POLICY["groups"]["complaints"],
            "wrap_up": NO_WRAP_UP,
            "overflow": [{"unstaffed_seconds": 6 * variant, "to": {"group": "general"}}, {"unstaffed_seconds": 9, "to": "end"}],
        },
        "english": {
            "name": "english", "business_line": "rental", "skills": [{"skill": "en", "level": 2}], "wrap_up": NO_WRAP_UP,
            "hours": "office" if variant else "shop", "overflow": [{"max_wait_seconds": 8, "to": {"group": "general"}}],
            "callback": {"carried_share_percent": 50, "answer_seconds": 5, "mode": "customer_first"},
        },
    }  # fmt: skip
    calendar = {"name": "c", "time_zone": "UTC", "week": {"mon-sun": "24h"}}
    return {
        **POLICY,
        "groups": groups,
        "calendars": {"office": calendar, "shop": calendar},
        "outside": {"plumber": {"name": "plumber", "number": "+862155550111"}},
        "enrichment_wait_ms": 0,
    }


def hours(begin: int) -> dict[str, Any]:
    """Seconds since START: the office is open 40 of every 60, the shop 25 of every 70."""
    return {
        "office": [(at, at + 40) for at in range(begin - begin % 60, begin + 600, 60)],
        "shop": [(at + 10, at + 35) for at in range(begin - begin % 70, begin + 600, 70)],
    }


class OpenAndClosed(RuleBasedStateMachine):
    """Customers, agents, managers and clocks do whatever they like."""

    def __init__(self) -> None:
        super().__init__()
        self.centre = Centre()
        self.centre.check_read_only = False
        self.version = 0
        self.count = 0

    @initialize(variant=st.integers(0, 1))
    def begin(self, variant: int) -> None:
        self.publish(variant)
        self.centre.sign_in("ann", SKILLS["ann"])

    # ---- who does what

    @property
    def seconds(self) -> int:
        return (self.centre.now - START) // SECOND

    @property
    def contacts(self) -> list[Any]:
        found = self.centre.state.pools[TENANT, POOL].contacts
        return [found[key] for key in sorted(found)]

    def pick(self, data: st.DataObject, *phases: ContactPhase) -> Any:
        found = [c for c in self.contacts if c.phase in phases]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(variant=st.integers(0, 1))
    def publish(self, variant: int) -> None:
        self.version += 1
        self.centre.publish(policy(variant), self.version, hours(self.seconds))

    @rule()
    def expand(self) -> None:
        known = {
            name: tuple((START + opens * SECOND, START + closes * SECOND) for opens, closes in spans)
            for name, spans in hours(self.seconds).items()
        }
        self.centre.feed(HoursExpanded(known, self.centre.now + 600 * SECOND))

    @rule(
        group=st.sampled_from(GROUPS),
        channel=st.sampled_from([Channel.PHONE, Channel.PHONE, Channel.WEB, Channel.FAX]),
        deposit=st.sampled_from([False, False, False, True]),
    )
    def arrive(self, group: str, channel: Channel, deposit: bool) -> None:
        self.count += 1
        self.centre.arrive(f"c{self.count}", group, channel, deposit=deposit)

    @rule(agent=st.sampled_from(AGENTS), comes=st.booleans())
    def sign(self, agent: str, comes: bool) -> None:
        if comes:
            self.centre.sign_in(agent, SKILLS[agent])
        else:
            self.centre.feed(ev.AgentSignedOut(agent))

    @rule(agent=st.sampled_from(AGENTS))
    def be_ready(self, agent: str) -> None:
        self.centre.feed(ev.PresenceChanged(agent, ev.Presence.AVAILABLE))

    @rule(data=st.data(), accepts=st.sampled_from([True, True, False]))
    def answer(self, data: st.DataObject, accepts: bool) -> None:
        contact = self.pick(data, ContactPhase.OFFERED)
        if contact is not None:
            self.centre.accept(contact.contact_id) if accepts else self.centre.reject(contact.contact_id)

    @rule(data=st.data(), works=st.sampled_from([True, True, False]))
    def connect(self, data: st.DataObject, works: bool) -> None:
        contact = self.pick(data, ContactPhase.CONNECTING)
        if contact is not None and works and not contact.is_callback_waiting:
            self.centre.connect(contact.contact_id)
        elif contact is not None:
            self.centre.feed(ev.ContactConnectFailed(contact.contact_id, contact.interaction.offer_id))

    @rule(data=st.data(), by=st.sampled_from(["customer", "agent"]))
    def end(self, data: st.DataObject, by: Any) -> None:
        contact = self.pick(data, *ContactPhase)
        if contact is not None:
            self.centre.feed(ev.ContactEnded(contact.contact_id, by))

    @rule(
        data=st.data(), by=st.sampled_from(["customer", "agent"]), later=st.sampled_from([None, None, 10, 30]),
        window=st.sampled_from([None, None, 25]),
    )  # fmt: skip
    def ask_for_callback(self, data: st.DataObject, by: Any, later: int | None, window: int | None) -> None:
        contact = self.pick(data, *ContactPhase)
        self.count += 1
        now = self.centre.now
        self.centre.feed(
            ev.CallbackRequested(
                f"b{self.count}",
                None if contact is None else contact.contact_id,
                not_before=None if later is None else now + later * SECOND,
                window_until=None if window is None else now + window * SECOND,
                by=by,
                business_line="rental",
            )
        )

    @rule(
        data=st.data(), outcome=st.sampled_from(["person", "person", "machine", "busy", "no_answer", "unknown", "late"])
    )
    def dial(self, data: st.DataObject, outcome: Any) -> None:
        contact = self.pick(data, ContactPhase.DIALLING, ContactPhase.CONNECTING)
        if contact is None or contact.callback is None or contact.callback.attempt_id is None:
            return
        attempt = "d-earlier" if outcome == "late" else contact.callback.attempt_id
        if outcome in ("person", "machine", "late"):
            self.centre.feed(
                ev.DialAnswered(contact.contact_id, attempt, "machine" if outcome == "machine" else "person")
            )
        else:
            self.centre.feed(ev.DialFailed(contact.contact_id, attempt, outcome))

    @rule(data=st.data(), comes=st.sampled_from(["released", "released", "person", "busy", "unknown"]))
    def hear_of_quarantined(self, data: st.DataObject, comes: Any) -> None:
        """Somebody decides, or late news come."""
        found = [c for c in self.contacts if c.callback is not None and c.callback.unknown is not None]
        if not found:
            return
        contact = data.draw(st.sampled_from(found))
        contact_id, attempt = contact.contact_id, contact.callback.unknown
        if comes == "released":
            self.centre.feed(ev.CallbackReleased(contact_id, "sue", "customer_not_called"))
        elif comes == "person":
            self.centre.feed(ev.DialAnswered(contact_id, attempt, "person"))
        else:
            self.centre.feed(ev.DialFailed(contact_id, attempt, comes))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        contact = self.pick(data, *ContactPhase)
        if contact is not None:
            self.centre.feed(ev.CallbackCancelled(contact.contact_id, "sue", "found_it"))

    @rule(
        group=st.sampled_from([*GROUPS, None, "nowhere"]), closes=st.booleans(),
        then=st.sampled_from([None, "message", "callback", "end"]),
    )  # fmt: skip
    def button(self, group: str | None, closes: bool, then: Any) -> None:
        if closes:
            self.centre.feed(ev.GroupClosed(group, "sue", "fire_alarm", then))
        else:
            self.centre.feed(ev.GroupReopened(group, "sue", "alarm_over"))

    @rule(seconds=st.sampled_from([1, 4, 9, 21, 45]))
    def wait(self, seconds: int) -> None:
        self.centre.pass_seconds(seconds)

    # ---- what always holds

    @invariant()
    def nobody_stands_where_they_must_not(self) -> None:
        pool = self.centre.state.pools.get((TENANT, POOL))
        if pool is not None:
            assert reference_elsewhere.faults(pool, self.centre.now) == []

    @invariant()
    def no_customer_is_dialled_twice_at_once(self) -> None:
        dialled = [d for _, d in self.centre.log if type(d).__name__ == "DialRequested"]
        assert len({d.attempt_id for d in dialled}) == len(dialled)  # type: ignore[union-attr]

    def teardown(self) -> None:
        ends: list[RoutingDecision] = [d for _, d in self.centre.log if isinstance(d, ContactClosed)]
        assert len({d.contact_id for d in ends}) == len(ends)  # type: ignore[union-attr]
        assert self.centre.fold().hash() == self.centre.state.hash()
        assert PartitionState.from_facts(self.centre.state.facts()).hash() == self.centre.state.hash()
        assert audited(self.centre.journal).findings == []


TestOpenAndClosed = OpenAndClosed.TestCase
TestOpenAndClosed.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    derandomize=True,
)
