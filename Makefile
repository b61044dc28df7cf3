# Each target does all the set-up it needs, on a machine with CPython 3.11 or newer and make.
#   make run      the shipped policies on the paper venue, one after the other, with a short summary of each
#   make test     every test          make check    lint, types, import contract
#   make bench    timings beside peers (installs them in .bench-venv)
#   make format   rewrite to the house style       make schema   rewrite schemas/ and the tables in docs/
#   make lock     resolve requirements/*.lock again        make clean    remove what the targets made

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

VENV        := .venv
BENCH_VENV  := .bench-venv
LOCK_VENV   := build/lock-venv
BIN         := $(VENV)/bin
PIP_INSTALL := -m pip install -qq --no-input --disable-pip-version-check
LOCKED      := $(PIP_INSTALL) --require-hashes --only-binary :all: -r
# The one client that is published as source only: it is built with the setuptools of the lock, and in tests alone.
FROM_SOURCE := v20
LOCKED_TEST := $(PIP_INSTALL) --require-hashes --only-binary :all: --no-binary $(FROM_SOURCE) --no-build-isolation -r
EDITABLE    := $(PIP_INSTALL) --no-deps --no-build-isolation -e .

RUN_POLICIES ?= policies/fx_hedge/fx-hedge.policy.yaml policies/crypto_scaling/crypto-scaling.policy.yaml \
  policies/kr_pyramiding/kr-pyramiding.policy.yaml
RUN_FLAGS    ?= --duration 15s --format brief
# The smallest build machine has two cores, and tests of runs wait a third of their time. A file stays with one worker, so
# that its fixtures are made once.
PYTEST_FLAGS ?= -n 3 --dist loadfile

.PHONY: run test check lint types imports format schema bench lock clean
.DEFAULT_GOAL := run
.DELETE_ON_ERROR:

run: $(VENV)/.run-ready
	@for policy in $(RUN_POLICIES); do $(BIN)/ruleengine run --policy "$$policy" $(RUN_FLAGS) || exit $$?; echo; done

test: $(VENV)/.test-ready
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

check: lint types imports

lint: $(VENV)/.test-ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.test-ready
	$(BIN)/mypy

imports: $(VENV)/.test-ready
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.test-ready
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

schema: $(VENV)/.run-ready
	$(BIN)/ruleengine schema --write-all

bench: $(BENCH_VENV)/.ready
	$(BENCH_VENV)/bin/python -m benchmarks

# Set-up. A stamp says that an environment agrees with its lock, so a second call installs nothing.

$(VENV)/bin/python:
	$(call make-venv,$(VENV))

$(VENV)/.run-ready: requirements/run.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing what the engine needs (requirements/run.lock)"
	@$(BIN)/python $(LOCKED) requirements/run.lock
	@$(BIN)/python $(EDITABLE)
	$(call compile,$(BIN))
	@touch $@

$(VENV)/.test-ready: requirements/test.lock $(VENV)/.run-ready
	@echo "installing what the tests need (requirements/test.lock)"
	@$(BIN)/python $(LOCKED_TEST) requirements/test.lock
	@touch $@

$(BENCH_VENV)/bin/python:
	$(call make-venv,$(BENCH_VENV))

$(BENCH_VENV)/.ready: requirements/bench.lock pyproject.toml | $(BENCH_VENV)/bin/python
	@echo "installing the peers (requirements/bench.lock)"
	@$(BENCH_VENV)/bin/python $(LOCKED) requirements/bench.lock
	@$(BENCH_VENV)/bin/python $(EDITABLE)
	$(call compile,$(BENCH_VENV)/bin)
	@touch $@

# Bytecode of our own modules, which are not installed but read where they are: where PYTHONDONTWRITEBYTECODE is set, every
# start would compile a hundred of them again. A folder that can't be written to costs that time and nothing else.
define compile
@$(1)/python -m compileall -q ruleengine adapters >/dev/null 2>&1 || true
endef

define make-venv
@test -n "$(PYTHON)" || { echo "error: no Python >= 3.11 found; install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is not Python >= 3.11" >&2; exit 1; }
@echo "making $(1) with $(PYTHON)"
@"$(PYTHON)" -m venv $(1) || { rm -rf $(1); echo "error: $(PYTHON) cannot make a virtual environment; on Debian install its -venv package" >&2; exit 1; }
endef

# Locks: one for the engine, one with the tests' tools, one with the peers. The engine's pins are the same in the first two.
# Releases younger than a week are passed over: most hijacked ones are withdrawn by then.

LOCK := $(LOCK_VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
  --exclude-newer "7 days" --no-header --no-annotate --no-emit-index-url --no-emit-find-links

$(LOCK_VENV)/bin/uv: requirements/lock.in
	$(call make-venv,$(LOCK_VENV))
	@$(LOCK_VENV)/bin/python $(PIP_INSTALL) --only-binary :all: -r requirements/lock.in
	@touch $@

lock: $(LOCK_VENV)/bin/uv
	$(LOCK) --no-binary $(FROM_SOURCE) pyproject.toml requirements/build.in --extra test -o requirements/test.lock
	$(LOCK) pyproject.toml requirements/build.in -c requirements/test.lock -o requirements/run.lock
	$(LOCK) pyproject.toml requirements/build.in requirements/bench.in -o requirements/bench.lock

clean:
	rm -rf $(VENV) $(BENCH_VENV) build ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
