# Parley. `make help` tells what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The newest Python that is there and runs (a version manager's stand-in may not), of those that
# Parley is tested on.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$python && break; \
  done || true)
CONFIG ?= config.yaml
# More for pytest: make test ARGS="-k markup"
ARGS ?=
# A worker for each processor; one that has nothing left takes tests from another.
PARALLEL := -n auto --dist worksteal

VENV := .venv
BIN := $(VENV)/bin
TOOLS := $(VENV)/tools
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := bot handlers storage tests

# A .venv whose Python is gone (upgraded, removed) is made anew.
ifneq ($(shell exec 2> /dev/null; test ! -e $(VENV) || $(BIN)/python -c '' || echo broken),)
$(shell rm -rf $(VENV))
endif

.PHONY: help run doctor setup test check lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run-installed ## set up what the bot needs and start it (CONFIG=config.yaml)
	@$(BIN)/python -m bot run --config "$(CONFIG)"

doctor: $(VENV)/.run-installed ## tell, line by line, what works, and the link that invites the bot
	@$(BIN)/python -m bot check --config "$(CONFIG)"

setup: $(VENV)/.dev-installed ## set up everything for development in .venv

test: setup ## set up and run the tests (ARGS="..." for pytest)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

check: setup ## lint, formatting, types, tests: what must be green
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11 or newer, and there is none here." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
	  echo "Parley needs Python 3.11 or newer, which $(PYTHON) is not." >&2; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" -V 2>&1)"
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
	  echo "If venv or ensurepip is missing: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }

# The development lock holds what the run lock holds, in the same versions: it serves both.
$(VENV)/.run-installed: locks/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what locks/run.txt names"
	@$(PIP) install --require-hashes -r locks/run.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev-installed: locks/dev.txt locks/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what locks/dev.txt names"
	@$(PIP) install --require-hashes -r locks/dev.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $(VENV)/.run-installed $@

# Files that name no registry: the newest versions that pyproject.toml allows, with their hashes.
LOCK := $(TOOLS)/bin/uv pip compile pyproject.toml --universal \
  --python-version 3.11 --generate-hashes --no-header --quiet --upgrade

lock: $(TOOLS)/bin/uv ## renew the locks
	$(LOCK) --group build --group dev --output-file locks/dev.txt
	$(LOCK) --group build --constraints locks/dev.txt --output-file locks/run.txt

$(TOOLS)/bin/uv: | $(BIN)/python
	$(BIN)/python -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip --disable-pip-version-check --quiet install uv

clean: ## remove .venv and what tools left; configuration and data stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
