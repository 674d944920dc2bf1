"""Browsers that are logged in, and tokens for programs. Only hashes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from maskwatch.store import rows
from maskwatch.store.database import Database
from maskwatch.store.records import ApiTokenRecord, SessionRecord
from maskwatch.store.schema import sessions, tokens


class Sessions:
    """The part of the store that holds browsers' sessions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, session: SessionRecord) -> None:
        """Writes a new session."""
        rows.insert(self._db, sessions, [session])

    def get(self, token_hash: str, now: datetime) -> SessionRecord | None:
        """The session of a cookie; None when there is none or it has expired."""
        query = sa.select(*rows.columns_of(sessions, SessionRecord)).where(
            sessions.c.token_hash == token_hash, sessions.c.expires_at > now
        )
        return next(iter(rows.fetch(self._db, query, SessionRecord)), None)

    def seen(self, token_hash: str, at: datetime, expires_at: datetime) -> None:
        """Notes that it is in use and until when it may be."""
        where = sessions.c.token_hash == token_hash
        rows.change(self._db, sessions, where, last_seen_at=at, expires_at=expires_at)

    def delete(self, token_hash: str) -> bool:
        """Logs out; False when it was not there."""
        return rows.delete_one(self._db, sessions, sessions.c.token_hash == token_hash)

    def delete_of(self, user_id: str, keep: str | None = None) -> int:
        """Logs a user out everywhere, but for the session ``keep`` (a token hash)."""
        return rows.delete(
            self._db, sessions, sessions.c.user_id == user_id, sessions.c.token_hash != (keep or "")
        )

    def delete_expired(self, now: datetime) -> int:
        """Forgets sessions that have expired."""
        return rows.delete(self._db, sessions, sessions.c.expires_at <= now)

    def of_user(self, user_id: str) -> list[SessionRecord]:
        """The sessions of a user, latest first."""
        query = sa.select(*rows.columns_of(sessions, SessionRecord)).where(
            sessions.c.user_id == user_id
        )
        return rows.fetch(self._db, query.order_by(sessions.c.last_seen_at.desc()), SessionRecord)


class Tokens:
    """The part of the store that holds tokens for programs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, token: ApiTokenRecord) -> None:
        """Writes a new token."""
        rows.insert(self._db, tokens, [token])

    def by_hash(self, token_hash: str, now: datetime) -> ApiTokenRecord | None:
        """The token of a hash; None when there is none, or it has expired or was revoked."""
        found = self._where(
            tokens.c.token_hash == token_hash,
            tokens.c.revoked_at.is_(None),
            sa.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
        )
        return next(iter(found), None)

    def of_user(self, user_id: str) -> Sequence[ApiTokenRecord]:
        """All tokens of a user, revoked ones included, newest first."""
        return self._where(tokens.c.user_id == user_id)

    def all(self) -> Sequence[ApiTokenRecord]:
        """All tokens, newest first."""
        return self._where()

    def used(self, token_id: str, at: datetime) -> None:
        """Notes the time of the latest use."""
        rows.change(self._db, tokens, tokens.c.id == token_id, last_used_at=at)

    def revoke(self, token_id: str, at: datetime) -> bool:
        """Makes a token useless for good; False when it is already, or not there."""
        where = (tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        return rows.change_one(self._db, tokens, *where, revoked_at=at)

    def _where(self, *conditions: sa.ColumnElement[bool]) -> list[ApiTokenRecord]:
        query = sa.select(*rows.columns_of(tokens, ApiTokenRecord)).where(*conditions)
        return rows.fetch(self._db, query.order_by(tokens.c.created_at.desc()), ApiTokenRecord)
