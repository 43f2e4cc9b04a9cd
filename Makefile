# make train and make test do all set-up themselves; the rest are parts of them.
# Further flags: make train ARGS="--timesteps 1000 --out runs/short". Another Python: make PYTHON=python3.12 setup.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
PIP_ARGS ?=
# Processes that run tests; a file's tests stay in one, since they share what they compile.
WORKERS ?= 2
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup train train-long test test-all check docs bench validate describe clean
.DEFAULT_GOAL := help

help:
	@echo "make train       set up, train on ThreeBody12, compare with every baseline, write the report to runs/default"
	@echo "make train-long  the same with 1,000,000 steps, to runs/long"
	@echo "make test        set up, run the tests (make test-all adds the slow ones)"
	@echo "make check       lint, format, imports, types"
	@echo "make docs        build the site of docs/ into site/"
	@echo "make bench       print speed figures"
	@echo "make validate    compare with authorities and print the table of docs/results/validation.md"
	@echo "make describe    print a scenario; ARGS=Ring12"
	@echo "make clean       remove caches and the virtual environment, keep runs/ and results/"

setup: $(STAMP)

# Made once, and again when the requirements change.
$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing requirements (the first time takes some minutes)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e ".[train,viz,dev,docs]"
	@touch $@

train: setup
	$(BIN)/python train.py --scenario ThreeBody12 --out runs/default $(ARGS)

train-long: setup
	$(BIN)/python train.py --scenario ThreeBody12 --timesteps 1000000 --out runs/long $(ARGS)

test: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not slow" $(ARGS)

test-all: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q

bench: setup
	$(BIN)/python -m benchmarks.speed $(ARGS)

validate: setup
	$(BIN)/python -m validation $(ARGS)

describe: setup
	@$(BIN)/python -m orbit_gym describe $(ARGS)

clean:
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
