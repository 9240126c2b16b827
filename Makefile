# Thin wrappers: what there is to decide is decided in `crm-reports`.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CLI := $(BIN)/crm-reports

# PERIOD=2017-09 FROM=2017-01 TO=2017-12 FAMILY=churn SOURCE=online_retail FORMATS=html,pdf JOBS=2
OPTIONS = $(if $(FAMILY),--family $(FAMILY)) $(if $(SOURCE),--source $(SOURCE)) \
          $(if $(FORMATS),--formats $(FORMATS)) $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Variables: PERIOD= FROM= TO= FAMILY= SOURCE= FORMATS= JOBS= DATA= (see README)"

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Set PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "This Python has no venv. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(READY) ## Create .venv from the lock (the other targets do it when needed)

.PHONY: reports
reports: $(READY) ## Run what is out of date for PERIOD (default: the last three complete months) and publish
	@$(CLI) run $(if $(PERIOD),--period $(PERIOD)) $(OPTIONS)

.PHONY: backfill
backfill: $(READY) ## Run every period FROM= TO= (default: all that the data covers) and publish
	@$(CLI) backfill $(if $(FROM),--from $(FROM)) $(if $(TO),--to $(TO)) $(OPTIONS)

.PHONY: plan
plan: $(READY) ## List what would run, and why
	@$(CLI) plan $(if $(PERIOD),--period $(PERIOD)) $(OPTIONS)

.PHONY: site
site: $(READY) ## Publish the site again from executed notebooks, and serve it on this machine
	@$(CLI) publish --serve $(if $(FORMATS),--formats $(FORMATS)) $(ARGS)

.PHONY: pdf
pdf: $(READY) ## Publish with PDFs, without serving
	@$(CLI) publish --formats html,pdf $(ARGS)

.PHONY: lab
lab: $(READY) ## Open JupyterLab on the notebooks
	@$(BIN)/python -c 'from helpers.batch.kernels import install_kernelspecs; install_kernelspecs()'
	@$(BIN)/jupyter lab notebooks

.PHONY: watch
watch: $(READY) ## Re-run and re-publish what a change on disk touches, until Ctrl-C
	@$(CLI) watch $(if $(PERIOD),--period $(PERIOD)) $(OPTIONS)

.PHONY: test
test: $(READY) ## Unit, contract and notebook tests (nbval), under ten minutes
	@$(BIN)/python -m pytest -q -n auto -m "not long"
	@CRM_REPORTS_DATA=tests/fixture CRM_REPORTS_OUTPUT=reports/output/nbval \
	  $(BIN)/python -m pytest -q -n auto --dist loadfile --nbval --nbval-sanitize-with tests/nbval.cfg -p no:cacheprovider notebooks

.PHONY: test-all
test-all: test ## The long tests too
	@$(BIN)/python -m pytest -q -n auto -m long

.PHONY: check
check: $(READY) ## Lint, formatting, types, layout of notebooks, parameter files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(CLI) check

.PHONY: format
format: $(READY) ## Format the code and the notebooks
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

.PHONY: notebooks
notebooks: $(READY) ## Execute the committed notebooks on the fixture, in place
	@$(BIN)/python -m helpers.batch.refresh $(FAMILY)

$(VENV)/.bench: $(READY) requirements/bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: bench
bench: $(VENV)/.bench ## Measure speed and accuracy; DATA=folder with reference data sets
	@$(BIN)/python -m bench $(if $(DATA),--data $(DATA)) $(ARGS)

.PHONY: lock
lock: ## Write the locks anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements/base.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" pyproject.toml --group dev -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command "make lock" -c requirements/dev.txt pyproject.toml --group dev --group bench -o requirements/bench.txt

.PHONY: clean
clean: ## Remove what is generated (reports/output) and caches; keeps .venv
	rm -rf reports/output .pytest_cache .mypy_cache .ruff_cache .hypothesis
