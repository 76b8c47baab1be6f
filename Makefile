# Plain `make` lists what there is. GNU make 3.81 (macOS) or newer; on Windows see README.md.

# What the pins in .constraints.txt have wheels for. PYTHON=python3.12 make lab names one interpreter.
MIN := 10
MAX := 14
# This folder for the shell, whatever its name holds.
HERE := '$(subst ','\'',$(CURDIR))'
VENV := .venv
PY := $(VENV)/bin/python
# nbgrader calls commands that live beside it.
RUN := PATH=$(HERE)/$(VENV)/bin:"$$PATH" $(PY)
READY := $(VENV)/.ready
WORKSPACE := .jupyter/workspaces/default-37a8.jupyterlab-workspace

# Two notebooks or test modules at a time is what two cores carry; each gets one thread.
TEST_FLAGS ?= -n auto --maxprocesses=4 --dist=loadscope
# For instance LAB_FLAGS='--no-browser --port=8899'.
LAB_FLAGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The kernel of .venv, also where the user has registered another one of the same name.
export JUPYTER_PREFER_ENV_PATH := 1

.PHONY: help lab check test attack class matrix test-browser book course student house pins clean distclean FORCE
.DELETE_ON_ERROR:

help:
	@echo 'make lab        JupyterLab on notebooks/00_start_here.ipynb'
	@echo 'make check      the quick part of it: ruff, unit tests, doctests, no notebook'
	@echo 'make test       the whole suite: unit tests, doctests, every notebook'
	@echo 'make attack     kills, damaged files, random losses, wrong commands, odd places; writes tests/ATTACK.md'
	@echo 'make class      grades thirteen submissions of every notebook with nbgrader; writes notebooks/JUPYTERHUB.md'
	@echo 'make matrix     what make check does, with every Python at hand and with the oldest torch'
	@echo 'make test-browser   the notebooks in JupyterLab in a headless browser (needs Chromium or Chrome)'
	@echo 'make book       the notebooks as web pages in book/, to be read without Jupyter and offline'
	@echo 'make course     a course for nbgrader, in COURSE=../fpl-course'
	@echo 'make student    run the teacher notebooks, then make the student ones from them'
	@echo 'make house      draw the rooms of fpl_lib and their imports into .github/CONTRIBUTING.md'
	@echo 'make pins       solve .constraints.txt again (PINS_FLAGS=--upgrade for newer versions)'
	@echo 'make clean      remove caches;  make distclean: .venv and .matrix too'
	@echo 'lab and test set up .venv by themselves the first time (about 3 GB to fetch on Linux).'

# The token stays on and only this machine can connect. Root (a container) has to be allowed by name.
# .jupyter turns off what only teachers and JupyterLab's makers need: nbgrader's menus, news, updates.
lab: $(READY) $(WORKSPACE)
	JUPYTERLAB_WORKSPACES_DIR=$(dir $(WORKSPACE)) JUPYTER_CONFIG_PATH=$(HERE)/.jupyter"$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" $(RUN) -m jupyterlab --ip=127.0.0.1 --ServerApp.root_dir=. \
		--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		$(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_FLAGS)

# A layout of the course's own: its side bar starts folded, so that text has room on a small screen.
$(WORKSPACE):
	mkdir -p $(@D)
	cp .jupyter/$(@F) $@

# A warning is an error in kernels and subprocesses too; the exception is explained in pyproject.toml.
PYTEST := OMP_NUM_THREADS=1 \
	PYTHONWARNINGS='error,ignore:User-placed attribute Grade:DeprecationWarning' \
	$(RUN) -m pytest $(TEST_FLAGS)

# What takes more than a few seconds is marked slow and left to `make test`.
check: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PYTEST) -m 'not slow' --doctest-modules tests fpl_lib

test: $(READY)
	$(PYTEST) --doctest-modules --nbval tests fpl_lib notebooks

# What `make test` does of it in a minute or two, in full.
attack: $(READY)
	$(PYTEST) --long tests/attack

# Three quarters of an hour on two cores.
class: $(READY)
	$(RUN) tests/classes.py

