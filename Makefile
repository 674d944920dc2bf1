# Each target is one script, which CI and people call the same way.
# PYTHON=/path/to/python3.12 chooses the interpreter that the environments are made with.

PYTHON ?= python3
export PYTHON

.PHONY: help demo test lowest check bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

demo: ## install without PyTorch and detect on the sample pictures
	@scripts/demo

test: ## install what the tests need, then lint, types and every test
	@scripts/test

lowest: ## the tests that need no PyTorch, with the oldest releases of everything that are allowed
	@scripts/test-lowest

check: ## lint, formatting and types only
	@scripts/test-env
	@scripts/check

bench: ## milliseconds per stage and frames per second
	@scripts/bench

clean: ## remove the environments and everything generated
	@scripts/clean
