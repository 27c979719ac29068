# The newest Python that is supported, works and has venv; PYTHON=… overrides.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && \
	command -v $$p && break; done)
RUN = .venv/bin/python
STAMP = .venv/installed
export UV_PYTHON_DOWNLOADS = never
export UV_PROJECT_ENVIRONMENT = .venv
export UV_SYSTEM_CERTS = 1
unexport DJANGO_SETTINGS_MODULE PYTHONPATH PYTHONHOME  # they may be another project's
# What all versions of uv write alike.
PINS = grep -oE '^[^ ]+==[^ ]+|sha256:[0-9a-f]+'
# The tests' servers outlive them: to start them takes longer than most tests.
STOP = for home in .upkeep/tests* .upkeep/bench; do [ ! -d "$$home" ] || UPKEEP_HOME="$$home" $(RUN) manage.py embedded stop >/dev/null; done

.PHONY: demo test acceptance test-rabbitmq test-pooler chaos check bench up stop wheel audit lock report-docs

demo: $(STAMP)  ## sample data, then real operations through a real worker, in a home of their own: .upkeep/demo
	@$(RUN) -m ops.demo

test: $(STAMP)  ## the test suite, but for `make acceptance`; more processes than cores, since many tests wait for others
	@$(RUN) -m pytest -n 4 --dist loadgroup --no-loadscope-reorder --ignore=tests/acceptance/shop $(PYTEST_ARGS); status=$$?; $(STOP); exit $$status

acceptance: $(STAMP)  ## the library out of its wheel, in a project of its own, on PostgreSQL 15 (if installed) and 18
	@$(RUN) -m pytest -n 2 --dist loadscope tests/acceptance/shop $(PYTEST_ARGS)

test-rabbitmq: $(STAMP)  ## the tests that need a broker once more, on RabbitMQ: wants rabbitmq-server installed
	@$(RUN) -m pytest tests/acceptance --ignore=tests/acceptance/shop --broker=rabbitmq $(PYTEST_ARGS); status=$$?; $(STOP); exit $$status

test-pooler: $(STAMP)  ## faults while a pooler lends the database's connections: wants pgbouncer installed
	@$(RUN) -m pytest tests/integration/operations/test_pooler.py tests/acceptance/faults/test_databases.py tests/acceptance/faults/test_kills.py \
	-k "pooler or restart or frozen" --pooler $(PYTEST_ARGS); status=$$?; $(STOP); exit $$status

chaos: $(STAMP)  ## faults at random moments, with the real intervals: ROUNDS=n of each
	@CHAOS_ROUNDS=$(or $(ROUNDS),1) $(RUN) -m pytest tests/acceptance/faults -q $(PYTEST_ARGS); status=$$?; $(STOP); exit $$status

check: $(STAMP)  ## style, types, import contracts, migrations, reports, lock file
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@.venv/bin/lint-imports
	@DATABASE_URL=sqlite://:memory: $(RUN) manage.py makemigrations --check --dry-run --skip-checks  # models alone: starts no server
	@$(RUN) -m ops.report_docs --check  # the views, their contract and their page agree
	@if $(RUN) -m uv --version >/dev/null 2>&1 && [ ! -f .venv/by-pip ]; then \
	$(RUN) -m uv lock --check --quiet && $(RUN) -m uv export --quiet --frozen --all-groups --all-extras --no-header | $(PINS) >.venv/pins && \
	$(PINS) requirements.txt | diff -q .venv/pins - ; fi

bench: $(STAMP)  ## this project's figures beside those of the plain way
	@$(RUN) -m tests.benchmarks $(BENCH_ARGS)

up: $(STAMP)  ## web, worker, Beat and Flower, until Ctrl-C
	@$(RUN) -m ops.stack

stop:  ## whatever `make up` or the embedded servers left running for this UPKEEP_HOME
	@[ ! -x $(RUN) ] || { $(RUN) -m ops.stack stop && $(RUN) manage.py embedded stop; }

wheel: $(STAMP)  ## the library, as dist/django_upkeep-VERSION-py3-none-any.whl
	@$(RUN) -m hatchling build -t wheel

audit: $(STAMP)  ## advisories about the packages of the lock file; says so when nobody can be asked
	@$(RUN) -m ops.audit

report-docs: $(STAMP)  ## docs/reports.md, from the comments on the views and their contract
	@$(RUN) -m ops.report_docs

lock:  ## after a change of the dependencies
	@$(RUN) -m uv lock
	@$(RUN) -m uv export --quiet --frozen --all-groups --all-extras --no-header -o requirements.txt

$(STAMP): pyproject.toml uv.lock requirements.txt
	@sh ops/install.sh "$(PYTHON)"
	@touch $(STAMP)
