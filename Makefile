# Every target sets up what it needs on a bare machine with Python 3.11 or newer.
PYTHON ?= python3
PYTEST_ARGS ?= -n 2 --dist loadfile --durations=15
BIN := .venv/bin
.DEFAULT_GOAL := help

.PHONY: help setup demo test check bench faults lock docs clean
help: ## what each target does
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.made ## make the .venv from the hashed requirements
.venv/.made: requirements/dev.txt pyproject.toml
	$(PYTHON) deploy/require_python.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## run everything on this machine with a realistic portfolio, until Ctrl-C
	$(BIN)/gradeline up --demo --data $(or $(DATA),.gradeline)

test: setup ## all tests, on real parts
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: setup ## format, lint, types, import contracts, unit tests; under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 tests/unit tests/golden tests/policy tests/architecture -m "not parts and not slow"

bench: setup ## figures as ratios in one run, written to docs/benchmarks.md
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

faults: setup ## every row of the fault matrix on real processes, written to docs/faults.md
	$(BIN)/python -m tests.faults $(FAULTS_ARGS)

docs: setup ## regenerate what is generated: schemas, AsyncAPI, OpenAPI, the pages of faults, coverage and settings
	$(BIN)/python -m gradeline.generate
	$(BIN)/python -m tests.faults.page
	$(BIN)/python -m tests.architecture.coverage
	$(BIN)/python -m tests.architecture.settings_page

lock: setup ## compile the hashed requirements from pyproject.toml (needs uv; names no host)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra dev requirements/build.in pyproject.toml -o requirements/dev.txt

clean: ## remove what setup made
	rm -rf .venv build *.egg-info
