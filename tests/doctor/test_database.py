"""Databases that are tried and left as they were."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from maskwatch.config.root import Config, parse_config
from maskwatch.doctor.database import check_database
from maskwatch.doctor.finding import Grade
from maskwatch.doctor.host import check_disk
from maskwatch.store.database import Database
from maskwatch.store.store import Store
from maskwatch.store.upgrade import current_revision, known_revisions, upgrade
from tests.doctor.configured import config, contents
from tests.servers.postgres import postgres


def storage_checks(config: Config) -> list[Grade]:
    return [check(config).grade for check in (check_database, check_disk)]


@pytest.mark.parametrize("place", ["", "to/be/made"])
def test_the_database_and_the_disk_are_tried_and_nothing_is_left(
    tmp_path: Path, place: str
) -> None:
    assert storage_checks(config("", tmp_path / place)) == [Grade.OK] * 2
    assert contents(tmp_path) == {}


def test_a_database_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    there = config("", tmp_path)
    with Store.open(there.storage.database_url, there.storage.snapshots) as store:
        store.settings.set("a", "b")
    before = contents(tmp_path)
    assert storage_checks(there) == [Grade.OK] * 2
    assert contents(tmp_path) == before


def test_a_database_may_be_tried_while_the_service_has_it_open(tmp_path: Path) -> None:
    there = config("", tmp_path)
    with Store.open(there.storage.database_url, there.storage.snapshots) as store:
        store.settings.set("a", "b")
        assert check_database(there).grade is Grade.OK
        assert (store.settings.get("a"), store.settings.get("doctor")) == ("b", None)


def test_a_file_that_the_store_has_not_opened_yet_stays_as_it_is(tmp_path: Path) -> None:
    """To open it as the store does would rewrite its header."""
    file = tmp_path / "maskwatch.db"
    file.touch()
    assert storage_checks(config("", tmp_path)) == [Grade.OK] * 2
    assert contents(tmp_path) == {file: b""}
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("CREATE TABLE notes (text)")
    before = contents(tmp_path)
    assert storage_checks(config("", tmp_path)) == [Grade.OK] * 2
    assert contents(tmp_path) == before
    file.write_bytes(b"no database at all" * 100)
    assert storage_checks(config("", tmp_path)) == [Grade.FAILED, Grade.OK]
    assert file.read_bytes() == b"no database at all" * 100


def test_a_database_of_a_newer_version_is_named_and_one_of_an_older_stays(tmp_path: Path) -> None:
    there = config("", tmp_path)
    database = Database(there.storage.database_url)
    upgrade(database, known_revisions()[0])
    assert check_database(there).grade is Grade.OK
    with database.write() as connection:
        assert current_revision(connection) == known_revisions()[0]
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'm9999'"))
    found = check_database(there)
    assert (found.grade, "newer version" in found.said) == (Grade.FAILED, True)
    database.close()


def test_an_empty_database_of_a_server_stays_empty(tmp_path: Path) -> None:
    with postgres() as server, server.database() as url:
        there = parse_config(f"storage: {{folder: {tmp_path}, url: '{url}'}}", "test.yaml")
        found = check_database(there)
        assert (found.grade, found.said) == (Grade.OK, "PostgreSQL takes what is written")
        database = Database(url)
        with database.read() as connection:
            assert sa.inspect(connection).get_table_names() == []
        database.close()
