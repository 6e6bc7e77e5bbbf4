"""docker-compose.yml says what exists: commands, ports, health paths, settings, and a healthy start in order."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI

from deploy.stack import PORT_OFFSETS, ports_from
from shared.settings import UccSettings

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "ucc:local"}


def settings_of(service: str) -> type[UccSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    return getattr(module, f"{service.capitalize()}Settings")


def app_of(service: str) -> FastAPI:
    return importlib.import_module(f"services.{service}.app").create_app(settings_of(service)())


@pytest.mark.parametrize("service", sorted(PORT_OFFSETS))
def test_each_service_is_started_as_it_is_written(service: str) -> None:
    command = SERVICES[service]["command"]
    module, factory = command[1].split(":")
    assert callable(getattr(importlib.import_module(module), factory))
    port = ports_from(8080)[service]
    assert command[command.index("--port") + 1] == str(port)
    health = SERVICES[service]["healthcheck"]["test"]
    assert health[-1] == f"http://127.0.0.1:{port}/readyz"
    importlib.import_module(health[health.index("-m") + 1])
    assert "/readyz" in {getattr(route, "path", "") for route in app_of(service).routes}


def test_the_snapshot_process_and_the_migration_exist() -> None:
    assert importlib.util.find_spec(SERVICES["snapshots"]["command"][2]) is not None
    assert SERVICES["migrate"]["command"] == ["ucc", "migrate"]


@pytest.mark.parametrize("service", sorted(PORT_OFFSETS))
def test_each_variable_is_a_setting_of_its_service(service: str) -> None:
    fields = settings_of(service).model_fields
    for variable in SERVICES[service]["environment"]:
        assert variable.removeprefix("UCC_").lower() in fields


def test_only_console_and_the_operator_hold_the_private_key() -> None:
    holders = {name for name, service in OURS.items() if "UCC_TOKEN_SIGNING_KEY" in service["environment"]}
    assert holders == {"console", "operator"}


def test_no_secret_is_written_here_and_a_missing_one_stops_the_start() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search("KEY|TOKEN|PASSWORD", variable):
                assert re.fullmatch(r"\$\{UCC_\w+:\?.+\}", value), (name, variable)


def test_services_wait_for_migrations_and_for_a_healthy_broker() -> None:
    for service in PORT_OFFSETS:
        after = SERVICES[service]["depends_on"]
        assert after["migrate"]["condition"] == "service_completed_successfully"
        assert after["kafka"]["condition"] == "service_healthy"
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "kafka", *PORT_OFFSETS))


def test_only_console_and_gateway_are_published_and_to_this_host_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"console", "gateway"}
    assert all("127.0.0.1" in port for ports in published.values() for port in ports)


def test_the_image_is_built_in_stages_and_does_not_run_as_root() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert dockerfile.count("\nFROM ") == 2
    assert re.search(r"^USER \d+$", dockerfile, re.MULTILINE)
    assert "uv sync --frozen --no-dev" in dockerfile
