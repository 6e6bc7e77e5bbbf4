"""Every story in truth/ happens as written: exactly these decisions, in this order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.router.truth_files import FOLDER, Story

FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_story_happens_as_written(path: Path) -> None:
    truth = json.loads(path.read_text(encoding="utf-8"))
    story = Story(truth.get("policy", {}), truth.get("hours"))
    for number, step in enumerate(truth["steps"]):
        assert story.run(step) == step["then"], f"step {number}: {step.get('note', step)}"
        for agent_id, shown in step.get("agents", {}).items():
            assert story.agents().get(agent_id, "offline") == shown, f"step {number}: {agent_id}"
    assert story.centre.fold().hash() == story.centre.state.hash()


def test_there_is_a_story_for_every_rule() -> None:
    assert len(FILES) >= 12
