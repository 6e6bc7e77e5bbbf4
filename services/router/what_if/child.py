"""`python -m services.router.what_if.child`: one run in a process of its own, so that routing never waits for it.

Reads the question (JSON) from standard input; writes a line of JSON for every step and a last one with the result or the fault.
Its priority is the lowest the system gives (nice 19).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from services.router.domain.policy.document import PolicyErrors
from services.router.journal import JournalBroken
from services.router.what_if.asked import ask_call_record, ask_journal
from services.router.what_if.records.as_record import from_json
from services.router.what_if.records.calls import LogUnreadable
from shared.errors import NotFound

TOLD_SECONDS = 0.3


def main() -> int:
    """Answer one question. Exit code 0, also where the answer is a fault in words; else this program has one."""
    os.nice(19)
    given = json.load(sys.stdin)
    try:
        result = answer(given)
    except (NotFound, PolicyErrors, LogUnreadable, JournalBroken) as fault:
        _say(fault=str(fault) or type(fault).__name__)
    else:
        _say(result=result)
    return 0


def answer(given: dict[str, Any]) -> dict[str, Any]:
    """The result of a written-down question. Raises NotFound, PolicyErrors, LogUnreadable, JournalBroken."""
    question, last = given["question"], 0.0

    def told(doing: str, share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_SECONDS:
            last = time.monotonic()
            _say(doing=doing, share=round(share, 3))

    if "record" in given:
        day = from_json(given["record"])
        return ask_call_record(day, question["before"], question["policy"], question["seeds"], told)
    period = (question["begins"], question["ends"])
    return asyncio.run(
        ask_journal(
            given["database_url"], question["partition"], given["tenant"], given["pool"], period, question["policy"],
            question["seeds"], told,
        )
    )  # fmt: skip


def _say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
