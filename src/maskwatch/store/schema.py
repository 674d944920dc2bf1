"""The tables as they are now: the documentation of the database.

How an older database gets here is in ``migrations/``; a test compares the two. Columns are named
as the fields of the records in `maskwatch.store.records`, which say what they mean.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text

from maskwatch.store.columns import Faces, OptionalName, UtcDateTime, Word, WordList
from maskwatch.store.records import (
    DeliveryKind,
    DeliveryState,
    ReviewReason,
    Role,
    SnapshotKind,
)
from maskwatch.types import Fault, State

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

episodes = Table(
    "episodes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("zone", Text),
    Column("track", Integer, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("fault", Word(Fault)),
    Column("coverage", Float),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("snapshot_id", Text),
    Column("acknowledged_by", Text),
    Column("acknowledged_at", UtcDateTime),
    Column("corrected_state", Word(State)),
    Column("corrected_fault", Word(Fault)),
    Column("corrected_by", Text),
    Column("corrected_at", UtcDateTime),
    Column("model_version", Text, nullable=False),
    Index(None, "started_at", "id"),
    Index(None, "camera", "started_at", "id"),
    Index(None, "ended_at"),
)

episode_readings = Table(
    "episode_readings",
    metadata,
    Column("episode_id", ForeignKey("episodes.id", ondelete="CASCADE"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("state", Word(State), nullable=False),
    Column("fault", Word(Fault)),
    Column("coverage", Float),
    Column("quality", Float, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("episode_id", ForeignKey("episodes.id", ondelete="CASCADE")),
    Column("kind", Word(DeliveryKind), nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text),
    Column("stage", Integer, nullable=False),
    Column("camera", Text),
    Column("payload", sa.JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("claimed_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("state", Word(DeliveryState), nullable=False),
    Column("last_error", Text),
    Column("permanent", Boolean, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("message_id", Text),
    Index(None, "state", "not_before"),
    # None begins with the channel: SQLite would take it to find what is due, and read all that
    # the channel ever sent.
    Index(None, "sent_at"),
    Index(None, "episode_id"),
    Index(None, "created_at", "id"),
)

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("zone", Text),
    Column("track", Integer, nullable=False),
    Column("state", Word(State), nullable=False),
    Column("fault", Word(Fault)),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    # The quarter of an hour that ``first_at`` lies in, for grouping: every time zone in use
    # differs from UTC by whole quarters, so local hours and days are made of these.
    Column("quarter_at", UtcDateTime, nullable=False),
    Index(None, "quarter_at"),
)

STATE_NAMES = tuple(state.value for state in State)
FAULT_NAMES = tuple(fault.value for fault in Fault)
COUNT_NAMES = (*STATE_NAMES, *FAULT_NAMES)
"""What people are counted by: the columns of the sums, and fields of `PeopleCount`."""

people_quarters = Table(
    "people_quarters",
    metadata,
    # '' for the sums over all cameras and zones.
    Column("camera", Text, primary_key=True),
    # Of an hour, counted from 1970: local hours and days are whole numbers of these.
    Column("quarter", Integer, primary_key=True, autoincrement=False),
    # '' for none.
    Column("zone", Text, primary_key=True),
    *(Column(name, Integer, nullable=False) for name in COUNT_NAMES),
    sqlite_with_rowid=False,
)
"""How many of ``people`` began in each quarter; triggers, made by the migration, keep it true."""

people_buckets = Table(
    "people_buckets",
    metadata,
    Column("camera", Text, primary_key=True),
    Column("zone", OptionalName, primary_key=True),
    Column("start_at", UtcDateTime, primary_key=True),
    Column("span_s", Integer, nullable=False),
    # NULL where the count was too small to be kept.
    *(Column(name, Integer) for name in COUNT_NAMES),
    Column("hidden", Integer, nullable=False),
    Index(None, "start_at"),
)

readings = Table(
    "readings",
    metadata,
    Column("camera", Text, primary_key=True),
    Column("zone", OptionalName, primary_key=True),
    Column("minute", UtcDateTime, primary_key=True),
    Column("frames", Integer, nullable=False),
    *(Column(name, Integer, nullable=False) for name in STATE_NAMES),
    Index(None, "minute"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Word(SnapshotKind), nullable=False),
    Column("camera", Text, nullable=False),
    Column("episode_id", Text),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("file", Text, nullable=False, unique=True),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("faces", Faces, nullable=False),
    Index(None, "kind", "taken_at"),
    Index(None, "kind", "size"),
    Index(None, "taken_at", "id"),
    Index(None, "episode_id"),
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("snapshot_id", ForeignKey("snapshots.id", ondelete="CASCADE"), nullable=False),
    Column("reason", Word(ReviewReason), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("face", Integer, nullable=False),
    Column("episode_id", Text),
    Column("state", Word(State)),
    Column("fault", Word(Fault)),
    Column("label", Word(State)),
    Column("label_fault", Word(Fault)),
    Column("labelled_by", Text),
    Column("labelled_at", UtcDateTime),
    Column("skipped", Boolean, nullable=False),
    sa.UniqueConstraint("snapshot_id", "face"),
    Index(None, "labelled_at", "skipped", "created_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", sa.JSON, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "subject"),
)
"""Triggers, made by the migration, refuse to change or delete its rows."""

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    # The name without case, for finding it and for keeping it unique.
    Column("name_key", Text, nullable=False, unique=True),
    Column("role", Word(Role), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("last_login_at", UtcDateTime),
    Column("language", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("scopes", WordList, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index(None, "user_id"),
)

cameras = Table(
    "cameras",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("settings", sa.JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

walks = Table(
    "walks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("walked_by", Text, nullable=False),
    Column("report", sa.JSON, nullable=False),
    Index(None, "started_at", "id"),
    Index(None, "camera", "started_at", "id"),
)

health = Table(
    "health",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("camera", Text),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "at", "id"),
    Index(None, "camera", "kind", "at"),
    Index(None, "camera", "at", "id"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", sa.JSON, nullable=False),
)

deletions = Table(
    "deletions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("what", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("sha256", Text),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Index(None, "at", "id"),
    Index(None, "item"),
)
