# Everything works from a fresh clone with no variable set. `make` lists what there is.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
NAME ?=
ARGS ?=

.PHONY: help run test check format mutations bench install clean-data clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Serve with demo data on 127.0.0.1:8000 (PORT changes it) until Ctrl-C
	@$(PYTHON) -m tooling.bootstrap run
	@exec $(PY) -m tooling.serve --with-parent

test: ## Run all tests, browser tests included (ARGS="-k name" chooses)
	@$(PYTHON) -m tooling.bootstrap dev
	@$(PY) -m tooling.browser
	@$(PY) -m tooling.run_tests $(ARGS)

check: ## Format, lint, types, imports, templates, deployment checks, missing migrations
	@$(PYTHON) -m tooling.bootstrap dev
	@$(PY) -m tooling.check

format: ## Put the code into the one format
	@$(PYTHON) -m tooling.bootstrap dev
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

mutations: ## Break the tenant engine in every known way and see that a test fails (about 10 minutes)
	@$(PYTHON) -m tooling.bootstrap dev
	@$(PY) -m tooling.mutations

bench: ## Run a benchmark (NAME=…), or list them
	@$(PYTHON) -m tooling.bootstrap dev
	@$(PY) -m bench $(NAME)

install: ## Make .venv with everything in it, and do nothing else
	@$(PYTHON) -m tooling.bootstrap dev

clean-data: ## Forget the development data under var/
	@$(PYTHON) -m tooling.clean

clean: clean-data ## Forget the data, the virtual environment and every cache
	@rm -rf .venv .venv.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
