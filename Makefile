# Everything runs in .venv, which these targets make by themselves from a bare Python 3.10 or newer.
#
#   make demo          train on two workers on the local cluster, from nothing to TensorBoard
#   make test          all checks: ruff, mypy, the import contracts, the tests
#   make frameworks    torch, TensorFlow, JAX, XGBoost, Ray and OpenMPI train as jobs (several GB of packages)
#   make oldest        the same tests with the oldest libraries and Python that are declared
#   make benchmarks    the budgets, with this machine's figures
#   make completions   write the shell completions anew
#   make lint | format | clean

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11 python3.10
PYTHON ?= $(shell for p in $(PYTHONS); do $$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
            2>/dev/null && command -v $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTEST ?= $(BIN)/pytest
SOURCES := arena tests examples benchmarks

.DELETE_ON_ERROR:
.PHONY: demo test lint format frameworks oldest benchmarks completions clean

# ---- the environment: one stamp file for each set of extras
# (editable_mode=compat is a plain path; the default's import hook makes every start of Python slower)

.venv/made:
	@test -n "$(PYTHON)" || { echo "arena needs Python 3.10 or newer; none of: $(PYTHONS)" >&2; exit 1; }
	@echo "making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/with-%: .venv/made pyproject.toml
	@echo "installing arena with its extra '$*' into .venv"
	@$(PIP) --config-settings editable_mode=compat --editable '.[$*]'
	@touch $@

# ---- a first look

demo: .venv/with-examples
	@sh examples/demo.sh

# ---- checks

lint: .venv/with-test
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy -p arena -p benchmarks
	$(BIN)/lint-imports --no-logo

test: lint
	$(PYTEST)

format: .venv/with-test
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

frameworks: .venv/with-test .venv/with-frameworks
	@sh tests/frameworks/openmpi.sh
	$(PYTEST) -m frameworks

# The other end of what pyproject.toml declares: the oldest libraries, on the oldest Python that is here.
OLDEST ?= $(shell for p in python3.10 python3.11 python3.12 python3; do \
            $$p -c 'import sys' 2>/dev/null && command -v $$p && break; done)

oldest:
	@echo "the oldest libraries that pyproject.toml declares, on $$($(OLDEST) --version)"
	@test -d .venv-oldest || $(OLDEST) -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip --disable-pip-version-check install --quiet --constraint tests/oldest.txt \
	  --config-settings editable_mode=compat --editable '.[test]'
	.venv-oldest/bin/pytest tests/kube tests/commands tests/kinds tests/manifests tests/test_session.py tests/test_config.py

benchmarks: .venv/with-test
	$(BIN)/python -m benchmarks

# ---- what is generated

completions: .venv/with-test
	$(BIN)/arena completion bash > completions/arena.bash
	$(BIN)/arena completion zsh > completions/_arena
	$(BIN)/arena completion fish > completions/arena.fish

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
