"""The dialogue engine: an answer in, a step out. Pure, so that the runtime, the simulator and the tests run the same code.

Whatever comes in, a visit moves on: after the dialogue's tries, or after `PROMPTS_AT_MOST` prompts, a person takes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from services.ivr.domain.dialogue import (
    PERSON_KEY,
    AnswerNode,
    AskNode,
    BranchNode,
    Condition,
    Dialogue,
    FaxNode,
    HangUpNode,
    MenuNode,
    Node,
    PersonNode,
    QuestionNode,
    RefuseNode,
    SayNode,
    SetNode,
    VerifyNode,
    Wording,
)
from services.ivr.domain.matching.verdict import Match
from services.ivr.domain.phrasing import (
    asks_for_person,
    digits_in,
    language_of,
    read_back,
    standard,
    within_limit,
    worded,
)
from services.ivr.domain.prompts import (
    Option,
    choosing,
    gathering,
    in_words,
    nearest,
    offering,
    options_of,
    uttered,
)
from services.ivr.domain.questions import StandardQuestion
from services.ivr.domain.visit import Arriving, FaxOrder, FoundBy, Mode, NextPrompt, QuestionUse, Step, Visit, World
from shared.contracts.channel_commands import Gather, Utterance
from shared.contracts.contact_events import SelfServiceAnswered, SelfServiceEnded
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.fields import Channel

PROMPTS_AT_MOST: Final = 40
"""Prompts of one visit; a customer who is still choosing then is better off with a person."""
FAXES_AT_MOST: Final = 3
"""Answers to one fax."""
AFTER_ANSWER_MS: Final = 500
"""How long a key is awaited after a spoken answer before it counts as heard whole."""
CONFIRM_YES, CONFIRM_NO, SAY_AGAIN = "1", "2", "*"
MATCHED_TEXT: Final = 2_000
"""Characters of a text the matcher is shown; a fax may hold pages."""
TRAIL_TEXT: Final = 200


def begin(dialogue: Dialogue, arriving: Arriving, world: World) -> Step:
    """The first step of a contact."""
    wished = (arriving.language or "").split("-")[0]
    written = language_of(arriving.text or "")
    language = next((each for each in (wished, written) if each in dialogue.languages), dialogue.languages[0])
    visit = Visit(
        arriving.contact_id, arriving.channel, arriving.business_line, language, text=arriving.text, caller=arriving.caller,
        number=arriving.number,
    )  # fmt: skip
    walk = _Walk(dialogue, visit, world)
    walk.go(dialogue.start)
    return walk.step()


def answer(dialogue: Dialogue, visit: Visit, heard: PromptAnswered, world: World) -> Step:
    """What the customer's answer leads to. The caller has checked that it answers the visit's last step."""
    walk = _Walk(dialogue, visit, world)
    walk.hear(heard)
    return walk.step()


def fax_reported(dialogue: Dialogue, visit: Visit, delivered: bool, world: World) -> Step:
    """The faxed answer arrived, or did not: then a person answers instead."""
    walk = _Walk(dialogue, visit, world)
    if delivered:
        walk.answer_given()
        walk.go(visit.pending or dialogue.person)
    else:
        walk.go(dialogue.person)
    return walk.step()


class _Walk:
    """One step in the making."""

    def __init__(self, dialogue: Dialogue, visit: Visit, world: World) -> None:
        self.dialogue = dialogue
        self.visit = visit
        self.world = world
        self.said: list[Utterance] = []
        self.prompt: NextPrompt | None = None
        self.faxes: list[FaxOrder] = []
        self.events: list[SelfServiceAnswered | SelfServiceEnded] = []
        self.asked: list[QuestionUse] = []
        self.refusals: list[str | None] = []
        self.hang_up = False
        self.trace: list[str] = []
        self.match: Match | None = None

    def step(self) -> Step:
        return Step(
            self.visit, self.prompt, tuple(self.faxes), tuple(self.events), tuple(self.asked), self.hang_up,
            tuple(self.trace), self.match, tuple(self.refusals),
        )  # fmt: skip

    def note(self, **changes: object) -> None:
        self.visit = replace(self.visit, **changes)

    # -- passing through -------------------------------------------------------------------------------------------

    def go(self, name: str) -> None:
        """Walk from a node to the next that waits or ends."""
        at: str | None = name
        for _ in range(len(self.dialogue.nodes) + 1):  # an accepted dialogue has no circle without the customer
            if at is None:
                return
            self.trace.append(at)
            self.note(node=at, tries=0)
            at = self._enter(self.dialogue.nodes[at])
        if at is not None:
            self._leave(PersonNode())

    def _enter(self, node: Node) -> str | None:
        """The node that follows at once; None: the customer (or the end) is awaited."""
        match node:
            case SayNode():
                self._say(node.text, node.link)
                return node.next
            case SetNode():
                return self._set(node)
            case RefuseNode():
                self.refusals.append(node.purpose)
                return node.next
            case BranchNode():
                return next((to for condition, to in node.cases if self._holds(condition)), node.otherwise)
            case AnswerNode():
                return self._give(node.question, node.next, "menu")
            case FaxNode():
                return self._fax(node)
            case PersonNode() | HangUpNode():
                self._leave(node)
                return None
            case AskNode() if node.field in self.visit.values:
                return node.next
            case QuestionNode() if self.visit.text is not None:
                return self._understand(node, self.visit.text)
            case VerifyNode() if not self.visit.spoken:
                return node.refused  # what is typed in a conversation is no secret
            case QuestionNode() if self.visit.channel is Channel.FAX:
                if self.visit.answered:
                    self._finish(HangUpNode())  # a fax asks once
                    return None
                return node.unsure  # the page holds no words that can be read
            case _ if self.visit.channel is Channel.FAX:
                return self.dialogue.person  # a fax answers no prompt
            case _:
                self._ask(node)
                return None

    def _set(self, node: SetNode) -> str:
        if node.business_line is not None:
            self.note(business_line=node.business_line, line_found=True)
        if node.language is not None:
            self.note(language=node.language, language_chosen=True)
        if node.group is not None:
            self.note(group=node.group, by="menu")
        if node.reason is not None:
            self.note(reason=node.reason)
        return node.next

    def _holds(self, condition: Condition) -> bool:
        visit, caller = self.visit, self.visit.caller
        if condition.deal is not None:
            found = next((c.product for c in caller.contracts if c.business_line == condition.deal), None)
            if found is None:
                return False
            self.note(deal=found)
        wanted: Sequence[tuple[object, object]] = (
            (condition.language, visit.language),
            (condition.channel, visit.channel),
            (condition.tier, caller.tier),
            (condition.known, caller.known),
            (condition.business_line, visit.business_line),
        )
        return (
            all(wish is None or wish == fact for wish, fact in wanted)
            and (condition.open is None or condition.open in self.world.open_now)
            and (condition.closed is None or condition.closed not in self.world.open_now)
        )

    # -- saying and asking -----------------------------------------------------------------------------------------

    def _say(self, wording: Wording, link: str | None = None) -> None:
        self._utter(in_words(self.visit, wording), link)

    def _utter(self, text: str, link: str | None = None) -> None:
        self.said.append(uttered(self.visit, text, link))

    def _offer(self, options: Sequence[Option], repeat: str | None = None) -> None:
        keys = offering(self.visit, options, repeat)
        if keys is not None:
            self._utter(keys)

    def _ask(self, node: Node, lead: str | None = None) -> None:
        """Put the waiting node's question; `lead` excuses why it is put again."""
        if lead is not None:
            self._utter(standard(lead, self.visit.language))
        match node:
            case MenuNode():
                self._say(node.prompt)
                self._offer(options_of(self.visit, node, announced_only=True), node.repeat)
                self._wait(
                    Mode.MENU, choosing(self.visit, self.dialogue.tries, options_of(self.visit, node), node.repeat)
                )
            case QuestionNode():
                self._say(node.prompt)
                if self.visit.spoken:
                    self._offer(options_of(self.visit, node, announced_only=True))
                self._wait(Mode.QUESTION, choosing(self.visit, self.dialogue.tries, options_of(self.visit, node)))
            case AskNode():
                self._say(node.prompt)
                most = node.digits[1] if node.digits else 32
                self._wait(Mode.ASK, gathering(self.visit, self.dialogue.tries, most, "#"))
            case VerifyNode():
                self._say(node.prompt)
                gather = replace(gathering(self.visit, self.dialogue.tries, node.digits, "#"), secure=True)
                self._wait(Mode.VERIFY, gather, verify="pin")
            case _:
                self.go(self.dialogue.person)

    def _wait(self, mode: Mode, gather: Gather | None, verify: Literal["pin"] | None = None) -> None:
        if self.visit.step >= PROMPTS_AT_MOST and mode is not Mode.LEAVE:
            self.said.clear()
            self._finish(PersonNode())
            return
        self.note(mode=mode, step=self.visit.step + 1)
        self.prompt = NextPrompt(within_limit(self.said), gather, verify)

    # -- hearing ---------------------------------------------------------------------------------------------------

    def hear(self, heard: PromptAnswered) -> None:
        """The customer's answer to the last prompt."""
        if heard.outcome == "failed" and self.visit.mode is not Mode.LEAVE:
            self._end("failed", reason="prompt_failed")
            return
        node = self.dialogue.nodes.get(self.visit.node)
        if self.visit.mode is not Mode.LEAVE and asks_for_person(heard.text or ""):
            self.go(self.dialogue.person)
            return
        match self.visit.mode, node:
            case Mode.MENU, MenuNode():
                self._hear_menu(node, heard)
            case Mode.QUESTION, QuestionNode():
                self._hear_question(node, heard)
            case Mode.ASK_BACK, QuestionNode():
                self._hear_choice(node, heard)
            case Mode.ASK, AskNode():
                self._hear_value(node, heard)
            case Mode.CONFIRM, AskNode():
                self._hear_confirmation(node, heard)
            case Mode.VERIFY, VerifyNode():
                self._hear_verification(node, heard)
            case Mode.ANSWER, _:
                self._hear_after_answer(heard)
            case Mode.LEAVE, PersonNode() | HangUpNode():
                self._finish(node)
            case _:
                self._finish(PersonNode())

    def _hear_menu(self, node: MenuNode, heard: PromptAnswered) -> None:
        chosen = self._chosen(node, heard.digits)
        if chosen is not None:
            self.go(chosen)
        elif heard.outcome == "digits" and heard.digits == node.repeat:
            self._ask(node)
        elif heard.outcome == "text" and heard.text and node.typed is not None:
            self.note(text=heard.text)
            self.go(node.typed)
        else:
            self._missed(node, heard)

    def _hear_question(self, node: QuestionNode, heard: PromptAnswered) -> None:
        chosen = self._chosen(node, heard.digits)
        if chosen is not None:
            self.go(chosen)
        elif heard.outcome == "text" and heard.text and heard.text.strip():
            self._follow(self._understand(node, heard.text))
        else:
            self._missed(node, heard)

    def _hear_choice(self, node: QuestionNode, heard: PromptAnswered) -> None:
        offered = {str(place): question for place, question in enumerate(self.visit.offered, 1)}
        if heard.digits in offered:
            self._follow(self._give(offered[heard.digits], node.answered, "matcher"))
        elif heard.digits == PERSON_KEY:
            self.go(node.unsure)
        elif heard.outcome == "text" and heard.text and heard.text.strip():
            self._follow(self._understand(node, heard.text))
        else:
            self._missed(node, heard)

    def _hear_value(self, node: AskNode, heard: PromptAnswered) -> None:
        typed = (heard.digits if heard.outcome == "digits" else heard.text) or ""
        value = digits_in(typed) if node.digits else typed.strip()
        if heard.outcome not in ("digits", "text") or not typed:
            self._missed(node, heard)
        elif not value or (node.digits and not node.digits[0] <= len(value) <= node.digits[1]):
            self._missed(node, heard, "unusable")
        elif node.read_back and self.visit.spoken:
            self.note(pending=value)
            self._read_back(value)
        else:
            self._keep(node, value)

    def _read_back(self, value: str) -> None:
        self._utter(read_back(value, self.visit.language))
        self._wait(Mode.CONFIRM, gathering(self.visit, self.dialogue.tries, 1, ""))

    def _hear_confirmation(self, node: AskNode, heard: PromptAnswered) -> None:
        if heard.digits == CONFIRM_YES and self.visit.pending:
            self._keep(node, self.visit.pending)
        elif heard.digits == CONFIRM_NO:
            self._missed(node, heard, lead=None)
        else:
            self._missed(node, heard)

    def _keep(self, node: AskNode, value: str) -> None:
        label = worded(node.label, self.visit.language, None)
        self.note(
            values={**self.visit.values, node.field: value},
            trail=(*self.visit.trail, f"{label}: {value[:TRAIL_TEXT]}"),
            pending=None,
        )
        self.go(node.next)

    def _hear_verification(self, node: VerifyNode, heard: PromptAnswered) -> None:
        if heard.outcome == "verified":
            self.go(node.verified)
        elif self.visit.tries + 1 >= self.dialogue.tries.tries:
            self.go(node.refused)
        else:
            self.note(tries=self.visit.tries + 1)
            self._ask(node, "not_verified" if heard.outcome == "refused" else "silence")

    def _hear_after_answer(self, heard: PromptAnswered) -> None:
        then = self.visit.pending or self.dialogue.person
        if heard.outcome != "digits":
            self.answer_given()
            self.go(then)
        elif heard.digits == PERSON_KEY:
            self.go(self.dialogue.person)
        elif heard.digits == SAY_AGAIN and self.visit.giving is not None:
            self._follow(self._give(self.visit.giving, then, "menu"))
        else:
            self.go(then)  # the customer has heard enough: not counted as an answer

    def _chosen(self, node: MenuNode | QuestionNode, digits: str | None) -> str | None:
        """Where a key of the menu leads; the choice is kept for the agent."""
        for option in node.options:
            if digits is not None and option.key == digits:
                if option.key != PERSON_KEY:
                    label = in_words(self.visit, option.label)
                    self.note(trail=(*self.visit.trail, label), by="menu")
                return option.next
        return None

    def _missed(self, node: Node, heard: PromptAnswered, lead: str | None = "") -> None:
        """Nothing usable came: once more, or, when the tries run out, where silence leads or a person."""
        silent = not (heard.digits or heard.text)
        if silent and isinstance(node, AskNode) and node.silent is not None:
            self.go(node.silent)
            return
        if self.visit.tries + 1 < self.dialogue.tries.tries:
            self.note(tries=self.visit.tries + 1)
            if lead == "":
                lead = ("silence" if self.visit.spoken else "no_text") if silent else "no_match"
            if self.visit.mode is Mode.ASK_BACK and isinstance(node, QuestionNode):
                self._offer_questions(node, self.visit.offered, lead)
            else:
                self._ask(node, lead)
            return
        if silent and isinstance(node, MenuNode | QuestionNode) and node.silent is not None:
            self.go(node.silent)
        elif silent and not self.visit.spoken and self.visit.answered:
            self._finish(HangUpNode())  # the visitor read the answer and went
        else:
            self.go(self.dialogue.person)

    def _follow(self, to: str | None) -> None:
        if to is not None:
            self.go(to)

    # -- questions and their answers -------------------------------------------------------------------------------

    def _understand(self, node: QuestionNode, text: str) -> str | None:
        """Match free words: give the answer, offer the nearest questions once, or go to a person with the group found."""
        self._speak_their_language(text)
        self.note(text=None, trail=(*self.visit.trail, f"“{text.strip()[:TRAIL_TEXT]}”"))
        match = self._matched(text[:MATCHED_TEXT])
        self.match = match
        if match.decision == "answer" and match.question is not None and match.question in self.world.questions:
            return self._give(match.question, node.answered, "matcher")
        offered = tuple(c.question for c in match.candidates if c.question in self.world.questions)
        if match.group is not None:
            self.note(group=match.group, by="matcher")
        if (
            match.decision == "ask_back"
            and offered
            and not self.visit.asked_back
            and self.visit.channel is not Channel.FAX
        ):
            self._offer_questions(node, offered)
            return None
        return node.unsure

    def _matched(self, text: str) -> Match:
        """The line's own questions first; another line's only where that one is sure."""
        language = language_of(text) or self.visit.language
        line = self.visit.business_line if self.visit.line_found or self.dialogue.line_is_known else None
        own = self.world.match(text, language, line)
        if own.decision == "answer" or line is None:
            return own
        anywhere = self.world.match(text, language, None)
        return anywhere if anywhere.decision == "answer" else own

    def _speak_their_language(self, text: str) -> None:
        written = language_of(text)
        if written != "zh" and len(text.split()) < 2:
            return  # "ok" is every language
        if written in self.dialogue.languages and written != self.visit.language and not self.visit.language_chosen:
            self.note(language=written)

    def _offer_questions(self, node: QuestionNode, offered: Sequence[str], lead: str | None = "ask_back") -> None:
        options = nearest(self.visit, self.world.questions, offered)
        self._utter(standard(lead or "ask_back", self.visit.language))
        self._offer(options)
        self.note(offered=tuple(offered), asked_back=True)
        self._wait(Mode.ASK_BACK, choosing(self.visit, self.dialogue.tries, options))

    def _give(self, question_id: str, then: str, by: Literal["menu", "matcher"]) -> str | None:
        """Give a standard answer; where there is none for this channel, a person of its group does."""
        question = self.world.questions.get(question_id)
        if question is None:
            return self.dialogue.person
        self.asked.append(QuestionUse(question_id, question.version, by))
        self.note(group=question.group, reason=question.reason or self.visit.reason, by=by)
        self.note(pending=then, giving=question_id, asked_back=False)
        if self.visit.channel is Channel.FAX:
            sent = self.visit.step < FAXES_AT_MOST and self._order(question, None, Mode.FAX)
            return None if sent else self.dialogue.person
        text = question.said(self.visit.channel, self.visit.language)
        if text is None:
            return self.dialogue.person
        self._utter(text, question.answers.link)
        listening = Gather("digits", 1, "", AFTER_ANSWER_MS, AFTER_ANSWER_MS) if self.visit.spoken else None
        self._wait(Mode.ANSWER, listening)
        return None

    def answer_given(self) -> None:
        """The answer was heard, read or received whole."""
        question = self.world.questions.get(self.visit.giving or "")
        if question is not None and question.question_id not in self.visit.answered:
            self.note(answered=(*self.visit.answered, question.question_id))
            self.events.append(SelfServiceAnswered(self.visit.contact_id, question.question_id, question.version))
        self.note(giving=None)

    def _fax(self, node: FaxNode) -> str | None:
        question = self.world.questions.get(node.question)
        if question is None:
            return self.dialogue.person
        if self.visit.channel is Channel.FAX:
            return self._give(node.question, node.next, "menu")
        self.asked.append(QuestionUse(node.question, question.version, "menu"))
        to = self.visit.values.get(node.to) if node.to else None
        return node.next if self._order(question, to, None) else self.dialogue.person

    def _order(self, question: StandardQuestion, to: str | None, waiting: Mode | None) -> bool:
        pages = question.answers.fax
        language = self.visit.language if self.visit.language in pages else next(iter(pages), None)
        if language is None:
            return False
        page = pages[language]
        self.faxes.append(FaxOrder(page.title, page.body, language, to))
        if waiting is not None:
            self.note(mode=waiting, step=self.visit.step + 1)
        return True

    # -- ending ----------------------------------------------------------------------------------------------------

    def _leave(self, node: PersonNode | HangUpNode) -> None:
        """Say the last words, if there are any, and end when they were heard."""
        if node.say is not None:
            self._say(node.say)
        if self.said and self.visit.channel is not Channel.FAX:
            self._wait(Mode.LEAVE, None)
        else:
            self._finish(node)

    def _finish(self, node: PersonNode | HangUpNode) -> None:
        if isinstance(node, HangUpNode):
            self._end("served")
            self.hang_up = self.visit.spoken
            return
        group, by = node.group or self.visit.group, self.visit.by
        if node.group is not None:
            by = "menu"
        elif group is None:
            by = "default"
        self._end("to_person", group=group, reason=node.reason or self.visit.reason, by=by)

    def _end(
        self, outcome: Literal["served", "to_person", "failed"], *, group: str | None = None, reason: str | None = None,
        by: FoundBy = "menu",
    ) -> None:  # fmt: skip
        visit = self.visit
        line = visit.business_line if visit.line_found else None
        language = visit.language if visit.language_chosen else None
        self.events.append(SelfServiceEnded(visit.contact_id, outcome, group, reason, line, language, by))
        self.note(mode=Mode.ENDED)
