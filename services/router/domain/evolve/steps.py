"""What decisions on relaxation and rest do to a contact: whom it asks for from now on."""

from __future__ import annotations

from services.router.domain.contacts import Contact
from services.router.domain.inputs import Input
from services.router.domain.transitions import next_phase
from services.router.domain.workspace import Workspace
from shared.contracts.routing_decisions import (
    ConsultationRequested,
    ContactQueued,
    ContactRekeyed,
    ExposureWaitEnded,
    RelaxationReached,
)


def ask_anew(contact: Contact, decision: ContactQueued | ContactRekeyed | ConsultationRequested) -> None:
    """From the first step on; `RelaxationReached` follows where another one counts already."""
    contact.requirement, contact.steps = decision.requirement, decision.steps
    contact.outbound = not isinstance(decision, ConsultationRequested) and decision.outbound
    contact.step = contact.reached = 0
    contact.let_in = ()
    spares_until = None if isinstance(decision, ConsultationRequested) else decision.spares_until
    if (contact.severity, contact.spares_until) != (decision.severity, spares_until):
        contact.severity, contact.spares_until, contact.spares_nobody = decision.severity, spares_until, False


def reached(work: Workspace, given: Input, decision: RelaxationReached) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.step, contact.reached = decision.step, decision.reached
    contact.requirement, contact.let_in = decision.requirement, decision.let_in


def exposure_wait_ended(work: Workspace, given: Input, decision: ExposureWaitEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.spares_nobody = True
