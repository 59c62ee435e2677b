# Two commands matter to a newcomer: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NATIVE := $(wildcard src/rempart/_native/*.c src/rempart/_native/*.h) setup.py
PYTEST := $(BIN)/python -m pytest -q
DEMO_ONCE ?=
TIERS := test-unit test-contract test-acceptance test-browser test-meta

.PHONY: help setup setup-dev demo check fmt test $(TIERS) bench campaign sanitize lock docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: $(VENV)/.run ## make .venv with rempart installed
setup-dev: $(VENV)/.dev ## the same, with the tools for tests

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml $(NATIVE) | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

demo: setup ## altered copies of pictures are found (DEMO_ONCE=1: without waiting for a key)
	$(BIN)/rempart demo $(if $(DEMO_ONCE),--once)

check: setup-dev ## ruff, mypy, import contracts, docs, fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/cli_reference.py --check
	$(PYTEST) -n 2 tests/unit

fmt: setup-dev ## format and sort imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: ## everything that CI runs, tier by tier
	@set -e; for tier in $(TIERS); do echo "== $$tier"; $(MAKE) --no-print-directory $$tier; done

test-unit: setup-dev ## fast tests of single rooms
	$(PYTEST) -n 2 tests/unit
test-contract: setup-dev ## formats, worker pool, both databases, fuzzing in bounded time
	tools/ensure-postgres.sh
	$(PYTEST) -n 2 --dist loadfile tests/contract
test-acceptance: setup-dev ## the command line and the server as real processes, kills and recovery
	tools/ensure-postgres.sh
	$(PYTEST) -n 2 --dist loadfile tests/acceptance
test-browser: setup-dev ## the pages in Chromium
	tools/ensure-chromium.sh
	$(PYTEST) -n 2 --dist loadfile tests/browser
test-meta: setup-dev ## style, types, contracts, docs and README commands
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) tests/meta

bench: $(VENV)/.bench ## every benchmark beside its peer (BENCH_PHOTOS=folder of ordinary photos)
	BENCH_PHOTOS="$(BENCH_PHOTOS)" tools/bench.sh $(BIN)

campaign: setup-dev ## the long forms: many kills, many mutated files
	REMPART_CAMPAIGN=1 $(PYTEST) -n 2 --timeout 0 tests/campaign

sanitize: setup-dev ## the kernels under AddressSanitizer and UndefinedBehaviorSanitizer
	tools/sanitize.sh $(BIN)/python

lock: ## renew the hashed locks after a change of dependencies
	tools/lock.sh

docs: setup-dev ## generate the command-line reference
	$(BIN)/python tools/cli_reference.py

clean: ## remove what was built here
	rm -rf $(VENV) build *.egg-info src/*.egg-info
	find src -name '*.so' -delete
