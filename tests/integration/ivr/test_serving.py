"""Contacts served over the broker: prompts out, answers in, and what the router hears."""

from __future__ import annotations

from shared.contracts.channel_commands import PlayPrompt
from shared.contracts.conversation_messages import FaxReported
from shared.contracts.fields import Channel
from tests.integration.ivr.conftest import DEMO, Neighbours, Site


async def test_a_caller_hears_a_standard_answer_and_is_served(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    started = await site.event(contact, "SelfServiceStarted")
    assert (started.dialogue, started.version) == ("rental", 1)
    assert [utterance.text for utterance in menu.say] == [
        "您好。",
        "请选择。",
        "押金，请按 1。合同，请按 2。人工，请按 0。",
    ]
    assert menu.gather is not None
    assert menu.gather.kind == "digits"
    await site.answer(menu, "digits", digits="1")
    answer = (await site.prompts(contact, 2))[1]
    assert "押一付三" in answer.say[0].text
    await site.answer(answer, "timeout")  # nothing pressed: it was heard whole
    given = await site.event(contact, "SelfServiceAnswered")
    assert given.question == "rental-deposit"
    more = (await site.prompts(contact, 3))[2]
    await site.answer(more, "digits", digits="1")
    ended = await site.event(contact, "SelfServiceEnded")
    assert ended.outcome == "served"
    await site.until(lambda e: e.subject == contact and e.type == "EndContact")


async def test_what_was_typed_travels_to_the_agent(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    await site.answer(menu, "digits", digits="2")
    ask = (await site.prompts(contact, 2))[1]
    await site.answer(ask, "digits", digits="4711")
    ended = await site.event(contact, "SelfServiceEnded")
    assert (ended.outcome, ended.group, ended.reason, ended.by) == ("to_person", "rental-contract", "contract", "menu")
    await site.until(lambda _: contact in neighbours.notes)
    assert neighbours.notes[contact] == "合同 › 合同编号: 4711"


async def test_a_late_answer_and_a_repeated_one_change_nothing(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    await site.answer(menu, "digits", digits="2", step="another-step")
    await site.answer(menu, "digits", digits="2")
    await site.answer(menu, "digits", digits="1")  # the same step again, with another key
    ask = (await site.prompts(contact, 2))[1]
    await site.answer(ask, "digits", digits="4711")
    await site.event(contact, "SelfServiceEnded")
    assert site.count(contact, "PlayPrompt") == 2


async def test_an_arrival_heard_twice_begins_once(site: Site, neighbours: Neighbours) -> None:
    contact = "c-twice"
    envelope = site.arrival(contact)
    for _ in range(2):
        await site.producer.publish("contact-events", envelope, partition=1)
    after = await site.arrive()  # same partition: when it is served, the repeat was heard
    await site.prompts(after, 1)
    assert site.count(contact, "PlayPrompt") == 1
    assert site.count(contact, "SelfServiceStarted") == 1


async def test_a_visitor_who_just_asks_is_answered_in_words(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive(channel=Channel.WEB)
    [menu] = await site.prompts(contact, 1)
    assert menu.gather is not None
    assert [choice.key for choice in menu.gather.choices] == ["1", "2", "0"]
    await site.answer(menu, "text", text="租房押金要交几个月")
    answer = (await site.prompts(contact, 2))[1]
    assert answer.say[0].link == "https://jinfeng.example/rental/payment"
    assert answer.gather is None
    await site.answer(answer, "played")
    assert (await site.event(contact, "SelfServiceAnswered")).question == "rental-deposit"


async def test_whoever_types_person_gets_one(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive(channel=Channel.WEB)
    [menu] = await site.prompts(contact, 1)
    await site.answer(menu, "text", text="转人工！")
    assert (await site.event(contact, "SelfServiceEnded")).outcome == "to_person"


async def test_a_fax_is_answered_by_fax_and_counts_when_it_has_arrived(site: Site, neighbours: Neighbours) -> None:
    await site.publish_dialogue("fax", (DEMO / "dialogues" / "fax.yaml").read_text())
    contact = await site.arrive(channel=Channel.FAX, text="租房押金要交几个月")
    sent = (await site.until(lambda e: e.subject == contact and e.type == "SendFax"))[0].data
    assert "押一付三" in sent.body
    assert site.count(contact, "SelfServiceAnswered") == 0
    await site.say(contact, FaxReported("r-1" + contact, contact, sent.command_id, 1, "delivered", 1, 1))
    await site.event(contact, "SelfServiceAnswered")
    assert (await site.event(contact, "SelfServiceEnded")).outcome == "served"


async def test_a_fax_that_does_not_arrive_goes_to_a_person_of_its_group(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive(channel=Channel.FAX, text="租房押金要交几个月")
    sent = (await site.until(lambda e: e.subject == contact and e.type == "SendFax"))[0].data
    await site.say(contact, FaxReported("r-2" + contact, contact, sent.command_id, 1, "failed", 0, 3, "busy"))
    ended = await site.event(contact, "SelfServiceEnded")
    assert (ended.outcome, ended.group) == ("to_person", "rental-enquiry")


async def test_a_line_without_a_dialogue_goes_to_a_person_at_once(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive(business_line="sales")
    ended = await site.event(contact, "SelfServiceEnded")
    assert (ended.outcome, ended.by) == ("to_person", "default")
    assert site.count(contact, "SelfServiceStarted") == 0


async def test_contacts_without_self_service_are_left_alone(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive(self_service=False)
    await site.prompts(await site.arrive(), 1)
    assert await site.owner.fetchval("SELECT count(*) FROM ivr.sessions WHERE contact_id = $1", contact) == 0


async def test_a_prompt_that_cannot_be_played_ends_as_failed(site: Site, neighbours: Neighbours) -> None:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    await site.answer(menu, "failed")
    assert (await site.event(contact, "SelfServiceEnded")).outcome == "failed"


async def test_a_known_caller_is_asked_about_their_lease(site: Site, neighbours: Neighbours) -> None:
    await site.publish_dialogue("rental-known", (DEMO / "dialogues" / "rental.yaml").read_text().replace(
        "business_line: rental\nstart", "entries: [known-line]\nstart"))  # fmt: skip
    neighbours.pops["*"] = {
        "customer": {"customer_id": "cu-1"}, "tier": {"code": "gold"},
        "deals": [{"business_line": "rental", "product": "世纪雅庭 3-502", "status": "active"}],
    }  # fmt: skip
    contact = await site.arrive(entry="known-line")
    [prompt] = await site.prompts(contact, 1)
    assert "请问您是咨询世纪雅庭 3-502的租约吗？" in [utterance.text for utterance in prompt.say]
    assert isinstance(prompt, PlayPrompt)
