"""Folders that are either complete or not there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwatch.errors import UsageError
from maskwatch.outputs.files import make_folder, output_errors
from maskwatch.reasons import system_reason


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which gets its final name when the block ends.

    When the block fails or is interrupted, everything in it is removed again.

    Args:
        path: the final name; nothing, or an empty folder, may be there. A link is followed.

    Yields:
        The folder to fill, beside the final one.

    Raises:
        UsageError: something is there already, or a folder that cannot be replaced.
        OutputError: it cannot be made or renamed.
    """
    path = path.resolve()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path}: already exists and would be overwritten")
    make_folder(path.parent)
    try:
        # Now, not when hours of work wait for the name.
        if path.exists():
            path.rmdir()
    except OSError as error:  # it is mounted, as in a container
        raise UsageError(
            f"{path}: cannot be replaced ({system_reason(error)}): name a new folder in it"
        ) from error
    with output_errors(path):
        # Never one that a killed run left behind, as the number of a process may come again.
        around = tempfile.TemporaryDirectory(
            prefix=".", suffix=".part", dir=path.parent, ignore_cleanup_errors=True
        )
    with around as place:
        part = Path(place) / path.name
        with output_errors(path):
            part.mkdir()  # with the rights of any new folder; a temporary one is its owner's alone
        yield part
        with output_errors(path):
            part.rename(path)
