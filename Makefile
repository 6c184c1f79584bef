# `make` lists the targets. Everything runs in .venv, made on the first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: help setup demo web docs dist fmt lint type test test-all check cli ir photo sums samples sheet formats bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

# The pins keep every run alike; torch's version fits the other tools.
$(VENV)/setup: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[dev]' -c constraints.txt
	@touch $(VENV)/demo $@

setup: $(VENV)/setup  ## create the environment for work on vidstyle

demo: $(VENV)/demo  ## stylize the sample clip with a sample style
	$(BIN)/vidstyle run samples/clip.mp4 --style samples/styles/swirls.jpg -o demo.mp4 -y
	@echo "The result is demo.mp4: open it in a player beside samples/clip.mp4."

web: $(VENV)/demo  ## open the page in the browser
	$(PIP) -e '.[web]'
	$(BIN)/vidstyle web

fmt: setup  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

SPELLED := docs models samples integrations benchmarks vidstyle README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md

lint: setup  ## check style, format and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell $(SPELLED)

type: setup  ## check types
	$(BIN)/mypy
	for folder in benchmarks docs; do (cd $$folder && MYPYPATH=../benchmarks ../$(BIN)/mypy --no-warn-return-any .) || exit 1; done

# A worker that dies is not replaced: xdist would wait for ever at the end.
test: setup  ## run the tests, five minutes or so on two cores
	$(BIN)/pytest -m "not slow" -n 2 --dist loadfile --max-worker-restart 0

test-all: setup  ## run every test
	$(BIN)/pytest

check: lint type test  ## all that must be green before a commit

cli: setup  ## write docs/cli.md, the page of all commands and options
	$(BIN)/python -m vidstyle.cli.reference > docs/cli.md

ir: setup  ## convert the shipped weights for the CPU engine
	$(PIP) -e '.[ir]' -c constraints.txt
	$(BIN)/python -m vidstyle.training.export models samples
	$(MAKE) sums

photo: setup  ## learn the style that leaves a photo as it is; CONTENT=, STYLE=: folders of pictures
	$(BIN)/python -m vidstyle.training.photo models/arbitrary.safetensors $(CONTENT) $(STYLE) models/manifest_2.csv
	$(MAKE) sums

sums: ## write models/SHA256SUMS
	for folder in models models/styles; do \
		(cd $$folder && sha256sum *.safetensors *.xml *.bin $$(ls *.npz 2> /dev/null) > SHA256SUMS) || exit 1; done

samples: setup  ## make the sample clip and style pictures anew
	$(BIN)/python samples/make_styles.py
	$(BIN)/python samples/make_clip.py

sheet: setup  ## paint the sample clip: pictures of the manual, and the moving one of README
	$(BIN)/python docs/make_sheet.py
	$(BIN)/python docs/make_moving.py

# Not --quiet: it hides the warnings from --strict, too.
docs: setup  ## build the site of the manual: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Without isolation: what it builds with is pinned, and in .venv.
dist: setup  ## build the sdist and, of it, the wheel, and check them: dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*

formats: setup  ## run the conformance matrix and write docs/formats.md
	$(BIN)/pytest tests/media/test_conformance.py --write-formats

bench: setup  ## measure speed and memory, an hour: benchmarks/results, docs/speed.md, README
	$(PIP) -e '.[bench]' -c constraints.txt
	for name in pipeline passthrough networks growth live single; do $(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/tables.py

clean: ## remove what the targets make, but not the environment
	rm -rf build dist site demo.mp4 .mypy_cache .pytest_cache .ruff_cache .hypothesis
