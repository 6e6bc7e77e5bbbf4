"""`ucc simulate`: figures on standard output, faults by line, a search for agents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app

SCENARIO = """\
hours: 1
replications: 2
streams: {calls: {arrivals: {per_hour: 60}, talk: {exponential: 120}, patience: {exponential: 200}}}
teams: {desk: {count: 3, skills: {calls: 5}}}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_text(SCENARIO)
    return path


def test_figures_as_json_and_csv(scenario: Path, tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    ran = CliRunner().invoke(
        app, ["simulate", str(scenario), "--json", "--csv", str(table), "--processes", "1", "--no-speed"]
    )
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["replications"] == 2
    assert told["figures"]["all"]["offered"]["mean"] == told["figures"]["group calls"]["offered"]["mean"] > 30
    assert table.read_text().splitlines()[0] == "seed,cohort,figure,value"


def test_a_faulty_scenario_is_told_by_line(scenario: Path) -> None:
    scenario.write_text(SCENARIO.replace("hours: 1", "hours: long"))
    ran = CliRunner().invoke(app, ["simulate", str(scenario)])
    assert ran.exit_code == 2
    assert "desk.yaml:1:1" in ran.stderr.replace("\n", "")


def test_agents_are_searched(scenario: Path) -> None:
    arguments = ["simulate", str(scenario), "--staff-for", "abandonment=10", "--json", "--processes", "1"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["agents"] >= 2
    refused = CliRunner().invoke(app, ["simulate", str(scenario), "--staff-for", "happiness=3"])
    assert refused.exit_code == 2
