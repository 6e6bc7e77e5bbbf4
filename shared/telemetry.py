"""Logs that never hold numbers or names, and metrics whose names are a closed list.

Log events are fixed phrases with opaque ids as fields. As a second fence, fields named like personal data are
dropped and anything that looks like a telephone number or e-mail address is masked before a line is written.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Literal, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PERSONAL_FIELDS = frozenset(
    {"address", "caller", "customer_name", "display_name", "email", "identity", "message", "name", "number", "password",
     "phone", "secret", "text", "token", "value"}
)  # fmt: skip
# Digits with the usual separators, at least eight characters, not part of a time, an identifier or a decimal number. Only
# ASCII letters count as "part of": Chinese text runs into the number without a space.
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.\-])(?<!\d:)\+?\d[\d \-()]{6,}\d(?!:?\d)(?![A-Za-z_])")
_MAINLAND_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
# PostgreSQL's DETAIL lines and pydantic's faults quote the offending value.
_QUOTED = re.compile(r"(?m)^(DETAIL: ).*$|(input_value=).*?(?=, input_type=|$)")


def mask(text: str) -> str:
    """The text with everything that looks like a person's number or address, or quotes a refused value, made unreadable."""
    text = _QUOTED.sub(lambda found: f"{found[1] or found[2]}***", text)
    return _EMAIL.sub("***@***", _MAINLAND_MOBILE.sub("***", _NUMBER.sub("***", text)))


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {k: _masked(v) for k, v in entries.items() if k not in PERSONAL_FIELDS}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in cast("Sequence[Any]", value)]
    return value


def mask_personal(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: drop personal fields, mask what looks like a number or an address."""
    for key in [k for k in event if k in PERSONAL_FIELDS]:
        del event[key]
    for key, value in event.items():
        if key not in ("timestamp", "level") and not key.endswith("_id"):
            event[key] = _masked(value)
    return event


class MaskingFormatter(logging.Formatter):
    """The same fence for what libraries log through the standard library, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def configure_logging(level: str = "INFO", *, json: bool = True) -> None:
    """Set up structlog once per process; standard-library logging of libraries goes to stderr at WARNING."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_personal,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for noisy in ("aiokafka", "uvicorn.access", "httpx", "yoyo"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def configure_logging_unless_done(level: str, *, json: bool) -> None:
    """For a service that is a process of its own: unconfigured, structlog would draw each traceback with its local variables."""
    if not structlog.is_configured():
        configure_logging(level, json=json)


def logger(room: str) -> Any:
    """The logger of a room ("router", "profile" …); takes its configuration, masks included, when it is first used."""
    return structlog.get_logger(room=room)


CounterName = Literal[
    "ucc_http_requests_total",
    "ucc_messages_consumed_total",
    "ucc_messages_published_total",
    "ucc_dead_letters_total",
    "ucc_inputs_total",
    "ucc_decisions_total",
    "ucc_stale_epoch_refusals_total",
    "ucc_quarantined_inputs_total",
    "ucc_takeovers_total",
    "ucc_sequence_repeats_total",
    "ucc_sequence_gaps_total",
    "ucc_push_frames_total",
    "ucc_signature_failures_total",
    "ucc_profile_lookups_total",
    "ucc_import_rows_total",
    "ucc_channel_commands_total",
    "ucc_gateway_leases_lost_total",
    "ucc_self_service_ended_total",
    "ucc_pages_read_total",
    "ucc_faxes_sent_total",
    "ucc_dial_results_total",
    "ucc_dials_authorised_total",
    "ucc_dials_suppressed_total",
    "ucc_dialling_leases_taken_total",
    "ucc_attempts_total",
    "ucc_attempts_ended_total",
    "ucc_attempts_forgotten_total",
    "ucc_refusals_total",
]
HistogramName = Literal[
    "ucc_http_seconds", "ucc_handle_seconds", "ucc_append_seconds", "ucc_decide_seconds", "ucc_profile_answer_seconds"
]
GaugeName = Literal[
    "ucc_partition_owned", "ucc_waiting_contacts", "ucc_signed_in_agents", "ucc_event_loop_lag_seconds",
    "ucc_outbox_pending", "ucc_push_subscribers", "ucc_journal_unpublished",
]  # fmt: skip

REGISTRY = CollectorRegistry()
_metrics: dict[str, Any] = {}


def count(name: CounterName, amount: float = 1, **labels: str) -> None:
    """Add to a counter. Labels are enums and ids of configuration, never of people."""
    metric = _metrics.get(name) or _metrics.setdefault(name, Counter(name, name, sorted(labels), registry=REGISTRY))
    (metric.labels(**labels) if labels else metric).inc(amount)


def observe(name: HistogramName, seconds: float, **labels: str) -> None:
    """Record a duration in seconds."""
    metric = _metrics.get(name) or _metrics.setdefault(
        name,
        Histogram(name, name, sorted(labels), registry=REGISTRY,
                  buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)),
    )  # fmt: skip
    (metric.labels(**labels) if labels else metric).observe(seconds)


def gauge(name: GaugeName, value: float, **labels: str) -> None:
    """Set a gauge."""
    metric = _metrics.get(name) or _metrics.setdefault(name, Gauge(name, name, sorted(labels), registry=REGISTRY))
    (metric.labels(**labels) if labels else metric).set(value)
