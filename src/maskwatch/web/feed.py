"""What is new, for everybody who watches: one look at the store a second, however many watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread

from maskwatch.errors import RecordNotFound, StoreError
from maskwatch.runtime.monitoring.control import CameraStatus, ServiceControl
from maskwatch.store.records import EpisodeFilter, EpisodeRecord
from maskwatch.store.store import Store

_log = logging.getLogger(__name__)

EVERY_S = 1.0
_NEWEST = 100
_BACKLOG = 200
"""News that a slow watcher may fall behind by before the oldest is dropped."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that changed."""

    kind: str
    """``episode`` or ``camera``."""
    about: EpisodeRecord | CameraStatus
    """As it is now."""


@dataclass(frozen=True, slots=True)
class _Seen:
    episodes: Mapping[str, EpisodeRecord]
    """The newest, those that last, and those that have ended since the look before, by id."""
    oldest: tuple[datetime, str] | None
    """Start and id of the last of the newest; None when there are no older ones."""
    cameras: Mapping[str, tuple[tuple[object, ...], CameraStatus]]


class Feed:
    """Tells watchers what changed; looks only while somebody watches. Of one event loop.

    Args:
        store: has the episodes.
        control: knows how the cameras are doing.
    """

    def __init__(self, store: Store, control: ServiceControl) -> None:
        self._store = store
        self._control = control
        self._watchers: set[asyncio.Queue[News]] = set()
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[asyncio.Queue[News]]:
        """A queue that gets everything new from now on."""
        queue: asyncio.Queue[News] = asyncio.Queue(_BACKLOG)
        async with self._starting:  # of those who come at the same time one begins to look
            if self._task is None:
                # Of what was there before, only those who come later would hear; so nobody does.
                seen = await to_thread.run_sync(self._look, {})
                self._task = asyncio.create_task(self._run(seen))
            self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
            if not self._watchers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _run(self, seen: _Seen) -> None:
        said = ""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                now = await to_thread.run_sync(self._look, seen.episodes)
            except StoreError as error:
                if str(error) != said:
                    _log.warning("nothing new can be told: %s", error)
                said = str(error)
                continue
            if said:
                _log.warning("what is new can be told again")
            said = ""
            for news in _difference(seen, now):
                self._tell(news)
            seen = now

    def _look(self, before: Mapping[str, EpisodeRecord]) -> _Seen:
        store = self._store.episodes
        page = store.page(EpisodeFilter(), limit=_NEWEST)
        episodes = {each.id: each for each in (*page.items, *store.ongoing())}
        for each in before.values():
            if each.ended_at is None and each.id not in episodes:
                with suppress(RecordNotFound):  # deleted
                    episodes[each.id] = store.get(each.id)
        states = self._control.camera_states()
        return _Seen(
            episodes,
            None if page.next is None else _place(page.items[-1]),
            {each.camera: (_essence(each), each) for each in states},
        )

    def _tell(self, news: News) -> None:
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)


def _essence(status: CameraStatus) -> tuple[object, ...]:
    """What is worth telling when it changes; numbers that always change are not."""
    return status.phase, status.reason, status.people, status.required


def _place(episode: EpisodeRecord) -> tuple[datetime, str]:
    """Where an episode stands in the list."""
    return episode.started_at, episode.id


def _moved_up(before: _Seen, episode: EpisodeRecord) -> bool:
    """Whether an episode was too old to be looked at, until newer ones were deleted."""
    was_too_old = before.oldest is not None and _place(episode) < before.oldest
    return was_too_old and episode.id not in before.episodes


def _difference(before: _Seen, after: _Seen) -> list[News]:
    news = [
        News("episode", each)
        for each in reversed(list(after.episodes.values()))
        if before.episodes.get(each.id) != each and not _moved_up(before, each)
    ]
    for name, (essence, status) in after.cameras.items():
        known = before.cameras.get(name)
        if known is None or known[0] != essence:
            news.append(News("camera", status))
    return news
