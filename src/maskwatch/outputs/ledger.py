"""Which files of a folder this program wrote: only these are overwritten, and none is looked at.

The names stand in a hidden file beside them, one a line as JSON. Once a file is written its size
stands behind its name, as in ``["door.jpg", 31415]``: what somebody else puts there later, under
the same name, is not ours. Before it is written again the name alone is added again: a run that is
killed leaves a file that is ours whatever its size. The last line about a name counts. Lines are
only added, so two runs at once into one folder both keep theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from maskwatch.outputs.files import output_errors

LEDGER = ".maskwatch-written"
"""Its name begins with a dot, so that it is passed over where folders are looked through."""


def written_names(folder: Path) -> frozenset[str]:
    """Names of the files in ``folder`` that earlier runs wrote there.

    Where the ledger is not there or cannot be read nothing counts as ours, and so everything is
    left as it is.
    """
    sizes = _sizes_by_name(folder)
    return frozenset(
        name for name, size in sizes.items() if size is None or size == _size(folder / name)
    )


def note_names(folder: Path, names: Iterable[str]) -> None:
    """Adds names to the ledger of a folder, before the files are written.

    Raises:
        OutputError: it cannot be written.
    """
    known = _sizes_by_name(folder)
    _add(folder, [name for name in names if known.get(name, 0) is not None])


def note_sizes(folder: Path, names: Iterable[str]) -> None:
    """Adds how large files are, after they are written.

    Left out are those that are not there, and those whose names could not be noted before.

    Raises:
        OutputError: it cannot be written.
    """
    known = _sizes_by_name(folder)
    found = ((name, _size(folder / name)) for name in names if name in known)
    _add(folder, [(name, size) for name, size in found if size not in (None, known[name])])


def _sizes_by_name(folder: Path) -> dict[str, int | None]:
    """What the ledger knows; None for the size of a file that may not have been written whole."""
    try:
        lines = (folder / LEDGER).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(entry for entry in map(_entry_in, lines) if entry is not None)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _add(folder: Path, entries: Sequence[object]) -> None:
    if entries:
        ledger = folder / LEDGER
        new = "".join(f"{json.dumps(entry)}\n" for entry in entries)
        with output_errors(ledger), ledger.open("a", encoding="utf-8") as file:
            file.write(_end_of_torn_line(ledger) + new)


def _end_of_torn_line(ledger: Path) -> str:
    """What must come before a new line, where a full disk left the last one without its end."""
    data = ledger.read_bytes()
    return "" if not data or data.endswith(b"\n") else "\n"


def _entry_in(line: str) -> tuple[str, int | None] | None:
    """None for a line that was torn or is somebody else's."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    match entry:
        case str(name):
            return name, None
        case [str(name), int(size)]:
            return name, size
    return None
