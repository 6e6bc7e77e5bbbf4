"""What differs between two policies, for whom, in words; and whether it touches those who wait at this moment."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from services.router.domain.policy.model import Policy
from services.router.domain.policy.words import Words
from services.router.policy.editing.staff import Colleague, reach_of
from services.router.policy.keys import key_of

TOUCHES_WAITING: Final = ("targets", "skills", "relaxation")
"""Rules of a group by which those who wait already stand where they stand."""
PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "groups": ("分组", "Group"),
    "tiers": ("客户等级", "Tier"),
    "reasons": ("联系原因", "Reason"),
    "business_lines": ("业务线", "Line"),
    "skills": ("技能", "Skill"),
    "calendars": ("日历", "Calendar"),
    "outside": ("外部号码", "Outside number"),
    "sites": ("营业点", "Site"),
    "presence_reasons": ("示忙原因", "Presence reason"),
    "dispositions": ("处理结果", "Disposition"),
    "request_reasons": ("主管理由", "Supervisor's reason"),
}
"""Parts of the document whose entries have names."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `what` is added, removed or changed; values as they are written."""

    path: str
    what: str
    before: str
    after: str
    words: Words
    touches_waiting: bool


def changes_between(old: Policy, new: Policy, staff: Sequence[Colleague] | None = None) -> list[Change]:
    """Every difference that means something, in the order of the document; with a roster, who serves what is told too."""
    before, after = old.to_mapping(), new.to_mapping()
    found = [change for path, a, b in _differences(before, after, ()) for change in _told(path, a, b, before, after)]
    if staff is not None:
        found += _served_by(old, new, staff)
    return found


def touches_waiting(changes: Sequence[Change]) -> bool:
    """Whether somebody must say if the policy applies to those who wait already."""
    return any(change.touches_waiting for change in changes)


def text_diff(old: str, new: str, old_name: str, new_name: str) -> str:
    """The two documents as a unified diff."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)


Path = tuple[str, ...]


def _differences(a: object, b: object, path: Path) -> Iterator[tuple[Path, object, object]]:
    if a == b:
        return
    named = len(path) == 1 and path[0] in PARTS
    if isinstance(a, dict) and isinstance(b, dict):
        left, right = cast("dict[str, object]", a), cast("dict[str, object]", b)
        if set(left) | set(right) != {"zh", "en"}:
            for key in [*right, *(key for key in left if key not in right)]:
                yield from _differences(left.get(key), right.get(key), (*path, key))
            return
    elif a is None and isinstance(b, dict) and not named and len(path) < 2:
        for key in cast("dict[str, object]", b):
            yield from _differences(None, cast("dict[str, object]", b)[key], (*path, key))
        return
    yield path, a, b


def _told(path: Path, a: object, b: object, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    what = "added" if a is None else "removed" if b is None else "changed"
    old, new = _written(a), _written(b)
    zh, en = _subject(path, before, after)
    if len(path) == 2 and path[0] in PARTS:
        verb = {"added": ("新增", "is new"), "removed": ("删除", "is gone"), "changed": ("已改", "is changed")}[what]
        words = Words(f"{zh}：{verb[0]}", f"{en} {verb[1]}")
    else:
        key = key_of(_general(path))
        title = Words(key.zh, key.en) if key else Words(path[-1], path[-1])
        change = {
            "added": (f"现为 {new}（原未设）", f"is {new} now (was not set)"),
            "removed": (f"不再设置（原为 {old}）", f"is no longer set (was {old})"),
            "changed": (f"{old} → {new}", f"{old} → {new}"),
        }[what]
        label = "" if path[-1] not in ("phone", "web", "fax", "sms", "email") else f" ({path[-1]})"
        words = Words(f"{zh}{title.zh}{label}：{change[0]}", f"{en}{title.en}{label}: {change[1]}")
    yield Change(".".join(path), what, old, new, words, _touches(path, a))


def _subject(path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str]:
    """What the change is about, as "Group Rental enquiries · "."""
    if path[0] not in PARTS or len(path) < 2:
        return "", ""
    zh, en = PARTS[path[0]]
    entry: Mapping[str, Any] = (after.get(path[0]) or {}).get(path[1]) or (before.get(path[0]) or {}).get(path[1]) or {}
    name: Mapping[str, str] = entry.get("name") or {}
    end = ("", "") if len(path) == 2 else (" · ", " · ")
    return f"{zh} {name.get('zh', path[1])}{end[0]}", f"{en} {name.get('en', path[1])}{end[1]}"


def _general(path: Path) -> str:
    return ".".join(("*" if n == 1 and path[0] in PARTS else part) for n, part in enumerate(path))


def _touches(path: Path, before: object) -> bool:
    if len(path) == 2:  # a new entry has nobody waiting; contacts of a vanished group move whatever is chosen
        gone = cast("dict[str, object]", before) if isinstance(before, dict) else {}
        return path[0] in ("tiers", "reasons") and bool(gone.get("head_start_seconds"))
    if path[0] == "groups":
        return path[2] in TOUCHES_WAITING
    return path[-1] in ("head_start_seconds", "repeat_head_start_seconds")


def _written(value: object) -> str:
    """A value as a line of YAML."""
    match value:
        case None:
            return "–"
        case bool():
            return str(value).lower()
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return "{" + ", ".join(f"{key}: {_written(each)}" for key, each in pairs) + "}"
        case list():
            return "[" + ", ".join(_written(each) for each in cast("list[object]", value)) + "]"
        case _:
            return str(value)


def _served_by(old: Policy, new: Policy, staff: Sequence[Colleague]) -> Iterator[Change]:
    """Who may serve a group at once, where that changes."""
    for name, group in new.groups.items():
        was = old.groups.get(name)
        if was is None:
            continue
        first, then = reach_of(was, staff)[0].agents, reach_of(group, staff)[0].agents
        if first == then:
            continue
        more, fewer = len(set(then) - set(first)), len(set(first) - set(then))
        words = Words(
            f"分组 {group.name.zh}：可立即服务者 {len(first)} → {len(then)} 人（+{more} −{fewer}）",
            f"Group {group.name.en}: {len(first)} → {len(then)} agents may serve it at once (+{more} −{fewer})",
        )
        yield Change(f"groups.{name}", "served_by", str(len(first)), str(len(then)), words, False)
