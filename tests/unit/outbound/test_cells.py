"""Records are weighed against the agents who speak their language, where routing asks for it."""

from __future__ import annotations

from services.outbound.domain.cells import DialCell, cells_of
from services.outbound.domain.floor import Floor, FloorAgent, paced_agents

KNOWN = frozenset({"yue", "en", "repairs"})


def test_a_language_that_routing_knows_is_a_cell_and_all_others_are_one() -> None:
    cells = cells_of("c", "zh", {"": 5, "zh": 7, "yue": 3, "fr": 1}, [], KNOWN)
    assert cells == (DialCell("c", ("", "fr", "zh"), None, 13), DialCell("c/yue", ("yue",), "yue", 3))


def test_records_that_name_no_language_are_spoken_to_in_the_campaigns() -> None:
    assert cells_of("c", "yue", {"": 5, "yue": 3}, [], KNOWN) == (DialCell("c/yue", ("", "yue"), "yue", 8),)


def test_a_campaign_with_nothing_left_still_has_the_cells_it_is_dialling() -> None:
    assert cells_of("c", None, {}, ["en", None], KNOWN) == (DialCell("c", ("",)), DialCell("c/en", ("en",), "en"))
    assert cells_of("c", None, {}, [], KNOWN) == (DialCell("c", ("",)),)


def test_an_agent_serves_the_cells_of_her_languages() -> None:
    cells = {"c": cells_of("c", "zh", {"": 5, "yue": 3, "en": 1}, [], KNOWN)}
    agents = (
        FloorAgent("a-1", "idle", 0, ("out",), skills=frozenset({"yue"})),
        FloorAgent("a-2", "idle", 0, ("out",)),
        FloorAgent("a-3", "idle", 0, (), skills=frozenset({"yue"})),
    )
    served = [agent.cells for agent in paced_agents(Floor(0, agents, skills=KNOWN), {}, {"out": ["c"]}, cells)]
    assert served == [frozenset({"c", "c/yue"}), frozenset({"c"}), frozenset()]
