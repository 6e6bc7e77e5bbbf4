"""Each import contract of pyproject.toml refuses what it is there to refuse: a small house is built, once clean, then with
one violation at a time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

CLEAN = {
    "services/alpha/app.py": "import services.alpha.api, services.alpha.consumers",
    "services/alpha/api.py": "import fastapi, services.alpha.handlers",
    "services/alpha/consumers.py": "import services.alpha.handlers",
    "services/alpha/handlers.py": "import services.alpha.store",
    "services/alpha/store.py": "import asyncpg, services.alpha.domain.rules",
    "services/alpha/settings.py": "import shared.settings",
    "services/alpha/domain/rules.py": "import shared.contracts.fields",
    "services/beta/app.py": "import services.beta.domain.rules",
    "services/beta/domain/rules.py": "import shared.contracts.fields",
    "shared/contracts/fields.py": "import pydantic",
    "deploy/stack.py": "import services.alpha.app, services.beta.app",
}

VIOLATIONS = {
    "house: shared knows a service": ("house", "shared/kafka.py", "import services.alpha.domain.rules"),
    "house: shared knows deploy": ("house", "shared/kafka.py", "import deploy.stack"),
    "house: a service knows deploy": ("house", "services/beta/app.py", "import deploy.stack"),
    "independent-services: another's rules": (
        "independent-services",
        "services/alpha/handlers.py",
        "import services.beta.domain.rules",
    ),
    "rooms: domain reads the store": ("rooms", "services/alpha/domain/rules.py", "import services.alpha.store"),
    "rooms: domain reads settings": ("rooms", "services/alpha/domain/rules.py", "import services.alpha.settings"),
    "rooms: store calls a handler": ("rooms", "services/alpha/store.py", "import services.alpha.handlers"),
    "rooms: a handler knows HTTP": ("rooms", "services/alpha/handlers.py", "import services.alpha.api"),
    "rooms: api and consumers mixed": ("rooms", "services/alpha/api.py", "import services.alpha.consumers"),
    "rooms: a consumer knows the wiring": ("rooms", "services/alpha/consumers.py", "import services.alpha.app"),
    "pure-domain: a framework": ("pure-domain", "services/alpha/domain/rules.py", "import fastapi"),
    "pure-domain: a database": ("pure-domain", "services/alpha/domain/rules.py", "from asyncpg import connect"),
    "pure-domain: pydantic itself": ("pure-domain", "services/beta/domain/rules.py", "import pydantic"),
    "pure-domain: a clock": ("pure-domain", "services/beta/domain/rules.py", "import shared.clock"),
    "pure-domain: by a detour": ("pure-domain", "services/beta/domain/rules.py", "import shared.errors"),
}


def build(root: Path, files: dict[str, str]) -> None:
    shutil.copy(ROOT / "pyproject.toml", root)
    plumbing = next(c for c in CONTRACTS if c["id"] == "pure-domain")["forbidden_modules"]
    empty = [name.replace(".", "/") + ".py" for name in plumbing if name.startswith("shared.")]
    for path, text in {**dict.fromkeys(empty, ""), "shared/errors.py": "import asyncpg", **files}.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        for package in [file.parent, *file.parent.parents]:
            if package == root:
                break
            (package / "__init__.py").touch()
        file.write_text(text + "\n")


def lint(root: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    limit = [argument for contract in contracts for argument in ("--contract", contract)]
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo", *limit]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


def test_a_clean_house_keeps_every_contract(tmp_path: Path) -> None:
    build(tmp_path, CLEAN)
    answer = lint(tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in answer.stdout


def test_every_contract_has_a_canary() -> None:
    assert {contract for contract, _, _ in VIOLATIONS.values()} == {c["id"] for c in CONTRACTS}


@pytest.mark.parametrize("canary", VIOLATIONS)
def test_a_violation_breaks_its_contract(canary: str, tmp_path: Path) -> None:
    contract, path, statement = VIOLATIONS[canary]
    build(tmp_path, {**CLEAN, path: f"{CLEAN.get(path, '')}\n{statement}"})
    answer = lint(tmp_path, contract)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "0 kept, 1 broken" in answer.stdout
