# Everything a fresh machine needs: Debian, CPython 3.11+, gcc and make. `make demo` runs the main job, `make test` the tests.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 3
WALKS ?= 4

.PHONY: install demo test test-slow test-guide test-crash check bench clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/python -m compileall -q cli operations rules store web workflows worker.py
	touch $@

demo: install
	$(BIN)/trellis demo

# one of three workers or so waits for servers and clocks while two compute
test: install
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not slow and not crash"

test-slow: install
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "slow and not crash and not guide"

# pages of the guide mostly wait for clocks and servers: several are walked side by side, each with servers of its own
test-guide: install
	$(BIN)/pytest -n $(WALKS) --dist load --maxschedchunk 1 -m guide tests/guide

test-crash: install
	$(BIN)/pytest -m crash

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: install
	for script in bench/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) .trellis build *.egg-info
