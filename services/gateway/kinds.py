"""The channels this service speaks itself. To add one: a folder beside the others, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.adapters.asterisk.channel import KIND as ASTERISK
from services.gateway.adapters.email.line import EMAIL
from services.gateway.adapters.fax.line import KIND as FAX
from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.simulator.channel import KIND as SIMULATOR
from services.gateway.adapters.sms.webhooks import SMS
from services.gateway.adapters.twiml.webhooks import TWIML
from services.gateway.adapters.web.channel import KIND as WEB

KINDS: Mapping[str, ChannelKind] = {
    kind.name: kind
    for kind in (
        ASTERISK,
        EMAIL,
        FAX,
        SIMULATOR,
        SMS,
        TWIML,
        WEB,
    )
}  # fmt: skip
"""One line a channel."""
