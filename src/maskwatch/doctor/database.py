"""The database: whether it takes what is written."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from maskwatch.config.root import Config
from maskwatch.doctor.finding import Finding, Grade
from maskwatch.doctor.host import nearest_existing
from maskwatch.errors import MaskwatchError
from maskwatch.reasons import system_reason
from maskwatch.store.database import Database, sqlite_file
from maskwatch.store.settings import Settings
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade


def check_database(config: Config) -> Finding:
    """Whether the database can be opened and written to; nothing of it is kept."""
    url = config.storage.database_url
    file = sqlite_file(url)
    advice = "check storage.url and storage.folder, and who may write there"
    try:
        if file is None or is_in_use(file):
            _write_and_undo(url)
        else:
            _try_to_make(file)
    except MaskwatchError as error:
        return Finding("database", Grade.FAILED, str(error), advice)
    except OSError as error:
        return Finding("database", Grade.FAILED, f"{file}: {system_reason(error)}", advice)
    kind = "PostgreSQL" if file is None else "SQLite"
    return Finding("database", Grade.OK, f"{kind} takes what is written")


def is_in_use(file: Path) -> bool:
    """Whether SQLite writes to the file the way that the store has it do (WAL).

    Bytes 18 and 19 say so, see https://www.sqlite.org/fileformat.html#file_format_version_numbers
    """
    try:
        with file.open("rb") as content:
            return content.read(20)[18:] == b"\2\2"
    except FileNotFoundError:
        return False


class _Undone(Exception):
    """Ends a transaction that is not to be kept."""


def _write_and_undo(url: str) -> None:
    """Writes to a database, making tables where there are none, and takes it back."""
    database = Database(url)
    try:
        with suppress(_Undone), database.write() as connection:
            # Tables of an older version stay: to bring them up to date may take the service's time.
            if current_revision(connection) not in known_revisions():
                upgrade(database)
            Settings(database).set("doctor", datetime.now(UTC).isoformat())
            raise _Undone
    finally:
        database.close()


def _try_to_make(file: Path) -> None:
    """Writes to a database beside the place of SQLite's file: a copy of the file if there is one.

    To open the file itself would make it, or change how it is written to.
    """
    with tempfile.TemporaryDirectory(
        prefix=".doctor-", dir=nearest_existing(file.parent)
    ) as folder:
        trial = Path(folder, file.name)
        if file.exists():
            file.open("r+b").close()  # raises when it may not be written to
            shutil.copy(file, trial)
        _write_and_undo(f"sqlite:///{trial}")
