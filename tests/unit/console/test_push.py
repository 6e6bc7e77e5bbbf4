"""The log of frames: each page gets what its audiences may see, in order, once; resumes without loss; falls behind honestly."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.console import push
from services.console.domain.shapes import Notice, Queued
from services.console.push import FrameLog, Subscription

NEVER = time.time() + 1e6


def say(log: FrameLog, n: int, *audiences: str) -> None:
    log.append(Notice("said", audiences or ("all",), {"n": n}))


def read(piece: bytes) -> list[tuple[str, int]]:
    """(cursor, n) of each frame in a piece."""
    frames = [block.split("\n") for block in piece.decode().split("\n\n") if block.startswith("id:")]
    return [(cursor[4:], json.loads(data[6:])["n"]) for cursor, data in frames]


def numbers(piece: bytes) -> list[int]:
    return [n for _, n in read(piece)]


def join(log: FrameLog, *audiences: str, after: str | None = None) -> Subscription:
    return log.subscribe(audiences or ("all",), after, NEVER)


def test_frames_go_to_their_audiences_once_and_in_order() -> None:
    log = FrameLog("e")
    anna, both = join(log, "agent:a", "all"), join(log, "agent:a", "floor", "all")
    say(log, 1, "agent:a", "floor")
    say(log, 2, "agent:b")
    say(log, 3, "floor")
    say(log, 4)
    assert numbers(anna.take()) == [1, 4]
    assert read(both.take()) == [("e-1", 1), ("e-3", 3), ("e-4", 4)]
    assert anna.take() == b""


def test_a_page_that_comes_back_goes_on_where_it_was() -> None:
    log = FrameLog("e")
    page = join(log)
    say(log, 1)
    say(log, 2)
    cursor = read(page.take())[0][0]
    log.leave(page)
    say(log, 3)
    again = join(log, after=cursor)
    assert again.resumed
    assert numbers(again.take()) == [2, 3]


@pytest.mark.parametrize("cursor", [None, "", "other-1", "e-99", "e-x", "garbage", "-1"])
def test_an_unknown_cursor_needs_a_snapshot(cursor: str | None) -> None:
    log = FrameLog("e")
    join(log)
    say(log, 1)
    page = join(log, after=cursor)
    assert not page.resumed
    assert page.take() == b""  # the snapshot holds it already


def test_a_cursor_older_than_what_is_kept_needs_a_snapshot() -> None:
    log = FrameLog("e", keep_shared=4)
    join(log)
    for n in range(20):
        say(log, n)
    assert not join(log, after="e-1").resumed
    assert join(log, after="e-19").resumed


def test_quiet_audiences_do_not_outlive_their_memory() -> None:
    log = FrameLog("e", keep_own=2, keep_shared=2)
    page = join(log, "agent:a")
    say(log, 0, "agent:a")
    (cursor, _), *_ = read(page.take())
    log.leave(page)
    for n in range(1, 50):
        say(log, n, "floor")
    assert join(log, "agent:a", after=cursor).resumed  # busy neighbours cost a quiet page nothing
    assert not join(log, "agent:a", "floor", after=cursor).resumed


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans()), max_size=60))
def test_however_often_a_page_breaks_off_it_sees_everything_once(steps: list[tuple[str, bool]]) -> None:
    log = FrameLog("e")
    page, cursor, seen = join(log, "a", "b"), "e-0", []
    for n, (audience, breaks_off) in enumerate(steps):
        say(log, n, audience)
        if breaks_off:
            log.leave(page)
            page = join(log, "a", "b", after=cursor)
            assert page.resumed
        for cursor, number in read(page.take()):  # noqa: B007  cursor stays: the browser's Last-Event-ID
            seen.append(number)
    assert seen == [n for n, (audience, _) in enumerate(steps) if audience in "ab"]


def test_shapes_carry_their_type_first() -> None:
    assert push.encode_shape("queued", Queued(2, 7)) == b'{"type":"queued","waiting":2,"longest_wait_since":7}'
    assert push.encode_shape("catalogue_changed", {}) == b'{"type":"catalogue_changed"}'


class Wire:
    """The other side of a stream: takes pieces, may be slow, may hang up."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()
        self.arrived = asyncio.Event()
        self.hung_up = asyncio.Event()
        self.complete = False

    async def send(self, message: Any) -> None:
        await self.open.wait()
        if message["type"] == "http.response.body":
            self.pieces.append(message["body"])
            self.complete = not message["more_body"]
            self.arrived.set()

    async def receive(self) -> dict[str, Any]:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def next(self) -> bytes:
        await asyncio.wait_for(self.arrived.wait(), 5)
        self.arrived.clear()
        return self.pieces[-1]

    def serve(self, page: Subscription) -> asyncio.Task[None]:
        return asyncio.create_task(push.stream(page, lambda: b"id: e-0\ndata: {}\n\n", self.receive, self.send))


async def test_a_stream_begins_with_a_snapshot_and_ends_with_the_page() -> None:
    log, wire = FrameLog("e"), Wire()
    serving = wire.serve(join(log))
    assert b"data: {}" in await wire.next()
    say(log, 1)
    say(log, 2)
    assert numbers(await wire.next()) == [1, 2]  # in one piece
    wire.hung_up.set()
    await asyncio.wait_for(serving, 5)
    assert not log.subscriptions


async def test_a_slow_page_is_let_go_with_a_last_frame() -> None:
    log, wire = FrameLog("e", keep_shared=4), Wire()
    serving = wire.serve(join(log))
    await wire.next()
    wire.open.clear()
    for n in range(30):
        say(log, n)
        await asyncio.sleep(0)
    wire.open.set()
    await asyncio.wait_for(serving, 5)
    assert b'"type":"reconnect"' in b"".join(wire.pieces)
    assert b'"why":"slow"' in b"".join(wire.pieces)
    assert wire.complete
    sent = numbers(b"".join(wire.pieces[1:]))
    assert sent == sorted(set(sent))
    assert sent == list(range(len(sent)))  # never a hole


async def test_lines_are_kept_alive_and_expired_ones_end() -> None:
    log, wire = FrameLog("e"), Wire()
    page = join(log)
    serving = wire.serve(page)
    await wire.next()
    log.tend(time.monotonic())
    assert await wire.next() == push.KEEPALIVE
    page.expires_at = 0
    log.tend(time.monotonic())
    await asyncio.wait_for(serving, 5)
    assert b'"why":"expired"' in wire.pieces[-2]


async def test_who_takes_nothing_any_more_is_cut() -> None:
    log, wire = FrameLog("e"), Wire()
    serving = wire.serve(join(log))
    await wire.next()
    wire.open.clear()
    say(log, 1)
    await asyncio.sleep(0.01)
    log.tend(time.monotonic() + push.STUCK_SECONDS + 1)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(serving, 5)
    assert not log.subscriptions


def test_a_deserted_tail_is_given_up() -> None:
    log = FrameLog("e")
    page = join(log, "agent:a")
    log.leave(page)
    log.tend(time.monotonic() + push.DESERTED_SECONDS + 1)
    say(log, 1, "agent:a")
    assert not join(log, "agent:a", after="e-0").resumed
