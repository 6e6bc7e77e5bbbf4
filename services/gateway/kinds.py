"""The channels this service speaks itself. To add one: a folder beside the others, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.twiml.webhooks import TWIML

KINDS: Mapping[str, ChannelKind] = {
    kind.name: kind
    for kind in (
        TWIML,
    )
}  # fmt: skip
"""One line a channel."""
