# Each target makes the environment it needs. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
CHECKPOINT ?=
VIDEO ?=
INT8 ?=
BENCH := bench
ROUNDS ?= 15
VIDEOS ?=

.DEFAULT_GOAL := help
.PHONY: help setup wheel check-demo demo test test-avx2 test-slow lint docs site bench openvino-dev clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.installed  ## make .venv with all that is needed to use i3d; .venv/bin/i3d is the command

$(VENV)/.installed: requirements.txt requirements-runtime.txt pyproject.toml
	@echo "installing into $(VENV), about 3 GB with TensorFlow: a few minutes the first time"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt -e '.[watch]'
	touch $@

wheel:  ## build dist/i3d_edge-*.whl, all that an edge box installs
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/i3d_edge-*.whl

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

check-demo:
	@[ -z "$(VIDEO)" ] || [ -f "$(VIDEO)" ] || { echo "VIDEO: no file '$(VIDEO)'" >&2; exit 2; }

demo: check-demo $(VENV)/.installed  ## DeepMind's weights -> IR -> actions in a video; VIDEO=path CHECKPOINT=prefix INT8=1
	@PATH="$(abspath $(BIN)):$$PATH" sh examples/demo.sh "$(DEMO)" "$(CHECKPOINT)" "$(VIDEO)" "$(INT8)"

test: $(VENV)/.installed-dev  ## run the default tests (under 5 minutes on 2 cores)
	$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist worksteal $(ARGS)

test-avx2: $(VENV)/.installed-dev  ## run what may depend on the CPU, as a CPU with AVX2 and nothing newer would
	OV_CPU_MAX_ISA=AVX2 ONEDNN_MAX_CPU_ISA=AVX2 $(BIN)/python -m pytest -m "isa and not slow" -n auto --maxprocesses 2 $(ARGS)

test-slow: $(VENV)/.installed-dev  ## run the tests that take minutes: the demo, and real weights on real videos
	$(BIN)/python -m pytest -m slow -s --durations=12 $(ARGS)

lint: $(VENV)/.installed-dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-dev  ## write docs/reference/commands.md from the help texts
	$(BIN)/python docs/commands.py

site: $(VENV)/.installed-dev  ## build the website of docs/ in site/; a broken link is an error
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.installed  ## ours beside TensorFlow and stock OpenVINO; CHECKPOINT=, VIDEOS=, ROUNDS=
	PATH="$(abspath $(BIN)):$$PATH" sh benchmarks/bench.sh "$(BENCH)" "$(ROUNDS)" "$(CHECKPOINT)" $(VIDEOS)

openvino-dev:  ## make .venv-openvino-dev, Model Optimizer's environment, apart from ours; Python 3.12 at most
	@$(PYTHON) -c 'import sys; sys.exit("openvino-dev needs Python 3.12 or older: make openvino-dev PYTHON=python3.12" if sys.version_info > (3, 13) else 0)'
	$(PYTHON) -m venv .venv-openvino-dev
	.venv-openvino-dev/bin/python -m pip install --quiet --upgrade pip
	.venv-openvino-dev/bin/python -m pip install --quiet -r requirements-openvino-dev.txt
	.venv-openvino-dev/bin/opt_in_out --opt_out

clean:  ## remove what the other targets made, but for the environments
	rm -rf $(DEMO) $(BENCH) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache
