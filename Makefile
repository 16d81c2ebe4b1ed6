# What people run; each target is enough by itself on a fresh clone with Python 3.11, make and git.
PYTHON ?= python3.11
PORT ?= 3000
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_HOME := $(CURDIR)/var/demo
# A demo has a landing folder, a ledger and settings of its own, whatever a shell is set up for.
IN_DEMO = env -u INCENTIVES_LANDING -u INCENTIVES_LEDGER_URL -u INCENTIVES_PROGRAMS -u INCENTIVES_TIMEZONE -u INCENTIVES_FIRST_DAY \
	-u INCENTIVES_HEAD_COPY INCENTIVES_HOME="$(DEMO_HOME)"

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1

.PHONY: setup demo ui test laws bench lint format staging lock clean

setup: $(READY)

# The marker is written last: an interrupted set-up is done anew.
$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; install Python 3.11, or name it: make PYTHON=python3"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	@$(IN_DEMO) $(BIN)/incentives demo

# On the home that the commands use; on the demo's where there is no other.
ui: $(READY)
	@if [ -z "$$INCENTIVES_HOME" ] && [ ! -e var/state.json ] && [ -e "$(DEMO_HOME)/demo.txt" ]; then \
		exec $(IN_DEMO) $(BIN)/incentives ui --port $(PORT); \
	else exec $(BIN)/incentives ui --port $(PORT); fi

# Three for two cores: tests of the whole deployment wait one second in seven, for daemons, locks and what they killed.
test: $(READY)
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

# Every law on N new worlds; SEED=7 gives the same ones again, MINUTES=60 goes on with other seeds until the time is over, LAW=name
# tries one law.
laws: $(READY)
	PYTHONPATH=tests:. $(BIN)/python -m campaigns.laws $(if $(N),--examples $(N)) $(if $(SEED),--seed $(SEED)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(LAW),--law $(LAW))

# What it costs, beside SQL written by hand: PART=1 is a year of 70 million orders, 1000 a thousandth of it; PART="1000 300" measures
# growth too. More options: make bench BENCH=--help.
PART ?= 1000
bench: $(READY)
	PYTHONPATH=tests:. $(BIN)/python -m bench --parts $(PART) $(BENCH)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/sqlfmt --quiet --check dbt_project/models dbt_project/tests

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfmt --quiet dbt_project/models dbt_project/tests

# The staging models and the feeds' pages, derived from the feeds' column lists, and the schema of terms files, from their kinds.
staging: $(READY)
	$(BIN)/python -m data_contracts.staging dbt_project
	$(BIN)/python -m data_contracts.feed_pages data_contracts/pages
	$(BIN)/incentives programs schema > data_contracts/terms/program.schema.json

# What can be made anew: var itself is the home where INCENTIVES_HOME names no other, with its ledger.
clean:
	rm -rf $(VENV) var/bench dbt_project/target
	[ ! -e var/demo/demo.txt ] || rm -rf var/demo

# Needs uv; the lock records versions and hashes, and no address.
lock:
	printf 'hatchling==1.33.0\neditables==0.5\n' | uv pip compile --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-header --no-annotate --all-extras pyproject.toml - -o requirements.lock
