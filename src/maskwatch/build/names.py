"""What stands in a table under a name that somebody gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from maskwatch.errors import UsageError

T = TypeVar("T")


def named(table: Mapping[str, T], name: str, what: str) -> T:
    """What a table has under a name; raises UsageError, with the names that there are."""
    try:
        return table[name]
    except KeyError:
        raise UsageError(f"no {what} is called {name!r}; there are {', '.join(table)}") from None
