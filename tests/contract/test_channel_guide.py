"""The guide prints the channel that passes the conformance suite, and names only what is there."""

from __future__ import annotations

import re
from pathlib import Path

from services.gateway.adapters.port import ChannelPort

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "adding-a-channel.md").read_text(encoding="utf-8")


def test_the_printed_channel_is_the_tested_one() -> None:
    printed = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    tested = ROOT / "tests" / "integration" / "gateway" / "conformance" / "smallest_channel.py"
    assert printed == [tested.read_text(encoding="utf-8")]


def test_every_call_of_the_port_it_names_exists() -> None:
    table = GUIDE.split("## What the port promises")[1].split("\n- ")[0]
    calls = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    assert len(calls) > 10
    assert {name for name in calls if not hasattr(ChannelPort, name)} == set()


def test_every_path_it_names_exists() -> None:
    named = set(re.findall(r"`((?:services|tests|adapters|domain|docs)/[\w/.\-]+)`", GUIDE))
    roots = (ROOT, ROOT / "services" / "gateway")
    assert {path for path in named if not any((root / path).exists() for root in roots)} == set()
