# `make help` lists what there is. Python 3.11+, git and make are all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
UV_INSTALL = $(UV) pip install --quiet --python $(BIN)/python --require-hashes
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock"

.DEFAULT_GOAL := help

$(UV): requirements/bootstrap.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@touch $(UV)

.venv/.demo: $(UV) requirements/demo.lock pyproject.toml
	$(UV_INSTALL) -r requirements/demo.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.demo requirements/dev.lock
	$(UV_INSTALL) -r requirements/dev.lock
	@touch $@

.PHONY: help
help: ## this list
	@grep -hE '^[a-zA-Z_-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: lock
lock: $(UV) ## make the lock files anew from pyproject.toml
	printf "uv\nhatchling==1.33.0\neditables\n" | $(COMPILE) - -o requirements/bootstrap.lock
	$(COMPILE) pyproject.toml --extra server --extra demo --extra dev -o requirements/dev.lock
	$(COMPILE) pyproject.toml -c requirements/dev.lock --no-annotate -o requirements/edge.lock
	$(COMPILE) pyproject.toml --extra server -c requirements/dev.lock --no-annotate -o requirements/server.lock
	$(COMPILE) pyproject.toml --extra server --extra demo --no-annotate -c requirements/dev.lock -o requirements/demo.lock
