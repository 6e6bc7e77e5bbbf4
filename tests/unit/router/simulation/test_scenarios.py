"""Scenarios: read with every fault by its line, run the same for the same seed, staffed by search."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from services.router.simulation.arrivals import arrival_times, peak_per_second
from services.router.simulation.distributions import Constant, Empirical, Exponential, Gamma, Lognormal
from services.router.simulation.erlang import agents_for_service_level
from services.router.simulation.rehearsal import Rehearsal
from services.router.simulation.replications import WHOLE, Estimate, replicate, seeds_of, study
from services.router.simulation.scenario import (
    Break,
    Poisson,
    Profile,
    Recorded,
    Retrial,
    Scenario,
    Shift,
    Stream,
    Team,
    Weekday,
    plain_policy,
)
from services.router.simulation.scenario_document import read_scenario
from services.router.simulation.staffing import Target, fewest_agents, parse_target
from shared.contracts.fields import SECOND
from shared.yaml_document import DocumentRefused

ROOT = Path(__file__).parents[4]


def small(hours: float = 2, agents: int = 3, **more: object) -> Scenario:
    stream = Stream("calls", "calls", Poisson(60), Exponential(120), patience=Exponential(200))
    return Scenario("small", (stream,), (Team("desk", agents, (("calls", 5),)),), hours, **more)  # type: ignore[arg-type]


# ---- the document


def read(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    return read_scenario(path)


def test_the_example_is_a_scenario() -> None:
    scenario = read_scenario(ROOT / "docs" / "scenarios" / "letting-desk.yaml")
    assert [stream.name for stream in scenario.streams] == ["letting", "repairs"]
    assert scenario.streams[0].retrial == Retrial(0.4, Exponential(600), 2)
    assert scenario.teams[0].shifts[0].breaks == (Break(45_000, 1_800, "lunch"),)
    assert scenario.begins == 8 * 3600


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read(
            tmp_path,
            """\
hours: 0
replications: ten
streams:
  calls:
    arrivals: {per_minute: 3}
    talk: {exponential: 100}
  mail:
    arrivals: {per_hour: 3}
    talk: {lognormal: {mean: 100}}
    channel: pigeon
teams:
  desk: {count: 2, skills: {calls: 11}, shifts: [{from: "8", to: "17:00"}]}
