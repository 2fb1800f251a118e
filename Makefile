# Two commands do everything on a fresh clone: `make lab` opens the first lesson, `make test` runs every check.
# `make check` answers in under a minute, once `.venv` is there. They need Python 3.11 or newer and make. PYTHON=... chooses
# another Python, VENV=... another folder.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
NPM := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm --prefix tests/javascript

# Hundreds of tests start a Python, so let it store compiled files for the next one.
export PYTHONDONTWRITEBYTECODE =

# The pure core: tests without sockets, kernels and sandboxes, 3,000 of them in half a minute.
NET := addresses backoff keepalive matching messages pending protocol rate_limits send_queue state subscriptions unsubscribe
PANELS := card_text money_rows scope_presets status_rows texts
HOUSE := api_names exported_names imports project workflows
ALONE := credentials errors registry sensitive settings targets times traceback
CORE := tests/arguments tests/catalog tests/checkup/test_drift.py tests/oauth/test_implicit.py tests/oauth/test_pkce.py \
	$(NET:%=tests/net/test_%.py) $(PANELS:%=tests/panels/test_%.py) $(HOUSE:%=tests/house/test_%.py) $(ALONE:%=tests/test_%.py)

# The tests outside of a browser. Most wait for something most of the time: five run at once, in the order of their
# names, because the files that take longest hold few tests and would come last otherwise.
UNIT := DPYAUTH_IPYKERNEL6=$(abspath $(VENV)/ipykernel-6) DPYAUTH_DASH=$(abspath $(VENV)/dash) \
	$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder --ignore tests/browser --ignore tests/deployed

# What `make lowest` runs: the rooms whose packages change most from release to release.
LOWEST := tests/frames tests/apis tests/net tests/session/test_account.py tests/report/test_export.py

.PHONY: lab test check core coverage lint javascript javascript-fix run-lessons lowest examples docs release dist packages lessons clean

# In a copy: running a lesson changes its file, and the originals are under version control.
lab: $(VENV)/lab.stamp
	$(BIN)/dpyauth lessons dpyauth-lessons

# A browser keeps a processor busier than other tests: four run at once.
# Examples run in two processes, each with a sandbox of its own: together they would reach its limit of calls a minute.
test:
	$(MAKE) --no-print-directory --jobs 2 lint javascript packages release
	$(UNIT) --durations 15
	DPYAUTH_RELEASE=$(abspath $(VENV)/release) $(BIN)/pytest -n 4 --dist worksteal --durations 15 tests/browser tests/deployed
	$(MAKE) --no-print-directory --jobs 2 run-lessons lowest examples

# What a change breaks most often, in under a minute: style, types, and the tests of the pure core.
check:
	$(MAKE) --no-print-directory --jobs 2 lint javascript core

core: $(VENV)/test.stamp
	$(BIN)/pytest -q -n 2 --dist loadfile --durations 5 $(CORE)

# Which lines and branches the tests of `make test` reach outside of a browser. It takes longer than they do, so it is
# not part of `make test`.
coverage: $(VENV)/test.stamp
	$(UNIT) --cov

# Lessons and examples are in English wherever they do not name a language, whatever this machine speaks.
run-lessons examples lessons: export LANGUAGE = en

run-lessons:
	$(BIN)/python -m pytest -q -n 3 --dist loadfile -p no:cacheprovider -p tests.lessons.own_lines \
		--nbval --nbval-current-env --nbval-sanitize-with tests/lessons/nbval.cfg notebooks

# The lowest versions that pyproject.toml names, in front of the newest. pytest would look for a plugin that the
# lowest platformdirs does not have.
lowest:
	PYTHONPATH=$(VENV)/lowest $(BIN)/pytest -q -n 2 -p no:cacheprovider -p no:platformdirs --durations 5 $(LOWEST)

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

# Builds the wheel, and installs it as README says: with its extra `lab`, and without the packages of the tests.
release: | $(VENV)/bin/python
	$(BIN)/python tests/deployed/installed.py $(VENV)/release

# Builds what is published into dist/, and checks it in an empty environment. TAG=v0.1.0 also compares the version.
dist: | $(VENV)/bin/python
	rm -rf dist
	$(BIN)/python -m pip install --quiet 'build>=1.2'
	$(BIN)/python -m build --outdir dist .
	test -z "$(TAG)" || test -f "dist/dpyauth-$(TAG:v%=%).tar.gz" || { echo "dpyauth/_version.py is not at $(TAG)"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)/empty
	$(VENV)/empty/bin/python -m pip install --quiet dist/*.whl
	$(VENV)/empty/bin/dpyauth --version
	cd $(VENV)/empty && bin/python -c 'import dpyauth; print(dpyauth.login(sandbox=True).balance())'

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

# Besides the newest releases, the tests use older ones that users still have, each set in its own folder. Dash has its
# own folder because it would add an extension to JupyterLab that has to be built. The oldest pandas and httpx need pytz
# and sniffio; the newest do not.
$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/ipykernel-6 'ipykernel==6.31.*'
	$(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/lowest \
		$$($(BIN)/python tests/lowest.py) pytz sniffio
	$(BIN)/python -m pip install --quiet --upgrade --target $(VENV)/dash 'dash>=3'
	touch $@

$(VENV)/javascript.stamp: tests/javascript/package-lock.json | $(VENV)/test.stamp
	$(NPM) ci --silent --no-audit --no-fund
	touch $@

# Installs a browser and, in CI, a keyring and a PostgreSQL server, which one test each needs. Those two change a
# developer's machine too much to be installed there.
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
