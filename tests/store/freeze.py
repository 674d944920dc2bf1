"""Writes down a database of this version's schema, as SQLite and as PostgreSQL.

    python -m tests.store.freeze

It is run for every change of the tables, and again until that is released; from then on the files
in ``schemas`` stay as they are.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from maskwatch.config.privacy import Photos
from maskwatch.store.database import Database
from maskwatch.store.store import Store
from maskwatch.store.upgrade import known_revisions
from tests.servers.postgres import postgres, program
from tests.store.values import fill

SCHEMAS = Path(__file__).parent / "schemas"
KINDS = ("sqlite", "postgresql")

_FOR_PSQL = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")
"""Beginnings of lines that only psql needs, or nobody."""


def file_of(revision: str, kind: str) -> Path:
    """The frozen database of a revision."""
    return SCHEMAS / f"{revision}.{kind}.sql"


def thaw(revision: str, url: str) -> None:
    """Fills an empty database from a frozen one."""
    database = Database(url)
    kind = "sqlite" if database.is_sqlite else "postgresql"
    script = file_of(revision, kind).read_text(encoding="utf-8")
    if database.is_sqlite:
        assert database.file is not None
        with closing(sqlite3.connect(database.file)) as connection:
            connection.executescript(script)
    else:
        with database.write() as written:
            written.exec_driver_sql(script.replace("%", "%%"))
    database.close()


def content(url: str) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables, as they are in the database."""
    database = Database(url)
    found = sa.MetaData()
    with database.read() as connection:
        found.reflect(connection)
        rows = {
            name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for name, table in found.tables.items()
        }
    database.close()
    return rows


def _freeze_sqlite(folder: Path) -> str:
    path = folder / "m.db"
    with Store.open(f"sqlite:///{path}", folder / "s", Photos.CLEAR) as store:
        fill(store)
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


def _freeze_postgres(folder: Path) -> str:
    with postgres() as server, server.database() as url:
        with Store.open(url, folder / "p", Photos.CLEAR) as store:
            fill(store)
        command = [program("pg_dump"), "--inserts", "--no-owner", "--no-privileges", url]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return "\n".join(_kept(done.stdout))


def _kept(dump: str) -> Iterator[str]:
    for line in dump.splitlines():
        if line and not line.startswith(_FOR_PSQL):
            yield line


def main() -> None:
    revision = known_revisions()[-1]
    SCHEMAS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for kind, freeze in zip(KINDS, (_freeze_sqlite, _freeze_postgres), strict=True):
            text = freeze(Path(folder))
            file_of(revision, kind).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
