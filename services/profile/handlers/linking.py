"""A person says who a contact is: choose a candidate, or create the customer. The router hears of it through the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.profile.domain.identification import IdentityLevel
from services.profile.domain.pop import is_repeat
from services.profile.handlers.contact_arrived import SOURCE, profiled_as
from services.profile.settings import ProfileSettings
from services.profile.store import contacts, customers
from services.profile.store.cards import fresh_card
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONTACT_EVENTS, EPOCH
from shared.postgres import Connection, enqueue

MICROSECOND = timedelta(microseconds=1)


async def link_contact(
    connection: Connection, tenant: str, contact_id: str, customer_id: str, user: str, now: datetime, settings: ProfileSettings,
) -> None:  # fmt: skip
    """The contact is that customer's, says `user`. Raises NotFound for either.

    The caller stays *recognised* when the address was already the customer's (one of the candidates), else *claimed*:
    a word on the telephone proves nothing.
    """
    contact = await contacts.lock(connection, tenant, contact_id)
    card = await fresh_card(connection, tenant, customer_id, now.date(), settings.unresolved_dispositions)
    if contact.customer_id == customer_id:
        return
    level = IdentityLevel.RECOGNISED if customer_id in contact.candidates else IdentityLevel.CLAIMED
    repeat = is_repeat(card.document["routing"]["last_served_at"], now, settings.repeat_window_days)
    version = await contacts.link(connection, tenant, contact_id, customer_id, user, level, repeat)
    await customers.audit(
        connection, tenant, user, "contact_linked", customer_id=customer_id, contact_id=contact_id,
        detail={"before": contact.customer_id or ""},
    )  # fmt: skip
    await contacts.touch(connection, tenant, [customer_id, contact.customer_id or customer_id])
    if contact.partition is not None:
        profiled = profiled_as(contact_id, contacts.Answer(customer_id, 0, repeat), card)
        envelope = Envelope(
            stable_id("profiled", tenant, contact_id, str(version)), SOURCE, (now - EPOCH) // MICROSECOND,
            tenant, contact_id, profiled, contact.pool_id,
        )  # fmt: skip
        await enqueue(
            connection, CONTACT_EVENTS, envelope, partition=contact.partition, key=contact.pool_id or contact_id
        )
