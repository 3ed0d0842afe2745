# Sottovoce. `make up` runs the platform, `make test` tests it; neither needs more than Python 3.11+ and make.

PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var
export PORT DATA_DIR
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv/bin
REQUIREMENTS := dev
WORKERS ?= auto
MINUTES ?= 20

# Settings that let Django load without servers, for the tools that only read code.
PAPER := SECRET_KEY=nothing-is-ever-signed-with-this-key-it-only-lets-Settings-load-0123456789 \
	DATABASE_URL=postgresql://app:x@127.0.0.1:1/x KEYRING_DATABASE_URL=postgresql://app:x@127.0.0.1:1/x \
	REDIS_URL=redis://127.0.0.1:1/0 METRICS_TOKEN=paper ALLOWED_HOSTS=example.org PUBLIC_BASE_URL=https://example.org

.DEFAULT_GOAL := help
.PHONY: help setup up manage test coverage mutants bench swift soak check lint types floors templates migrations deploy fmt clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: ## build .venv from the hash-pinned requirements, if they changed
	@$(PYTHON) config/launcher/environment.py $(REQUIREMENTS)

up: REQUIREMENTS := base
up: setup ## start everything: PORT=8000 DATA_DIR=var (DATABASE_URL, REDIS_URL, S3_* … use servers of yours)
	@exec $(VENV)/python -m config.launcher up

manage: REQUIREMENTS := base
manage: setup ## run a management command on that data: make manage do="purge --dry-run"
	@exec $(VENV)/python -m config.launcher manage $(do)

test: setup ## run every test on servers of its own: make test only=tests/launcher
	@$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile $(only)

bench: setup swift ## measure, on servers of its own, and write docs/performance.md: make bench only="P2 P14" largest=1000000
	@$(VENV)/python -m benchmarks $(only) $(if $(largest),--largest $(largest)) $(if $(rounds),--rounds $(rounds))

swift: setup
	@$(VENV)/python -m benchmarks.swift || echo "Swift cannot be had here: P1 and P8 do without a bucket and say so."

soak: setup ## break it for MINUTES=20 (SOAK=full: the full counts) and write docs/reliability.md: make soak only=A09 SEED=7
	@$(VENV)/python -m soak $(only) $(if $(SEED),--seed $(SEED)) $(if $(filter full,$(SOAK)),--full,--minutes $(MINUTES))

COVERING := $(addprefix tests/,ground retention calls faults contacts agents)
coverage: setup ## lines and branches of the ground and of the services that keep and destroy: all, or it fails
	@$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile --cov --cov-report=term-missing:skip-covered \
		--cov-report=html $(if $(only),--cov-fail-under=0) $(or $(only),$(COVERING))

mutants: setup ## change the pure modules in small ways; the tests must notice: make mutants only=ground/clocks
	@$(PAPER) $(VENV)/python -m mutants $(only)

check: lint types floors templates migrations deploy ## everything that reads the code without running it

lint: setup
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .

types: setup
	@$(PAPER) $(VENV)/mypy .

floors: setup
	@$(VENV)/lint-imports

templates: setup
	@$(VENV)/djlint templates --check
	@$(VENV)/djlint templates --lint --quiet

migrations: setup
	@$(PAPER) DJANGO_SETTINGS_MODULE=config.settings.local $(VENV)/python manage.py makemigrations --check --dry-run

deploy: setup
	@$(PAPER) DJANGO_SETTINGS_MODULE=config.settings.production $(VENV)/python manage.py check --deploy --fail-level WARNING

fmt: setup ## format the code and the templates
	@$(VENV)/ruff check --fix-only --quiet .
	@$(VENV)/ruff format .
	@$(VENV)/djlint templates --reformat --quiet || true

clean: ## remove what can be made again (.venv, caches); never the data
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
