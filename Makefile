# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0

.DEFAULT_GOAL := help
.PHONY: help run test test-all check dev index lab lock env-example clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# torch comes first and alone: pinned exactly it takes the CPU build where one is configured, and the lock
# (which holds no CUDA) then installs without asking the resolver again.
$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

run: index  ## Install, index the sample site, serve it with the demo page on http://localhost:8000
	FRONTDESK_DEMO_PAGES=datasets/kestrel/pages $(BIN)/python -m serving run

index: $(VENV)/installed  ## Index the sample site: what changed since the last time
	@$(BIN)/python -m pipelines index datasets/kestrel/pages --site demo --base-url /pages/ \
		--policy datasets/kestrel/policy.md --golden datasets/kestrel/golden.jsonl

test: check  ## Check the code, and test every promise (25 minutes on two cores; WORKERS="-n 2 --dist loadfile": 16)
	$(BIN)/pytest $(WORKERS) -m "not long"

test-all: check  ## As `make test`, with the long matrices and many rounds
	$(BIN)/pytest $(WORKERS)

check: $(VENV)/installed  ## Lint, types, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

dev: index  ## Serve without Ray, reloading on change
	FRONTDESK_DEMO_PAGES=datasets/kestrel/pages $(BIN)/uvicorn --factory serving.app:local_app --reload --port 8000

lab: $(VENV)/installed  ## Open JupyterLab on the notebooks, its kernel ready (as root: make lab LAB=--allow-root)
	$(BIN)/jupyter-lab --notebook-dir=notebooks $(LAB)

lock:  ## Resolve pyproject.toml anew into requirements.lock
	$(PYTHON) -m pip install --quiet uv
	UV_FIND_LINKS=$(PIP_FIND_LINKS) $(PYTHON) -m uv pip compile --quiet --universal --upgrade --python-version 3.11 \
		--extra dev --group weights --no-annotate --no-header --no-emit-package frontdesk pyproject.toml -o requirements.lock
	sed -i -E -e '/^(torch|triton|nvidia-|cuda-)/d' \
		-e '1i # The one tested resolution. Made by `make lock`; torch comes first and alone, see Makefile.' requirements.lock

clean:  ## Remove the virtual environment and all run-time data
	rm -rf $(VENV) var
