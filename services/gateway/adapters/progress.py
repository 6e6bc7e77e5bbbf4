"""How far a numbered stream was carried out, when calls carry out their events at their own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from services.gateway.adapters.port import ChannelPort


class Progress:
    """Everything up to `mark` is done; of what is above, some may be done too and is done again after a restart."""

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self._under_way: set[int] = set()
        self._begun = mark
        self._changed = asyncio.Event()

    def begun(self, number: int) -> Callable[[], None]:
        """Something begins; call what is returned when it is done (again: harmless)."""
        self._under_way.add(number)
        self._begun = max(self._begun, number)
        return partial(self._done, number)

    def _done(self, number: int) -> None:
        self._under_way.discard(number)
        mark = min(self._under_way) - 1 if self._under_way else self._begun
        if mark > self.mark:
            self.mark = mark
            self._changed.set()

    async def keep(self, port: ChannelPort) -> None:
        """Remember the mark whenever it moved, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await port.carried_out(self.mark)
