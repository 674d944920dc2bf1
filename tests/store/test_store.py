from __future__ import annotations

import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from maskwatch.errors import RecordExists, StoreError
from maskwatch.store.database import Database
from maskwatch.store.ids import new_id
from maskwatch.store.store import Store
from tests.servers.postgres import Postgres
from tests.servers.relay import relay
from tests.store.values import after, episode


def test_ids_sort_by_time_and_differ() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(len(each) == 32 and int(each, 16) for each in ids)
    assert [each[:12] for each in ids] == sorted(each[:12] for each in ids)


def test_opening_again_finds_what_was_there(url: str, tmp_path: Path) -> None:
    one = episode()
    with Store.open(url, tmp_path / "s") as store:
        store.episodes.add(one)
    with Store.open(url, tmp_path / "s") as store:
        assert store.episodes.get(one.id) == one


def test_a_transaction_is_kept_whole_or_not_at_all(store: Store) -> None:
    first, second = episode(), episode()
    store.episodes.add(second)

    def both() -> None:
        with store.transaction():
            store.episodes.add(first)
            store.settings.set("a", 1)
            store.episodes.add(second)

    with pytest.raises(RecordExists):
        both()
    assert store.episodes.count() == 1
    assert store.settings.get("a") is None


def test_another_thread_sees_nothing_of_a_transaction_before_its_end(store: Store) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.append(store.episodes.count())

    with store.transaction():
        store.episodes.add(episode())
        assert store.episodes.count() == 1
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(30)
    look()
    assert seen == [0, 1]


def test_many_threads_write_and_read_at_once(store: Store) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for i in range(10):
                store.episodes.add(episode(id=f"{number}-{i}"))
                store.episodes.page(limit=5)
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert store.episodes.count() == 40


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("mysql://u:hush@h/d", "the database's address must start with sqlite:///"),
        ("hush", "the database's address must start with sqlite:///"),
        ("sqlite://", "the database's address must name a file"),
        ("sqlite:///", "SQLite needs a file"),
        ("postgresql://u:hush@h:abc/d", "must have a port from 1 to 65535"),
        ("postgresql://u:hush@h/d?ssl=true", "may have the options sslmode"),
        (
            "postgresql://u:hush@h/d?sslmode=require&sslrootcert=/proc/none.pem",
            "sslrootcert: /proc/none.pem: no certificates: no such file",
        ),
        ("sqlite:////proc/hush/m.db", "no such file or directory"),
        ("postgresql://u:hush@127.0.0.1:1/d", "the database failed"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said_why_without_its_password(
    tmp_path: Path, address: str, reason: str
) -> None:
    with pytest.raises(StoreError, match=reason) as caught:
        Store.open(address, tmp_path)
    assert "hush" not in str(caught.value).replace("/proc/hush", "")


def test_who_looks_for_a_store_finds_it_or_nothing_and_makes_none(url: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreError, match=r"there is no database at|is empty; is storage\.folder"):
        Store.open_existing(url, tmp_path / "s")
    assert sorted(tmp_path.iterdir()) == before
    one = episode()
    with Store.open(url, tmp_path / "s") as store:
        store.episodes.add(one)
    with Store.open_existing(url, tmp_path / "s") as store:
        assert store.episodes.get(one.id) == one


def test_an_empty_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "m.db").touch()
    with pytest.raises(StoreError, match=rf"the database at {tmp_path}/m\.db is empty"):
        Store.open_existing(f"sqlite:///{tmp_path}/m.db", tmp_path / "s")


def test_where_a_server_is_can_be_said_without_its_password() -> None:
    database = Database("postgresql://u:hush@db.example.org:5433/d?sslmode=require")
    assert database.place == "postgresql://u:***@db.example.org:5433/d"


