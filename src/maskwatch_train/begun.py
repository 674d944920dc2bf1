"""What a run was begun with: a run that was stopped goes on with nothing else."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from maskwatch.outputs.files import write_whole
from maskwatch_train.engine import STATE
from maskwatch_train.errors import DataError
from maskwatch_train.recipe import refuse_another

BEGUN = "begun.json"
"""In the folder of a run."""


def begin(out: Path, asked: Mapping[str, Any]) -> None:
    """Keeps in the folder of a run what it is begun with, or sees that it goes on with the same.

    Args:
        out: the folder.
        asked: by the name that people know it by; as JSON gives it back.

    Raises:
        UsageError: the folder holds a run that was begun with something else.
        DataError: it does not say what its run was begun with.
        OutputError: it cannot be written.
    """
    if (out / STATE).exists():
        refuse_another(out, _begun(out / BEGUN, asked.keys()), asked)
    else:
        write_whole(out / BEGUN, json.dumps(asked, indent=1).encode() + b"\n")


def _begun(path: Path, keys: Collection[str]) -> dict[str, Any]:
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"{error.strerror}, so how the run beside it was begun is unknown"
        raise DataError(path, reason) from error
    except ValueError as error:
        raise DataError(path, f"not JSON: {error}") from error
    if not isinstance(begun, dict) or begun.keys() != keys:
        raise DataError(path, "written by another version: choose another folder")
    return begun
