# User action events: Kafka -> Firehose -> Lambda -> Parquet by event_date. `make help` lists every command.
# Everything that is made lives in .venv and .local; nothing else is touched.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,15))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
BEGAN := $(shell date +%s)
ENV ?= local
TARGET ?=
CLOCK_SPEED ?= 60
# Every command that touches a stack takes ENV (local, dev, staging, prod) and TARGET (local, aws). On AWS it asks first:
# YES=1 answers, CONFIRM=prod types the name that production's destroy wants. VAR_FILE is a further tfvars file.
YES ?=
CONFIRM ?=
VAR_FILE ?=
STACK := --env $(ENV) $(if $(TARGET),--target $(TARGET))
ASKING := $(STACK) $(if $(YES),--yes)
VARIABLES := $(if $(VAR_FILE),--var-file $(VAR_FILE))
TOOL := $(ASKING) --
EVENTS ?= 120000
RATE ?= 2000
SEED ?= 1
export SQL

.PHONY: help setup setup-dev demo up down plan apply destroy status output load-test validate query package test test-shapes test-faults lint lint-terraform lint-workflows docs clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Everything, from nothing: up, load, deliver, validate, second plan, down
	@MAKE_BEGAN=$(BEGAN) $(PY) -m operations demo --clock-speed $(CLOCK_SPEED)

up: setup ## Start the local target and apply the stack; leaves it running
	@$(PY) -m operations up $(STACK) $(VARIABLES) --clock-speed $(CLOCK_SPEED)

down: setup ## Destroy the stack and stop everything that `make up` started
	@$(PY) -m operations down $(STACK) $(VARIABLES)

plan: setup ## Count what an apply would change (ENV=local|dev|staging|prod, TARGET=local|aws)
	@$(PY) -m operations plan $(ASKING) $(VARIABLES)

apply: setup ## Plan, ask, and apply exactly that (ENV=, TARGET=, YES=1 for machines)
	@$(PY) -m operations apply $(ASKING) $(VARIABLES)

destroy: setup ## Show what holds data, ask, and destroy (ENV=, TARGET=, CONFIRM=prod)
	@$(PY) -m operations destroy $(ASKING) $(VARIABLES) $(if $(CONFIRM),--confirm $(CONFIRM))

status: setup ## Say what runs, where, lag and last delivery (ENV=, TARGET=)
	@$(PY) -m operations status $(ASKING)

output: setup ## Print `terraform output -json`, and keep it for the tools (ENV=, TARGET=)
	@$(PY) -m operations outputs $(ASKING)

load-test: setup ## Send a seeded load and keep its manifest (EVENTS=, RATE=, SEED=; ENV=, TARGET=)
	@$(PY) -m operations tool $(TOOL) producer_sim load --events $(EVENTS) --rate $(RATE) --seed $(SEED)

validate: setup ## Wait until every run's balance sheet closes, then judge the lake ([MANIFEST=file]; ENV=, TARGET=)
	@$(PY) -m operations tool $(TOOL) validation lake --wait $(if $(MANIFEST),--manifest $(MANIFEST))

query: setup ## Query the lake with DuckDB: make query SQL='select count(*) from user_events' (ENV=, TARGET=)
	@$(PY) -m operations tool $(TOOL) validation query "$$SQL"

package: setup ## Build the Lambda zips for ENV's runtime and architecture
	@$(PY) -m operations package $(STACK)

test: setup-dev ## Run all tests but the long ones
	@$(PY) -m pytest -n 2 --dist loadgroup

test-shapes: setup-dev ## Every environment's shape on the local target: apply, drift, upgrade, destroy (long)
	@TEST_SHAPES=dev,staging,prod $(PY) -m pytest -m 'long or not long' tests/integration/operations

test-faults: setup-dev ## Kill the data plane five times during a load; nothing may be lost
	@FAULT_KILLS=5 $(PY) -m pytest tests/faults

lint: setup-dev ## Check style, types and Terraform's format
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && terraform fmt -check -recursive terraform

lint-terraform: setup-dev ## Check Terraform with fmt, validate, tflint and checkov (tflint is built once: needs Go 1.23 or newer)
	@$(PY) -m lint terraform

lint-workflows: setup-dev ## Check the GitHub workflows with actionlint and zizmor (actionlint is built once: needs Go 1.23 or newer)
	@$(PY) -m lint workflows

docs: setup ## Write the generated tables of the READMEs under terraform/
	@$(PY) -m lint docs

setup: .venv/.runtime ## Make the virtual environment

setup-dev: .venv/.dev

.venv/.runtime: requirements.lock
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 to 3.14 is needed and not on the PATH: install it (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3." >&2; exit 1; fi
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Installing the Python packages (once)." >&2
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean: ## Remove the virtual environment and all working files (run `make down` first)
	@if [ -f .local/status.json ] && $(PY) -m local_aws status >/dev/null 2>&1; then echo "The local target is running: run make down first." >&2; exit 1; fi
	@rm -rf .venv .local
