# How people start things. `make` alone lists the commands; docs/airflow.md says more about refresh and up.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON_IN_VENV := .venv/bin/python
# Paths, not packages: mypy refuses a folder without Python in it.
TYPED := include dags plugins dev demo bench
# As many processes as processors; tests that share a server stay together (tests/conftest.py).
SIDE_BY_SIDE := -n logical --no-loadscope-reorder
# Which branches of include/ the tests take; the least share that is accepted is in pyproject.toml.
MEASURED := --cov=include --cov-branch --cov-report=
.PHONY: help install refresh demo-sources test soak lint format up system-deps bench lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## create .venv if missing and install everything, tests included
	@dev/bootstrap.sh dev

refresh: demo-sources ## run the DAGs of all datasets through Airflow into ./staging (DATASET=id for one)
	@$(PYTHON_IN_VENV) -m dev.refresh_all $(DATASET)

demo-sources: ## make the source files of the two shipped datasets
	@dev/bootstrap.sh runtime
	@$(PYTHON_IN_VENV) -m demo.make_sources

test: install system-deps ## run every test, the quick ones first; installs the system packages it needs
	@rm -f .coverage .coverage.*
	@$(PYTHON_IN_VENV) -m pytest -m "not slow" -q $(SIDE_BY_SIDE) $(MEASURED)
	@$(PYTHON_IN_VENV) -m pytest -m slow -q $(SIDE_BY_SIDE) $(MEASURED) --cov-append
	@$(PYTHON_IN_VENV) -m coverage report --skip-covered --skip-empty

soak: install ## publish random worlds by the thousand and attack them from outside (SEEDS=0-2000)
	@$(PYTHON_IN_VENV) -m tests.proof.soak --seeds $(or $(SEEDS),0-2000)

lint: install ## ruff, format check, mypy --strict
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(TYPED)

format: install ## format the code as the project has it
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .

up: ## start Airflow with its UI on this machine (PORT=8080); Ctrl-C stops it
	@dev/bootstrap.sh runtime
	@$(PYTHON_IN_VENV) -m demo.make_sources
	@$(PYTHON_IN_VENV) -m dev.airflow_up

system-deps: ## install the system packages the tests need (apt, as root or through sudo)
	@dev/system_deps.sh

bench: ## measure how long things take and what they cost, beside another tool
	@dev/bootstrap.sh bench
	@$(PYTHON_IN_VENV) -m bench

lock: ## make the lock files and requirements.txt again from requirements*.in
	@dev/lock.sh

clean: ## remove what running leaves behind: work area, sources, caches; never staging, the ledger or .venv
	@if [ -d .work ]; then find .work -mindepth 1 -maxdepth 1 ! -name .standing -exec rm -rf {} +; fi
	@rm -rf .airflow .demo .pytest_cache .hypothesis .mypy_cache .ruff_cache test-artefacts
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
