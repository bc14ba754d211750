# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-real real-servers lint format bench bench-peers lock clean

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "kojudge needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV) (a minute or two, once) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . 2>/dev/null \
		|| $(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@echo "installing the test dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-test.lock
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/kojudge demo

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	@tests/browser/install.sh
	$(BIN)/python -m pytest -n auto

# Real servers for `make test-real`, in KOJUDGE_REAL_DIR (default .real): make real-servers [PARTS="ollama llamacpp"]
real-servers:
	@$(PYTHON) -m tests.real.install $(PARTS)

test-real: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/real

format: $(VENV)/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# About 55 minutes; docs/performance.md says how to run a part. The figures are also written to BENCH_DIR as JSON.
BENCH_DIR ?= .bench
bench: $(VENV)/.installed-test
	@mkdir -p $(BENCH_DIR)
	$(BIN)/python -m bench.capacity
	$(BIN)/python -m bench.providers
	$(BIN)/python -m bench.pipeline --json $(BENCH_DIR)/pipeline.json
	$(BIN)/python -m bench.kills --json $(BENCH_DIR)/kills.json
	$(BIN)/python -m bench.faults --json $(BENCH_DIR)/faults.json
	$(BIN)/python -m bench.scale --json $(BENCH_DIR)/scale.json
	$(BIN)/python -m bench.rescoring --json $(BENCH_DIR)/rescoring.json
	$(BIN)/python -m bench.dashboard --json $(BENCH_DIR)/dashboard.json
	$(BIN)/python -m bench.statistics --json $(BENCH_DIR)/statistics.json

# Other frameworks, each in an environment of its own in .peers (or where KOJUDGE_PEERS_DIR points).
bench-peers: $(VENV)/.installed-test
	@mkdir -p $(BENCH_DIR)
	$(BIN)/python -m bench.peers install
	$(BIN)/python -m bench.peers run --json $(BENCH_DIR)/peers.json

# Needs uv; the lock holds hashes and no index address.
lock:
	uv pip compile -q pyproject.toml --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock
	uv pip compile -q pyproject.toml --extra test --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-test.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis kojudge.egg-info
