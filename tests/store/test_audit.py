from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from maskwatch.errors import StoreError
from maskwatch.store.audit import START, Audit, AuditHead
from maskwatch.store.store import Store
from tests.store.values import after


@pytest.fixture
def audit(store: Store) -> Audit:
    """Five entries."""
    for number in range(5):
        store.audit.append(
            "eve",
            "episode.photo_viewed",
            f"e{number}",
            {"n": number, "größe": 1.5},
            at=after(number),
        )
    return store.audit


def tamper(store: Store, statement: str) -> None:
    """What somebody with the rights of the database's owner can do: take the triggers off."""
    with store.database.engine.connect() as connection, connection.begin():
        if store.database.is_sqlite:
            for verb in ("update", "delete"):
                connection.execute(sa.text(f"DROP TRIGGER IF EXISTS audit_no_{verb}"))
        else:
            connection.execute(sa.text("DROP TRIGGER IF EXISTS audit_no_change ON audit"))
        connection.execute(sa.text(statement))


def test_entries_are_numbered_and_chained(audit: Audit) -> None:
    entries = list(audit.entries())
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in entries] == [START, *(e.hash for e in entries[:-1])]
    assert entries[2].detail == {"n": 2, "größe": 1.5}
    assert audit.head() == AuditHead(5, entries[-1].hash)


def test_an_untouched_log_is_sound(audit: Audit) -> None:
    report = audit.verify()
    assert report.broken_at is None
    assert report.head == audit.head()


def test_an_empty_log_is_sound(store: Store) -> None:
    assert store.audit.verify().head == AuditHead(0, START)


@pytest.mark.parametrize(
    ("statement", "broken_at", "reason"),
    [
        ("UPDATE audit SET actor = 'adam' WHERE seq = 3", 3, "content was changed"),
        ("UPDATE audit SET subject = 'e9' WHERE seq = 5", 5, "content was changed"),
        ("UPDATE audit SET detail = '{\"n\": 7}' WHERE seq = 2", 2, "content was changed"),
        ("DELETE FROM audit WHERE seq = 3", 3, "entry 3 is missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "entry 1 is missing"),
        ("UPDATE audit SET previous = hash WHERE seq = 4", 4, "does not follow"),
    ],
)
def test_tampering_is_found_where_it_happened(
    store: Store, audit: Audit, statement: str, broken_at: int, reason: str
) -> None:
    tamper(store, statement)
    report = audit.verify()
    assert (report.broken_at, report.head.seq) == (broken_at, broken_at - 1)
    assert reason in report.reason


def test_a_cut_end_is_found_with_a_head_noted_before(store: Store, audit: Audit) -> None:
    noted = audit.head()
    tamper(store, "DELETE FROM audit WHERE seq > 3")
    assert audit.verify().broken_at is None  # a chain alone cannot tell
    report = audit.verify(noted)
    assert (report.broken_at, report.reason) == (4, "the log ends at 3, and entry 5 was in it")


def test_a_log_written_anew_is_found_with_a_head_noted_before(store: Store, audit: Audit) -> None:
    noted = audit.head()
    tamper(store, "DELETE FROM audit")
    for number in range(6):
        audit.append("eve", "episode.photo_viewed", f"e{number}", at=after(number))
    assert audit.verify().broken_at is None
    assert audit.verify(noted).broken_at == 5


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'adam'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_it(
    store: Store, audit: Audit, statement: str
) -> None:
    with pytest.raises(StoreError, match="append-only"), store.database.write() as connection:
        connection.execute(sa.text(statement))
    assert audit.verify().head.seq == 5


def test_an_entry_of_a_transaction_that_fails_is_not_there(store: Store, audit: Audit) -> None:
    def fail() -> None:
        with store.transaction():
            audit.append("eve", "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert audit.verify().head.seq == 5


def test_entries_of_many_at_once_make_one_chain(store: Store) -> None:
    threads = [
        threading.Thread(target=lambda: [store.audit.append("eve", "x") for _ in range(10)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert store.audit.verify() == store.audit.verify(store.audit.head())
    assert store.audit.head().seq == 30


def test_pages_go_back_in_time(store: Store, audit: Audit) -> None:
    first = audit.page(limit=2)
    assert [entry.seq for entry in first] == [5, 4]
    assert [entry.seq for entry in audit.page(limit=2, before=4)] == [3, 2]
    assert [entry.seq for entry in audit.about(["e1"])] == [2]
    assert audit.about(["nobody"]) == []
