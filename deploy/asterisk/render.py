"""The files of `/etc/asterisk` made from a plan. The same plan makes the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jinja2

from deploy.asterisk.plan import ExchangePlan, is_number

TEMPLATES = Path(__file__).parent / "templates"


def render(plan: ExchangePlan) -> Mapping[str, str]:
    """File name → text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.globals["fall_to"] = lambda target: _fall_to(plan, target)
    return {
        name.removesuffix(".j2"): environment.get_template(name).render(plan=plan)
        for name in sorted(environment.list_templates(extensions=["j2"]))
    }


def write(plan: ExchangePlan, folder: Path) -> list[Path]:
    """Write the files; they hold passwords, so only their owner (and group) may read them."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, text in render(plan).items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o640)
        written.append(path)
    return written


def _fall_to(plan: ExchangePlan, target: str) -> str:
    """The dialplan application that serves a caller UCC does not answer."""
    for queue in plan.queues:
        if queue.name == target:
            return f"Queue({queue.name},,,,{queue.wait_seconds})"
    if any(phone.name == target for phone in plan.phones):
        return f"Dial(PJSIP/{target},60)"
    assert is_number(target), "the plan was validated"
    return f"Dial(PJSIP/{target}@{plan.trunks[0].name},60)"
