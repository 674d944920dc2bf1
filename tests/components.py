"""Skips for what a machine may lack, which a switch turns into failures.

A test that needs a program, a plug-in or a data set says so with `need`. On a developer's machine
the test then shows as skipped, with the name of what is missing; where everything is meant to be
there (``MASKWATCH_REQUIRE_ALL=1``, as in ``.ci/run``) the same test fails instead.
"""

from __future__ import annotations

import os

import pytest

REQUIRE_ALL = "MASKWATCH_REQUIRE_ALL"


def all_required() -> bool:
    """Whether a missing component is a failure here."""
    return os.environ.get(REQUIRE_ALL) == "1"


def need(component: str, present: bool, hint: str) -> None:
    """Skip the calling test, or fail it where everything is required, unless ``present``.

    Args:
        component: what the test needs, as a person would name it.
        present: whether it is there.
        hint: how to get it, in a few words.
    """
    if present:
        return
    reason = f"missing component: {component} ({hint})"
    if all_required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
