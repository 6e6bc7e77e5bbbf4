"""Whatever dialogue the validator accepts and whatever the customer does: it ends, in bounds, and nothing is raised."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.ivr.domain.dialogue_mapping import dialogue_from
from services.ivr.domain.engine import PROMPTS_AT_MOST, begin, fax_reported
from services.ivr.domain.engine import answer as answer_step
from services.ivr.domain.soundness import faults_of
from services.ivr.domain.visit import Arriving, Caller, ContractInForce, Mode, visit_from
from shared.contracts.contact_events import SelfServiceEnded
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.fields import Channel
from tests.unit.ivr.dialogues import QUESTIONS, world

NODES = tuple(f"n{n}" for n in range(7))
TEXT = {"zh": "词", "en": "word"}
targets = st.sampled_from((*NODES, "person", "bye"))
keys = st.sampled_from([*"0123456789*#", "12"])
conditions = st.sampled_from(
    [{"known": True}, {"language": "en"}, {"channel": "web"}, {"deal": "rental"}, {"tier": "gold"}]
)


@st.composite
def nodes(draw: st.DrawFn) -> dict[str, Any]:
    """A node with ways out drawn at random; menus mostly have their way to a person."""
    to = lambda: draw(targets)  # noqa: E731
    options = {key: {"label": TEXT, "next": to()} for key in draw(st.sets(keys, max_size=4))}
    if draw(st.integers(0, 9)):
        options["0"] = {"label": TEXT, "next": "person"}
    made: dict[str, dict[str, Any]] = {
        "say": {"say": TEXT, "next": to()},
        "menu": {"menu": {"prompt": TEXT, "options": options, **draw(st.sampled_from([{}, {"silent": "bye"}, {"silent": "n1"}]))}},
        "ask": {"ask": {"prompt": TEXT, "field": "f", "label": TEXT, "digits": [1, 4], "read_back": draw(st.booleans())}, "next": to()},
        "question": {"question": {"prompt": TEXT, "answered": to(), "unsure": to(), "options": {"0": {"label": TEXT, "next": "person"}}}},
        "answer": {"answer": draw(st.sampled_from(sorted(QUESTIONS))), "next": to()},
        "fax": {"fax": {"question": "pets"}, "next": to()},
        "verify": {"verify": {"prompt": TEXT, "digits": 6, "verified": to(), "refused": to()}},
        "branch": {"branch": [{"when": draw(conditions), "next": to()}], "otherwise": to()},
        "set": {"set": {"language": draw(st.sampled_from(["zh", "en"]))}, "next": to()},
        "refuse": {"refuse": {}, "next": to()},
        "hang_up": {"hang_up": {}},
    }  # fmt: skip
    return made[draw(st.sampled_from(sorted(made)))]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    drawn = {name: draw(nodes()) for name in NODES}
    everything = {**drawn, "person": {"person": {}}, "bye": {"hang_up": {"say": TEXT}}}
    reached, ahead = {"n0", "person"}, ["n0"]
    while ahead:  # what nothing leads to would be refused: left out
        for name in _targets(everything[ahead.pop()]):
            if name not in reached:
                reached.add(name)
                ahead.append(name)
    return {
        "title": TEXT, "languages": ["zh", "en"], "channels": ["phone", "web", "fax"], "business_line": "rental", "start": "n0",
        "person": "person", "nodes": {name: node for name, node in everything.items() if name in reached},
    }  # fmt: skip


def _targets(value: Any, key: str = "") -> list[str]:
    if isinstance(value, dict):
        return [name for inner, part in value.items() for name in _targets(part, inner)]
    if isinstance(value, list):
        return [name for part in value for name in _targets(part, key)]
    return [value] if key in ("next", "silent", "answered", "unsure", "verified", "refused", "otherwise") else []


inputs = st.one_of(
    st.tuples(st.just("digits"), st.text("0123456789*#", max_size=5)),
    st.tuples(
        st.just("text"), st.sampled_from(["pets", "?pets/deposit", "?", "合同", "人工", "x" * 3000, "", "12", "4711"])
    ),
    st.tuples(st.sampled_from(["timeout", "played", "verified", "refused"]), st.none()),
    st.tuples(st.just("failed"), st.none()),
)
callers = st.sampled_from([Caller(), Caller(True, "gold", (ContractInForce("rental", "家"),))])


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    documents(), st.sampled_from([Channel.PHONE, Channel.WEB, Channel.FAX]), callers,
    st.sampled_from([None, "pets", "?pets/deposit", "什么"]), st.lists(inputs, min_size=3, max_size=12),
)  # fmt: skip
def test_every_way_ends(
    document: dict[str, Any], channel: Channel, caller: Caller, text: str | None, played: list[tuple[str, str | None]]
) -> None:
    dialogue = dialogue_from("any", document)
    if faults := faults_of(dialogue, QUESTIONS):
        event(f"refused: {faults[0][1][:40]}")
        return
    event(f"accepted, {len(dialogue.nodes)} nodes, {channel}")
    step = begin(dialogue, Arriving("c-1", channel, "rental", None, text, caller), world())
    steps = 1
    while not step.visit.ended:
        assert step.prompt is not None or step.visit.mode is Mode.FAX, "never silence"
        assert steps <= PROMPTS_AT_MOST + 2, "never without end"
        visit = visit_from(step.visit.to_mapping())
        outcome, said = played[steps % len(played)]
        steps += 1
        if visit.mode is Mode.FAX:
            step = fax_reported(dialogue, visit, outcome != "failed", world())
            continue
        heard = PromptAnswered("m", "c-1", "s", 0, outcome, **({outcome: said} if said is not None else {}))  # type: ignore[arg-type]
        step = answer_step(dialogue, visit, heard, world())
    [ended] = [event for event in step.events if isinstance(event, SelfServiceEnded)]
    assert ended.outcome in ("served", "to_person", "failed")
    assert step.prompt is None
