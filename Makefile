# UCC. Python 3.11 or newer and pip are enough: every target first makes .venv as uv.lock says (deploy/bootstrap).
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
BIN := .venv/bin
# Files of tests side by side, for most tests wait most of the time: each worker has its own PostgreSQL, broker and house. JOBS=0: one
# process, to look closely.
JOBS ?= logical
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Levels of tests that need no service (make check), and those on a real PostgreSQL, a broker and a browser (make test).
QUICK := $(wildcard tests/unit tests/contract tests/architecture)
WHOLE := $(wildcard tests/validation tests/integration tests/simulation tests/browser)

.PHONY: help run test check bench clean format
.NOTPARALLEL:

help:  ## say what each target does
	@sed -nE 's/^([a-z]+):.*## (.*)$$/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

build:
	@mkdir -p build

.venv/ready: pyproject.toml uv.lock deploy/bootstrap
	@PYTHON="$(PYTHON)" deploy/bootstrap

run: .venv/ready  ## start everything in one process with the demo tenant; Ctrl-C stops it and keeps its data in .ucc/
	@echo "run: UCC with the demo tenant, PostgreSQL and broker included (Ctrl-C ends it)"
	@exec $(BIN)/ucc up --demo $(ARGS)

check: .venv/ready | build  ## format, lint, types, imports, and the tests that need no service (two to three minutes on two cores)
	@echo "check: format and lint (ruff)"; $(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@echo "check: types (pyright, strict for shared and every domain)"; $(BIN)/pyright --warnings
	@echo "check: imports between rooms and layers (import-linter)"; $(BIN)/lint-imports --no-cache > build/imports.log 2>&1 \
		|| { cat build/imports.log; exit 1; }
	@echo "check: tests of $(notdir $(QUICK))"; $(PYTEST) $(QUICK)

test: check  ## everything a fresh machine can run: check, then validation, integration and browser (twenty minutes on two cores)
	@echo "test: $(notdir $(WHOLE)); real Apache Kafka where UCC_TEST_KAFKA, Docker, or Java and Maven are at hand"
	@$(PYTEST) $(WHOLE) -m "not faults"

bench: .venv/ready  ## measure, print the table of figures and goals, write build/bench.json (up to 8 minutes)
	@echo "bench: ratios measured on this machine, beside load and an fsync probe"
	@$(BIN)/python -m tests.benchmarks $(ARGS)

format: .venv/ready  ## let ruff format the code and mend what it can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

clean:  ## remove what was built: .venv, caches, build/; the demo's data in .ucc/ stays
	@echo "clean: removes .venv, caches and build/ (the demo's data in .ucc/ stays)"
	@rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
