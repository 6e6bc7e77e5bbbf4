"""What answered and abandoned inbound contacts, and the reserve's own decision, do to the rolling service level."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.contacts import Contact
from services.router.domain.inputs import Input
from services.router.domain.reserve import InboundLevel
from services.router.domain.workspace import Workspace
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ReserveChanged


def waited(work: Workspace, contact: Contact, wait: int, answered: bool) -> None:
    """An inbound contact's wait is over. Who left within the target says nothing of the service."""
    rule = None if work.policy is None else work.policy.blending
    if rule is None or contact.outbound:
        return
    within = wait <= rule.service_level_seconds * SECOND
    if answered or not within:
        work.set_level((work.level or InboundLevel()).with_contact(work.now, answered and within))


def looked(work: Workspace) -> None:
    """A minute has left the window, or the dwell is over."""
    if work.level is not None:
        work.set_level(replace(work.level.rolled(work.now), seen_at=work.now))


def changed(work: Workspace, given: Input, decision: ReserveChanged) -> None:
    work.set_level(replace(work.level or InboundLevel(), held=decision.held, since=decision.at))
