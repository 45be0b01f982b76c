# Matcher. `make help` lists what can be done. Everything lands in .venv and instance/.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
TOOLS := .venv-tools
TOOLS_STAMP := $(TOOLS)/.installed
BENCH := .venv-bench
BENCH_STAMP := $(BENCH)/.installed
PART ?=
PDF := fonts-liberation libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0

.DEFAULT_GOAL := help
.PHONY: help install run test coverage mutants test-faults test-cluster test-load storm walks bench figures lint sbom audit lock format translations clean

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

install: $(STAMP) ## install into .venv and unpack the model, for a hub that a service starts (docs/operations.md)
	@$(BIN)/matcher model

run: $(STAMP) ## install, migrate, load the demo if the hub is empty, and serve on http://127.0.0.1:8000
	@sh scripts/need $(PDF) || echo "Until then agreements come as DOCX only, not as PDF." >&2
	@$(BIN)/matcher model
	@exec $(BIN)/matcher run --demo

# Where this is set, each process that a test starts compiles every module anew, and pytest rewrites every assertion.
test coverage test-faults storm test-cluster test-load: export PYTHONDONTWRITEBYTECODE :=

test: $(DEV_STAMP) ## all tests, also in a real browser and on PostgreSQL
	@sh scripts/need chromium strace $(PDF)
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder

# What decides who gets in, who gets the place, and what stands in the record: every branch of it is tested.
DECIDING := permissions pairings cases locks reasons capacity places record chain
comma := ,
empty :=
space := $(empty) $(empty)
COVERED ?= tests --ignore=tests/faults

coverage: $(DEV_STAMP) ## all tests but those that kill, and which branches they take (as long as `make test` and a half)
	@sh scripts/need chromium strace $(PDF)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --no-loadscope-reorder $(COVERED)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=100 --include=$(subst $(space),$(comma),$(DECIDING:%=matcher/hub/%.py))
	$(BIN)/coverage report

mutants: $(DEV_STAMP) ## break permissions, pairings, capacity and the record in 3,000 ways, and list what no test sees (long)
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results

walks: $(DEV_STAMP) ## walk cases 10,000 times at random through the chain and check every step (half an hour or more)
	WALKS=10000 $(BIN)/python -m pytest tests/hub/test_walks.py -k sqlite -s

test-faults: $(DEV_STAMP) ## kill, race and break it at length: 1,000 kills, 10,000 races on each engine, all hostile files, and game the ranking with 100 profiles (45 minutes at most)
	MATCHER_KILLS=1000 MATCHER_RACE_ROUNDS=20000 MATCHER_SEQUENCES=10000 MATCHER_FILES=all \
		MATCHER_GAMED=100 timeout -s INT -k 30 2700 \
		$(BIN)/python -m pytest tests/faults tests/hub/test_capacity.py tests/ranking/test_not_for_sale.py -s

storm: $(DEV_STAMP) ## send 100,000 requests with hostile text into every field as everybody, and walk the API (half an hour)
	MATCHER_REQUESTS=100000 MATCHER_API_EXAMPLES=300 \
		$(BIN)/python -m pytest tests/faults/test_hostile_text.py tests/web/test_api_described.py -s

test-cluster: $(DEV_STAMP) ## three web hosts, a primary and its standby: kill a host and the primary under load (up to ten minutes)
	MATCHER_CLUSTER=1 timeout -s INT -k 30 600 $(BIN)/python -m pytest tests/faults/test_cluster.py -s

test-load: $(DEV_STAMP) ## fifty people at once for a quarter of an hour, a spike of 200 (MATCHER_SOAK_MINUTES=120: two hours more)
	MATCHER_LOAD_MINUTES=$${MATCHER_LOAD_MINUTES:-15} $(BIN)/python -m pytest tests/faults/test_load.py -s

$(BENCH_STAMP): requirements-bench.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	touch $@

bench: $(DEV_STAMP) $(BENCH_STAMP) ## measure speed as ratios, with the goal beside each (half an hour on a quiet machine; PART=pages: one part)
	@sh scripts/need wrk
	@$(BIN)/matcher model
	@$(BIN)/python -m tests.bench $(PART)

figures: $(DEV_STAMP) ## run the notebooks in full and write their pictures to docs/images
	@$(BIN)/matcher model
	@$(BIN)/python scripts/figures.py

lint: $(DEV_STAMP) ## ruff: style, types and documentation of public functions, security rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

$(TOOLS_STAMP): requirements-tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check -r requirements-tools.txt
	touch $@

sbom: $(STAMP) $(TOOLS_STAMP) ## write sbom.json: every library that is installed, with version and licence (CycloneDX)
	$(TOOLS)/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --of JSON -o sbom.json

audit: $(STAMP) $(TOOLS_STAMP) ## ask PyPI which installed libraries have known weaknesses; one that was not looked up fails it
	$(TOOLS)/bin/pip-audit --strict --skip-editable --progress-spinner off \
		--path $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

lock: $(TOOLS_STAMP) ## write requirements.lock: every library with its version and the sums of PyPI's files, but torch
	$(TOOLS)/bin/python scripts/lock

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
	rm -rf $(VENV) $(TOOLS) $(BENCH)