wather: fine
""",
        )
    faults = {(fault.line, fault.path) for fault in refused.value.faults}
    assert faults >= {
        (1, "hours"),
        (2, "replications"),
        (5, "streams.calls.arrivals"),
        (9, "streams.mail.talk.lognormal.sd"),
        (10, "streams.mail.channel"),
        (12, "teams.desk.skills.calls"),
        (12, "teams.desk.shifts[0].from"),
        (13, "wather"),
    }


def test_what_it_names_must_be_there(tmp_path: Path) -> None:
    streams = "streams: {calls: {arrivals: {per_hour: 3}, talk: 60}}\nhours: 1\n"
    with pytest.raises(DocumentRefused, match="cannot be read"):
        read(tmp_path, f"{streams}policy: nowhere.yaml\nteams: {{desk: {{count: 1, skills: {{calls: 1}}}}}}\n")
    with pytest.raises(DocumentRefused, match="no team has the skill 'calls'"):
        read(tmp_path, f"{streams}teams: {{desk: {{count: 1, skills: {{fax: 1}}}}}}\n")
    with pytest.raises(DocumentRefused, match="at least one of the teams"):
        read(tmp_path, streams)


def test_recorded_times_are_read(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(
        "time,what\n2026-03-02T09:00:30,a\n2026-03-02T09:00:10,b\n2026-03-02T08:59:00,c\n"
    )
    scenario = read(
        tmp_path,
        'begins: "09:00"\nhours: 1\nteams: {desk: {count: 1, skills: {calls: 1}}}\n'
        "streams: {calls: {arrivals: {recorded: {file: calls.csv, column: time}}, talk: {empirical: [10, 20]}}}\n",
    )
    assert scenario.streams[0].arrivals == Recorded((10.0, 30.0))
    assert scenario.streams[0].talk == Empirical((10.0, 20.0))


# ---- arrivals and distributions


def test_a_profile_is_kept_hour_by_hour_and_day_by_day() -> None:
    profile = Profile(3600, (60, 0, 240), begins=8 * 3600, factors={Weekday.TUE: 0.5})
    counts = [0] * 48
    for seed in range(40):
        for at in arrival_times(profile, random.Random(seed), 0, 48 * 3600, Weekday.MON):
            counts[int(at // 3600)] += 1
    means = [count / 40 for count in counts]
    assert means[8] == pytest.approx(60, rel=0.1)
    assert means[10] == pytest.approx(240, rel=0.1)
    assert means[34] == pytest.approx(120, rel=0.1)
    assert sum(counts) == sum(counts[n] for n in (8, 10, 32, 34))
    assert peak_per_second(profile, 48 * 3600) == pytest.approx(240 / 3600)


@pytest.mark.parametrize(
    "distribution",
    [Exponential(50), Constant(50), Lognormal.of(50, 40), Gamma(50, 3), Empirical((20.0, 80.0))],
    ids=repr,
)
def test_distributions_have_the_mean_they_say(distribution: Exponential) -> None:
    chance = random.Random(1)
    drawn = [distribution.draw(chance) for _ in range(20_000)]
    assert min(drawn) >= 0
    assert sum(drawn) / len(drawn) == pytest.approx(distribution.mean, rel=0.03)


# ---- runs


def test_the_same_seed_is_the_same_day() -> None:
    first, again, other = (replicate(small(), seed) for seed in (5, 5, 6))
    assert first.figures == again.figures != other.figures


def test_more_agents_meet_the_same_customers() -> None:
    few, many = (replicate(small(agents=n), 5).figures[WHOLE] for n in (2, 4))
    assert few["offered"] == many["offered"]
    assert few["service_level"] < many["service_level"]


def test_processes_change_nothing() -> None:
    alone, together = study(small(), seeds_of(1, 3)), study(small(), seeds_of(1, 3), processes=2)
    assert [r.figures for r in alone.replications] == [r.figures for r in together.replications]
    estimate = alone.estimate(WHOLE, "service_level")
    assert estimate is not None
    assert estimate.half_width is not None
    assert alone.estimate(WHOLE, "no such figure") is None


def test_an_interval_is_students() -> None:
    estimate = Estimate.of([10.0, 12.0, 14.0])
    assert (estimate.mean, estimate.half_width) == (12.0, pytest.approx(4.303 * 2 / 3**0.5))
    assert Estimate.of([3.0]).half_width is None


def test_shifts_and_breaks_are_kept() -> None:
    """Two shifts that touch are one day of work; nobody works in the break."""
    pause = Break(10 * 3600, 1800)
    shifts = (Shift(8 * 3600, 12 * 3600, breaks=(pause,)), Shift(12 * 3600, 16 * 3600))
    scenario = Scenario(
        "day", (Stream("calls", "calls", Recorded((6.0 * 3600,)), Constant(60)),), (Team("desk", 1, (("calls", 1),), shifts),),
        hours=12, begins=6 * 3600,
    )  # fmt: skip
    outcome = Rehearsal(scenario, 1).run()
    agent = outcome.agents["desk-0001"]
    assert outcome.whole.answered == [0]
    assert agent.busy + agent.available == (8 * 3600 - 1800) * SECOND


def test_who_gives_up_tries_again_and_lines_are_limited() -> None:
    stream = Stream(
        "calls", "calls", Recorded((0.0, 1.0, 2.0)), Constant(500), patience=Constant(10),
        retrial=Retrial(1.0, Constant(100), at_most=2),
    )  # fmt: skip
    team = Team("desk", 1, (("calls", 1),))
    outcome = Rehearsal(Scenario("busy", (stream,), (team,), hours=1), 1).run()
    assert (len(outcome.whole.answered), len(outcome.whole.abandoned)) == (1, 6)
    limited = Rehearsal(Scenario("busy", (stream,), (team,), hours=1, lines=2), 1).run()
    assert limited.blocked == 1


def test_the_policys_hours_are_kept_by_weekday() -> None:
    """Open on Monday from nine: who calls at half past eight, or on Sunday, is turned away."""
    stream = Stream("calls", "calls", Recorded((1_800.0, 5_400.0)), Constant(60))
    rules = json.loads(json.dumps(plain_policy((stream,), 20)))
    rules["calendars"] = {"office": {"week": {"mon-fri": ["09:00-17:00"]}, "time_zone": "Asia/Shanghai"}}
    rules["groups"]["calls"] |= {"hours": "office", "closing": {"when_closed": "end"}}
    for weekday, answered in ((Weekday.MON, 1), (Weekday.SUN, 0)):
        scenario = Scenario(
            "hours",
            (stream,),
            (Team("desk", 1, (("calls", 1),)),),
            hours=2,
            policy=rules,
            begins=8 * 3600,
            first_weekday=weekday,
        )
        whole = Rehearsal(scenario, 1).run().whole
        assert len(whole.answered) == answered


# ---- staffing


@pytest.mark.parametrize("text", ["service_level=80", "service_level=120/20", "asa=0", "speed=3", ""])
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no target"):
        parse_target(text)


def test_the_search_ends_at_the_fewest() -> None:
    scenario = small(hours=3, agents=1, replications=3)
    found = fewest_agents(scenario, "desk", parse_target("service_level=80/20"), most_replications=3)
    assert found.agents is not None
    by_number = {tried.agents: tried for tried in found.tried}
    assert by_number[found.agents].reached
    assert not by_number[found.agents - 1].reached
    assert found.erlang == agents_for_service_level(60 / 3600, 120, 200, 0.8, 20)
    assert abs(found.agents - found.erlang) <= 1


def test_a_team_that_is_not_the_bottleneck_is_told_apart() -> None:
    calls = Stream("calls", "calls", Poisson(60), Exponential(60), patience=Exponential(30))
    web = Stream("web", "web", Poisson(10), Exponential(60))
    teams = (Team("desk", 1, (("calls", 5),)), Team("idle", 1, (("web", 5),)))
    found = fewest_agents(
        Scenario("short", (calls, web), teams, hours=2, replications=3),
        "idle",
        Target("abandonment", 0.02),
        most_replications=3,
    )
    assert found.agents is None
