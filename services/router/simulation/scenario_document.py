"""The YAML of a scenario, read whole: every fault with its line and column, nothing assumed about what is written wrong.

streams:
  rental: {group: rental, arrivals: {per_hour: 120}, talk: {lognormal: {mean: 180, sd: 150}}, patience: {exponential: 300}}
teams:
  desk: {count: 12, skills: {rental: 5}}
hours: 10
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from services.router.policy.document import PolicyRefused, check_document
from services.router.simulation.distributions import Constant, Distribution, Empirical, Exponential, Gamma, Lognormal
from services.router.simulation.scenario import (
    DAY,
    WEEK,
    Arrivals,
    Break,
    Manner,
    Poisson,
    Profile,
    Recorded,
    Retrial,
    Scenario,
    Shift,
    Stream,
    Team,
    Weekday,
)
from shared.contracts.fields import Channel
from shared.yaml_document import DocumentFault, DocumentRefused, YamlDocument, read_document

LONGEST_HOURS = 24 * 366
MOST_AGENTS = 20_000
MOST_REPLICATIONS = 10_000


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file; what it names (policy, recorded times) stands beside it. Raises DocumentRefused, OSError."""
    document = read_document(path.read_text(encoding="utf-8"), "a scenario")
    reader = _Reader(document, path.parent)
    scenario = reader.scenario(path.stem)
    if reader.faults:
        raise DocumentRefused(reader.faults)
    return scenario


class _Faulty(Exception):
    """The value cannot be used; the fault is noted."""


