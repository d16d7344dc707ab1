# What there is to do with a checkout of xucd. "make" alone lists it.
#
# The scripts in integration/bin see to what a target needs: each looks first, installs only what
# is missing, and says in a sentence what it cannot do.

PYTHON := .venv/bin/python
LINT_IMPORTS := .venv/bin/lint-imports --no-logo
BIN := integration/bin
# How many calls a minute come in by themselves; 0 for none.
DEMO_CALLS ?= 6
# For demo-call: the number to dial, and for how many seconds to talk (8 to 25 unless given).
NUMBER ?= 3000
TALK ?=
# For soak: how often xucd is killed, on each database; how many random steps the model does for
# each of the seeds that they follow from, beside each Asterisk.
KILLS ?= 200
STEPS ?= 500
SEEDS ?= 1 2 3 4 5
# For soak: how often xucd is killed beside Asterisk while pages resume over it.
RESUMES ?= 100
# For soak: how many mixed calls are placed into queues, on each Asterisk.
CALLS ?= 300
SLIPS ?= 200
# For soak: how often two PBXs want an agent at the same moment.
LOG_INS ?= 200
# For soak: how often queues of two PBXs have a caller for one agent at the same moment.
OFFERS ?= 200
# For soak: how many conversations of raw bytes are held with the site.
CONVERSATIONS ?= 10000
# For soak: how many inputs are tried at each place where bytes come in from outside, how many games of
# 50 steps the centre plays beside a model of Asterisk, and what both follow from.
INPUTS ?= 100000
# Ten roads between an edge and an owner for each.
ROADS ?= 1000
GAMES ?= 2000
FUZZ_SEED := $(or $(FUZZ_SEED),$(shell date +%s))
# A run of soak's: without pytest's own deadline, and with its figures kept for docs/reliability.md.
SOAKED = $(PYTHON) -m pytest -o faulthandler_timeout=0 --proofs .proofs
# For mutants: which modules of xucd/center, such as ONLY="agent members"; all unless given.
ONLY ?=
# For demo-say: who says what, and for how many seconds to show what comes.
LOGIN ?= bruce
SAY ?= {"command":"getAgentStates"}
FOR ?= 10

.DEFAULT_GOAL := help
.PHONY: help assets wheel deb image venv test soak lint unit mutants locks docs demo demo-up demo-cluster demo-down demo-call demo-say demo-needs demo-venv bench bench-calls bench-pages bench-quick generate clean

help:
	@echo "make demo         a whole contact centre on this machine, until Ctrl-C"
	@echo "make demo-up      the same in the background; returns when it is ready"
	@echo "make demo-cluster two sites with an Asterisk each, and two edges, in the background"
	@echo "make demo-call    place a call into it: NUMBER=3000, TALK=seconds"
	@echo "make demo-say     send a command as one of its users and show what comes: LOGIN=bruce,"
	@echo "                  SAY='{\"command\":\"getAgentStates\"}', FOR=seconds"
	@echo "make demo-down    end it"
	@echo "                  DEMO_CALLS=6 calls a minute come in by themselves, 0 for none"
	@echo "make test         everything that is checked, against a real Asterisk too"
	@echo "make soak         kills xucd 200 times while its users work, on each database: KILLS=200;"
	@echo "                  100 times beside Asterisk while pages resume over it: RESUMES=100;"
	@echo "                  then beside each Asterisk 300 mixed calls, CALLS=300,"
	@echo "                  200 calls of queues that pause nobody, SLIPS=200, and"
	@echo "                  500 random steps for each seed: STEPS=500,"
	@echo "                  SEEDS=\"1 2 3 4 5\", and makes a trace that fails shorter; then faults"
	@echo "                  of Asterisk, of the way to it, of the database and of clients; 100000"
	@echo "                  inputs at each place where bytes come in, INPUTS=100000, 10000"
	@echo "                  conversations of raw bytes, CONVERSATIONS=10000, 200 log-ins at two"
	@echo "                  PBXs at once, LOG_INS=200, 200 calls for an agent of"
	@echo "                  two PBXs at once, OFFERS=200, and the"
	@echo "                  centre beside a model of Asterisk, GAMES=2000, from FUZZ_SEED=7;"
	@echo "                  the calls, the resumed pages and the random steps again at an edge"
	@echo "make unit         the tests that need no Asterisk"
	@echo "make mutants      changes the centre's code bit by bit, to see which tests notice:"
	@echo "                  ONLY=\"agent members\" for some of its modules"
	@echo "make lint         ruff, mypy, import-linter's contracts, eslint, tsc and pip-audit"
	@echo "make bench        how fast xucd is, in at most 15 minutes; writes bench.json and docs/speed.md"
	@echo "make bench-calls  how many real calls Asterisk sustains with xucd attached, and a thousand sign-ins"
	@echo "make bench-pages  how busy a busy board is, for half an hour, and how soon a page is of use"
	@echo "make bench-quick  whether a ratio has fallen below the recorded one, in a minute"
	@echo "make docs         the site of the documents, with search, in build/site"
	@echo "make generate     all that is generated: client libraries, and pictures and tables of docs/"
	@echo "make assets       what the pages take from npm, with its licences, for wheel, deb and image"
	@echo "make wheel        the sdist and the wheel, in dist/"
	@echo "make deb          the Debian package, in dist/, for Debian 12 and 13 on amd64"
	@echo "make image        the container image xucd, made of the Debian package"
	@echo "make locks        which versions of which libraries, with their hashes, and the bill of them"
	@echo "make venv         the virtual environment, .venv"
	@echo "make clean        remove all that these made here"

