"""Logs hold no numbers, addresses or quoted values; metrics are a closed list."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import get_args

import pytest

from shared import telemetry
from shared.telemetry import CounterName, GaugeName, HistogramName, MaskingFormatter, mask, mask_personal


@pytest.mark.parametrize(
    "text",
    [
        "caller +8613900000017 hung up", "caller 13900000017 hung up", "+86 139 0000 0017", "(020) 8888-0017", "tel:13900000017",
        "number=13900000017", "13900000017: not found", "13900000017-", "电话13900000017已存在", "０２０８８８８００１７",
        "Key (number)=(+8613900000017) already exists", "id agent13900000017x", "chen@example.com", "陳小姐chen.x@example.com.cn",
        "DETAIL:  Key (name)=(陳小姐) already exists.", "Input should be valid [type=int, input_value='陳小姐', input_type=str]",
        "['+8613900000017', 'x']", "13900000017,13900000018",
    ],
)  # fmt: skip
def test_what_could_be_a_person_is_masked(text: str) -> None:
    masked = mask(text)
    assert "***" in masked
    assert not any(secret in masked for secret in ("0017", "００１７", "陳小姐)", "陳小姐'", "example"))


ALONE = """
import contextlib
from shared import telemetry
from shared.http import create_service

create_service("probe", contextlib.nullcontext, lambda app: {}, '{"keys": []}', description="")
password = "hunter2"
try:
    raise ValueError("no line for 13900000017")
except ValueError:
    telemetry.logger("probe").error("broke", exc_info=True)
"""


def test_a_service_that_is_a_process_of_its_own_logs_masked_lines_without_local_variables() -> None:
    ran = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    (line,) = ran.stderr.splitlines()
    told = json.loads(line)
    assert (told["event"], told["room"]) == ("broke", "probe")
    assert "ValueError: no line for ***" in told["exception"]
    assert "hunter2" not in ran.stderr


@pytest.mark.parametrize(
    "text",
    [
        "partition 3 at offset 123456", "2025-12-01T02:00:00.000001Z", "c5272457-13de-564b-a157-433b6379e7f4", "127.0.0.1:37311",
        "took 0.123456789 s", "sequence 4185", "policy 9b1f9b1f9b1f", "12:34:56",
    ],
)  # fmt: skip
def test_what_helps_an_operator_stays(text: str) -> None:
    assert mask(text) == text


def test_personal_fields_are_dropped_and_others_masked_however_deep() -> None:
    event = {
        "event": "refused 13900000017", "name": "陳小姐", "contact_id": "13900000017", "level": "info",
        "details": {"text": "你好", "seen": ["13900000017", 5], "ok": True},
    }  # fmt: skip
    assert mask_personal(None, "info", event) == {
        "event": "refused ***", "contact_id": "13900000017", "level": "info", "details": {"seen": ["***", 5], "ok": True},
    }  # fmt: skip


def test_libraries_lines_and_tracebacks_are_masked_too() -> None:
    try:
        raise ValueError("13900000017")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 1, "for %s", ("13900000017",), (ValueError, error, error.__traceback__)
        )
    line = MaskingFormatter("%(message)s").format(record)
    assert "for ***" in line
    assert "ValueError: ***" in line
    assert "1390" not in line


def test_metric_names_are_literals_of_our_own() -> None:
    names = [*get_args(CounterName), *get_args(HistogramName), *get_args(GaugeName)]
    assert len(names) == len(set(names))
    assert all(name.startswith("ucc_") for name in names)
    assert all(name.endswith("_total") for name in get_args(CounterName))
    assert all(name.endswith("_seconds") for name in get_args(HistogramName))


def test_counting_the_same_name_twice_adds_up() -> None:
    before = telemetry.REGISTRY.get_sample_value("ucc_import_rows_total", {"outcome": "probe"}) or 0
    telemetry.count("ucc_import_rows_total", 2, outcome="probe")
    telemetry.count("ucc_import_rows_total", outcome="probe")
    assert telemetry.REGISTRY.get_sample_value("ucc_import_rows_total", {"outcome": "probe"}) == before + 3
