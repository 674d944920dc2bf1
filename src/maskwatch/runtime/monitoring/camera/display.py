"""What a camera shows whoever watches: its newest picture, with the people in it."""

from __future__ import annotations

import time
from datetime import datetime
from threading import Event

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.events.camera import Presence, Sight, Watched
from maskwatch.runtime.monitoring.camera.reporter import Reporter
from maskwatch.runtime.monitoring.finish import live_picture
from maskwatch.runtime.monitoring.live_hub import LiveHub, LivePerson

_UNWATCHED_EVERY_S = 5.0
"""How often a live picture is made while nobody looks at it."""


class Display:
    """Publishes what one camera sees, as often as somebody may want to know.

    Args:
        camera: its name.
        hub: where it is published.
        privacy: the policy.
        reporter: of the camera; knows its episodes.
        stopping: once it is set nothing is published: another lane may be in this one's place.
    """

    def __init__(
        self, camera: str, hub: LiveHub, privacy: PrivacyConfig, reporter: Reporter, stopping: Event
    ) -> None:
        self._camera = camera
        self._hub = hub
        self._privacy = privacy
        self._reporter = reporter
        self._stopping = stopping
        self._shown_at = float("-inf")
        self._shown_violators: set[int] = set()

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks at it now."""
        return self._hub.is_watched(self._camera)

    def show(self, sight: Sight, watched: Watched, at: datetime) -> bool:
        """Publishes a picture if it is time for one; False if only a whole look would do for it.

        Args:
            sight: the look that the picture is of.
            watched: what follows from it.
            at: when it was taken, aware.
        """
        now = time.monotonic()
        if self._stopping.is_set():
            return True
        violators = {each.track.id for each in watched.people if each.episode_t is not None}
        # Where nobody looks, channels such as MQTT still tell whether there is a violation now.
        is_news = violators != self._shown_violators or self.is_watched
        if not is_news and now - self._shown_at < _UNWATCHED_EVERY_S:
            return True
        if not sight.is_whole:
            return False
        self._shown_at, self._shown_violators = now, violators
        jpeg = live_picture(sight, watched.people, self._privacy)
        # How somebody wears a mask is said of nobody where only counts may be shown.
        shown = () if self._privacy.statistics_only else watched.people
        self._hub.publish(self._camera, jpeg, tuple(map(self._person, shown)), at)
        return True

    def show_nobody(self) -> None:
        """Leaves the last picture with its time, and takes the people away from it."""
        view = self._hub.peek(self._camera)
        if view is not None and view.people and not self._stopping.is_set():
            self._hub.publish(self._camera, view.jpeg, (), view.at)
            self._shown_at, self._shown_violators = float("-inf"), set()

    def _person(self, presence: Presence) -> LivePerson:
        track, start_t = presence.track, presence.episode_t
        return LivePerson(
            track=track.id,
            state=track.verdict.state,
            fault=track.verdict.fault,
            coverage=track.verdict.coverage,
            zone=presence.zone,
            since=self._reporter.time_of_day(presence.first_t),
            episode_id=None if start_t is None else self._reporter.episode_id(track.id, start_t),
            exempt=presence.exemption is not None,
            face_px=track.reading.face.box.side,
            read=presence.read.state,
            free=presence.is_free,
        )
