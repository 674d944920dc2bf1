"""Every released schema leads to this version's tables, with all that was in them.

``schemas/NNNN.KIND.sql`` is a database of a released version with something in every table, as its
own program dumps it. ``tests/store/freeze.py`` writes them; none is ever edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from maskwatch.errors import StoreTaken
from maskwatch.store.database import Database
from maskwatch.store.lock import only_service
from maskwatch.store.schema import metadata
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade
from maskwatch.types import Fault
from tests.store.freeze import KINDS, SCHEMAS, content, file_of, thaw
from tests.store.values import after

CHANGED: Mapping[str, set[str]] = {}
"""By revision, the tables whose rows a later migration changes on purpose."""


def assert_is_current(database: Database) -> None:
    with database.read() as connection:
        assert current_revision(connection) == known_revisions()[-1]
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_the_migrations_lead_to_the_tables_that_the_code_knows(url: str) -> None:
    database = Database(url)
    upgrade(database)
    assert_is_current(database)
    database.close()


def test_there_is_a_database_of_every_released_schema() -> None:
    expected = {file_of(revision, kind) for revision in known_revisions() for kind in KINDS}
    assert set(SCHEMAS.iterdir()) == expected


@pytest.mark.parametrize("revision", known_revisions())
def test_a_database_of_a_released_version_keeps_every_row(
    revision: str, url: str, tmp_path: Path
) -> None:
    thaw(revision, url)
    before = content(url)
    assert all(before.values()), "a frozen database has something in every table"
    Store.open(url, tmp_path).close()
    after = content(url)
    for table in before.keys() - {"alembic_version"} - CHANGED.get(revision, set()):
        columns = before[table][0].keys() & after[table][0].keys()
        assert [{key: row[key] for key in columns} for row in after[table]] == [
            {key: row[key] for key in columns} for row in before[table]
        ], table


@pytest.mark.parametrize("revision", known_revisions())
def test_a_database_of_a_released_version_is_read_and_written_like_a_new_one(
    revision: str, url: str, tmp_path: Path
) -> None:
    thaw(revision, url)
    with Store.open(url, tmp_path) as store:
        assert_is_current(store.database)
        (episode,) = store.episodes.page().items
        assert (episode.camera, episode.zone, episode.coverage) == ("entrance", "Tür", 3.5)
        assert episode.fault is Fault.NOSE_OUT
        assert len(store.episodes.timeline(episode.id)) == 1
        (delivery,) = store.deliveries.of_episode(episode.id)
        assert delivery.channel == "office"
        assert store.users.by_name("EVE") is not None
        assert store.snapshots.get(episode.snapshot_id or "").faces[0].is_subject
        store.audit.append("eve", "y", "z")
        assert store.audit.verify().broken_at is None
        assert store.audit.verify().head.seq == 2
        store.episodes.acknowledge(episode.id, "eve", episode.started_at)
        (counted,) = store.people.counts(after(minutes=-60), after(minutes=60))
        assert counted.counts.mask == 1 + 7  # a person and a bucket


def test_upgrading_twice_changes_nothing(url: str, tmp_path: Path) -> None:
    with Store.open(url, tmp_path) as store:
        store.settings.set("a", 1)
        upgrade(store.database)
        assert store.settings.get("a") == 1


def test_an_older_database_is_left_alone_while_its_service_runs(url: str, tmp_path: Path) -> None:
    thaw(known_revisions()[0], url)
    database = Database(url)
    with (
        only_service(database, tmp_path / "snapshots"),
        pytest.raises(StoreTaken, match="of an older version: stop it first"),
    ):
        Store.open(url, tmp_path / "snapshots")
    with database.read() as connection:
        assert current_revision(connection) == known_revisions()[0]
    database.close()
    Store.open(url, tmp_path / "snapshots").close()
