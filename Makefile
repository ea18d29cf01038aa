# `make` prints what there is to make.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
RUN := $(VENV)/bin/python -m
export FLASK_SKIP_DOTENV := 1

.DEFAULT_GOAL := help
.PHONY: help run test check format bench clients clean setup

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup ## Serve the catalog on 127.0.0.1:$PORT (8000), ready to try
	@PREPARE=1 exec $(RUN) gunicorn --config gunicorn.conf.py

test: setup ## Run every test
	@$(RUN) pytest

check: setup ## Run the linters and the type checker
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy

format: setup ## Mend what the linters can mend, and format the code
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: $(BENCH)/installed ## Measure this service beside its peers and its limits (ARGS=--quick: two minutes)
	@PATH="$(CURDIR)/$(BENCH)/bin:$$PATH" $(BENCH)/bin/python -m benchmarks $(ARGS)

clients: ## Make clients from the OpenAPI document of a running service, and use them (needs Node.js)
	@clients/run.sh $(or $(ADDRESS),http://127.0.0.1:$(or $(PORT),8000))

clean: ## Remove the virtual environment and the caches; the catalog in instance/ stays
	rm -rf $(VENV) $(BENCH) benchmarks/peers/fastify/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/installed

# A virtual environment whose Python is gone is made anew.
ifeq ($(shell $(VENV)/bin/python -c 'print("alive")' 2>/dev/null),)
.PHONY: $(VENV)/installed
endif

# The file `installed` is written last: an interrupted installation is taken up again, and so is one whose
# requirements changed.
$(VENV)/installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "The catalog needs Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python lacks venv. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(RUN) pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(RUN) pip install --quiet --disable-pip-version-check --only-binary :all: --requirement requirements-dev.txt
	@touch $@

# The benchmark has an environment of its own, because of the peers.
$(BENCH)/installed: requirements.txt requirements-dev.txt benchmarks/peers/requirements.txt
	@$(PYTHON) -m venv --clear $(BENCH)
	@echo "Installing into $(BENCH) ..."
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  --requirement requirements-dev.txt --requirement benchmarks/peers/requirements.txt
	@command -v npm >/dev/null && npm ci --prefix benchmarks/peers/fastify --no-audit --no-fund --loglevel=error || \
	  echo "npm is not installed: Fastify is left out"
	@touch $@
