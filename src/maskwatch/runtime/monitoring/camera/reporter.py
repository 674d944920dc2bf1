"""What one camera tells the chronicle: its people and episodes, with ids and times of day."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.events.camera import Left, News, Opened, Updated
from maskwatch.events.photos import Photo
from maskwatch.runtime.monitoring.finish import FinishedPhoto, finish_photo
from maskwatch.runtime.monitoring.records.chronicle import (
    Chronicle,
    Entry,
    EpisodeOpened,
    EpisodeUpdated,
    UncertainFace,
)
from maskwatch.store.ids import new_id
from maskwatch.store.records import EpisodeRecord, PersonRecord, TimelinePoint
from maskwatch.types import TimedReading

_log = logging.getLogger(__name__)

_UNCERTAIN_EVERY_S = 600.0
"""At most one face per camera is proposed for labelling in this time."""


class Reporter:
    """Writes down the news of one camera.

    Args:
        camera: its name.
        chronicle: takes what is written.
        privacy: which photos may be kept.
        model_version: of the mask classifier.
    """

    def __init__(
        self, camera: str, chronicle: Chronicle, privacy: PrivacyConfig, model_version: str
    ) -> None:
        self._camera = camera
        self._chronicle = chronicle
        self._privacy = privacy
        self._model_version = model_version
        self._clock: tuple[float, datetime] | None = None
        """A time on the clock of the frames' source, and the time of day it was then."""
        self._ids: dict[tuple[int, float], str] = {}
        """Of the open episodes, by person and start."""
        self._proposed_at = float("-inf")

    def set_clock(self, t: float, at: datetime) -> None:
        """The frame at ``t`` was taken ``at`` this time of day; needed before anything is told."""
        self._clock = t, at

    def time_of_day(self, t: float) -> datetime:
        """What the time of day was at ``t``, by the last frame."""
        assert self._clock is not None  # noqa: S101 - news come of pictures
        known_t, at = self._clock
        return at + timedelta(seconds=t - known_t)

    def episode_id(self, person: int, start_s: float) -> str | None:
        """The id of an open episode."""
        return self._ids.get((person, start_s))

    def tell(self, news: Sequence[News]) -> None:
        """Writes down what happened."""
        entries = [self._entry(each) for each in news]
        if entries:
            self._chronicle.write(entries)

    def propose(self, photo: Photo) -> None:
        """Puts a doubtful face into the queue for labels, where faces may be seen at all."""
        now = time.monotonic()
        may_be_seen = self._privacy.stored_photos.shows(is_subject=True)
        if not may_be_seen or now - self._proposed_at < _UNCERTAIN_EVERY_S:
            return
        finished = finish_photo(photo, self._privacy)
        if finished is not None:
            self._proposed_at = now
            subject = photo.faces[0]
            said = subject.state, subject.fault
            face = UncertainFace(new_id(), self._camera, photo.track, finished, *said)
            self._chronicle.write([face])

    def _entry(self, news: News) -> Entry:
        if isinstance(news, Opened):
            return self._opened(news)
        if isinstance(news, Left):
            return PersonRecord(
                id=new_id(),
                camera=self._camera,
                zone=news.zone,
                track=news.person.track,
                state=news.person.state,
                fault=news.person.fault,
                first_at=self.time_of_day(news.person.first_t),
                last_at=self.time_of_day(news.person.last_t),
            )
        return self._updated(news)

    def _opened(self, news: Opened) -> EpisodeOpened:
        episode = news.episode
        episode_id = new_id()
        self._ids[episode.track, episode.start_s] = episode_id
        record = EpisodeRecord(
            id=episode_id,
            camera=self._camera,
            zone=news.zone,
            track=episode.track,
            state=episode.state,
            fault=episode.fault,
            coverage=news.coverage,
            started_at=self.time_of_day(episode.start_s),
            model_version=self._model_version,
        )
        photo = None if news.photo is None else self._finished(news.photo)
        return EpisodeOpened(record, datetime.now(UTC), photo, self._timeline(news.timeline))

    def _finished(self, photo: Photo) -> FinishedPhoto | None:
        """The photo as it may be kept; None when none may, or when it cannot be made."""
        try:
            return finish_photo(photo, self._privacy)
        except Exception:  # noqa: BLE001 - out of memory, say: the episode matters more
            _log.exception("camera %s: the photo of an episode cannot be made", self._camera)
            return None

    def _updated(self, news: Updated) -> EpisodeUpdated:
        episode = news.episode
        key = (episode.track, episode.start_s)
        return EpisodeUpdated(
            id=self._ids.pop(key) if news.is_over else self._ids[key],
            state=episode.state,
            fault=episode.fault,
            coverage=news.coverage,
            ended_at=self.time_of_day(episode.end_s) if news.is_over else None,
            timeline=self._timeline(news.timeline),
        )

    def _timeline(self, readings: Sequence[TimedReading]) -> tuple[TimelinePoint, ...]:
        return tuple(
            TimelinePoint(
                self.time_of_day(t), reading.state, reading.fault, reading.coverage, reading.quality
            )
            for t, reading in readings
        )
