"""A small world for the web application: a store, and a service that is a double."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.config.web import WebConfig
from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus
from maskwatch.runtime.monitoring.live_hub import LiveHub
from maskwatch.store.ids import new_id
from maskwatch.store.records import Role, UserRecord
from maskwatch.store.store import Store
from maskwatch.web.context import WebContext
from maskwatch.web.identity import Principal
from maskwatch.web.security.passwords import hash_password
from maskwatch.web.security.scopes import scopes_of
from tests.web.service import CAMERAS, SIZE, FakeService

if TYPE_CHECKING:
    import httpx

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
PASSWORD = "four cold lemons"  # noqa: S105 - of made-up people


@dataclass
class World:
    """Everything that an application is built from, within reach of a test."""

    store: Store
    hub: LiveHub
    service: FakeService
    web: WebContext
    policy: list[PrivacyConfig]

    def set_privacy(self, privacy: PrivacyConfig) -> None:
        """As if the configuration had been reloaded."""
        self.policy[:] = [privacy]
        self.store.snapshots.photos = privacy.stored_photos

    def add_user(self, name: str, role: Role) -> UserRecord:
        """Somebody whose password is ``PASSWORD``."""
        user = UserRecord(new_id(), name, role, _hash(), self.web.now())
        self.store.users.add(user)
        return user

    def principal(self, name: str) -> Principal:
        """One of the users, for what is done without a route."""
        user = self.store.users.by_name(name)
        assert user is not None
        return Principal(user, user.name, scopes_of(user.role))


_HASHES: list[str] = []


def _hash() -> str:
    if not _HASHES:  # hashing is slow on purpose: once is enough
        _HASHES.append(hash_password(PASSWORD))
    return _HASHES[0]


def make_world(
    folder: Path,
    *,
    config: WebConfig | None = None,
    privacy: PrivacyConfig | None = None,
    now: datetime | None = NOW,
) -> World:
    """An empty store, three cameras, nobody logged in.

    Args:
        folder: for database and photos.
        config: of the web section.
        privacy: clear photos when None.
        now: the time that it is; None for the real one.
    """
    policy = [privacy or PrivacyConfig(photos=Photos.CLEAR)]
    (folder / "store.db").write_bytes(_empty_store())
    store = Store.open(f"sqlite:///{folder}/store.db", folder / "snapshots", Photos.CLEAR)
    hub = LiveHub()
    service = FakeService(now=now or datetime.now(UTC), store=store, policy=policy, hub=hub)
    service.cameras = [
        CameraStatus(
            name,
            f"rtsp://viewer:***@192.0.2.{i + 10}/stream1",
            CameraPhase.WATCHING,
            service.now - timedelta(hours=5),
            width=SIZE[0],
            height=SIZE[1],
            fps=7.9 - i,
            offered_fps=8.0,
            frames=120_000,
            dropped=37 * i,
            damaged=0.12 if i == 2 else 0.0,
            latency_s=0.14,
            last_frame_at=service.now,
            people=(3, 1, 0)[i],
            required=i < 2,
        )
        for i, name in enumerate(CAMERAS)
    ]
    values = {} if now is None else {"now": lambda: now}
    web = WebContext(
        store=store,
        hub=hub,
        control=service,
        config=config or WebConfig(),
        privacy=lambda: policy[0],
        link_secret=b"0" * 32,
        version="0.1.0",
        **values,
    )
    return World(store, hub, service, web, policy)


@cache
def _empty_store() -> bytes:
    """The file of a store without rows: making its tables takes longer than copying them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        Store.open(f"sqlite:///{path}", Path(folder) / "snapshots").close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return path.read_bytes()


def log_in(client: httpx.Client, name: str = "anna", password: str = PASSWORD) -> int:
    """Status of the answer; from then on the client sends what pages send along."""
    answer = client.post("/api/v1/session", json={"name": name, "password": password})
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer.status_code
