"""Each test of the store runs twice: on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maskwatch.config.privacy import Photos
from maskwatch.store.store import Store
from tests.servers.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One server for all tests; each gets a database of its own."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'maskwatch.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        with server.database() as address:
            yield address


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store that takes any photo."""
    with Store.open(url, tmp_path / "snapshots", Photos.CLEAR) as opened:
        yield opened
