"""Every released schema leads to this version's tables.

``schemas/NNNN.sql`` is a database of a released version with a row or two, as SQLite dumps it. A
release that changes the tables adds one; none is ever edited.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from maskwatch.store.database import Database
from maskwatch.store.schema import metadata
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def test_the_migrations_lead_to_the_tables_that_the_code_knows(url: str) -> None:
    database = Database(url)
    upgrade(database)
    with database.read() as connection:
        assert current_revision(connection) == known_revisions()[-1]
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    database.close()


def test_there_is_a_database_of_every_released_schema() -> None:
    assert [path.stem for path in SCHEMAS] == known_revisions()


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda path: path.stem)
def test_a_database_of_a_released_version_opens_with_its_rows(schema: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "m.db") as connection:
        connection.executescript(schema.read_text(encoding="utf-8"))
    connection.close()
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path / "s") as store:
        (episode,) = store.episodes.page().items
        assert (episode.camera, episode.coverage) == ("entrance", 12.5)
        assert len(store.episodes.timeline(episode.id)) == 1
        (delivery,) = store.deliveries.of_episode(episode.id)
        assert delivery.channel == "office"
        assert store.users.by_name("EVE") is not None
        assert store.audit.verify().head.seq == 2
        assert store.snapshots.get(episode.snapshot_id or "").faces[0].is_subject


def test_upgrading_twice_changes_nothing(url: str, tmp_path: Path) -> None:
    with Store.open(url, tmp_path) as store:
        store.settings.set("a", 1)
        upgrade(store.database)
        assert store.settings.get("a") == 1
