"""The store as a whole: what the rest of the service is handed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Self

from maskwatch.config.privacy import Photos
from maskwatch.errors import StoreError, StoreFull, StoreTaken
from maskwatch.store.audit import Audit
from maskwatch.store.cameras import Cameras
from maskwatch.store.database import Database, sqlite_file
from maskwatch.store.deletions import Deletions
from maskwatch.store.deliveries import Deliveries
from maskwatch.store.episodes import Episodes
from maskwatch.store.health import Health
from maskwatch.store.lock import only_service
from maskwatch.store.people import People
from maskwatch.store.photo_files import PhotoFiles
from maskwatch.store.readings import Readings
from maskwatch.store.reviews import Reviews
from maskwatch.store.room import Room, give_up_reserve
from maskwatch.store.sessions import Sessions, Tokens
from maskwatch.store.settings import Settings
from maskwatch.store.snapshots import Snapshots
from maskwatch.store.upgrade import current_revision, is_older, upgrade
from maskwatch.store.users import Users
from maskwatch.store.walks import Walks

_log = logging.getLogger(__name__)

_IS_IT_RIGHT = "is storage.folder (or storage.url) the one that the service has?"


class Store:
    """Rows and photos. See the package's docstring for what each part is for.

    May be used from any number of threads, and several processes may open the same one.
    """

    def __init__(self, database: Database, snapshots: Path, photos: Photos) -> None:
        self.database = database
        self.episodes = Episodes(database)
        self.deliveries = Deliveries(database)
        self.people = People(database)
        self.readings = Readings(database)
        self.deletions = Deletions(database)
        files = PhotoFiles(snapshots)
        self.snapshots = Snapshots(database, files, self.deletions, photos)
        self.room = Room(self.snapshots, files, database.file)
        self.reviews = Reviews(database)
        self.audit = Audit(database)
        self.users = Users(database)
        self.sessions = Sessions(database)
        self.tokens = Tokens(database)
        self.cameras = Cameras(database)
        self.walks = Walks(database)
        self.health = Health(database)
        self.settings = Settings(database)
        database.on_full = self.room.relieve
        self.snapshots.on_full = self.room.make_room

    @classmethod
    def open(cls, url: str, snapshots: Path, photos: Photos = Photos.BLURRED) -> Self:
        """Opens a store, makes it if it is not there, and brings it to this version's tables.

        Args:
            url: ``sqlite:///PATH`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
            snapshots: folder for the photos.
            photos: which photos may be stored (``PrivacyConfig.stored_photos``).

        Raises:
            StoreError: it cannot be reached, or a newer version of maskwatch made it.
            StoreTaken: an older version of maskwatch is running with it.
        """
        database = Database(url)
        try:
            _make_ready(database, snapshots)
        except StoreError:
            database.close()
            raise
        return cls(database, snapshots, photos)

    @classmethod
    def open_existing(cls, url: str, snapshots: Path, photos: Photos = Photos.BLURRED) -> Self:
        """As `open`, for whoever looks for what is there: a mistyped place must not become one.

        Raises:
            StoreError: nothing of maskwatch is there, and nothing was made; there are photos by the
                rows, and the folder is not there; or as `open`.
        """
        file = sqlite_file(url)
        if file is not None and not file.exists():
            raise StoreError(f"there is no database at {file.absolute()}; {_IS_IT_RIGHT}")
        database = Database(url)
        try:
            with database.read() as connection:
                is_empty = current_revision(connection) is None
            if is_empty:
                raise StoreError(f"the database at {database.place} is empty; {_IS_IT_RIGHT}")
        finally:
            database.close()
        store = cls.open(url, snapshots, photos)
        # Elsewhere they would be called damaged, or proven to be deleted, and be where they are.
        if store.snapshots.where(limit=1) and not snapshots.exists():
            store.close()
            raise StoreError(f"there are no photos at {snapshots.absolute()}; {_IS_IT_RIGHT}")
        return store

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes the writes within the block of this thread one: all are kept or none.

        Files of photos are not part of it. Keep it short: with SQLite nobody else writes
        meanwhile.
        """
        with self.database.write():
            yield

    def close(self) -> None:
        """Closes all connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _make_ready(database: Database, snapshots: Path) -> None:
    """Brings the tables up to date; on a full disk, even opening SQLite's file needs some room."""
    try:
        _bring_up_to_date(database, snapshots)
    except StoreFull as error:
        given = give_up_reserve(snapshots)
        if not given:
            raise
        _log.warning("%s; %d bytes that were put by were freed", error, given)
        _bring_up_to_date(database, snapshots)


def _bring_up_to_date(database: Database, snapshots: Path) -> None:
    """Makes the tables, or those of an older version into this one's.

    Not under a service of that version: it could not read them any more once it starts anew.
    """
    with database.read() as connection:
        changes_tables = is_older(connection)
    try:
        with only_service(database, snapshots) if changes_tables else nullcontext():
            if changes_tables:
                _log.info("bringing the database up to date; this may take minutes")
            upgrade(database)
    except StoreTaken as error:
        raise StoreTaken(
            f"{error}, of an older version: stop it first, because this version changes its tables"
        ) from error
