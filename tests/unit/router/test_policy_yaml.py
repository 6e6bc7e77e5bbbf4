"""Policy documents as YAML: every fault names its line and column."""

from __future__ import annotations

import pytest

from services.router.policy.document import PolicyRefused, check_document, render_document
from tests.integration.router.policies import POLICY_YAML


def faults(document: str) -> list[tuple[int, int, str]]:
    with pytest.raises(PolicyRefused) as refused:
        check_document(document)
    return [(fault.line, fault.column, fault.path) for fault in refused.value.faults]


def test_a_complete_policy_survives_yaml() -> None:
    mapping = check_document(POLICY_YAML).mapping
    assert check_document(render_document(mapping)).mapping == mapping


def test_a_fault_names_the_line_of_the_node() -> None:
    lines = POLICY_YAML.splitlines()
    line = next(n for n, text in enumerate(lines) if "default_group: rental-general" in text)
    broken = POLICY_YAML.replace("default_group: rental-general", "default_group: nowhere")
    assert faults(broken) == [(line + 1, lines[line].index("default_group") + 1, "business_lines.rental.default_group")]


def test_a_fault_inside_a_list_names_its_item() -> None:
    broken = POLICY_YAML.replace("skills: [{skill: repair, level: 1}]", "skills:\n    - skill: repair\n      level: 11")
    [(line, column, path)] = faults(broken)
    assert path == "groups.repair-general.skills[0].level"
    assert broken.splitlines()[line - 1][column - 1 :] == "level: 11"


def test_every_fault_is_told_at_once() -> None:
    assert len(faults("groups: {g: {business_line: x, strategy: best}}\nlines: {}\n")) >= 3


@pytest.mark.parametrize(
    "document",
    ["", "just text", "- a\n- b", "a: [", "a: &x [*x]", "\t", "a: !!python/object:os.system {}", "? [1, 2]\n: 3\n"],
)
def test_what_is_not_a_policy_is_refused_with_a_place(document: str) -> None:
    assert all(line >= 1 and column >= 1 for line, column, _ in faults(document))


def test_aliases_cannot_multiply_without_end() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(1, 9):
        bomb += f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n"
    assert faults(bomb) == [(1, 1, "")]
