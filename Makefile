# Everything here sets itself up: a fresh machine needs Python 3.11 or newer, make and git, and nothing else.
#
#   make test                          the checks of the README
#   make test PYTHON=python3.12        with another interpreter (after `make clean`)
#   make sim SEEDS=20000               a longer look at simulated worlds (FIRST=137 begins at another seed)

PYTHON ?= python3
VENV   ?= .venv
SEEDS  ?= 200
FIRST  ?= 0
EXAMPLES ?= 100
KILLS  ?= 200
SEED   ?= 1
PYTEST ?=

BIN  := $(VENV)/bin
PY   := $(BIN)/python
DEV  := $(VENV)/.installed-dev
DEMO := $(VENV)/.installed-demo
# An older dtlpy that scripts still use, beside the environment's own: tests put it first on their path.
OLD  := $(VENV)/dtlpy-1.121.5

# Where simulated disks are: in memory, where there is such a place.
MEMORY := $(if $(wildcard /dev/shm/.),/dev/shm,$(or $(TMPDIR),/tmp))

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench sim storm fuzz dist schema docs docs-reference lock clean

help:  ## say what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV)  ## make .venv with everything that development needs, from the lock

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LocalLoop needs Python 3.11 or newer; say which: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

# The stamps are inside .venv, so that they go when it goes. The project itself is installed without its
# dependencies: the lock has them, each with its hash. It is complete, hence `--no-deps`: older pips otherwise look for
# the newest `coverage[toml]` although the lock pins `coverage`, and stop as soon as there is a newer one.
$(DEV): requirements/dev.lock requirements/dtlpy-1.121.lock pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/dev.lock
	rm -rf $(OLD)
	$(PY) -m pip install --quiet --require-hashes --no-deps --target $(OLD) -r requirements/dtlpy-1.121.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEMO): requirements/demo.lock requirements/build.lock pyproject.toml | $(PY)
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/build.lock
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/demo.lock
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(DEMO)  ## show it at work: a story from an empty machine to two stores that agree
	$(PY) -m demo.story

test: $(DEV)  ## run all tests (PYTEST='-k words' narrows them)
	$(PY) -m pytest -n auto --dist worksteal $(PYTEST)

lint: $(DEV)  ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(DEV)  ## put code into the form that lint asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV)  ## measure; nothing is asserted
	$(PY) tests/bench/run.py

sim: $(DEV)  ## play SEEDS simulated worlds, beginning with FIRST
	TMPDIR=$(MEMORY) $(BIN)/localloop selftest --seeds $(SEEDS) --first-seed $(FIRST)

storm: $(DEV)  ## kill real processes KILLS times in the storm SEED, and look what is left
	$(PY) -m tests.integration.storm --kills $(KILLS) --seed $(SEED)

fuzz: $(DEV)  ## ask a server made-up things, EXAMPLES times each call
	LOCALLOOP_FUZZ_EXAMPLES=$(EXAMPLES) $(PY) -m pytest -n auto tests/wire/test_fuzz.py

dist: $(DEV)  ## build the wheel and the source distribution into dist/
	$(PY) -m build --no-isolation --outdir dist .

schema: $(DEV)  ## render schema/golden.sql anew, after a migration
	$(PY) -m localloop_schema.golden schema/golden.sql

docs: $(DEV)  ## make the documentation site in build/docs/site
	$(PY) docs/site/assemble.py build/docs
	cd build/docs && $(abspath $(BIN))/zensical build --clean --strict

docs-reference: $(DEV)  ## render pages of docs/reference anew, after a change of the command line or the Python API
	$(PY) -W ignore -m tests.docs.parity > docs/reference/dtlpy-parity.md.new
	mv docs/reference/dtlpy-parity.md.new docs/reference/dtlpy-parity.md
	$(PY) -m localloop.cli.reference > docs/reference/cli.md.new
	mv docs/reference/cli.md.new docs/reference/cli.md

# Versions are chosen here and nowhere else. `--constraints` keeps the small locks at the versions of the big one.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-emit-index-url \
	--no-header --no-annotate

lock: $(PY)  ## choose versions anew: requirements/*.lock
	$(PY) -m pip install --quiet 'uv>=0.9,<1'
	$(LOCK) --group dev --extra annotations --extra demo --extra formats --extra video --output-file requirements/dev.lock
	$(LOCK) --constraints requirements/dev.lock --output-file requirements/runtime.lock
	$(LOCK) --constraints requirements/dev.lock --extra demo --output-file requirements/demo.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--constraints requirements/dev.lock --group build --output-file requirements/build.lock

clean:  ## remove .venv and everything that was built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov .coverage .demo
	find localloop sync schema tests -type d -name __pycache__ -prune -exec rm -rf {} +
