# Everything a newcomer needs: `make demo` and `make test`. Each makes its own environment in .venv.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
SDKS := payments warehouse

# Tests wait more than they work.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
CALLS ?= 10000
LIVES ?= 20000
DOCUMENTS ?= 20000
SEED ?= 1

.PHONY: help demo check test test-all soak lives frameworks on-httpx2 mutants mutants-proof corpus fuzz names week rivals middlewares bench lint types generated check-generated dist clean

help: ## say what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name about; do printf '  %-16s %s\n' "$$name" "$$about"; done

demo: $(VENV)/.demo ## generate an SDK, serve its API, lose answers, and show that nothing happens twice
	@$(BIN)/python demo/run.py

check: $(VENV)/.dev ## lint, types, and the tests that need no browser, database or Node: under two minutes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory check-generated
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow" $(PYTEST_ARGS)

test: $(VENV)/.dev ## run every test
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

on-httpx2: $(VENV)/.dev ## the tests of behaviour on httpx2, in place of httpx
	$(BIN)/python -m pytest -n $(WORKERS) -p tests.on_httpx2 tests/behaviour tests/truth tests/http2 $(PYTEST_ARGS)

mutants: $(VENV)/.dev ## small changes of what decides safety, finds keys and retries, each of which tests must notice
	$(BIN)/python -m tests.mutants $(MUTANTS_ARGS)

mutants-proof: $(VENV)/.dev ## broken servers and clients, each of which `samekey prove` must find out
	$(BIN)/python -m tests.proof_mutants $(MUTANTS_ARGS)

test-all: test lint types check-generated soak lives frameworks on-httpx2 mutants mutants-proof corpus fuzz names week ## everything, for hours if need be: tests, soak, programs of others, and all of the corpus

soak: $(VENV)/.dev ## many calls through every fault, whole lives of clients, and cancellations; then what must be found out
	$(BIN)/python -m tests.soak --calls $(CALLS) --seed $(SEED)
	$(BIN)/python -m tests.soak_lives --calls $(LIVES) --cancellations $(LIVES) --seed $(SEED)
	$(BIN)/python -m tests.soak_lives --calls $(LIVES) --cancellations $(LIVES) --seed $(SEED) --library httpx2
	$(BIN)/samekey prove specs/payments/openapi.yaml --calls $(CALLS) --seed $(SEED)
	@for mistake in no-keys check-then-set forget-on-disconnect short-ttl new-key-per-attempt; do \
		$(BIN)/samekey prove specs/payments/openapi.yaml --calls 1000 --seed $(SEED) --break $$mistake \
			| grep "why: " || { echo "$$mistake was not found out"; exit 1; }; done

lives: $(VENV)/.lives ## clients inside gunicorn, uWSGI, Celery, Django, FastAPI and pools of processes
	$(BIN)/python -m pytest tests/lives $(PYTEST_ARGS)

frameworks: $(VENV)/.frameworks ## SDKs of what FastAPI, Django REST framework, Litestar and flask-smorest export, called on them
	$(BIN)/python -m pytest tests/frameworks $(PYTEST_ARGS)

fuzz: $(VENV)/.dev ## documents with changes of any kind: no traceback, no SDK that Python cannot compile
	$(BIN)/python -m tests.fuzz --documents $(DOCUMENTS) --seed $(SEED)

corpus: $(VENV)/.dev ## the documents of others, under SAMEKEY_CORPUS: generated, imported, type-checked, and called
	$(BIN)/python -m tests.corpus.report --types --round-trip $(CORPUS_ARGS)

names: $(VENV)/.dev ## how many names agree with vendors' SDKs, and how many mislead, in the documents under SAMEKEY_CORPUS
	$(BIN)/python -m tests.names.measure

week: $(VENV)/.dev ## what an owner does from a document to the next release, for payments and documents under SAMEKEY_CORPUS
	$(BIN)/python -m tests.week

# Not part of test-all: it downloads SDKs of others, which are read and never installed.
rivals: $(VENV)/.dev ## calls that were written for SDKs of Stainless, Fern and Speakeasy, against ours
	@mkdir -p build/rivals
	@for sdk in lithic gr4vy squareup; do test -d build/rivals/$$sdk || { \
		$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d build/rivals $$sdk && \
		$(BIN)/python -m zipfile -e build/rivals/$$sdk-*.whl build/rivals/$$sdk; } || exit 1; done
	SAMEKEY_RIVALS=build/rivals $(BIN)/python -m pytest tests/adopt $(PYTEST_ARGS)

# Not part of test-all: it installs from the registries, and measures programs of others.
middlewares: $(VENV)/.dev ## idempotency packages of others, installed and put to `samekey verify`; writes docs/middlewares.md
	$(BIN)/python -m tests.middlewares --write docs/middlewares.md $(MIDDLEWARES_ARGS)

bench: $(VENV)/.dev ## what is measured, beside others; they are installed into environments of their own
	$(BIN)/python -m benchmarks.report --json build/bench/report.json --picture docs/performance.svg $(BENCH_ARGS)

lint: $(VENV)/.dev ## ruff, on everything that is written by hand
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy and pyright, both strict
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

generated: $(VENV)/.demo ## write the committed SDKs again
	@for sdk in $(SDKS); do $(BIN)/samekey generate specs/$$sdk/openapi.* -o generated/$$sdk || exit 1; done

check-generated: $(VENV)/.demo ## fail if a committed SDK is not what would be written now
	@for sdk in $(SDKS); do $(BIN)/samekey generate specs/$$sdk/openapi.* -o generated/$$sdk --check || exit 1; done

dist: $(VENV)/.dev ## build samekey's own wheel and source archive, and check them
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(BIN)/python -m tests.release

clean: ## remove what was made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "samekey needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml
	@echo "installing samekey into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[sandbox]'
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	@echo "installing samekey and its test tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.lives: $(VENV)/.dev
	@echo "installing the programs of others that use clients into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,lives]'
	@touch $(VENV)/.demo $(VENV)/.dev $@

$(VENV)/.frameworks: $(VENV)/.dev
	@echo "installing the frameworks of others into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,frameworks]'
	@touch $(VENV)/.demo $(VENV)/.dev $@
