# Matcher. `make help` lists what can be done. Everything lands in .venv and instance/.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PDF := fonts-liberation libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0

.DEFAULT_GOAL := help
.PHONY: help run test walks bench figures lint format translations clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh scripts/need python3-venv
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(DEV_STAMP): requirements-dev.txt requirements-postgres.txt $(STAMP)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

run: $(STAMP) ## install, migrate, load the demo if the hub is empty, and serve on http://127.0.0.1:8000
	@sh scripts/need $(PDF) || echo "Until then agreements come as DOCX only, not as PDF." >&2
	@$(BIN)/matcher model
	@exec $(BIN)/matcher run --demo

test: $(DEV_STAMP) ## all tests, also in a real browser and on PostgreSQL
	@sh scripts/need chromium $(PDF)
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder

walks: $(DEV_STAMP) ## walk cases 10,000 times at random through the chain and check every step (half an hour or more)
	WALKS=10000 $(BIN)/python -m pytest tests/hub/test_walks.py -k sqlite -s

bench: $(DEV_STAMP) ## measure speed as ratios, with the goal beside each (some minutes on a quiet machine)
	@$(BIN)/matcher model
	@$(BIN)/python -m tests.bench

figures: $(DEV_STAMP) ## run the notebooks in full and write their pictures to docs/images
	@$(BIN)/matcher model
	@$(BIN)/python scripts/figures.py

lint: $(DEV_STAMP) ## ruff: style, types and documentation of public functions, security rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV_STAMP) ## let ruff write the style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

translations: $(DEV_STAMP) ## collect the texts anew and compile the Swedish ones
	$(BIN)/pybabel -q extract -F babel.cfg -k _l -k N_ -k lazy_pgettext:1c,2 --ignore-dirs '.*' \
		--omit-header --sort-by-file --add-location file -o $(VENV)/messages.pot matcher
	$(BIN)/pybabel -q update -i $(VENV)/messages.pot -d matcher/translations -w 120 \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d matcher/translations --statistics

clean: ## remove the virtual environment (the hub's data in instance/ stays)
	rm -rf $(VENV)
