# The README's commands. Each makes its own environment in .venv; nothing else is needed than Python 3.11, make and a
# package index.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
# Three test processes for two cores: a third of their time they wait for servers, discs and processes that they kill.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2)')

.DEFAULT_GOAL := help
.PHONY: help demo ui test check fix bench docs lives combinations clean

help: ## Say what each command does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint constraints.txt
	@touch $(READY)

demo: $(READY) ## Refresh four example segments and what is made of them twice, from the bundled simulator, through Dagster
	$(BIN)/remote-segments demo --project segment_configs

ui: $(READY) ## Open the Dagster UI on what the demo made, with the simulator running
	$(BIN)/remote-segments ui --project segment_configs

test: $(READY) check ## Check style, types and the direction of imports, then run all tests
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadgroup

check: $(READY) ## Check style, types and the direction of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY) ## Format, and mend what can be mended by itself
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(READY) ## Write the generated tables and schemas anew
	$(BIN)/python -m docs.generate

bench: $(READY) ## Measure the ratios against hand-written floors
	$(BIN)/python -m benchmarks

lives: $(READY) ## Play 1,000 random lives of a segment on DuckDB and 100 on Postgres
	REMOTE_SEGMENTS_LIVES=1000 $(BIN)/pytest -n 2 tests/sync/test_lives.py

combinations: $(READY) ## Combine 2,000 random audiences on DuckDB and 200 on Postgres
	REMOTE_SEGMENTS_COMBINATIONS=2000 $(BIN)/pytest -n 2 tests/membership/test_combination.py

clean: ## Remove what the demo made (not .venv)
	rm -rf .dagster_home .env report.html warehouse.duckdb* segment_configs/.remote_segments
