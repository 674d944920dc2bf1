"""The extra ``[train]``, without which some verbs lack their packages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maskwatch.errors import MissingExtra


@contextmanager
def needing_extra(verb: str) -> Iterator[None]:
    """Says which extra a verb needs, where a package that is imported in the block is missing.

    Raises:
        MissingExtra: one is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).startswith("maskwatch"):
            raise
        raise MissingExtra(f"maskwatch-train {verb}", "train") from error
