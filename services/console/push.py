"""Server push: one log of frames per tenant, each frame encoded once, handed straight to the connections that may see it.

A frame is written into the tail of every audience that may see it, under one number. A page subscribes to its audiences
and gets all that is newer than its cursor in one piece; it holds no queue of its own. Who has fallen further behind than
the tails reach back is let go with a last frame and comes back for a snapshot.

Waking a task per page and frame costs half as much again as sending. So the log itself takes the first step of each send,
which nearly always is the only one; where a connection does not take more at once, the page's own task waits for it.
"""

from __future__ import annotations

import asyncio
import time
import types
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
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
DELIVERIES_AT_ONCE: Final = 200
"""Pages served before the event loop may turn to something else."""

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
        self._due: deque[Subscription] = deque()
        self._serving = False
        self.subscriptions: set[Subscription] = set()

    def append(self, notice: Notice) -> None:
        """Number, encode and lay down a frame; who may see it is served next. Costs no encoding where nobody listens."""
        self.last += 1
        tails = [tail for audience in notice.audiences if (tail := self._tails.get(audience)) is not None]
        if not tails:
            return
        frame = encode_frame(f"{self.epoch}-{self.last}", encode_shape(notice.type, notice.shape))
        for tail in tails:
            tail.add(self.last, frame)
            for subscription in tail.subscribers:
                if subscription.idle and not subscription.due:
                    subscription.due = True
                    self._due.append(subscription)
        if self._due and not self._serving:
            self._serving = True
            asyncio.get_running_loop().call_soon(self._serve)

    def _serve(self) -> None:
        """Hand their new frames to the pages due, some at a time."""
        try:
            for _ in range(min(len(self._due), DELIVERIES_AT_ONCE)):
                subscription = self._due.popleft()
                subscription.due = False
                subscription.deliver()
        finally:
            self._serving = bool(self._due)
            if self._serving:
                asyncio.get_running_loop().call_soon(self._serve)

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
    """One page's place in the log, and its connection once it streams.

    `idle`: the log may hand frames over; otherwise the page's own task is sending and fetches what came meanwhile itself.
    """

    __slots__ = ("_disturbed", "_rest", "_send", "busy_since", "cursor", "due", "end", "expires_at", "idle", "log", "resumed",
                 "tails", "task")  # fmt: skip

    def __init__(self, log: FrameLog, tails: list[Tail], cursor: int, resumed: bool, expires_at: float) -> None:
        self.log = log
        self.tails = tails
        self.cursor = cursor
        self.resumed = resumed
        self.expires_at = expires_at
        self.end: str | None = None
        self.idle = self.due = False
        self.busy_since = time.monotonic()
        self.task: asyncio.Task[Any] | None = None
        self._send: Send | None = None
        self._rest: Awaitable[None] | None = None
        self._disturbed: asyncio.Future[None] | None = None

    def take(self) -> bytes:
        """Everything newer than the cursor, in order, and move the cursor; b"" when there is nothing. May set `end`."""
        since, newest = self.cursor, self.log.last
        if since == newest:
            return b""
        self.cursor = newest
        if any(tail.through > since for tail in self.tails):
            self.end = self.end or "slow"  # nothing is sent with a hole in it
            return b""
        if len(self.tails) == 1:
            return b"".join(self.tails[0].frames[bisect_right(self.tails[0].numbers, since) :])
        fresh: dict[int, bytes] = {}
        for tail in self.tails:
            start = len(tail.numbers)
            while start and tail.numbers[start - 1] > since:  # nearly always none or one
                start -= 1
                fresh[tail.numbers[start]] = tail.frames[start]
        return (
            b"".join([fresh[number] for number in sorted(fresh)]) if len(fresh) > 1 else next(iter(fresh.values()), b"")
        )

    def deliver(self) -> None:
        """Hand new frames to the idle connection; what it does not take at once, the page's own task sees through."""
        if self.idle and (piece := self.take()):
            self._step(piece)
        if self.end:
            self._disturb()

    def _step(self, piece: bytes) -> None:
        assert self._send is not None  # idle only while streaming
        sending = self._send({"type": "http.response.body", "body": piece, "more_body": True})
        step = sending.__await__()
        try:
            blocked_on = next(step)
        except StopIteration:
            return
        except OSError:  # the connection is gone; its page comes back
            self.finish("left")
            return
        self._rest = _see_through(step, blocked_on)
        self._disturb()

    def _disturb(self) -> None:
        if self.idle:
            self.idle = False
            self.busy_since = time.monotonic()
        if self._disturbed is not None and not self._disturbed.done():
            self._disturbed.set_result(None)

    def finish(self, why: str) -> None:
        """Let the page go with a last frame."""
        self.end = self.end or why
        self._disturb()

    def tend(self, now: float) -> None:
        if self.expires_at <= time.time():
            self.finish("expired")
        elif self.idle:
            self._step(KEEPALIVE)
        elif now - self.busy_since > STUCK_SECONDS and self.task is not None:
            self.task.cancel()

    async def run(self, piece: bytes, send: Send) -> None:
        """Send `piece`, then whatever comes, until the page is let go."""
        self._send, self.task = send, asyncio.current_task()
        while True:
            if piece:
                self.busy_since = time.monotonic()
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = self.take()
            if self.end:
                return
            if not piece:
                self._disturbed = asyncio.get_running_loop().create_future()
                self.idle = True
                try:
                    await self._disturbed
                finally:
                    self.idle = False
                rest, self._rest = self._rest, None
                if rest is not None:
                    await rest
                piece = self.take()
                if self.end:
                    return


@types.coroutine
def _see_through(steps: Generator[Any, Any, None], blocked_on: Any) -> Generator[Any, Any, None]:
    """The remaining steps of a send whose first has been taken: wait for what it is blocked on, and go on."""
    try:
        while True:
            yield blocked_on
            blocked_on = next(steps)
    except StopIteration:
        return
    finally:
        steps.close()  # cancelled: the send learns of it too


async def stream(subscription: Subscription, first: Callable[[], bytes], receive: Receive, send: Send) -> None:
    """Send a page its frames until it leaves, expires or falls behind. `first` makes the snapshot where one is needed."""
    watcher = asyncio.create_task(_gone(subscription, receive))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        piece = b"retry: 1000\n\n"
        if not subscription.resumed:
            subscription.cursor = subscription.log.last
            piece += first()
        await subscription.run(piece, send)
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