venv:
	@$(BIN)/ensure-venv

# The demo's own virtual environment holds no library of the tests; all other targets add them.
demo-needs:
	@$(BIN)/ensure-demo

demo: demo-needs
	@DEMO_CALLS='$(DEMO_CALLS)' $(PYTHON) -m integration.demo run

demo-up: demo-needs
	@DEMO_CALLS='$(DEMO_CALLS)' $(PYTHON) -m integration.demo up

# Its servers are those that the tests use, and so is its virtual environment.
demo-cluster: venv
	@$(BIN)/ensure-docker
	@$(BIN)/build-images 22 16
	@$(BIN)/ensure-postgres >/dev/null
	@$(BIN)/ensure-nats
	@DEMO_CALLS='$(DEMO_CALLS)' $(PYTHON) -m integration.demo up --cluster

demo-down:
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m integration.demo down; \
	else echo "xucd demo: none runs"; fi

demo-venv:
	@$(BIN)/ensure-venv demo

demo-call: demo-venv
	@$(PYTHON) -m integration.demo call '$(NUMBER)' $(if $(TALK),--talk '$(TALK)')

# As it was typed: neither make nor the shell may read anything into it.
demo-say: demo-venv
	@$(PYTHON) -m integration.demo say '$(LOGIN)' '$(subst ','\'',$(value SAY))' --for '$(FOR)'

assets:
	@packages/make-assets

wheel: venv assets
	@packages/make-dist

deb: wheel
	@$(PYTHON) packages/make-deb

image: deb
	@$(BIN)/ensure-docker
	@packages/make-image

lint: venv
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(LINT_IMPORTS)
	@$(BIN)/ensure-test-tools
	node_modules/.bin/eslint --max-warnings 0 .
	node_modules/.bin/tsc --project .
	@$(BIN)/audit-libraries

unit: venv
	@$(BIN)/ensure-postgres >/dev/null
	@$(BIN)/ensure-test-tools
	$(PYTHON) -m pytest tests

# The images are built while the linters run, and shown afterwards.
test: venv
	@$(BIN)/ensure-docker
	@$(BIN)/ensure-postgres >/dev/null
	@$(BIN)/ensure-test-tools
	@$(BIN)/build-images 22 16 >.test-images.log 2>&1 & \
	images=$$!; $(MAKE) --no-print-directory lint; mine=$$?; \
	wait $$images; theirs=$$?; cat .test-images.log; rm -f .test-images.log; \
	[ $$mine = 0 ] && [ $$theirs = 0 ]
	@$(BIN)/run-tests

