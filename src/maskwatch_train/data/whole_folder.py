"""Folders that are either complete or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwatch.errors import UsageError
from maskwatch.outputs.files import make_folder, output_errors


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which gets its final name when the block ends.

    When the block fails or is interrupted, everything in it is removed again.

    Args:
        path: the final name; nothing, or an empty folder, may be there.

    Yields:
        The folder to fill, beside the final one.

    Raises:
        UsageError: something is there already.
        OutputError: it cannot be made or renamed.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise UsageError(f"{path}: is there already, and would be overwritten")
    part = path.absolute().with_name(f".{path.absolute().name}.{os.getpid()}.part")
    make_folder(part)
    try:
        yield part
        with output_errors(path):
            if path.exists():
                path.rmdir()
            part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
