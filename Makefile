# Each target sets up .venv first when it is missing, unfinished or older than its requirements.

RUN := .venv/bin/python
SEEDS := 10
FIRST := 100
# Two files at a time, each on one thread: sooner done than one by one on two. All cells of a notebook need one worker.
TWO := --numprocesses=2 --dist=loadfile
# Ten times the slowest cell: the training of lesson 03 takes two minutes on one thread where another test runs beside it.
CELL_SECONDS := 1200
NBVAL := --nbval --nbval-cell-timeout=$(CELL_SECONDS) --nbval-kernel-startup-timeout=300 \
	--nbval-sanitize-with tests/nbval_sanitize.cfg

.PHONY: help setup lab progress test notebooks claims pages slides site assignment grade feedback environments clean

help: ## print this list (the default)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  TORCH=cpu    at the first set-up: PyTorch without CUDA, a much smaller download on Linux'
	@echo '  PYTHON=...   at the first set-up: the Python to use, 3.11 or newer'
	@echo '  LESSON=03    one lesson only; for assignment, grade and feedback, which one'
	@echo '  FIRST=0      the first seed, for claims: on 0 to 9 they are tuned, on 100 to 109 confirmed'
	@echo '  SEEDS=10     how many seeds, for claims'
	@echo '  ARGS="..."   more arguments for JupyterLab, progress or pytest, such as ARGS="-n0 --dist=no --pdb"'

setup: ## install everything into .venv
	@PYTHON="$(PYTHON)" TORCH="$(TORCH)" sh scripts/setup.sh

lab: setup ## copy new lessons into my/ and open JupyterLab on the first one
	@exec $(RUN) scripts/lab.py $(ARGS)

progress: setup ## print which exercises in my/ are solved, tried or untouched
	@$(RUN) scripts/progress.py $(LESSON) $(ARGS)

test: setup ## run the unit tests, and every notebook against its stored outputs
	OMP_NUM_THREADS=1 $(RUN) -m pytest tests notebooks $(TWO) $(NBVAL) $(ARGS)

notebooks: setup ## run the notebooks anew and store their outputs
	$(RUN) scripts/run_notebooks.py $(LESSON)

claims: setup ## run the lessons with several seeds and tabulate how often each claim holds
	$(RUN) scripts/claims.py --first $(FIRST) --seeds $(SEEDS) $(LESSON)

pages: setup ## write the notebooks as web pages into html/
	$(RUN) scripts/pages.py $(LESSON)

slides: setup ## write the lessons as slides into html/, one file a lesson that needs no network
	@$(RUN) -m pip show --quiet latex2mathml sphinx-revealjs 2>/dev/null || $(RUN) -m pip install --quiet --editable '.[slides]'
	$(RUN) scripts/slides.py $(LESSON)

site: setup ## build the web site of the course into html/site/
	@$(RUN) -c 'import furo, latex2mathml, myst_nb' 2>/dev/null || $(RUN) -m pip install --editable ".[site]"
	$(RUN) scripts/build_site.py

assignment: setup ## make an assignment of a lesson's exercises for a class, see docs/grading.md
	$(RUN) scripts/assignment.py $(LESSON)

grade: setup ## grade what a class has handed in for a lesson
	$(RUN) scripts/grade.py $(LESSON)

feedback: setup ## write a page for each student with what the checks said, after grade
	$(RUN) scripts/feedback.py $(LESSON)

environments: setup ## run the lessons as on Binder and on Colab, in environments of their own
	PYTHONPATH=scripts $(RUN) tests/environments/binder.py $(ARGS) .environments/binder $(LESSON)
	PYTHONPATH=scripts $(RUN) tests/environments/colab.py .environments/colab $(LESSON)

clean: ## remove .venv, .environments/, html/ and caches; my/ and data/ stay
	rm -rf .venv .environments html .pytest_cache .ruff_cache gan_vae_course.egg-info
	find . -path ./my -prune -o -path ./data -prune -o -name __pycache__ -prune -exec rm -rf {} +
