"""Others who follow a call: what they must offer, and who they are. To add one: a file beside this, and its line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from services.gateway.adapters.asterisk.calls import Call
from services.gateway.adapters.asterisk.recording import RecordingCompanion
from services.gateway.adapters.asterisk.surroundings import Surroundings
from shared.contracts.channel_commands import ChannelCommand

if TYPE_CHECKING:
    from services.gateway.adapters.asterisk.live_call import LiveCall


class Companion(Protocol):
    """Follows one call, one thing after the other; a raised error ends the call's loop, which is begun again."""

    async def changed(self, before: Call, after: Call) -> None:
        """Something about the call is different now, and made true in Asterisk."""
        ...

    async def commanded(self, command: ChannelCommand) -> None:
        """A command about this call that the call itself does not know (recording)."""
        ...

    async def secure(self, entering: bool) -> None:
        """The customer begins or ends typing what nobody may keep."""
        ...

    def heard(self, event: Mapping[str, Any]) -> None:
        """An event of Asterisk about this call or one of its bridges or recordings."""
        ...


COMPANIONS: Final[Sequence[Callable[[Surroundings, LiveCall], Companion]]] = (RecordingCompanion,)
