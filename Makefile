# `make help` lists the targets. Nothing but a Python from 3.10 to 3.14 and its pip is needed beforehand.

PYTHON ?= python3

# One thread: with two on a busy machine, small networks train many times slower.
export OMP_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

BIN := .venv/bin

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo test lint lint-python lint-js types unit bench-test browser-test test-pythons format clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' Makefile | expand -t 18

demo: .venv/.installed-demo ## run the whole loop on a sample company; writes demo_output/report.html
	$(BIN)/rl-replenishment demo --out demo_output

test: lint types unit bench-test browser-test ## everything that is checked

lint: lint-python lint-js ## rules and format of Python and JavaScript; .pre-commit-config.yaml runs the same

lint-python: .venv/.installed-dev ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-js: ## prettier and eslint, where there is node
	@.ci/lint-js

types: .venv/.installed-dev ## mypy
	$(BIN)/mypy

unit: .venv/.installed-dev ## the tests that need no bench
	$(BIN)/python -m pytest -n auto --dist worksteal

bench-test: ## the app's Frappe tests and many at once, where a bench is present (FRAPPE_BENCH, FRAPPE_SITE)
	@.ci/bench-tests

browser-test: .venv/.installed-dev ## the desk in a headless Chromium, where a bench is present
	@.ci/browser-tests

test-pythons: ## the tests that need no torch, on every supported Python found
	@.ci/test-pythons

format: .venv/.installed-dev ## let ruff, prettier and eslint mend and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@.ci/lint-js --fix

clean: ## remove all that these targets made
	rm -rf .venv .venv-3.* .ci/js/node_modules demo_output build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up is redone when pyproject.toml changes. A .venv without a working pip (an interrupted one, say) starts afresh.
define install
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || { \
		echo "This needs Python 3.10 to 3.14 and '$(PYTHON)' is not one: name another, as in 'make PYTHON=python3.12 $(MAKECMDGOALS)'." >&2; \
		exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing .[$(EXTRAS)] into .venv (the first time takes some minutes)"
	@$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
endef

.venv/.installed-demo: EXTRAS := train,cli
.venv/.installed-demo: pyproject.toml
	$(install)
	@touch $@

.venv/.installed-dev: EXTRAS := train,cli,remote,dev,browser
.venv/.installed-dev: pyproject.toml
	$(install)
	@touch .venv/.installed-demo $@
