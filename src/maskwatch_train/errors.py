"""What the training package raises on purpose, below the tree of ``maskwatch.errors``.

::

    MaskwatchError
    ├── DataError                    a data set or manifest cannot be used; names file and reason
    └── running.engine.NotFinite     the loss of a run is not a number any more; names its terms
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwatch.errors import MaskwatchError


class DataError(MaskwatchError):
    """A data set or manifest cannot be used.

    Args:
        path: the file or folder.
        reason: one short clause for people, without a full stop.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns the system's errors into DataError for ``path``."""
    try:
        yield
    except OSError as error:
        raise DataError(path, error.strerror or "cannot be read") from error