# Each Python that is here with the pins, and the oldest with the oldest torch that pyproject.toml allows, which
# must not have the newest one's companions. Environments stay in .matrix/, to be used again.
TORCHS := ^(torch|torchvision|triton|sympy|nvidia-.*|cuda-.*)==
MATRIX ?= oldest-torch $(foreach minor,$(shell seq $(MIN) $(MAX)),3.$(minor))
matrix: $(READY)
	$(PY) -m pip install --quiet uv
	@mkdir -p .matrix; grep -Ev '$(TORCHS)' .constraints.txt > .matrix/oldest-torch.txt; \
	for each in $(MATRIX); do \
		case $$each in \
			oldest-torch) python=3.$(MIN); how='--resolution=lowest-direct -c .matrix/oldest-torch.txt' ;; \
			*) python=$$each; how='-c .constraints.txt' ;; \
		esac; \
		found=; for one in python$$python ~/.pyenv/versions/$$python.*/bin/python; do \
			if [ "$$($$one -c 'import sys; print(sys.version[:4])' 2>/dev/null)" = $$python ]; then found=$$one; fi; \
		done; \
		if [ -z "$$found" ]; then results="$$results\n$$each: skipped, no Python $$python is here"; continue; fi; \
		bin=.matrix/$$each/bin; \
		{ [ -x $$bin/python ] || $(PY) -m uv venv --quiet --seed --python $$found .matrix/$$each; } && \
		$(PY) -m uv pip install --quiet --python $$bin/python $$how -e '.[lab,teach,test]' && \
		$$bin/python -c 'import sys, torch; print(sys.version.split()[0], torch.__version__)' && \
		PATH=$(HERE)/$$bin:"$$PATH" OMP_NUM_THREADS=1 $$bin/python -m pytest $(TEST_FLAGS) \
			-m 'not slow' --doctest-modules tests fpl_lib && \
		results="$$results\n$$each: passed" || { results="$$results\n$$each: FAILED"; failed=1; }; \
	done; \
	printf "$$results\n"; [ -z "$$failed" ]

# One notebook at a time, each in its own kernel; CHROMIUM=path names a browser.
test-browser: $(READY)
	OMP_NUM_THREADS=1 $(RUN) -m pytest tests/browser

# The stored outputs: nothing is run.
book: $(READY)
	rm -rf book
	$(PY) -m fpl_lib.course.book book

# Where to make a course for nbgrader: notebooks/README.md says how to teach with it.
COURSE ?= ../fpl-course
course: $(READY)
	$(RUN) -m fpl_lib.course.grading.classroom '$(COURSE)'

student: $(READY)
	$(PY) -m fpl_lib.course execute
	$(PY) -m fpl_lib.course student

house: $(READY)
	$(PY) tests/house.py

pins: $(READY)
	$(PY) -m pip install --quiet uv
	$(PY) -m uv pip compile --quiet --no-python-downloads --universal --python-version 3.$(MIN) \
		--all-extras --no-annotate --no-header --no-emit-index-url $(PINS_FLAGS) \
		--output-file .constraints.txt pyproject.toml > /dev/null

clean:
	rm -rf .pytest_cache .ruff_cache .hypothesis book dist
	find . -name .venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune \
		-exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) .matrix

# .ready is written last, so that an interrupted set-up is taken up again. It says what it holds for: a moved
# checkout, an interpreter that is gone or another PYTHON asked for make it stale.
IDENTITY := import os, sys; print(os.getcwd(), sys.base_prefix, sys.version.split()[0])
MADE_HERE := import os, shlex, sys; here = os.path.join(os.getcwd(), "$(VENV)"); \
	text = open("$(VENV)/bin/activate").read(); sys.exit(not (here in text or shlex.quote(here) in text))
IN_RANGE := import sys; sys.exit(not (3, $(MIN)) <= sys.version_info[:2] <= (3, $(MAX)))
ifneq ($(shell cat $(READY) 2>/dev/null),$(shell '$(or $(PYTHON),$(PY))' -c '$(IDENTITY)' 2>/dev/null))
$(READY): FORCE
endif

$(READY): pyproject.toml .constraints.txt
	@usable() { $(PY) -m pip --version && $(PY) -c '$(MADE_HERE)'; }; \
	if [ -L $(VENV) ] && [ -n "$$(ls -A $(VENV)/ 2>/dev/null)" ] && ! usable >/dev/null 2>&1; then \
		echo "$(VENV) is a link to $$(readlink $(VENV)), which was not made for this checkout: setting up" \
			"here would clear it. Run 'rm $(VENV)', which removes the link alone, then make again." >&2; \
		exit 1; \
	fi; \
	if [ -n '$(PYTHON)' ]; then set -- '$(PYTHON)'; \
	elif usable >/dev/null 2>&1; then set -- $(PY); \
	else set -- python3 python3.14 python3.13 python3.12 python3.11 python3.10; fi; \
	first=$$1; python=; \
	for each in "$$@"; do \
		if "$$each" -c '$(IN_RANGE)' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		found=$$("$$first" --version 2>/dev/null) || found='not there'; \
		echo "Python 3.$(MIN) to 3.$(MAX) is needed, but $$first is $$found: install one and name it," \
			"as in 'PYTHON=python3.12 make $(firstword $(MAKECMDGOALS))'." >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv; ensurepip.version()' 2>/dev/null; then \
		echo "$$python cannot make a virtual environment: on Debian or Ubuntu, run" \
			"'sudo apt install python3-venv', then make again." >&2; exit 1; \
	fi; \
	rm -f $(READY); \
	identity=$$("$$python" -c '$(IDENTITY)'); \
	if ! usable >/dev/null 2>&1 || [ "$$($(PY) -c '$(IDENTITY)')" != "$$identity" ]; then \
		echo "Setting up $(VENV) with $$("$$python" --version), once; this takes some minutes."; \
		"$$python" -m venv --clear $(VENV) || exit 1; \
	fi; \
	$(PY) -m pip install -c .constraints.txt -e '.[lab,teach,test]' && \
	echo "$$identity" > $(READY)