class _Reader:
    """Reads the parts, noting faults; a part that cannot be read leaves the rest to be looked at."""

    def __init__(self, document: YamlDocument, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.faults: list[DocumentFault] = []

    # ---- the whole

    def scenario(self, name: str) -> Scenario:
        root = self.document.plain
        self._known(
            root, "",
            {"name", "seed", "replications", "hours", "begins", "first_weekday", "warm_up_minutes", "lines", "policy",
             "answer_within_seconds", "agents_answer", "streams", "teams"},
        )  # fmt: skip
        streams = self._each("streams", self._stream)
        teams = self._each("teams", self._team)
        policy = self._policy()
        lines = None if root.get("lines") is None else self._whole(root, "", "lines", 0, 1, 1_000_000)
        scenario = Scenario(
            name=str(root.get("name", name)),
            streams=tuple(streams),
            teams=tuple(teams),
            hours=self._number(root, "", "hours", None, 0.01, LONGEST_HOURS),
            policy=policy,
            begins=self._time_of_day(root, "", "begins", 0),
            first_weekday=self._weekday(root.get("first_weekday", "mon"), "first_weekday"),
            warm_up=round(60 * self._number(root, "", "warm_up_minutes", 0, 0, 60 * LONGEST_HOURS)),
            lines=lines,
            manner=self._manner(root.get("agents_answer", {})),
            seed=self._whole(root, "", "seed", 1, 0, 2**31),
            replications=self._whole(root, "", "replications", 10, 1, MOST_REPLICATIONS),
            answer_within=self._whole(root, "", "answer_within_seconds", 20, 1, 86_400),
        )
        self._agree(scenario)
        return scenario

    def _policy(self) -> Mapping[str, object] | None:
        name = self.document.plain.get("policy")
        if name is None:
            return None
        path = self.folder / str(name)
        try:
            return check_document(path.read_text(encoding="utf-8")).mapping
        except OSError as error:
            self._fault("policy", f"{path} cannot be read: {error.strerror}")
        except PolicyRefused as refused:
            first = refused.faults[0]
            self._fault("policy", f"{path}:{first.line}:{first.column}: {first.path}: {first.message}")
        return None

    def _agree(self, scenario: Scenario) -> None:
        """Groups exist, and somebody holds what a stream's group asks for."""
        if scenario.policy is None:
            held = {skill for team in scenario.teams for skill, _ in team.skills}
            for stream in scenario.streams:
                if scenario.teams and stream.group not in held:
                    self._fault(
                        f"streams.{stream.name}", f"no team has the skill {stream.group!r}: nobody could serve it"
                    )
            return
        groups = scenario.policy.get("groups")
        for stream in scenario.streams:
            if isinstance(groups, Mapping) and stream.group not in groups:
                self._fault(f"streams.{stream.name}.group", f"the policy has no group {stream.group!r}")

    # ---- streams

    def _stream(self, name: str, body: Mapping[str, Any], path: str) -> Stream:
        self._known(
            body, path, {"group", "channel", "arrivals", "talk", "wrap_up", "patience", "tiers", "retrial"}
        )  # fmt: skip
        tiers = self._shares(body.get("tiers", {}), f"{path}.tiers")
        return Stream(
            name=name,
            group=str(body.get("group", name)),
            arrivals=self._arrivals(body.get("arrivals"), f"{path}.arrivals"),
            talk=self._distribution(body, path, "talk"),
            wrap_up=self._distribution(body, path, "wrap_up") if "wrap_up" in body else None,
            patience=self._distribution(body, path, "patience") if "patience" in body else None,
            channel=self._one_of(Channel, body.get("channel", "phone"), f"{path}.channel"),
            tiers=tiers,
            retrial=self._retrial(body["retrial"], f"{path}.retrial") if "retrial" in body else None,
        )

    def _shares(self, body: Any, path: str) -> tuple[tuple[str, float], ...]:
        shares = self._mapping(body, path)
        found = tuple((tier, self._number(shares, path, tier, None, 0, 1)) for tier in shares)
        if sum(share for _, share in found) > 1 + 1e-9:
            self._fault(path, "the shares of the tiers are more than 1 together")
        return found

    def _arrivals(self, body: Any, path: str) -> Arrivals:
        kinds: dict[str, Callable[[Any, str], Arrivals]] = {
            "per_hour": lambda value, at: Poisson(self._number_at(value, at, 0, 1e7)),
            "profile": self._profile,
            "recorded": self._recorded,
        }
        kind, value = self._one_kind(body, path, kinds)
        return kinds[kind](value, f"{path}.{kind}")

    def _profile(self, body: Any, path: str) -> Profile:
        body = self._mapping(body, path)
        self._known(body, path, {"interval_minutes", "from", "expected", "weekdays"})
        interval = 60 * self._whole(body, path, "interval_minutes", 30, 1, 1440)
        expected = body.get("expected")
        if not isinstance(expected, list) or not expected:
            raise self._fault(f"{path}.expected", "is a list of expected contacts, one for each interval")
        numbers = [self._number_at(n, f"{path}.expected[{i}]", 0, 1e7) for i, n in enumerate(expected)]
        begins = self._time_of_day(body, path, "from", 0)
        if begins + interval * len(numbers) > DAY:
            self._fault(f"{path}.expected", "runs past midnight")
        factors = self._mapping(body.get("weekdays", {}), f"{path}.weekdays")
        return Profile(
            interval,
            tuple(numbers),
            begins,
            {
                self._weekday(day, f"{path}.weekdays.{day}"): self._number(
                    factors, f"{path}.weekdays", day, None, 0, 1000
                )
                for day in factors
            },
        )

    def _recorded(self, body: Any, path: str) -> Recorded:
        """A CSV with a header; the column holds seconds, or ISO date-times of which the first day's midnight counts as 0."""
        body = self._mapping(body, path)
        self._known(body, path, {"file", "column"})
        file, column = self.folder / str(body.get("file", "")), str(body.get("column", ""))
        try:
            with file.open(encoding="utf-8-sig", newline="") as text:
                written = [row[column] for row in csv.DictReader(text)]
        except OSError as error:
            raise self._fault(f"{path}.file", f"{file} cannot be read: {error.strerror}") from error
        except KeyError as error:
            raise self._fault(f"{path}.column", f"{file.name} has no column {column!r}") from error
        return Recorded(tuple(sorted(self._moments(written, file.name, path))))

    def _moments(self, written: list[str], file: str, path: str) -> list[float]:
        found: list[float] = []
        midnight: datetime | None = None
        for number, text in enumerate(written, 2):
            try:
                if re.fullmatch(r"\d+(\.\d+)?", text.strip()):
                    found.append(float(text))
                    continue
                moment = datetime.fromisoformat(text.strip())
            except ValueError as error:
                raise self._fault(
                    f"{path}.column", f"{file}, line {number}: neither seconds nor a date-time"
                ) from error
            midnight = midnight or moment.replace(hour=0, minute=0, second=0, microsecond=0)
            found.append((moment - midnight).total_seconds())
        begins = self._time_of_day(self.document.plain, "", "begins", 0) if midnight is not None else 0
        return [at - begins for at in found if at >= begins]

    def _retrial(self, body: Any, path: str) -> Retrial:
        body = self._mapping(body, path)
        self._known(body, path, {"share", "after", "at_most"})
        share = self._number(body, path, "share", None, 0, 1)
        return Retrial(share, self._distribution(body, path, "after"), self._whole(body, path, "at_most", 3, 1, 100))

    # ---- agents

    def _team(self, name: str, body: Mapping[str, Any], path: str) -> Team:
        self._known(body, path, {"count", "skills", "shifts"})
        skills = self._mapping(body.get("skills", {}), f"{path}.skills")
        shifts = body.get("shifts", [])
        if not isinstance(shifts, list):
            raise self._fault(f"{path}.shifts", "is a list of shifts")
        return Team(
            name=name,
            count=self._whole(body, path, "count", None, 0, MOST_AGENTS),
            skills=tuple((skill, self._whole(skills, f"{path}.skills", skill, None, 1, 10)) for skill in skills),
            shifts=tuple(self._shift(shift, f"{path}.shifts[{n}]") for n, shift in enumerate(shifts)),
        )

    def _shift(self, body: Any, path: str) -> Shift:
        body = self._mapping(body, path)
        self._known(body, path, {"from", "to", "weekdays", "breaks"})
        days = body.get("weekdays", list(WEEK))
        breaks = body.get("breaks", [])
        if not isinstance(days, list) or not isinstance(breaks, list):
            raise self._fault(path, "weekdays and breaks are lists")
        return Shift(
            begins=self._time_of_day(body, path, "from", None),
            ends=self._time_of_day(body, path, "to", None),
            weekdays=tuple(self._weekday(day, f"{path}.weekdays") for day in days),
            breaks=tuple(self._break(pause, f"{path}.breaks[{n}]") for n, pause in enumerate(breaks)),
        )

    def _break(self, body: Any, path: str) -> Break:
        body = self._mapping(body, path)
        self._known(body, path, {"at", "minutes", "reason"})
        minutes = self._number(body, path, "minutes", None, 1, 1440)
        return Break(self._time_of_day(body, path, "at", None), round(60 * minutes), str(body.get("reason", "break")))

    def _manner(self, body: Any) -> Manner:
        path = "agents_answer"
        try:
            body = self._mapping(body, path)
            self._known(body, path, {"after", "connect", "missed_share", "back_after_missed"})
            given = {
                field: self._distribution(body, path, key)
                for key, field in (
                    ("after", "answer"),
                    ("connect", "connect"),
                    ("back_after_missed", "back_after_missed"),
                )
                if key in body
            }
            return Manner(missed_share=self._number(body, path, "missed_share", 0, 0, 1), **given)
        except _Faulty:
            return Manner()

    # ---- distributions

    def _distribution(self, body: Mapping[str, Any], path: str, key: str) -> Distribution:
        path = f"{path}.{key}" if path else key
        if key not in body:
            raise self._fault(path, "is missing")
        kinds: dict[str, Callable[[Any, str], Distribution]] = {
            "exponential": lambda value, at: Exponential(self._seconds(value, at)),
            "constant": lambda value, at: Constant(self._seconds(value, at, least=0)),
            "lognormal": self._lognormal,
            "gamma": self._gamma,
            "empirical": self._empirical,
        }
        value = body[key]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return Constant(self._seconds(value, path, least=0))
        kind, value = self._one_kind(value, path, kinds)
        return kinds[kind](value, f"{path}.{kind}")

    def _seconds(self, value: Any, path: str, least: float = 1e-6) -> float:
        if isinstance(value, Mapping) and set(value) == {"mean"}:
            value = value["mean"]
        return self._number_at(value, path, least, 1e7)

    def _lognormal(self, body: Any, path: str) -> Distribution:
        body = self._mapping(body, path)
        self._known(body, path, {"mean", "sd", "log_mean", "log_sd"})
        if "log_mean" in body:
            return Lognormal(
                self._number(body, path, "log_mean", None, -20, 20), self._number(body, path, "log_sd", None, 0, 20)
            )
        return Lognormal.of(
            self._number(body, path, "mean", None, 1e-6, 1e7), self._number(body, path, "sd", None, 0, 1e8)
        )

    def _gamma(self, body: Any, path: str) -> Distribution:
        body = self._mapping(body, path)
        self._known(body, path, {"mean", "shape"})
        return Gamma(
            self._number(body, path, "mean", None, 1e-6, 1e7), self._number(body, path, "shape", None, 1e-3, 1e6)
        )

    def _empirical(self, body: Any, path: str) -> Distribution:
        """A list of seconds, or a column of a CSV."""
        if isinstance(body, list) and body:
            return Empirical(tuple(self._number_at(v, f"{path}[{n}]", 0, 1e7) for n, v in enumerate(body)))
        body = self._mapping(body, path)
        self._known(body, path, {"file", "column"})
        recorded = self._recorded(body, path)
        if not recorded.at:
            raise self._fault(path, "no value is recorded")
        return Empirical(recorded.at)

    # ---- values

    def _fault(self, path: str, message: str) -> _Faulty:
        """Note it; raise what is returned where nothing can be made of the value."""
        self.faults.append(self.document.fault(path, message))
        return _Faulty()

    def _each(self, key: str, read: Callable[[str, Mapping[str, Any], str], Any]) -> list[Any]:
        found: list[Any] = []
        bodies = self.document.plain.get(key)
        if not isinstance(bodies, Mapping) or not bodies:
            self._fault(key, f"names at least one of the {key}, each with what it is")
            return found
        for name, body in bodies.items():
            path = f"{key}.{name}"
            try:
                if not re.fullmatch(r"[\w.\-]{1,40}", name):
                    raise self._fault(path, "a name is letters, digits, '.', '_' or '-', at most 40")
                found.append(read(name, self._mapping(body, path), path))
            except _Faulty:
                continue
        return found

    def _mapping(self, body: Any, path: str) -> Mapping[str, Any]:
        if not isinstance(body, Mapping):
            raise self._fault(path, "is a mapping")
        return body

    def _known(self, body: Mapping[str, Any], path: str, names: set[str]) -> None:
        for name in body:
            if name not in names:
                self._fault(f"{path}.{name}".lstrip("."), f"is not known here; what is: {', '.join(sorted(names))}")

    def _one_kind(self, body: Any, path: str, kinds: Mapping[str, object]) -> tuple[str, Any]:
        if not isinstance(body, Mapping) or len(body) != 1 or next(iter(body)) not in kinds:
            raise self._fault(path, f"is one of {', '.join(f'{kind}: …' for kind in kinds)}")
        return next(iter(body.items()))

    def _number(
        self, body: Mapping[str, Any], path: str, key: str, otherwise: float | None, least: float, most: float
    ) -> float:
        return self._number_at(body.get(key, otherwise), f"{path}.{key}".lstrip("."), least, most)

    def _number_at(self, value: object, path: str, least: float, most: float) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            self._fault(path, "is missing" if value is None else f"is a number from {least:g} to {most:g}")
            return least
        return float(value)

    def _whole(self, body: Mapping[str, Any], path: str, key: str, otherwise: int | None, least: int, most: int) -> int:
        value = body.get(key, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            message = "is missing" if value is None else f"is a whole number from {least} to {most}"
            self._fault(f"{path}.{key}".lstrip("."), message)
            return least
        return value

    def _time_of_day(self, body: Mapping[str, Any], path: str, key: str, otherwise: int | None) -> int:
        value = body.get(key)
        if value is None and otherwise is not None:
            return otherwise
        found = re.fullmatch(r"(\d{1,2}):([0-5]\d)", str(value))
        if found is None or int(found[1]) * 60 + int(found[2]) > 1440:
            self._fault(f"{path}.{key}".lstrip("."), 'is a time of day, as "08:30"')
            return 0
        return int(found[1]) * 3600 + int(found[2]) * 60

    def _weekday(self, value: Any, path: str) -> Weekday:
        return self._one_of(Weekday, value, path)

    def _one_of(self, kind: Any, value: Any, path: str) -> Any:
        try:
            return kind(str(value))
        except ValueError:
            self._fault(path, f"is one of {', '.join(kind)}")
            return next(iter(kind))
