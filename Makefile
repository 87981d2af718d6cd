# Every target sets up what it needs first; a second run sets nothing up again. PYTHON names the Python to start from.
PYTHON ?= python3
ARGS ?=
STEPS ?= 30000
SEEDS ?= 1000
# Of tests: one more than there are cores, as tests wait for servers.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1)
RUN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test test-long invariants simulate soak load scale consensus lint format contracts pictures bench bench-gas analyse mutants fuzz build sbom advisories docs check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## virtual environment, pinned packages, dev chain; quiet when all is there
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no '$(PYTHON)' here. Install Python 3.11 or later, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "CrowdLedger needs Python 3.11 or later; '$(PYTHON)' is older. Name one: make PYTHON=python3.11" >&2; exit 1; }
	@"$(PYTHON)" scripts/setup.py

demo: setup ## the main job on 8,000 real answers, from submission to audit; ARGS="--json" ends with one JSON line
	@$(RUN)/crowdledger demo $(ARGS)

dev: setup ## chain, contracts, API and worker in one, for trying things out
	@$(RUN)/crowdledger dev $(ARGS)

bench: setup ## how fast the log engine is, each figure beside a yardstick in the same run; ARGS="--only http-sqlite"
	@$(RUN)/python scripts/bench_log.py $(ARGS)

test: setup lint ## lint, then the whole suite on both databases; ARGS go to pytest
	@$(RUN)/pytest -n $(WORKERS) --maxprocesses 4 --dist loadscope $(ARGS)

test-long: consensus ## the tests that take minutes, the comparison with crowd-kit among them
	@$(RUN)/pytest -m long $(ARGS)

invariants: setup ## the state machines that attack the contracts, in their long form of STEPS=30000 steps
	@CROWDLEDGER_INVARIANT_STEPS=$(STEPS) $(RUN)/pytest -m long tests/simulation/contracts -s $(ARGS)

simulate: setup ## the worker against a world full of faults: SEEDS=1000 runs; ARGS="SEED --trace" tells one again
	@$(RUN)/python -m tests.simulation.worker $(or $(ARGS),--seeds $(SEEDS))

soak: setup ## chain, service and two workers under load, all faults on, then all must agree; ARGS="--minutes 15 --postgres"
	@$(RUN)/python -m scripts.soak $(ARGS)

load: setup ## ten minutes of a realistic mix: no error, 99th percentiles, flat memory; ARGS="--minutes 2 --faults"
	@$(RUN)/python -m scripts.load $(ARGS)

scale: setup ## 1, 2 and 4 API processes, workers, one log and several on one PostgreSQL: processor time a request
	@$(RUN)/python -m scripts.load.scale $(ARGS)

fuzz: setup ## whatever is sent to the API, the answer is as described: minutes of Schemathesis; ARGS="--minutes 30 --seed 7", ARGS=--parsers
	@$(RUN)/python -m scripts.fuzz $(ARGS)

consensus: setup ## crowd-kit for the methods crowdkit:*, the extra 'consensus' (some 800 MB)
	@$(RUN)/python -m pip --no-input --disable-pip-version-check install --quiet --no-deps --require-hashes \
	  -r requirements-consensus.lock

lint: setup ## ruff, mypy strict, the floors of the house
	@$(RUN)/ruff check --quiet
	@$(RUN)/ruff format --check --quiet
	@$(RUN)/mypy
	@$(RUN)/lint-imports --no-logo

format: setup ## let ruff format and fix
	@$(RUN)/ruff check --fix
	@$(RUN)/ruff format

contracts: setup ## compile the contracts into contracts/artifacts
	@$(RUN)/python scripts/compile_contracts.py $(ARGS)

pictures: setup ## screenshots of the pages, on a world of its own, for docs/pages.md; needs Chromium; ARGS="--only me"
	@$(RUN)/python -m scripts.pages pictures $(ARGS)

bench-gas: setup ## what the contracts cost, beside others' contracts and a computed floor; ARGS=--write renews the snapshot
	@$(RUN)/python -m scripts.gas $(ARGS)

analyse: setup ## slither and halmos on the contracts, in an environment of their own
	@$(RUN)/python -m scripts.analysis $(ARGS)

mutants: setup ## remove the contracts' checks one by one: does a test notice? (some 30 minutes)
	@$(RUN)/python -m scripts.mutants $(ARGS)

build: setup ## wheel, source archive and the lock of what runs, in dist/, the same bytes everywhere; ARGS="--extra mturk"
	@$(RUN)/python -m scripts.release build $(ARGS)

sbom: setup ## bills of materials (CycloneDX) of what runs and of all that is locked, in dist/
	@$(RUN)/python -m scripts.release sbom

advisories: setup ## known weaknesses of the locked packages; asks the package index, ends with 2 where it cannot
	@$(RUN)/python -m scripts.release advisories

docs: setup ## the site of docs/ in build/site, every link of it checked; ARGS=--external asks the addresses elsewhere too
	@$(RUN)/python -m scripts.docs $(ARGS)

check: test build sbom docs ## what every release needs (docs/releasing.md): all of test, then the release made and installed
	@$(RUN)/pytest -m long tests/acceptance/release
	@echo "Good. Before a release also: make test-long, make advisories (docs/releasing.md)."

clean: ## remove what the set-up and the tools made
	rm -rf .venv .analysis .release .fuzz .docs node_modules scripts/*/node_modules .setup .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info
