# Two commands: `make demo` runs the main job on a sample series, `make test` every test.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test
demo: .venv/ready
	rm -rf build/demo
	$(BIN)/aslmyoseg simulate build/demo/data --subjects 1 --condition rest --slices 3 --seed 20261
	$(BIN)/aslmyoseg run build/demo/data -o build/demo/report --trials 100 --seed 1 \
		--rv-insertion build/demo/data/derivatives/observer/sub-01/perf/sub-01_acq-rest_rvinsertion.json

test: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses auto --dist loadfile

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/ready: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/ready-test: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,mrml]'
	touch $@ .venv/ready
