from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, Timer
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from maskwatch.errors import StoreError, StoreTaken
from maskwatch.store.backup import back_up
from maskwatch.store.database import Database
from maskwatch.store.engines import postgres
from maskwatch.store.lock import only_service
from maskwatch.store.store import Store
from tests.runtime.processes import is_running, wait_until
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def holder(url: str, photos: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A process that holds a store, and the ids of its decoder and of a program of its own."""
    command = [sys.executable, "-m", "tests.store.holds_a_store", url, str(photos)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        decoder, program = map(int, process.stdout.readline().split())
        try:
            yield process, decoder, program
        finally:
            process.kill()
            os.kill(program, signal.SIGKILL)


def is_free(store: Store) -> bool:
    try:
        with only_service(store.database, store.snapshots.folder):
            return True
    except StoreError:
        return False


def locks_of(pid: int) -> list[str]:
    """The files of locks that a process has open."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.append(entry.readlink())
    return sorted(file.name for file in found if file.suffix == ".lock")


def test_a_lock_goes_with_its_process_though_its_children_live_on(url: str, tmp_path: Path) -> None:
    with Store.open(url, tmp_path / "snapshots") as store:
        with holder(url, tmp_path / "snapshots") as (process, decoder, program):
            assert not is_free(store)
            assert "snapshots.lock" in locks_of(process.pid)
            assert (locks_of(decoder), locks_of(program)) == ([], [])
            process.kill()
            assert wait_until(lambda: is_free(store))
            assert is_running(program)
        assert is_free(store)


def test_who_is_no_service_need_not_ask(store: Store, tmp_path: Path) -> None:
    with only_service(store.database, store.snapshots.folder):
        store.audit.append("system", "backup.made")
        back_up(store, tmp_path / "b.tar")


def test_a_database_is_held_whatever_the_folder(url: str, tmp_path: Path) -> None:
    with (
        Store.open(url, tmp_path / "a" / "snapshots") as one,
        Store.open(url, tmp_path / "b" / "snapshots") as other,
        only_service(one.database, one.snapshots.folder),
    ):
        with (
            pytest.raises(StoreError, match="already running with this database"),
            only_service(other.database, other.snapshots.folder),
        ):
            pass
        with (tmp_path / "b" / "snapshots.lock").open() as left:
            assert left.read() == ""  # and of the folder, which was free, nothing is kept
    with (
        Store.open(url, tmp_path / "b" / "snapshots") as other,
        only_service(other.database, other.snapshots.folder),
    ):
        pass


def test_photos_are_held_whatever_the_database(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "snapshots") as one,
        Store.open(f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "snapshots") as other,
        only_service(one.database, one.snapshots.folder),
        pytest.raises(StoreError, match=rf"{tmp_path}: .* with this storage folder"),
        only_service(other.database, other.snapshots.folder),
    ):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'm.db'}"
    with (
        Store.open(url, tmp_path / "file" / "snapshots") as store,
        pytest.raises(StoreError, match=r"file/snapshots\.lock: (file exists|not a directory)"),
        only_service(store.database, store.snapshots.folder),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_makes_to_lock_a_store_belongs_to_the_owner_of_its_folder(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with Store.open(f"sqlite:///{data / 'm.db'}", data / "snapshots") as store:
        os.chown(data, 1234, 5678)
        with only_service(store.database, store.snapshots.folder):
            pass
    for name in ("m.db.lock", "snapshots.lock"):
        made = (data / name).stat()
        assert (made.st_uid, made.st_gid) == (1234, 5678)


def end_locks(database: Database) -> None:
    """What a restart of the server does to the connections that hold locks."""
    holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    with database.write() as connection:
        connection.execute(sa.text(holders))


def lock_holders(database: Database) -> int:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with database.read() as connection:
        return int(connection.execute(sa.text(query)).scalar_one())


@contextlib.contextmanager
def hanging_lock(database: Database) -> Iterator[None]:
    """The server's process that has the lock, hanging, as in a machine that is paused."""
    query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with database.read() as connection:
        pid = int(connection.execute(sa.text(query)).scalar_one())
    os.kill(pid, signal.SIGSTOP)
    at_last = Timer(20.0, os.kill, (pid, signal.SIGCONT))
    at_last.start()
    try:
        yield
    finally:
        at_last.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_a_server_that_forgets_the_connection_is_no_trouble_at_the_end(
    url: str, tmp_path: Path
) -> None:
    with (
        Store.open(url, tmp_path / "snapshots") as store,
        only_service(store.database, store.snapshots.folder),
    ):
        if not store.database.is_sqlite:
            end_locks(store.database)


def test_a_lock_that_the_server_forgot_is_taken_anew(url: str, tmp_path: Path) -> None:
    with (
        Store.open(url, tmp_path / "a" / "snapshots") as one,
        Store.open(url, tmp_path / "b" / "snapshots") as other,
    ):
        with only_service(one.database, one.snapshots.folder) as hold:
            hold.renew()
            assert not is_free(other)
            if not one.database.is_sqlite:
                end_locks(one.database)
                assert wait_until(lambda: is_free(other))
            hold.renew()
            assert not is_free(other)
        assert is_free(other)


def test_who_lost_the_lock_to_somebody_else_is_told(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    with (
        postgres_server.database() as url,
        Store.open(url, tmp_path / "a" / "snapshots") as one,
        Store.open(url, tmp_path / "b" / "snapshots") as other,
        only_service(one.database, one.snapshots.folder) as hold,
    ):
        end_locks(one.database)
        assert wait_until(lambda: lock_holders(one.database) == 0)
        with only_service(other.database, other.snapshots.folder) as theirs:
            with pytest.raises(StoreTaken, match="already running with this database"):
                hold.renew()
            theirs.renew()


def test_a_connection_that_only_the_server_takes_for_alive_is_not_somebody_else(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    with (
        postgres_server.database() as url,
        Store.open(url, tmp_path / "snapshots") as store,
        only_service(store.database, store.snapshots.folder) as hold,
    ):
        assert hold._server is not None
        cut_off, hold._server._connection = hold._server._connection, None

        def renewed() -> bool:
            try:
                hold.renew()
            except StoreTaken:
                raise
            except StoreError:
                return False
            return True

        assert wait_until(renewed)
        assert lock_holders(store.database) == 1
        assert cut_off is not None
        cut_off.invalidate()
        cut_off.close()


def test_while_the_server_is_away_nobody_is_said_to_have_the_lock(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        postgres_server.database() as url,
        Store.open(url, tmp_path / "snapshots") as store,
        only_service(store.database, store.snapshots.folder) as hold,
    ):
        end_locks(store.database)
        with monkeypatch.context() as away:
            error = sa.exc.OperationalError(None, None, OSError("connection refused"))
            away.setattr(store.database.engine, "connect", Mock(side_effect=error))
            for _ in range(2):
                with pytest.raises(StoreError, match="cannot be locked") as raised:
                    hold.renew()
                assert not isinstance(raised.value, StoreTaken)
        hold.renew()
        assert lock_holders(store.database) == 1


def test_letting_go_does_not_wait_for_a_renewal_that_the_server_leaves_unanswered(
    postgres_server: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        postgres_server.database() as url,
        Store.open(url, tmp_path / "snapshots") as store,
        contextlib.ExitStack() as hanging,
    ):
        with only_service(store.database, store.snapshots.folder) as hold:
            hanging.enter_context(hanging_lock(store.database))
            renewing = Thread(target=hold.renew)
            renewing.start()
            renewing.join(0.5)
            assert renewing.is_alive()
            left_at = time.monotonic()
        assert time.monotonic() - left_at < 5
        renewing.join(5)
        assert not renewing.is_alive()
        hanging.close()
        assert wait_until(lambda: lock_holders(store.database) == 0)
    assert caplog.messages == []


def test_a_connection_that_the_server_leaves_unanswered_is_given_up_and_the_lock_taken_again(
    postgres_server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        postgres_server.database() as url,
        Store.open(url, tmp_path / "snapshots") as store,
        only_service(store.database, store.snapshots.folder) as hold,
    ):
        with hanging_lock(store.database), monkeypatch.context() as impatient:
            impatient.setattr(postgres, "_ANSWER_S", 0.5)
            with pytest.raises(StoreError, match="the former lock is being ended"):
                hold.renew()
        assert wait_until(lambda: lock_holders(store.database) == 0)
        hold.renew()
        assert lock_holders(store.database) == 1
