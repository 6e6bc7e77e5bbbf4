"""When agents of a call record were there but not free, though the record does not say so.

A record holds conversations only. Writing up, breaks and talks with colleagues show in it as somebody waiting while an agent
who serves such calls has nothing on the line: then that agent was not available. Where this follows a call it is taken as
work after it, and goes with the call to whoever takes it; elsewhere as an absence of that agent at that time. Both stay under
other rules. Times in which nobody waited are taken as idle, for nothing speaks against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.router.what_if.records.calls import CallEnd, RecordedCall, Shift
from shared.contracts.fields import SECOND

Span = tuple[int, int]
SHORTEST = 2 * SECOND
"""Shorter ones are the whole seconds of the record, and the time a call takes to reach a telephone."""


@dataclass(frozen=True)
class Unseen:
    """`after_calls`: call → µs of work after it; `away`: agent → spans of absence, in order."""

    after_calls: Mapping[str, int]
    away: Mapping[str, Sequence[Span]]


def unseen_work(calls: Sequence[RecordedCall], shifts: Sequence[Shift], groups: Mapping[str, Sequence[str]]) -> Unseen:
    """What agents did within their shifts while somebody waited for them. `groups`: which an agent serves."""
    waits: dict[str, list[Span]] = {}
    busy: dict[str, list[Span]] = {}
    ended: dict[tuple[str, int], str] = {}  # agent and end of a conversation → call
    for call in calls:
        if call.waited_seconds > 0:
            waits.setdefault(call.group, []).append((call.queued_at, call.queued_at + call.waited_seconds * SECOND))
        if call.end is CallEnd.SERVED and call.agent is not None:
            over = call.served_at + call.service_seconds * SECOND
            busy.setdefault(call.agent, []).append((call.served_at, over))
            ended[call.agent, over] = call.key
    queues: dict[tuple[str, ...], list[Span]] = {}
    after: dict[str, int] = {}
    away: dict[str, list[Span]] = {}
    for shift in shifts:
        served = tuple(groups.get(shift.agent, ()))
        if served not in queues:
            queues[served] = merged([span for group in served for span in waits.get(group, ())])
        for gap in without((shift.begins, shift.ends), merged(busy.get(shift.agent, []))):
            spans = [span for span in within(gap, queues[served]) if span[1] - span[0] >= SHORTEST]
            call_key = ended.get((shift.agent, gap[0]))
            if spans and call_key is not None and spans[0][0] - gap[0] < SHORTEST:
                after[call_key] = spans.pop(0)[1] - gap[0]
            if spans:  # who left people waiting twice between two calls was not there in between either
                away.setdefault(shift.agent, []).append((spans[0][0], spans[-1][1]))
    return Unseen(after, away)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Overlapping and touching spans as one, in order."""
    joined: list[Span] = []
    for begins, ends in sorted(spans):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return joined


def without(whole: Span, taken: Sequence[Span]) -> list[Span]:
    """What is left of a span; `taken` is merged."""
    left: list[Span] = []
    begins = whole[0]
    for start, end in taken:
        if end <= begins or start >= whole[1]:
            continue
        if start > begins:
            left.append((begins, start))
        begins = max(begins, end)
    if begins < whole[1]:
        left.append((begins, whole[1]))
    return left


def within(whole: Span, spans: Sequence[Span]) -> list[Span]:
    """The parts of merged spans that fall into `whole`."""
    return [(max(start, whole[0]), min(end, whole[1])) for start, end in spans if start < whole[1] and end > whole[0]]
