from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from maskwatch.errors import StoreError
from maskwatch.store.backup import back_up
from maskwatch.store.lock import only_service
from maskwatch.store.store import Store
from tests.runtime.processes import is_running, wait_until

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
        with only_service(store):
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
    with only_service(store):
        store.audit.append("system", "backup.made")
        back_up(store, tmp_path / "b.tar")


def test_a_database_is_held_whatever_the_folder(url: str, tmp_path: Path) -> None:
    with (
        Store.open(url, tmp_path / "a" / "snapshots") as one,
        Store.open(url, tmp_path / "b" / "snapshots") as other,
        only_service(one),
    ):
        with (
            pytest.raises(StoreError, match="already running with this database"),
            only_service(other),
        ):
            pass
        with (tmp_path / "b" / "snapshots.lock").open() as left:
            assert left.read() == ""  # and of the folder, which was free, nothing is kept
    with Store.open(url, tmp_path / "b" / "snapshots") as other, only_service(other):
        pass


def test_photos_are_held_whatever_the_database(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "snapshots") as one,
        Store.open(f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "snapshots") as other,
        only_service(one),
        pytest.raises(StoreError, match=rf"{tmp_path}: .* with this storage folder"),
        only_service(other),
    ):
        pass


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path / 'm.db'}"
    with (
        Store.open(url, tmp_path / "file" / "snapshots") as store,
        pytest.raises(StoreError, match=r"file/snapshots\.lock: (file exists|not a directory)"),
        only_service(store),
    ):
        pass


def test_a_server_that_forgets_the_connection_is_no_trouble(url: str, tmp_path: Path) -> None:
    with Store.open(url, tmp_path / "snapshots") as store, only_service(store):
        if not store.database.is_sqlite:
            with store.database.write() as connection:
                others = (
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                )
                assert connection.scalar(sa.text(others))
