# `make` prints what there is to make.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
RUN := $(VENV)/bin/python -m
export FLASK_SKIP_DOTENV := 1

.DEFAULT_GOAL := help
.PHONY: help run test check format bench clients lock clean setup

help: ## Print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/runtime ## Serve the catalog on 127.0.0.1:$PORT (8000), ready to try
	@echo "Starting the catalog ..."
	@PREPARE=1 CATALOG_COMMAND=./catalog exec $(RUN) gunicorn --config gunicorn.conf.py

test: setup ## Run every test
	@$(RUN) pytest

check: setup ## Run the linters and the type checker
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) pip --disable-pip-version-check check

format: setup ## Fix what the linters can fix, and format the code
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: $(BENCH)/installed ## Measure this service beside its peers and its limits (ARGS=--quick: two minutes)
	@PATH="$(CURDIR)/$(BENCH)/bin:$$PATH" $(BENCH)/bin/python -m benchmarks $(ARGS)

clients: ## Make clients from the OpenAPI document of a running service, and use them (needs Node.js)
	@clients/run.sh $(or $(ADDRESS),http://127.0.0.1:$(or $(PORT),8000))

lock: ## Pin all packages with their hashes, after a change in requirements/ (ARGS=--upgrade: newer versions)
	@$(PYTHON) -m venv --clear .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@# What is tested first: production gets the same versions.
	@constraint=; \
	for pair in development:requirements-dev.txt run:requirements-run.txt production:requirements.txt \
	  tracing:requirements-tracing.txt; do \
	  .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(ARGS) \
	    $$constraint --output-file "$${pair#*:}" "requirements/$${pair%:*}.in" || exit; \
	  constraint="--constraint requirements-dev.txt"; \
	done
	@rm -rf .venv-lock

clean: ## Remove the virtual environment and the caches; the catalog in instance/ stays
	rm -rf $(VENV) $(BENCH) benchmarks/peers/fastify/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(VENV)/developer

# A virtual environment is made anew if its Python is gone, or is not the one that the command line names.
VERSION := import sys; print(*sys.version_info[:3])
EXISTING := $(shell $(VENV)/bin/python -c '$(VERSION)' 2>/dev/null)
NAMED := $(if $(filter command line,$(origin PYTHON)),$(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null || echo unusable))
ifneq ($(if $(NAMED),$(NAMED),$(EXISTING)),$(EXISTING))
REMAKE := --clear
endif
ifneq ($(if $(EXISTING),$(REMAKE),none),)
.PHONY: $(VENV)/runtime $(VENV)/developer
endif

# Every package is pinned, so nothing is resolved (--no-deps; `make check` verifies the set), and Python compiles a
# module when it is first imported: a fraction of them ever is.
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --no-compile \
  --require-hashes

# The files `runtime` and `developer` are written last: an interrupted installation is repeated, and so is one whose
# requirements changed.
$(VENV)/runtime: requirements-run.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' || \
	  { echo "The catalog needs Python 3.11, 3.12, 3.13 or 3.14. Name one: make run PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python lacks venv. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Creating the virtual environment $(VENV) ..."
	@test -z "$(REMAKE)" && $(RUN) pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the service and its Postgres (about 150 MB, once) ..."
	@$(VENV)/bin/python $(PIP_INSTALL) --requirement requirements-run.txt
	@touch $@

$(VENV)/developer: $(VENV)/runtime requirements-dev.txt
	@echo "Installing the tests and the tools (once) ..."
	@$(VENV)/bin/python $(PIP_INSTALL) --requirement requirements-dev.txt
	@touch $@

# The benchmark has an environment of its own, because of the peers.
$(BENCH)/installed: requirements-dev.txt benchmarks/peers/requirements.txt
	@$(PYTHON) -m venv --clear $(BENCH)
	@echo "Installing into $(BENCH) ..."
	@$(BENCH)/bin/python $(PIP_INSTALL) --requirement requirements-dev.txt
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  --requirement benchmarks/peers/requirements.txt
	@command -v npm >/dev/null && npm ci --prefix benchmarks/peers/fastify --no-audit --no-fund --loglevel=error || \
	  echo "npm is not installed: Fastify is left out"
	@touch $@
