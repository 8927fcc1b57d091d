# What a person types. Every target makes what it needs first.

PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime
DEV := .venv/.dev
EXTRAS := --extra build --extra collector --extra classifier --extra alerter --extra kafka --extra postgres
COMPILE := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help run demo test check format bench train pins services clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "claimwatch needs Python 3.11 or newer; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv .venv

$(RUNTIME): requirements/all.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/all.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNTIME)

run: $(RUNTIME)  ## Watch live sources: SQLite, alerts on this terminal
	$(BIN)/claimwatch run

demo: $(RUNTIME)  ## Run the whole pipeline on a recorded storyline, without network
	$(BIN)/claimwatch demo

services: | .venv/bin/python  ## Install what the tests talk to: Java, Maven, PostgreSQL
	@sh tests/support/install_services.sh

test: $(DEV) services  ## Run every test, on real Kafka and PostgreSQL
	$(BIN)/python -m pytest

check: $(DEV)  ## Lint, types, import contracts, deploy files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/claimwatch schemas --check
	$(BIN)/shellcheck tests/support/install_services.sh .ci/run
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/yamllint --config-file deploy/.yamllint --strict deploy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	$(BIN)/compose-lint deploy/compose.yaml

format: $(DEV)  ## Put the code into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) services  ## Measure: latency from append to alert, embedded and on Kafka
	$(BIN)/python -m tests.bench

train: $(DEV)  ## Train the reader anew from its labelled passages (three quarters of an hour)
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	$(BIN)/python -m services.classifier.training

pins: | .venv/bin/python  ## Renew requirements/ from pyproject.toml
	$(BIN)/python -m pip install --quiet pip-tools
	$(COMPILE) --upgrade $(EXTRAS) --output-file requirements/all.txt pyproject.toml
	$(COMPILE) $(EXTRAS) --extra dev --constraint requirements/all.txt --output-file requirements/dev.txt pyproject.toml
	for service in collector classifier alerter; do \
	    $(COMPILE) --extra build --extra kafka --extra postgres --extra $$service --constraint requirements/all.txt \
	        --output-file requirements/$$service.txt pyproject.toml || exit 1; done

clean:  ## Remove the environment and what was built
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
