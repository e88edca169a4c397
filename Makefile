# `make help` lists what there is. Python 3.11+, git and make are all that a fresh machine needs.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
UV_INSTALL = $(UV) pip install --quiet --python $(BIN)/python --require-hashes
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock"

# A home folder that cannot be written must not stop the installation.
ifneq ($(shell d="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$d" 2>/dev/null && [ -w "$$d" ] && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.venv/.cache
endif

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

.venv/.bench: .venv/.dev requirements/bench.lock
	@command -v gcc >/dev/null || { echo "This benchmark needs a C compiler (gcc) to install the PESQ measure, and there is none here." >&2; exit 1; }
	$(UV_INSTALL) -r requirements/bench.lock
	@touch $@

.PHONY: help
help: ## this list
	@grep -hE '^[a-zA-Z_-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: demo
demo: .venv/.demo ## walk a lesson from upload to classroom and stay up (ARGS="--once", ARGS="--lesson PATH")
	@exec env SONGTAN_DIE_WITH_PARENT=1 $(BIN)/songtan demo $(ARGS)

.PHONY: up
up: .venv/.demo ## keep a centre running here until Ctrl-C
	@exec env SONGTAN_DIE_WITH_PARENT=1 $(BIN)/songtan up

.PHONY: test
test: .venv/.dev browser ## run every test: real servers, real processes, real Chromium (ARGS="tests/unit -x")
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: browser
browser: ## install Chromium, a Chinese font and LibreOffice for the tests, or say what is missing
	@.ci/packages

.PHONY: check
check: format-check lint types contracts templates translations-check dead-code containers ## everything a reviewer would check

.PHONY: bench-first-light
bench-first-light: .venv/.dev ## take the figures of the first way (QUICK=1, ARGS="node encode catalogue up")
	@$(BIN)/python -m benchmarks.first_light $(ARGS)

.PHONY: bench-readiness
bench-readiness: .venv/.bench ## let schools live four weeks with every way of filling a node (QUICK=1, ARGS="--traces FOLDER everyday late thin silent")
	@$(BIN)/python -m benchmarks.readiness $(ARGS)

.PHONY: bench-encode
bench-encode: .venv/.bench ## take the figures of the encoding (QUICK=1, ARGS="--clips FOLDER compare curves cost scale correction")
	@$(BIN)/python -m benchmarks.encode $(ARGS)

.PHONY: bench-serve
bench-serve: .venv/.dev ## sixty screens at a node that fills, and at nginx (QUICK=1; needs nginx)
	@$(BIN)/python -m benchmarks.serve

.PHONY: bench-power
bench-power: .venv/.dev ## cut a node's power at 350 random moments (QUICK=1; as root with xfsprogs by disk images)
	@$(BIN)/python -m benchmarks.power

.PHONY: bench-link
bench-link: .venv/.bench ## take the figures of the fill on thin lines; needs root (QUICK=1, ARGS="race kill flip")
	@$(BIN)/python -m benchmarks.link $(ARGS)

.PHONY: bench-update
bench-update: .venv/.bench ## what a line carries when a minute of one lesson was replaced or cut out, and when nothing is new (QUICK=1, ARGS="--cache FOLDER")
	@$(BIN)/python -m benchmarks.update $(ARGS)

.PHONY: bench-giveway
bench-giveway: .venv/.bench ## take the figures of the fill beside a call and a page; needs root (QUICK=1)
	@$(BIN)/python -m benchmarks.giveway

.PHONY: format
format: .venv/.dev ## format and sort imports
	$(BIN)/ruff format --quiet
	$(BIN)/ruff check --quiet --fix

.PHONY: format-check
format-check: .venv/.dev ## is it formatted?
	$(BIN)/ruff format --check

.PHONY: lint
lint: .venv/.dev ## ruff's rules
	$(BIN)/ruff check

.PHONY: types
types: .venv/.dev ## mypy, strict
	$(BIN)/mypy

.PHONY: contracts
contracts: .venv/.dev ## who may import whom
	$(BIN)/lint-imports

.PHONY: templates
templates: .venv/.dev ## lint the HTML templates
	$(BIN)/djlint --quiet --lint api catalog edge_cache signer

.PHONY: translations
translations: .venv/.dev ## gather strings into the .po file and compile it
	$(BIN)/python -m catalog.look.translate extract
	$(BIN)/python -m catalog.look.translate compile

.PHONY: reference
reference: .venv/.dev ## write docs/reference.md anew from the code
	$(BIN)/python -m tests.docs.inventory

.PHONY: translations-check
translations-check: .venv/.dev ## is every string translated?
	$(BIN)/python -m catalog.look.translate check

.PHONY: dead-code
dead-code: .venv/.dev ## functions, methods and classes that nobody uses (fields are read by frameworks)
	@! $(BIN)/vulture | grep -vE "unused (variable|attribute) "

.PHONY: containers
containers: .venv/.dev ## lint the Dockerfiles; the compose file against its schema
	$(BIN)/hadolint docker/*.Dockerfile
	$(BIN)/pytest -q tests/architecture/test_compose_file.py

.PHONY: clean
clean: ## remove what was made here (not the state folder)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist

.PHONY: lock
lock: $(UV) ## make the lock files anew from pyproject.toml
	printf "uv\nhatchling==1.33.0\neditables\n" | $(COMPILE) - -o requirements/bootstrap.lock
	$(COMPILE) pyproject.toml --extra server --extra demo --extra dev -o requirements/dev.lock
	$(COMPILE) pyproject.toml --extra server --extra demo --extra dev --extra bench -c requirements/dev.lock --no-annotate -o requirements/bench.lock
	$(COMPILE) pyproject.toml -c requirements/dev.lock --no-annotate -o requirements/edge.lock
	$(COMPILE) pyproject.toml --extra server -c requirements/dev.lock --no-annotate -o requirements/server.lock
	$(COMPILE) pyproject.toml --extra server --extra demo --no-annotate -c requirements/dev.lock -o requirements/demo.lock
