"""Each test of the store runs twice: on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.store.database import Database
from maskwatch.store.store import Store
from maskwatch.store.upgrade import upgrade
from tests.servers.postgres import Postgres, postgres

KINDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for all tests; each gets a database of its own."""
    with postgres() as server:
        yield server


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'maskwatch.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        with server.database() as address:
            yield address


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and no rows: copying it takes less time than making it."""
    path = tmp_path_factory.mktemp("tables") / "maskwatch.db"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: Postgres) -> Iterator[str]:
    """The same, to be copied by the server."""
    with postgres_server.database() as address:
        _make_tables(address)
        yield address


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store that takes any photo."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_tables"), tmp_path / "maskwatch.db")
        database = Database(f"sqlite:///{tmp_path / 'maskwatch.db'}")
        with Store(database, tmp_path / "snapshots", Photos.CLEAR) as opened:
            yield opened
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        with server.database(request.getfixturevalue("postgres_tables")) as address:
            database = Database(address)
            with Store(database, tmp_path / "snapshots", Photos.CLEAR) as opened:
                yield opened


def _make_tables(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()
