"""Which files of a folder this program wrote: only these are overwritten, and none is looked at.

The names stand in a hidden file beside them, one a line as JSON. Lines are only added, so two runs
at once into one folder both keep theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from maskwatch.outputs.files import output_errors

LEDGER = ".maskwatch-written"
"""Its name begins with a dot, so that it is passed over where folders are looked through."""


def written_names(folder: Path) -> frozenset[str]:
    """Names of the files in ``folder`` that earlier runs wrote there.

    Where the ledger is not there or cannot be read nothing counts as ours, and so everything is
    left as it is.
    """
    try:
        lines = (folder / LEDGER).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(name for name in map(_name_in, lines) if name is not None)


def note_written(folder: Path, names: Iterable[str]) -> None:
    """Adds names to the ledger of a folder, before the files are written.

    Raises:
        OutputError: it cannot be written.
    """
    known = written_names(folder)
    new = "".join(f"{json.dumps(name)}\n" for name in names if name not in known)
    if new:
        ledger = folder / LEDGER
        with output_errors(ledger), ledger.open("a", encoding="utf-8") as file:
            file.write(_end_of_torn_line(ledger) + new)


def _end_of_torn_line(ledger: Path) -> str:
    """What must come before a new line, where a full disk left the last one without its end."""
    data = ledger.read_bytes()
    return "" if not data or data.endswith(b"\n") else "\n"


def _name_in(line: str) -> str | None:
    """None for a line that was torn or is somebody else's."""
    try:
        name = json.loads(line)
    except ValueError:
        return None
    return name if isinstance(name, str) else None
