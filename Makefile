# A fresh machine needs Python 3.11 or newer with venv, and make. Everything else comes here:
#   make demo    the main job, rehearsed on a simulated Salesforce
#   make test    everything CI checks
#   make thorough, fuzz, test-lowest, audit, dist, bench    see CONTRIBUTING.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test lint types floors sf-cli unit thorough fuzz test-lowest audit dist bench format clean

help:
	@sed -n 's/^#   //p' Makefile

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "orgauth needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "this Python cannot make a venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

demo: $(READY)
	$(BIN)/orgauth demo

test: lint types floors unit

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

# The real Salesforce CLI, for tests/integration/salesforce_cli. Where it cannot be had, they skip.
sf-cli:
	@tests/integration/salesforce_cli/install

# Branch coverage of everything, the commands and what they start included.
unit: $(READY) sf-cli
	$(BIN)/python -m pytest --numprocesses 2 --cov --cov-report= --cov-fail-under=0 -q
	$(BIN)/coverage report --fail-under=95

# Properties with thousands of new examples each; about a quarter of an hour.
thorough: $(READY)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m hypothesis --hypothesis-show-statistics

.fuzz/.ready: pyproject.toml
	$(PYTHON) -m venv .fuzz/venv
	.fuzz/venv/bin/python -m pip install --quiet --disable-pip-version-check --editable . atheris
	@touch $@

# Atheris, a coverage-guided fuzzer, on all that reads foreign bytes. See docs/fuzzing.md.
FUZZ_SECONDS ?= 600
fuzz: .fuzz/.ready
	nice .fuzz/venv/bin/python tests/fuzz/run.py $(FUZZ_SECONDS)

.lowest/.ready: pyproject.toml tests/release/lowest_versions.py
	$(PYTHON) -m venv .lowest/venv
	.lowest/venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(PYTHON) tests/release/lowest_versions.py > .lowest/constraints.txt
	.lowest/venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint .lowest/constraints.txt --editable . --group dev
	@touch $@

# The tests with the lowest version of each dependency that pyproject.toml admits.
test-lowest: .lowest/.ready
	.lowest/venv/bin/python -m pytest --numprocesses 2 -q tests/unit tests/contract tests/fuzz

.audit/.ready:
	$(PYTHON) -m venv .audit/venv
	.audit/venv/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@touch $@

# Known vulnerabilities, of the newest version of each runtime dependency and of the lowest.
# Asks PyPI; what could not be asked about is a failure, too.
audit: .audit/.ready
	$(PYTHON) tests/release/lowest_versions.py > .audit/lowest.txt
	.audit/venv/bin/pip-audit --strict --progress-spinner off .
	.audit/venv/bin/pip-audit --strict --progress-spinner off --no-deps --disable-pip --requirement .audit/lowest.txt

.dist/.ready: pyproject.toml
	$(PYTHON) -m venv .dist/venv
	.dist/venv/bin/python -m pip install --quiet --disable-pip-version-check 'hatchling>=1.24' twine 'mypy==2.4.*'
	@touch $@

# The wheel and the sdist, built twice and checked as people will meet them.
dist: .dist/.ready
	.dist/venv/bin/python tests/release/make_dist.py

.bench/.ready: benchmarks/requirements.txt
	$(PYTHON) -m venv .bench/venv
	.bench/venv/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

# What it costs beside its peers; about 10 minutes. Writes benchmarks/RESULTS.md and its plots.
bench: $(READY) sf-cli .bench/.ready
	.bench/venv/bin/python benchmarks/run.py

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .fuzz .lowest .audit .dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage* build dist
