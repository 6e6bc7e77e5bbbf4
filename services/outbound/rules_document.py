"""`docs/outbound-rules.md`, made from the rulesets themselves:

python -m services.outbound.rules_document > docs/outbound-rules.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from services.outbound.domain.purposes import Purpose
from services.outbound.domain.rulesets import Clause, Ruleset
from services.outbound.domain.suppressions import CATALOGUE
from services.outbound.ruleset_documents import shipped

_HEAD = """# Rules of outbound calls · 外呼规则

Made from `services/outbound/rulesets/*.yaml` by `python -m services.outbound.rules_document`; a test holds it current.

**This is no legal advice.** It is what the dial authorisation (`services/outbound/domain/compliance.py`) checks, with the text
each rule was read from. Laws change and differ by trade; the operator chooses the rulesets of each campaign, changes them
where their counsel says so, and signs for the choice.

**这不是法律意见。** 这里列出外呼授权实际检查的内容及其出处。法律会变，各行业也不同；
由运营者为每个活动选定规则集、按法律顾问意见修改，并签字负责。

A call is allowed only if every ruleset that covers the number allows it; a number that may be in several regions or time
zones is bound by all of them. Windows are half-open: 21:00 is outside "08:00-21:00". Rolling windows are exact to the
microsecond. Refusals hold at once, whatever the rules allow; a refusal of everything leaves requested callbacks and promised
replies. Purposes: requested_callback, promised_reply, service_followup, marketing, debt_collection, or all of them.
"""


def render_rules(rulesets: Iterable[Ruleset]) -> str:
    """The whole document."""
    parts = [_HEAD, *(_ruleset(ruleset) for ruleset in rulesets), _suppressions()]
    return "\n".join(parts)


def _ruleset(ruleset: Ruleset) -> str:
    regions = ", ".join(sorted(ruleset.regions)) or "everywhere · 各地"
    lines = [
        f"## {ruleset.name.zh} · {ruleset.name.en}",
        "",
        f"`{ruleset.id}` version {ruleset.version}, {ruleset.dated}. Covers: {regions}.",
    ]
    if ruleset.remark.en:
        lines += ["", ruleset.remark.zh, ruleset.remark.en]
    lines += ["", "| rule | purposes | 内容 | what it says | source, in force since |", "|---|---|---|---|---|"]
    lines += [_row(rule.clause) for rule in ruleset.rules]
    return "\n".join([*lines, ""])


def _row(clause: Clause) -> str:
    named = [purpose for purpose in Purpose if purpose in clause.purposes]
    purposes = "all" if len(named) == len(Purpose) else ", ".join(purpose.value for purpose in named)
    until = f", until {clause.before}" if clause.before else ""
    source = f"{clause.source}, {clause.since or clause.dated}{until}"
    return f"| `{clause.id}` | {purposes} | {clause.words.zh} | {clause.words.en} | {source} |"


def _suppressions() -> str:
    lines = [
        "## Why a number is not dialled · 不外呼的原因",
        "",
        "| reason | ends with | 原因 | words |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{reason.value}` | {told.ends_with.value} | {told.words.zh} | {told.words.en} |"
        for reason, told in CATALOGUE.items()
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(render_rules(shipped().values()))
