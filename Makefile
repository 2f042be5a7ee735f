# Every target sets up what it needs: `make demo` or `make test` alone works on a fresh checkout.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first interpreter that runs and is new enough; `make PYTHON=/path/to/python` overrides it.
find_python = for name in python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo "$$name" && break; done
PYTHON ?= $(shell $(find_python))

BIN := .venv/bin
READY := .venv/ready

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Create .venv with the locked versions (quick when nothing changed)

$(READY): pyproject.toml setup.py requirements.lock
	@test -n "$(PYTHON)" || { echo "Millrace needs Python 3.11, 3.12 or 3.13; put it on PATH or name it with PYTHON=." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(READY) ## Run the whole pipeline on this machine and prove that its figures agree
	$(BIN)/millrace demo $(ARGS)

.PHONY: test
test: $(READY) ## Run every test, with coverage of at least 85 %
	$(BIN)/python $(if $(ARGS),-m pytest $(ARGS),tools/run_tests.py)

.PHONY: check
check: $(READY) ## Lint, format, types, and that generated files are fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet -m drift

.PHONY: bench
bench: $(READY) ## Measure throughput and compare with the committed results
	$(BIN)/python benchmarks/run.py $(ARGS)

.PHONY: faults
faults: $(READY) ## Break everything for MINUTES (60) and count; writes build/faults.md
	$(BIN)/python tools/fault_rounds.py --minutes $(or $(MINUTES),60) $(ARGS)

.PHONY: dashboards
dashboards: $(READY) ## Write the dashboards' JSON again
	$(BIN)/millrace dashboards build

.PHONY: requirements
requirements: $(READY) ## Write docs/requirements.md and docs/settings.md again
	$(BIN)/python tools/requirement_map.py
	$(BIN)/python tools/settings_page.py

.PHONY: lock
lock: $(READY) ## Choose versions again within the bounds of pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --all-extras \
		--generate-hashes --custom-compile-command "make lock" --output-file requirements.lock

.PHONY: clean
clean: ## Remove .venv and everything that was built
	rm -rf .venv build dist htmlcov *.egg-info .coverage .coverage.* \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis
