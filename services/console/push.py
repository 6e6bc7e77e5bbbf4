"""Server push: one log of frames per tenant, each frame encoded once, and a pure ASGI stream that sends what it has not sent.

A frame is written into the tail of every audience that may see it, under one number. A page subscribes to its audiences
and sends all that is newer than its cursor in one piece; it holds no queue of its own. Who has fallen further behind than
the tails reach back is let go with a last frame and comes back for a snapshot.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import Receive, Send

from services.console.domain.shapes import Notice
from shared.contracts.wire import adapter

KEEPALIVE: Final = b": alive\n\n"
KEEPALIVE_SECONDS: Final = 10.0
STUCK_SECONDS: Final = 30.0
"""A send that has not returned for so long: the other side is gone, whatever its TCP says."""
DESERTED_SECONDS: Final = 120.0

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_MAPPING: Final = adapter(Mapping[str, Any])  # type: ignore[type-abstract]


def encode_shape(kind: str, shape: object) -> bytes:
    """`{"type": kind, …the shape's fields…}` as JSON."""
    body = _MAPPING.dump_json(shape) if isinstance(shape, Mapping) else adapter(type(shape)).dump_json(shape)
    head = b'{"type":"%s"' % kind.encode()
    return head + b"}" if body == b"{}" else head + b"," + body[1:]


def encode_frame(cursor: str, data: bytes) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (cursor.encode(), data)


@dataclass(slots=True)
class Tail:
    """The newest frames of one audience, at least `keep`. `through`: highest number no longer kept."""

    keep: int
    numbers: list[int] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    through: int = 0
    subscribers: set[Subscription] = field(default_factory=set)
    deserted_at: float | None = None

    def add(self, number: int, frame: bytes) -> None:
        self.numbers.append(number)
        self.frames.append(frame)
        if len(self.numbers) > 2 * self.keep:
            self.through = self.numbers[self.keep - 1]
            del self.numbers[: self.keep], self.frames[: self.keep]
        for subscription in self.subscribers:
            subscription.wake()


class FrameLog:
    """All frames of one tenant. Not thread-safe: one event loop writes and reads.

    An agent's own tail is short (some twenty minutes of work), the boards' is long; a tail nobody listens to is given up
    after DESERTED_SECONDS.
    """

    def __init__(self, epoch: str, *, keep_own: int = 64, keep_shared: int = 1024) -> None:
        self.epoch = epoch
        self.last = 0
        self._keep_own = keep_own
        self._keep_shared = keep_shared
        self._tails: dict[str, Tail] = {}
        self.subscriptions: set[Subscription] = set()

    def append(self, notice: Notice) -> None:
        """Number, encode and lay down a frame, and wake whoever may see it. Costs no encoding where nobody ever listened."""
        self.last += 1
        tails = [tail for audience in notice.audiences if (tail := self._tails.get(audience)) is not None]
        if not tails:
            return
        frame = encode_frame(f"{self.epoch}-{self.last}", encode_shape(notice.type, notice.shape))
        for tail in tails:
            tail.add(self.last, frame)

    def subscribe(self, audiences: Iterable[str], last_event_id: str | None, expires_at: float) -> Subscription:
        """A place in the log for one page. `resumed` says whether it goes on without a snapshot. `expires_at`: wall seconds."""
        tails: list[Tail] = []
        for audience in sorted(set(audiences)):
            if audience not in self._tails:
                keep = self._keep_own if audience.startswith("agent:") else self._keep_shared
                self._tails[audience] = Tail(keep, through=self.last)  # what was not kept so far cannot be resumed
            tails.append(self._tails[audience])
        cursor = self._cursor_of(last_event_id)
        resumed = cursor is not None and all(tail.through <= cursor for tail in tails)
        subscription = Subscription(
            self, tails, cursor if resumed and cursor is not None else self.last, resumed, expires_at
        )
        self.subscriptions.add(subscription)
        for tail in tails:
            tail.subscribers.add(subscription)
            tail.deserted_at = None
        return subscription

    def _cursor_of(self, last_event_id: str | None) -> int | None:
        epoch, _, number = (last_event_id or "").rpartition("-")
        return int(number) if epoch == self.epoch and number.isdecimal() and int(number) <= self.last else None

    def leave(self, subscription: Subscription) -> None:
        self.subscriptions.discard(subscription)
        for tail in subscription.tails:
            tail.subscribers.discard(subscription)
            if not tail.subscribers:
                tail.deserted_at = time.monotonic()

    def tend(self, now: float) -> None:
        """Once every KEEPALIVE_SECONDS: keep lines alive, end expired streams, cut those that no longer take anything."""
        for subscription in list(self.subscriptions):
            subscription.tend(now)
        for audience in [a for a, tail in self._tails.items() if (tail.deserted_at or now) < now - DESERTED_SECONDS]:
            del self._tails[audience]


class Subscription:
    """One page's place in the log."""

    __slots__ = ("_waiter", "cursor", "end", "expires_at", "log", "ping", "resumed", "sending_since", "tails", "task")

    def __init__(self, log: FrameLog, tails: list[Tail], cursor: int, resumed: bool, expires_at: float) -> None:
        self.log = log
        self.tails = tails
        self.cursor = cursor
        self.resumed = resumed
        self.expires_at = expires_at
        self.end: str | None = None
        self.ping = False
        self.sending_since: float | None = None
        self.task: asyncio.Task[Any] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def finish(self, why: str) -> None:
        """Let the page go with a last frame."""
        self.end = self.end or why
        self.wake()

    def tend(self, now: float) -> None:
        if self.expires_at <= time.time():
            self.finish("expired")
        elif self.sending_since is not None:
            if now - self.sending_since > STUCK_SECONDS and self.task is not None:
                self.task.cancel()
        else:
            self.ping = True
            self.wake()

    def take(self) -> bytes:
        """Everything newer than the cursor, in order, and move the cursor; b"" when there is nothing."""
        since, newest = self.cursor, self.log.last
        if since == newest:
            return b""
        self.cursor = newest
        if len(self.tails) == 1:
            tail = self.tails[0]
            if tail.through > since:
                self.end = self.end or "slow"
            start = len(tail.numbers) - 1  # nearly always just the newest
            if start < 0 or tail.numbers[start] <= since:
                return b""
            start = start if start == 0 or tail.numbers[start - 1] <= since else bisect_right(tail.numbers, since)
            return tail.frames[start] if start == len(tail.frames) - 1 else b"".join(tail.frames[start:])
        fresh: dict[int, bytes] = {}
        for tail in self.tails:
            if tail.through > since:
                self.end = self.end or "slow"
            start = bisect_right(tail.numbers, since)
            fresh.update(zip(tail.numbers[start:], tail.frames[start:], strict=True))
        return b"".join(fresh[number] for number in sorted(fresh))

    async def more(self) -> bytes:
        """The next piece to send: frames, a keepalive, or b"" when the stream is to end."""
        while True:
            if self.end:
                return b""
            piece = self.take()
            if self.end:
                return b""  # fell behind what is kept: nothing is sent with a hole in it
            if piece:
                return piece
            if self.ping:
                self.ping = False
                return KEEPALIVE
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None


async def stream(subscription: Subscription, first: Callable[[], bytes], receive: Receive, send: Send) -> None:
    """Send a page its frames until it leaves, expires or falls behind. `first` makes the snapshot where one is needed."""
    subscription.task = asyncio.current_task()
    watcher = asyncio.create_task(_gone(subscription, receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        piece = b"retry: 1000\n\n"
        if not subscription.resumed:
            subscription.cursor = subscription.log.last
            piece += first()
        while piece:
            subscription.sending_since = time.monotonic()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            subscription.sending_since = None
            piece = await subscription.more()
        if subscription.end != "left":
            last = encode_shape("reconnect", {"why": subscription.end})
            await send({"type": "http.response.body", "body": b"data: %s\n\n" % last, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        watcher.cancel()
        subscription.log.leave(subscription)


async def _gone(subscription: Subscription, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscription.finish("left")
