"""The house keeps its rules, and each rule refuses a tree that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import house_rules

ROOT = Path(__file__).resolve().parents[2]

# rule → trees that must be refused, one violation each
CANARIES: dict[Callable[[Path], list[str]], list[dict[str, str]]] = {
    house_rules.banned_module_names: [
        {"services/alpha/utils.py": ""},
        {"shared/base/x.py": ""},
        {"deploy/queue_manager.py": ""},
        {"tests/helpers.py": ""},
    ],
    house_rules.logic_in_init: [{"services/alpha/__init__.py": "from services.alpha.app import create_app\n"}],
    house_rules.concepts_in_two_rooms: [
        {
            "services/alpha/domain/offers.py": "class Offer: ...\n",
            "services/beta/domain/offers.py": "class Offer: ...\n",
        },
        {"services/alpha/store.py": "class Offer: ...\n", "shared/offers.py": "class Offer: ...\n"},
    ],
    house_rules.blanket_excepts: [
        {"shared/x.py": "try:\n    f()\nexcept Exception:\n    pass\n"},
        {"shared/x.py": "try:\n    f()\nexcept:\n    pass\n"},
        {"shared/x.py": "try:\n    f()\nexcept (OSError, Exception):  # noqa: BLE001\n    pass\n"},
        {"shared/x.py": "with contextlib.suppress(Exception):\n    f()\n"},
    ],
    house_rules.swallowed_cancellations: [
        {"shared/x.py": "async def f():\n    await asyncio.wait_for(g(), 1)\n"},
    ],
    house_rules.long_functions: [{"shared/x.py": "def f():\n" + "    g()\n" * 80}],
    house_rules.long_files: [{"shared/x.py": "x = 1\n" * 601}],
    house_rules.impure_domain: [
        {"services/alpha/domain/x.py": "import asyncio\n"},
        {"services/alpha/domain/x.py": "from random import choice\n"},
        {"services/alpha/domain/x.py": "from shared.kafka import Producer\n"},
        {"services/alpha/domain/x.py": "from services.alpha.store import load\n"},
        {"services/alpha/domain/x.py": "async def decide(): ...\n"},
        {"services/alpha/domain/x.py": "from datetime import datetime\nnow = datetime.now()\n"},
        {"services/alpha/domain/x.py": "from typing import Any\nx: Any = 1\n"},
    ],
    house_rules.unknown_map_names: [
        {"README.md": "See `services/alpha/ghost.py`.\n"},
        {"README.md": "```\nservices/\n  alpha/   rules\n  ghost/   nothing\n```\n"},
    ],
    house_rules.open_ends: [{"shared/x.py": "# TO" + "DO: later\n"}],
}

# what the rules must let pass
GOOD = {
    "README.md": "The map:\n```\nservices/\n  alpha/   rules, `make run`\nshared/      plumbing\n```\nand `services/alpha/store.py`.\n",
    "services/alpha/__init__.py": '"""Rules."""\n',
    "services/alpha/store.py": "class Offer: ...\n",
    "services/alpha/domain/x.py": "from dataclasses import dataclass\nfrom shared.contracts.fields import Id\n"
    "from services.alpha.domain.y import z\n",
    "services/alpha/domain/y.py": "z = 1\n",
    "shared/x.py": "class _Offer: ...\n\n\ntry:\n    f()\nexcept Exception:  # noqa: BLE001  a check's answer\n    pass\n"
    "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n",
    "deploy/stack.py": "",
}


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("rule", CANARIES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", CANARIES, ids=lambda rule: rule.__name__)
def test_the_rule_lets_good_work_pass_and_refuses_each_violation(
    rule: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    assert rule(plant(tmp_path / "good", GOOD)) == []
    for number, violation in enumerate(CANARIES[rule]):
        assert len(rule(plant(tmp_path / str(number), {**GOOD, **violation}))) == 1, violation


def test_shared_stays_under_a_sixth_of_the_code() -> None:
    assert house_rules.shared_share(ROOT) < 1 / 6


def test_the_share_is_counted_in_lines(tmp_path: Path) -> None:
    plant(tmp_path, {"shared/x.py": "x = 1\n\n", "services/a/x.py": "x = 1\n" * 2, "deploy/x.py": "x = 1\n"})
    assert house_rules.shared_share(tmp_path) == 1 / 4