def test_a_connection_that_the_server_ended_is_made_anew(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    with postgres_server.database() as url, Store.open(url, tmp_path) as store:
        store.episodes.add(episode())
        store.database.engine.dispose()
        assert store.episodes.count() == 1  # one connection is in the pool now
        other = sa.create_engine(url.replace("postgresql", "postgresql+pg8000"))
        with other.connect() as connection:
            ended = connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
            assert len(ended.all()) == 1
        other.dispose()
        assert store.episodes.count() == 1


@pytest.mark.parametrize("at", [b"pg_sleep", b"commit"])
def test_a_connection_that_is_reset_in_the_middle_of_a_statement_is_an_error_of_ours(
    postgres_server: Postgres, tmp_path: Path, at: bytes
) -> None:
    with postgres_server.database() as url, relay(make_url(url).port or 0) as between:
        address = make_url(url).set(port=between.port).render_as_string(hide_password=False)
        with Store.open(address, tmp_path) as store:
            store.episodes.add(episode())
            between.cut_at = at
            with (
                pytest.raises(StoreError, match=r"reset by peer|network error"),
                store.database.write() as connection,
            ):
                connection.execute(sa.text("SELECT pg_sleep(0)"))
            between.cut_at = None
            assert store.episodes.count() == 1  # over a connection made anew


def test_a_statement_of_a_server_may_take_longer_than_a_connection(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of an upgrade, a restore or a backup do."""
    monkeypatch.setattr("maskwatch.store.engines.postgres._ANSWER_S", 0.5)
    with postgres_server.database() as url, Store.open(url, tmp_path) as store:
        for _ in range(2):  # with a connection that is new, and one of the pool
            with store.database.write() as connection:
                assert connection.scalar(sa.text("SELECT 7 FROM pg_sleep(1)")) == 7


def test_a_server_that_has_gone_without_a_word_is_noticed(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwatch.store.engines.postgres._ANSWER_S", 0.5)
    with postgres_server.database() as url, relay(make_url(url).port or 0) as between:
        address = make_url(url).set(port=between.port).render_as_string(hide_password=False)
        # pg8000 leaves the socket open when nobody answers whether there is TLS.
        with Store.open(f"{address}?sslmode=disable", tmp_path) as store:
            with store.database.engine.connect() as connection:
                kept: Any = connection.connection.dbapi_connection
                # In the middle of a statement by the system, which asks the other machine.
                assert kept._usock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
                assert kept._usock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
            between.is_deaf = True
            with pytest.raises(StoreError, match="time"):
                store.episodes.count()
            between.is_deaf = False
            assert store.episodes.count() == 0


def test_of_a_connection_that_broke_nothing_is_left_to_the_garbage_collector(
    postgres_server: Postgres,
) -> None:
    """Since Python 3.13 it complains on standard error of what it cannot send."""
    with postgres_server.database() as url, relay(make_url(url).port or 0) as between:
        address = make_url(url).set(port=between.port).render_as_string(hide_password=False)
        database = Database(address)
        with database.engine.connect() as connection:
            kept: Any = connection.connection.dbapi_connection
            stream = kept._sock
            between.cut()
            connection.invalidate()
        database.close()
        assert stream.closed


def test_a_database_of_a_newer_version_is_left_alone(url: str, tmp_path: Path) -> None:
    with Store.open(url, tmp_path) as store, store.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version of maskwatch"):
        Store.open(url, tmp_path)


def test_sqlites_file_is_for_the_owner_only(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'm.db'}", tmp_path):
        for path in tmp_path.glob("m.db*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


KILLED = """
import os, sys
from pathlib import Path
from maskwatch.store.store import Store
from tests.store.values import episode
store = Store.open(sys.argv[1], Path(sys.argv[2]))
for number in range(20):
    store.episodes.add(episode(id=f"{number:02d}"))
    print(number, flush=True)
with store.transaction():
    store.episodes.add(episode(id="half"))
    os.kill(os.getpid(), 9)
"""


def test_what_was_written_outlives_kill_9_and_half_a_transaction_does_not(
    url: str, tmp_path: Path, checkout: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(tmp_path)],
        cwd=checkout,
        env={"PYTHONPATH": f"{checkout / 'src'}:{checkout}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -9, done.stderr
    assert len(done.stdout.split()) == 20
    with Store.open(url, tmp_path) as store:
        assert [each.id for each in store.episodes.page().items][::-1] == [
            f"{number:02d}" for number in range(20)
        ]
        if store.database.is_sqlite:
            with store.database.read() as connection:
                check = connection.execute(sa.text("PRAGMA integrity_check")).scalar_one()
            assert check == "ok"
        store.episodes.add(episode(started_at=after(1)))


@pytest.mark.parametrize("harm", ["cut", "garbled"])
def test_a_torn_end_of_the_write_ahead_log_costs_the_last_transactions_and_no_more(
    tmp_path: Path, checkout: Path, harm: str
) -> None:
    """As after a power cut on a disk that wrote half of what it was given."""
    url = f"sqlite:///{tmp_path / 'm.db'}"
    Store.open(url, tmp_path).close()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(tmp_path)],
        cwd=checkout,
        env={"PYTHONPATH": f"{checkout / 'src'}:{checkout}", "PATH": ""},
        capture_output=True,
    )
    assert killed.returncode == -9
    log = tmp_path / "m.db-wal"
    content = bytearray(log.read_bytes())
    torn_at = len(content) * 2 // 3
    if harm == "garbled":
        content[torn_at : torn_at + 4096] = bytes(reversed(content[torn_at : torn_at + 4096]))
    log.write_bytes(content if harm == "garbled" else content[:torn_at])
    with Store.open(url, tmp_path) as store:
        kept = [each.id for each in store.episodes.page().items][::-1]
        assert kept == [f"{number:02d}" for number in range(len(kept))]
        assert 0 < len(kept) < 20
        with store.database.read() as connection:
            assert connection.execute(sa.text("PRAGMA integrity_check")).scalar_one() == "ok"
        store.episodes.add(episode(id="new"))
        assert store.episodes.count() == len(kept) + 1
