"""Who did or looked at what: a log that is only ever added to, each entry chained to the last.

The hash of an entry covers all that it says and the hash before it. Changing, inserting or
removing an entry breaks every hash after it. Whoever makes these anew, or cuts off the end, leaves
a log that looks whole, which is why `Audit.verify` can be given a head that was noted elsewhere
earlier.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import AuditEntry
from maskwatch.store.schema import audit

START = "0" * 64
_COLUMNS = rows.columns_of(audit, AuditEntry)
_BATCH = 1000


class AuditHead(NamedTuple):
    """The latest entry, by which the whole log before it is known."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What became of checking the log."""

    head: AuditHead
    """Of the part that is sound."""
    broken_at: int | None = None
    """The number of the first entry that is not as it was written; None when all are."""
    reason: str = ""


def entry_hash(
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    previous: str,
) -> str:
    """SHA-256 over everything as JSON with sorted keys, in hexadecimal digits."""
    values = [seq, at.astimezone(UTC).isoformat(), actor, action, subject, dict(detail), previous]
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Audit:
    """The part of the store that holds the audit log."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def append(
        self,
        actor: str,
        action: str,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> AuditEntry:
        """Adds an entry.

        Args:
            actor: who, see `AuditEntry`.
            action: did what, such as ``episode.photo_viewed``.
            subject: to what, such as an id.
            detail: more, as JSON; no secrets.
            at: None for now.
        """
        at = (at or datetime.now(UTC)).astimezone(UTC)
        said = json.loads(json.dumps(dict(detail or {})))  # as it will come out of the database
        with self._db.write() as connection:
            self._db.keep_others_out(audit)
            seq, previous = self.head()
            seq += 1
            hashed = entry_hash(seq, at, actor, action, subject, said, previous)
            entry = AuditEntry(seq, at, actor, action, subject, said, previous, hashed)
            connection.execute(sa.insert(audit).values(**rows.values_of(entry)))
        return entry

    def head(self) -> AuditHead:
        """The latest entry; of an empty log the start, which is 0 and zeros."""
        query = sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        return AuditHead(0, START) if row is None else AuditHead(row.seq, row.hash)

    def page(self, *, limit: int = 50, before: int | None = None) -> list[AuditEntry]:
        """Newest first; ``before`` is the last ``seq`` of the page before."""
        query = sa.select(*_COLUMNS)
        if before is not None:
            query = query.where(audit.c.seq < before)
        return rows.fetch(self._db, query.order_by(audit.c.seq.desc()).limit(limit), AuditEntry)

    def about(self, subjects: Collection[str]) -> list[AuditEntry]:
        """Every entry about one of these, newest first."""
        query = sa.select(*_COLUMNS).where(audit.c.subject.in_(subjects))
        return rows.fetch(self._db, query.order_by(audit.c.seq.desc()), AuditEntry)

    def entries(self) -> Iterator[AuditEntry]:
        """All entries, oldest first, read in portions."""
        seq = 0
        while True:
            query = sa.select(*_COLUMNS).where(audit.c.seq > seq).order_by(audit.c.seq)
            batch = rows.fetch(self._db, query.limit(_BATCH), AuditEntry)
            if not batch:
                return
            yield from batch
            seq = batch[-1].seq

    def verify(self, known: AuditHead | None = None) -> AuditReport:
        """Checks every entry.

        Args:
            known: a head that was noted earlier; the log must still contain it.
        """
        head = AuditHead(0, START)
        for entry in self.entries():
            reason = _fault_of(entry, head, known)
            if reason:
                return AuditReport(head, head.seq + 1, reason)
            head = AuditHead(entry.seq, entry.hash)
        if known is not None and head.seq < known.seq:
            reason = f"the log ends at {head.seq}, and entry {known.seq} was in it"
            return AuditReport(head, head.seq + 1, reason)
        return AuditReport(head)


def _fault_of(entry: AuditEntry, head: AuditHead, known: AuditHead | None) -> str:
    if entry.seq != head.seq + 1:
        return f"entry {head.seq + 1} is missing"
    if entry.previous != head.hash:
        return "it does not follow from the entry before it"
    hashed = entry_hash(
        entry.seq, entry.at, entry.actor, entry.action, entry.subject, entry.detail, entry.previous
    )
    if hashed != entry.hash:
        return "its content was changed"
    if known is not None and entry.seq == known.seq and entry.hash != known.hash:
        return "it is not the entry that was noted"
    return ""
