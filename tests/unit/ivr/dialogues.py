"""Dialogues and questions for tests, small enough to see through."""

from __future__ import annotations

from pathlib import Path

from services.ivr.api.question_files import read_questions
from services.ivr.dialogue_document import check_dialogue
from services.ivr.domain.dialogue import Dialogue
from services.ivr.domain.engine import answer, begin
from services.ivr.domain.matching.verdict import Candidate, Match
from services.ivr.domain.questions import Answers, Asked, FaxPage, QuestionSet, StandardQuestion
from services.ivr.domain.visit import Arriving, Caller, Step, World
from shared.contracts.contact_events import SelfServiceEnded
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.fields import Channel

DEMO = Path(__file__).parents[3] / "deploy" / "demo"


def question(name: str, group: str = "rental-enquiry", **answers: str) -> StandardQuestion:
    return StandardQuestion(
        name, "rental", group, None, {"zh": f"标题 {name}", "en": f"Title {name}"}, (Asked(name, "zh"),),
        Answers({"zh": f"答 {name}", "en": f"Answer {name}", **answers}, {}, {"zh": FaxPage(name, f"传真 {name}")}),
    )  # fmt: skip


QUESTIONS: QuestionSet = {name: question(name) for name in ("deposit", "pets", "renewal")}


def match(text: str, _language: str, _line: str | None) -> Match:
    """Understands texts that begin with a question's name; `?a/b` is either; anything else is for a person."""
    if text.startswith("?"):
        return Match("ask_back", None, "rental-enquiry", 0.4, tuple(Candidate(q, 0.4) for q in text[1:].split("/")), ())
    if text in QUESTIONS:
        return Match("answer", text, "rental-enquiry", 0.9, (Candidate(text, 0.9),), ())
    return Match("hand_over", None, "rental-contract" if "合同" in text else None, 0.1, (), ())


def world(*open_now: str, questions: QuestionSet = QUESTIONS) -> World:
    return World(questions, match, frozenset(open_now))


def read(yaml: str, questions: QuestionSet | None = QUESTIONS) -> Dialogue:
    return check_dialogue("test", yaml, questions)


def demo_questions() -> QuestionSet:
    found, rejected = read_questions((DEMO / "questions.yaml").read_bytes(), "application/yaml")
    assert not rejected
    return {one.question_id: one for one in found}


class Customer:
    """Goes through a dialogue as a customer does."""

    def __init__(
        self, dialogue: Dialogue, channel: Channel = Channel.PHONE, *, world: World = world(), text: str | None = None,
        caller: Caller = Caller(), language: str | None = None, line: str = "rental",
    ) -> None:  # fmt: skip
        self.dialogue, self.world = dialogue, world
        self.steps: list[Step] = [begin(dialogue, Arriving("c-1", channel, line, language, text, caller), world)]

    @property
    def step(self) -> Step:
        return self.steps[-1]

    def _hears(self, outcome: str, **said: str) -> Customer:
        heard = PromptAnswered("m", "c-1", "s", 0, outcome, **said)  # type: ignore[arg-type]
        self.steps.append(answer(self.dialogue, self.step.visit, heard, self.world))
        return self

    def press(self, keys: str) -> Customer:
        return self._hears("digits", digits=keys)

    def write(self, text: str) -> Customer:
        return self._hears("text", text=text)

    def wait(self) -> Customer:
        """Says nothing; after words nobody answers this is having heard them."""
        return self._hears("timeout")

    def outcome(self, outcome: str) -> Customer:
        return self._hears(outcome)

    @property
    def said(self) -> list[str]:
        return [one.text for one in self.step.prompt.say] if self.step.prompt else []

    @property
    def events(self) -> list[str]:
        return [type(event).__name__ for step in self.steps for event in step.events]

    @property
    def end(self) -> SelfServiceEnded:
        ended = self.step.events[-1]
        assert isinstance(ended, SelfServiceEnded)
        return ended
