# Guardia's tasks. Each sets up what it needs in .venv and .tools, inside the
# clone; a second run finds it there. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?=
DEMO_ARGS ?=
MUTATE_ARGS ?=
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# Tests start hundreds of Python processes: each would compile the project anew.
export PYTHONDONTWRITEBYTECODE :=
SOURCES := $(wildcard guardia generator router demo benchmarks tests tools)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: rules
rules: $(VENV)/.generator ## Generate rules, dashboards, Alertmanager configuration and tests from catalog/
	@$(BIN)/python -m guardia.cli.main generate

.PHONY: demo
demo: $(VENV)/.demo ## Watch an outage from the first error to the acknowledged page
	@$(BIN)/python -m tools.bring any
	@$(BIN)/python -m demo $(DEMO_ARGS)

.PHONY: test
test: tools lint contracts stale ## All checks, then the tests
	@# In a new clone one process compiles the tests meanwhile, or each of pytest's would.
	@if [ ! -d tests/__pycache__ ]; then $(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 & fi; \
		$(MAKE) --no-print-directory types; wait
	@echo "== tests"
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(PYTEST_ARGS)

.PHONY: check
check: test ## All that CI runs

.PHONY: lint
lint: $(VENV)/.dev ## Style, likely bugs and formatting (ruff)
	@echo "== lint"
	@$(BIN)/python -m ruff check $(SOURCES)
	@$(BIN)/python -m ruff format --check $(SOURCES)

.PHONY: types
types: $(VENV)/.dev ## Types (mypy --strict)
	@echo "== types"
	@$(BIN)/python -m mypy

.PHONY: contracts
contracts: $(VENV)/.dev ## Who may import whom (import-linter)
	@echo "== contracts"
	@$(BIN)/lint-imports --no-logo

.PHONY: stale
stale: $(VENV)/.generator ## Do the generated files match the catalog?
	@echo "== stale"
	@$(BIN)/python -m guardia.cli.main generate --check

.PHONY: mutate
mutate: $(VENV)/.dev ## Does a generated test notice each way a generated rule can go wrong?
	@$(BIN)/python -m tools.bring installed
	@$(BIN)/python -m tools.mutate $(MUTATE_ARGS)

.PHONY: plant
plant: tools $(VENV)/.dev ## Does the suite notice each bug that a router must not have? (a quarter of an hour)
	@$(BIN)/python -m tools.plant

.PHONY: tools
tools: | $(BIN)/python ## Bring Prometheus, Alertmanager and PostgreSQL for the tests into .tools
	@$(BIN)/python -m tools.bring

.PHONY: bench
bench: $(VENV)/.demo ## Measure speed and cost, beside Sloth's; missed goals fail (10 minutes)
	@$(BIN)/python -m tools.bring any
	@$(BIN)/python -m tools.bring peers
	@$(BIN)/python -m benchmarks

# dev is solved first and binds the smaller sets: one version of each library,
# whichever set a .venv holds.
.PHONY: lock
lock: | $(BIN)/python ## Renew the pinned versions in requirements/
	@test -x .tools/uv/bin/uv || $(BIN)/python -m venv .tools/uv
	@.tools/uv/bin/python -m pip install $(PIP_FLAGS) uv==$(UV_VERSION)
	@$(call lock,dev,--extra dev --upgrade)
	@$(call lock,demo,--extra demo --constraints requirements/dev.txt)
	@$(call lock,router,--extra router --extra postgres --constraints requirements/dev.txt)
	@$(call lock,generator,--constraints requirements/dev.txt)

.PHONY: clean
clean: ## Remove .venv, .tools and all caches
	rm -rf $(VENV) .tools .demo build dist .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One .venv, filled as far as was asked for. Its stamp says which set it holds;
# a larger set holds the smaller ones.
$(VENV)/.generator: requirements/generator.txt pyproject.toml | $(BIN)/python
	@$(call install,generator,generator)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(BIN)/python
	@$(call install,demo,generator demo)

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@$(call install,dev,generator demo dev)

$(BIN)/python:
	@$(find_python)
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || {
		echo "make: $$python cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)" >&2
		exit 1
	}
	echo "Making $(VENV) with $$("$$python" --version)"
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

PIP_FLAGS := --quiet --disable-pip-version-check --no-input

# install(set, stamps). The file names everything, so pip has nothing to solve: asked to, it
# takes the newest release of what is wanted with an extra, and finds no hash for it.
define install
echo "Installing requirements/$(1).txt into $(VENV)"
$(BIN)/python -m pip install $(PIP_FLAGS) --require-hashes --no-deps --requirement requirements/$(1).txt
$(BIN)/python -m pip install $(PIP_FLAGS) --no-build-isolation --no-deps --editable .
touch $(addprefix $(VENV)/.,$(2))
endef

# lock(set, options)
define lock
echo "Solving requirements/$(1).txt"
.tools/uv/bin/uv pip compile pyproject.toml --group build $(2) \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" --quiet --output-file requirements/$(1).txt
endef

# Sets $python: $(PYTHON) if given, else the first of the usual names that is new enough.
define find_python
python=
for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do
	if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
	then python="$$candidate"; break; fi
done
[[ -n "$$python" ]] || {
	found="$$("$(or $(PYTHON),python3)" --version 2>/dev/null | head -n 1 || true)"
	echo "make: Guardia needs Python 3.11, 3.12 or 3.13; $(or $(PYTHON),python3) is: $${found:-missing}. Say which to use: make PYTHON=/path/to/python3.12" >&2
	exit 1
}
endef

# Recipes run as one script each, so that the shell's variables live on.
.ONESHELL:
