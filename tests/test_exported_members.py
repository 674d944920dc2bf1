"""The list of public names at the top of the package is true."""

from __future__ import annotations

import inspect
from types import ModuleType

import maskwatch


def test_every_name_in_all_can_be_had() -> None:
    missing = [name for name in maskwatch.__all__ if not hasattr(maskwatch, name)]
    assert missing == []


def test_all_is_sorted_and_names_nothing_twice() -> None:
    assert list(maskwatch.__all__) == sorted(set(maskwatch.__all__))


def test_every_public_name_of_the_package_is_in_all() -> None:
    public = {
        name
        for name in dir(maskwatch)
        if not name.startswith("_") and not isinstance(getattr(maskwatch, name), ModuleType)
    }
    assert public - {"annotations"} == set(maskwatch.__all__) - {"__version__"}


def test_every_public_class_and_function_says_what_it_is() -> None:
    undocumented = [
        name
        for name in maskwatch.__all__
        if callable(getattr(maskwatch, name)) and not inspect.getdoc(getattr(maskwatch, name))
    ]
    assert undocumented == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(maskwatch, "no_such_name")
