# Everything runs in .venv, which these targets make by themselves from a bare Python 3.10 or newer.
#
#   make demo          train on two workers on the local cluster, from nothing to TensorBoard
#   make test          all checks: ruff, mypy, the import contracts, the tests
#   make long          tests that take minutes, which `make test` leaves out
#   make frameworks    torch and its launchers, TensorFlow, JAX, XGBoost, Ray and OpenMPI train as jobs (several GB of packages)
#   make engines       KServe, MLServer, Triton, TorchServe, Seldon, vLLM and TensorFlow serve models (15 GB in .engines, kept)
#   make oldest        tests with the oldest supported libraries and Python
#   make odd-paths     tests in a folder, and with an environment, whose paths hold a blank, quotes and an umlaut
#   make newest        all checks with the newest releases of everything; shows what they break
#   make lock          rewrite requirements/*.txt with the newest releases
#   make benchmarks    the budgets, with this machine's figures
#   make fidelity      the local cluster's API, compared with an API server of Kubernetes 1.36 (docs/fidelity.md)
#   make completions   rewrite the shell completions
#   make lint | format | clean

PYTHONS := python3 python3.14 python3.13 python3.12 python3.11 python3.10
PYTHON ?= $(shell for p in $(PYTHONS); do $$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
            2>/dev/null && command -v $$p && break; done)
BIN := .venv/bin
PYTEST ?= $(BIN)/pytest
SOURCES := arena tests examples benchmarks requirements setup.py

.DELETE_ON_ERROR:
.PHONY: demo test long lint format frameworks engines oldest odd-paths newest lock benchmarks fidelity completions clean

# ---- the environment: one stamp file for each set of extras, installed from its lock

PIP := python -m pip --disable-pip-version-check install --quiet
# $(call install,ENVIRONMENT,SET): exactly what is locked, then arena itself, without further dependencies
# (--no-deps: the lock is complete except for torch, which some packages need and torch.txt installs)
define install
@$(1)/bin/$(PIP) --no-deps --require-hashes --requirement requirements/$(2).txt
@$(1)/bin/$(PIP) --no-deps --no-build-isolation --editable .
endef

.venv/made:
	@test -n "$(PYTHON)" || { echo "arena needs Python 3.10 or newer; none of: $(PYTHONS)" >&2; exit 1; }
	@echo "making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/with-%: .venv/made pyproject.toml requirements/%.txt
	@echo "installing arena and the locked requirements of '$*' into .venv"
	$(call install,.venv,$*)
	@touch $@

.venv/with-torch: .venv/with-frameworks requirements/torch.txt
	@$(BIN)/$(PIP) --requirement requirements/torch.txt
	@touch $@

lock:
	@$(PYTHON) requirements/lock.py

# ---- a first look

demo: .venv/with-examples
	@sh examples/demo.sh

# ---- checks

lint: .venv/with-test
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy -p arena -p benchmarks
	$(BIN)/lint-imports --no-logo

# Three files at a time, even on two cores, since most tests wait for processes.
test: lint
	$(PYTEST) --numprocesses 3 --dist loadfile

long: .venv/with-test
	$(PYTEST) -m long --numprocesses 2 --dist loadfile

format: .venv/with-test
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

frameworks: .venv/with-torch
	@sh tests/frameworks/openmpi.sh
	$(PYTEST) -m frameworks

# Each engine is installed by arena itself into .engines, which stays for the next run.
engines: .venv/with-test
	$(PYTEST) -m engines tests/engines

# The other end of what pyproject.toml declares: the oldest libraries, on the oldest Python that is here.
OLDEST ?= $(shell for p in python3.10 python3.11 python3.12 python3; do \
            $$p -c 'import sys' 2>/dev/null && command -v $$p && break; done)

oldest:
	@echo "testing with the oldest supported libraries, on $$($(OLDEST) --version)"
	@test -d .venv-oldest || $(OLDEST) -m venv .venv-oldest
	$(call install,.venv-oldest,oldest)
	.venv-oldest/bin/pytest tests/kube tests/commands tests/kinds tests/manifests tests/test_session.py tests/test_config.py

# TESTS selects tests; without it, all run.
odd-paths: .venv/with-test
	@sh tests/odd_paths.sh $(TESTS)

# What others have released since the lock was written. NEWEST selects tests; without it, all run.
newest:
	@echo "testing with the newest libraries, on $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear .venv-newest
	@.venv-newest/bin/$(PIP) --upgrade pip setuptools
	@.venv-newest/bin/$(PIP) --editable '.[test]'
	@sh tests/newest.sh $(NEWEST)

benchmarks: .venv/with-test
	$(BIN)/python -m benchmarks

# ARGS are its options; `--help` lists them.
fidelity: .venv/with-test
	@PYTHONPATH=tests $(BIN)/python -m fidelity $(ARGS)

# ---- what is generated

completions: .venv/with-test
	$(BIN)/arena completion bash > completions/arena.bash
	$(BIN)/arena completion zsh > completions/_arena
	$(BIN)/arena completion fish > completions/arena.fish

clean:
	rm -rf .venv .venv-oldest .venv-newest build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