# The kills take a few minutes: each is followed by a start. The steps take some eight minutes for
# each seed and Asterisk, the faults half an hour for each Asterisk. It ends by itself, and goes on to
# the next run after one that fails. With --edge clients are at an edge.
soak: venv
	@$(BIN)/ensure-docker
	@$(BIN)/build-images 22 16
	@$(BIN)/ensure-postgres >/dev/null
	@echo "the inputs and games follow from FUZZ_SEED=$(FUZZ_SEED)"
	@set -x; failed=0; \
	$(SOAKED) tests/test_sigkill.py --kills $(KILLS) || failed=1; \
	$(SOAKED) tests/test_ami_hostile.py --hostile 100 || failed=1; \
	$(SOAKED) tests/test_injection.py tests/test_rights_table.py || failed=1; \
	$(SOAKED) -o timeout=0 tests/test_web_bytes.py --conversations $(CONVERSATIONS) || failed=1; \
	$(SOAKED) -o timeout=0 tests/test_web_siege.py --siege || failed=1; \
	$(SOAKED) integration/test_resume_restart.py --resume-kills $(RESUMES) || failed=1; \
	$(SOAKED) integration/test_events_by_profile.py integration/test_events_by_profile_of_two_pbxs.py || failed=1; \
	$(SOAKED) tests/test_database_file.py integration/test_gaps.py integration/test_clock_set.py || failed=1; \
	$(SOAKED) integration/test_demotion.py || failed=1; \
	$(SOAKED) integration/test_callers.py -k mixed --mixed-calls $(CALLS) || failed=1; \
	$(SOAKED) -o timeout=0 integration/test_untouched_queues.py -k slips --slips $(SLIPS) || failed=1; \
	$(SOAKED) integration/test_model.py --model-steps $(STEPS) --model-shrink \
		$(SEEDS:%=--model-seed %) || failed=1; \
	$(SOAKED) integration/faults -m "not any_asterisk" --long-faults || failed=1; \
	$(SOAKED) integration/faults -m any_asterisk --asterisk 22 --long-faults || failed=1; \
	$(SOAKED) tests/test_homes.py --log-ins $(LOG_INS) || failed=1; \
	$(SOAKED) integration/test_judged_offers.py integration/test_visitors.py -k together --offers $(OFFERS) || failed=1; \
	$(SOAKED) -o timeout=0 integration/test_sites.py integration/test_one_centre.py -k at_once \
		--log-ins $(LOG_INS) || failed=1; \
	$(SOAKED) integration/test_resume_restart.py --edge --asterisk 22 --resume-kills $(RESUMES) || failed=1; \
	$(SOAKED) integration/test_events_by_profile.py integration/test_demotion.py --edge --asterisk 22 || failed=1; \
	$(SOAKED) integration/test_callers.py -k mixed --edge --asterisk 22 --mixed-calls $(CALLS) || failed=1; \
	$(SOAKED) -o timeout=0 integration/test_untouched_queues.py -k slips --edge --asterisk 22 --slips $(SLIPS) || failed=1; \
	$(SOAKED) integration/test_model.py --edge --asterisk 22 --model-steps $(STEPS) --model-shrink \
		$(SEEDS:%=--model-seed %) || failed=1; \
	$(SOAKED) -o timeout=0 tests/test_relay.py tests/test_visits.py --games $(ROADS) --fuzz-seed $(FUZZ_SEED) || failed=1; \
	$(SOAKED) -o timeout=0 tests/test_center_machine.py --games $(GAMES) --fuzz-seed $(FUZZ_SEED) || failed=1; \
	$(SOAKED) -o timeout=0 tests/test_fuzzing.py --inputs $(INPUTS) --fuzz-seed $(FUZZ_SEED) || failed=1; \
	exit $$failed

# Less than an hour for all. What a mutant changes: python -m tests.mutants --show NAME
mutants: venv
	$(PYTHON) -m tests.mutants $(ONLY)

locks: venv
	$(BIN)/make-locks

generate: venv
	$(PYTHON) -m xucd.cti.schema
	$(PYTHON) docs/draw_agent.py
	$(PYTHON) docs/draw_commands.py
	$(PYTHON) docs/draw_imports.py
	$(PYTHON) docs/write_bill.py
	PYTHONPATH=. $(PYTHON) docs/write_speed.py

docs:
	@$(BIN)/ensure-venv docs
	@PYTHONPATH=. $(PYTHON) docs/build_site.py

bench: venv
	@$(BIN)/ensure-docker
	@$(BIN)/ensure-test-tools
	@$(BIN)/build-images 22
	$(PYTHON) -m bench

bench-calls: venv
	@$(BIN)/ensure-docker
	@$(BIN)/build-images 22
	$(PYTHON) -m bench calls wakeup passwords

bench-pages: venv
	@$(BIN)/ensure-test-tools
	$(PYTHON) -m bench pages

# No Docker, no browser: it needs two cores and a compiler.
bench-quick: venv
	$(PYTHON) -m bench.quick

clean: demo-down
	rm -rf .test-images.log .venv node_modules .demo .fuzz .model .proofs .mypy_cache .ruff_cache .import_linter_cache .mutants .pytest_cache \
		build dist xucd/web/static/vendor bench/peers/node/node_modules *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
