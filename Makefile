# The two commands a newcomer needs: `make demo` and `make test`. Each sets up what it needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test test-all lint format bench clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/pytest -n auto
SYSTEM_PG := $(firstword $(wildcard /usr/lib/postgresql/15/bin /usr/pgsql-15/bin \
	/opt/homebrew/opt/postgresql@15/bin /usr/local/opt/postgresql@15/bin))

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: ## make .venv and install requirements.txt (quick when nothing has changed)
	@PYTHON='$(PYTHON)' sh .ci/setup requirements.txt

setup-dev: setup
	@PYTHON='$(PYTHON)' sh .ci/setup requirements-dev.txt

demo: setup ## value the demo book on two workers and serve it on http://127.0.0.1:8000
	@$(BIN)/python manage.py demo $(ARGS)

test: setup ## the test suite on the embedded PostgreSQL 16
	@$(PYTEST) $(ARGS)

test-all: setup ## the suite on PostgreSQL 16 and 18, and on 15 where it is installed
	EMBEDDED_PG_MAJOR=16 $(PYTEST) $(ARGS)
	EMBEDDED_PG_MAJOR=18 $(PYTEST) $(ARGS)
	@if [ -n '$(SYSTEM_PG)' ]; then \
		echo 'TIEOUT_PG_BIN=$(SYSTEM_PG) $(PYTEST)'; \
		TIEOUT_PG_BIN='$(SYSTEM_PG)' $(PYTEST) $(ARGS); \
	else echo 'PostgreSQL 15 is not installed: not tested on it'; fi

lint: setup-dev ## everything CI checks besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python manage.py makemigrations --check --dry-run
	@sh .ci/check-production $(BIN)/python
	@if $(BIN)/python manage.py help export_schema >/dev/null 2>&1; then \
		echo '$(BIN)/python manage.py export_schema --check'; \
		$(BIN)/python manage.py export_schema --check; fi

format: setup-dev ## format and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## the benchmarks, every ratio within one run
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -p no:xdist tests/benchmarks -m '' $(ARGS)

clean: ## stop the embedded server and delete .venv, var and caches
	-@[ -x $(BIN)/python ] && $(BIN)/python manage.py db stop
	rm -rf /dev/shm/tieout-test-$$(id -u)-*
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
