"""Fixtures for the tests of scores."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

import pytest

from tests.components import need


@pytest.fixture
def sklearn_metrics() -> ModuleType:
    """``sklearn.metrics``, an independent implementation to compare with."""
    found = importlib.util.find_spec("sklearn") is not None
    need("scikit-learn", found, "it comes with the extra [train]")
    return importlib.import_module("sklearn.metrics")
