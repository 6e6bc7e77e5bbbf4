"""HTTP of what a manager may choose for a campaign: the careful defaults, and everything wrong with a choice at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError

from services.outbound.api.access import Document, Reader
from services.outbound.domain.campaigns import Choices, DialMode
from services.outbound.domain.choice_faults import ChoiceFault, choice_faults
from services.outbound.domain.recycling import DEFAULT_RULES
from services.outbound.domain.suppressions import InWords
from shared.contracts.fields import SECOND
from shared.errors import InvalidMessage

router = APIRouter(prefix="/v1", tags=["campaigns"])
CHOICES: TypeAdapter[Choices] = TypeAdapter(Choices)
MOST_TOLD = 50
"""Faults told at once."""
KNOWN = frozenset(one.name for one in fields(Choices))


def chosen(wanted: Mapping[str, Any], mode: DialMode) -> Choices:
    """The choices of a body. Raises InvalidMessage naming every fault, in both languages and with how to mend it."""
    unknown = [
        ChoiceFault(name, "unknown", InWords("没有这一项设置", "there is no such choice"))
        for name in sorted(set(wanted) - KNOWN)
    ]
    try:
        choices = CHOICES.validate_python({name: value for name, value in wanted.items() if name in KNOWN})
    except ValidationError as error:
        raise _invalid([*unknown, *(_type_fault(told["loc"], told["msg"]) for told in error.errors())]) from error
    if faults := [*unknown, *choice_faults(choices, mode)]:
        raise _invalid(faults)
    return choices


def _type_fault(place: tuple[int | str, ...], message: str) -> ChoiceFault:
    return ChoiceFault(".".join(map(str, place)), "type", InWords(f"类型不对：{message}", message))


def _invalid(faults: list[ChoiceFault]) -> InvalidMessage:
    told = [
        {
            "field": f"choices.{one.field}",
            "code": one.code,
            "message": one.words.en,
            "zh": one.words.zh,
            "en": one.words.en,
        }
        for one in faults[:MOST_TOLD]
    ]
    return InvalidMessage("; ".join(f"{one['field']}: {one['message']}" for one in told), told)


@router.get("/campaign-defaults", response_model=Document, summary="What a campaign is where nothing is chosen")
async def defaults(_asker: Reader) -> Document:
    """`choices` as a campaign has them; `recycling`: what follows each outcome where nothing else is chosen."""
    recycling = {
        str(outcome): {
            "rest_seconds": rule.rest // SECOND, "tries": rule.tries, "growth": rule.growth, "other_part": rule.other_part,
        }
        for outcome, rule in DEFAULT_RULES.items()
    }  # fmt: skip
    return {"choices": asdict(Choices()), "recycling": recycling}
