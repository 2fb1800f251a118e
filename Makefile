# Two commands do everything on a fresh clone: `make lab` opens the first lesson, `make test` runs every check.
# They need Python 3.11 or newer and make. PYTHON=... chooses another Python, VENV=... another folder.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
NPM := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm --prefix tests/javascript

# Hundreds of tests start a Python: what one has compiled, the next need not compile again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: lab test lint javascript javascript-fix run-lessons pandas-2 examples docs release packages lessons clean

# In a copy: running a lesson changes its file, and the originals are under version control.
lab: $(VENV)/lab.stamp
	$(BIN)/dpyauth lessons dpyauth-lessons

# Most tests wait for something most of the time: five run at once, in the order of their names, because the files that
# take longest hold few tests and would come last otherwise. A browser keeps a processor busier: four.
# Examples run in two processes, each with a sandbox of its own: together they would reach its limit of calls a minute.
test:
	$(MAKE) --no-print-directory --jobs 2 lint javascript packages release
	DPYAUTH_IPYKERNEL6=$(abspath $(VENV)/ipykernel-6) DPYAUTH_DASH=$(abspath $(VENV)/dash) \
		$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder --ignore tests/browser --ignore tests/deployed
	DPYAUTH_RELEASE=$(abspath $(VENV)/release) $(BIN)/pytest -n 4 --dist worksteal tests/browser tests/deployed
	$(MAKE) --no-print-directory --jobs 2 run-lessons pandas-2 examples

run-lessons:
	$(BIN)/pytest -q -n 3 --dist loadfile -p no:cacheprovider --nbval --nbval-current-env \
		--nbval-sanitize-with tests/lessons/nbval.cfg notebooks

pandas-2:
	PYTHONPATH=$(VENV)/pandas-2 $(BIN)/pytest -q -n 2 -p no:cacheprovider \
		tests/frames tests/session/test_account.py tests/report/test_export.py

examples:
	$(BIN)/pytest -q -n 2 --dist loadfile -p no:cacheprovider --doctest-modules dpyauth

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Lints the panels' JavaScript, checks its types, and runs its unit tests. Node comes from PyPI, with the tests.
javascript: $(VENV)/javascript.stamp
	$(NPM) run --silent check

javascript-fix: $(VENV)/javascript.stamp
	$(NPM) run --silent fix

# Builds what is handed out, and installs it as README says: with its extra `lab`, and nothing of the tests.
release: | $(VENV)/bin/python
	$(BIN)/python tests/deployed/installed.py $(VENV)/release

# Builds the documentation from the lessons, the guide and the docstrings; needs no network.
docs: $(VENV)/test.stamp
	$(BIN)/sphinx-build -c notebooks/guide -b html -q -E -W --keep-going notebooks build/docs
	@echo "The pages are in build/docs: open index.html there."

# Runs every lesson and stores its outputs, clean of timings and widget state.
lessons: $(VENV)/test.stamp
	$(BIN)/python tests/lessons/store.py

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "dpyauth needs Python 3.11 or newer: install it, or name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/lab.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	touch $@

# Beside the newest releases the tests use two older ones that readers still have, each in a folder of its own; and Dash,
# which would add an extension to JupyterLab that has to be built.
$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/ipykernel-6 'ipykernel==6.31.*'
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/pandas-2 'pandas==2.3.*' pytz
	$(BIN)/python -m pip install --quiet --upgrade --target $(VENV)/dash 'dash>=3'
	touch $@

$(VENV)/javascript.stamp: tests/javascript/package-lock.json | $(VENV)/test.stamp
	$(NPM) ci --silent --no-audit --no-fund
	touch $@

# A browser; and for one test each a keyring and a PostgreSQL server, which Linux can give them. On a person's machine
# these two are no small change: they come in CI only.
packages:
	@has() { for name; do command -v $$name >/dev/null && return 0; done; return 1; }; \
	wanted=; has chromium chromium-browser google-chrome || wanted=chromium; \
	if [ "$$CI" = true ]; then \
		has gnome-keyring-daemon && has dbus-run-session || wanted="$$wanted gnome-keyring dbus"; \
		has /usr/lib/postgresql/*/bin/initdb || wanted="$$wanted postgresql"; \
	fi; \
	[ -n "$$wanted" ] || exit 0; \
	if has apt-get && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$wanted; \
	elif has apt-get && sudo -n true 2>/dev/null; then \
		sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$wanted; \
	else \
		echo "Missing, and cannot be installed from here: $$wanted. Tests that need it will be skipped."; \
	fi

clean:
	rm -rf $(VENV) build dist tests/javascript/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
