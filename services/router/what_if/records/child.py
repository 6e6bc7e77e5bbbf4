"""`python -m services.router.what_if.records.child`: reads one uploaded call record in a process of its own.

A large table takes seconds; the loop that routes must not. Standard input: a line of JSON (mapping, yaml, day), then the file;
standard output: JSON with what is kept and what was set aside, or the fault in words.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

from services.router.what_if.records.as_record import Replayable, replayable, to_json
from services.router.what_if.records.call_log import read_table
from services.router.what_if.records.calls import CallRecord, LogUnreadable
from services.router.what_if.records.mapping import map_text, parse_map, presets
from services.router.what_if.records.queue_log import PRESET as QUEUE_LOG
from services.router.what_if.records.queue_log import read_queue_log

SHOWN_REJECTED = 1_000


def main() -> None:
    os.nice(10)
    asked = json.loads(sys.stdin.buffer.readline())
    try:
        answer = _told(*read_upload(sys.stdin.buffer.read(), asked["mapping"], asked["yaml"], asked["day"]))
    except LogUnreadable as unreadable:
        answer = {"fault": str(unreadable)}
    sys.stdout.write(json.dumps(answer))


def read_upload(content: bytes, preset: str, own: str | None, day: str | None) -> tuple[CallRecord, Replayable]:
    """What was read, and what of it is kept. Raises LogUnreadable."""
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise LogUnreadable(f"byte {error.start}: not UTF-8") from error
    if own is None and preset == QUEUE_LOG:
        read = read_queue_log(text)
        return read, replayable(read.calls, read.shifts, "UTC")
    if own is None and preset not in presets():
        raise LogUnreadable(f"no mapping {preset!r}; there are {', '.join((*presets(), QUEUE_LOG))}")
    mapping = parse_map(own if own is not None else map_text(preset))
    read = read_table(text, mapping, day)
    return read, replayable(
        read.calls, read.shifts, mapping.time_zone, mapping.answer_within_seconds, mapping.head_start_seconds
    )


def _told(read: CallRecord, kept: Replayable) -> dict[str, Any]:
    return {
        "read": read.read,
        "rejected": read.rejected_rows,
        "rejected_rows": [
            {"line": row.line, "why": row.why, "raw": row.raw[:2_000]} for row in read.rejected[:SHOWN_REJECTED]
        ],
        "begins": kept.calls[0].queued_at,
        "ends": max(call.served_at for call in kept.calls),
        "calls": len(kept.calls),
        "groups": list(kept.groups),
        "tiers": list(kept.tiers),
        "agents": len({shift.agent for shift in kept.shifts}),
        "kept": to_json(kept),
    }


if __name__ == "__main__":
    main()
