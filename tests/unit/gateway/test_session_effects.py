"""What decisions and commands mean for sessions: pure, one batch at a time."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain.documents import media_type_of
from services.gateway.domain.sessions import HeldContact, effects_of, failed_with_gateway, outcome_of
from shared.contracts.channel_commands import EndContact
from shared.contracts.contact_events import ContactConnected, ContactEnded
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    EnrichmentAwaited,
    OfferOutcome,
    OfferWithdrawn,
)

NOW = 1_772_000_000_000_000


def decision(sequence: int, data: Any) -> Envelope[Any]:
    return Envelope(f"d{sequence}", "/router/3", NOW, "jinfeng", "c", data, "main", 3, sequence, 1, sequence)


def awaited(channel: Channel, gateway_id: str | None = "gw") -> EnrichmentAwaited:
    return EnrichmentAwaited("c", channel, "rental", NOW - 5, NOW, gateway_id)


def assigned(channel: Channel, offer: str = "o") -> ContactAssigned:
    return ContactAssigned("c", "a", offer, "i", channel, "repair", NOW, 0)


@pytest.mark.parametrize(("channel", "here"), [(Channel.WEB, True), (Channel.FAX, True), (Channel.PHONE, False)])
def test_sessions_kept_here_are_connected(channel: Channel, here: bool) -> None:
    effects = effects_of([decision(1, awaited(channel)), decision(2, assigned(channel))], {}, NOW)
    assert [(p, e.data) for p, e in effects.said] == ([(3, ContactConnected("c", "o"))] if here else [])
    assert effects.assigned == {"c": ("a", "o")}
    assert effects.opened["c"] == HeldContact("jinfeng", "c", channel, 3, "main", "gw", None, NOW, True)


def test_each_assignment_connects_once_under_its_own_id() -> None:
    first = effects_of([decision(2, assigned(Channel.WEB))], {}, NOW).said[0][1]
    again = effects_of([decision(2, assigned(Channel.WEB))], {}, NOW + 9).said[0][1]
    transferred = effects_of([decision(7, assigned(Channel.WEB, "o-2"))], {}, NOW).said[0][1]
    assert first.id == again.id != transferred.id


def test_a_contacts_gateway_hears_in_order_and_nobody_else() -> None:
    withdrawn = OfferWithdrawn("o", "c", "a", OfferOutcome.TIMED_OUT)
    ended = ContactClosed("c", ContactEnd.FAILED, NOW, Channel.PHONE, "rental", "system", gateway_id="gw")
    batch = [decision(1, awaited(Channel.PHONE)), decision(2, withdrawn), decision(3, ended)]
    effects = effects_of(batch, {}, NOW)
    assert [(told.gateway_id, told.data) for told in effects.told] == [("gw", withdrawn), ("gw", ended)]
    assert effects.closed == {"c": NOW}
    nobodys = effects_of([decision(1, awaited(Channel.PHONE, None)), decision(2, withdrawn)], {}, NOW)
    assert nobodys.told == []


@pytest.mark.parametrize(
    ("late", "open_", "channel", "outcome"),
    [
        (1, True, Channel.WEB, "stale"),
        (0, True, Channel.WEB, "done"),
        (0, True, Channel.PHONE, "passed_on"),
        (0, False, Channel.PHONE, "contact_closed"),
        (1, False, Channel.FAX, "stale"),
    ],
)
def test_commands(late: int, open_: bool, channel: Channel, outcome: str) -> None:
    contact = HeldContact("jinfeng", "c", channel, 3, open=open_)
    assert outcome_of(EndContact("k", "c", NOW, "a"), contact, NOW + late) == outcome


def test_a_lost_contact_fails_once_whoever_notices() -> None:
    contact = HeldContact("jinfeng", "c", Channel.PHONE, 3, "main")
    reconciled, lost = (failed_with_gateway(contact, why, NOW) for why in ("gateway_reconciled", "gateway_lost"))
    assert reconciled.id == lost.id
    assert isinstance(reconciled.data, ContactEnded)
    assert reconciled.data.failed


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"II*\x00..", "image/tiff"), (b"MM\x00*..", "image/tiff"), (b"%PDF-1.4", "application/pdf"),
     (b"junk\n%PDF-1.4", "application/pdf"), (b"x" * 2000 + b"%PDF-", None), (b"", None), (b"\x89PNG", None)],
)  # fmt: skip
def test_documents_are_known_by_their_bytes(body: bytes, kind: str | None) -> None:
    assert media_type_of(body) == kind
