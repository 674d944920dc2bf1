"""Alerts as the rest of the service sees them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from maskwatch.alerts.base import AlertChannel, CameraFacts, StateChannel
from maskwatch.alerts.compose import LinkMaker, Wording
from maskwatch.alerts.dispatch import Dispatcher, Office
from maskwatch.alerts.library import Library
from maskwatch.alerts.policy import plan_camera_trouble, plan_episode, plan_test
from maskwatch.alerts.roll_call import RollCall
from maskwatch.config.alerts import AlertsConfig
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.root import Config
from maskwatch.config.site import SiteConfig
from maskwatch.store.records import Delivery, EpisodeRecord, HealthRecord
from maskwatch.store.store import Store
from maskwatch.words import Language

LINK_SECRET = "alert-links"  # noqa: S105 - the name of a secret
"""Under this name the store keeps the key that signs the links of messages."""
_ID_SECRET = "delivery-ids"  # noqa: S105 - as above
"""And the one from which the ids of planned deliveries follow."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """The parts of the configuration that alerts depend on."""

    alerts: AlertsConfig
    privacy: PrivacyConfig
    site: SiteConfig
    base_url: str | None
    """Where the dashboard is reached from outside; without it messages have no links."""
    language: str = Language.ENGLISH
    """Of messages."""

    @classmethod
    def of(cls, config: Config) -> AlertSettings:
        """Those of a configuration."""
        alerts, web = config.alerts, config.web
        language = alerts.language or web.language
        return cls(alerts, config.privacy, config.site, web.base_url, language)


ChannelMaker = Callable[[AlertSettings], Mapping[str, AlertChannel]]
"""Makes all channels of a configuration (`maskwatch.build.channels.build_channels`)."""


class AlertService:
    """Plans messages and sends them.

    Args:
        store: where the queue is.
        settings: of the configuration.
        make_channels: makes the channels; called again on `reload`.

    Raises:
        MaskwatchError: a channel cannot be made (says which and why), or the store not be used.
    """

    def __init__(self, store: Store, settings: AlertSettings, make_channels: ChannelMaker) -> None:
        self._store = store
        self._make_channels = make_channels
        self._settings = settings
        self._roll_call = RollCall()
        self._id_secret = store.settings.secret(_ID_SECRET)
        office = self._new_office(settings)
        self._channels = make_channels(settings)
        self._dispatcher = Dispatcher(office, self._channels)
        self._is_running = False
        self._changing = threading.Lock()
        """Held while channels are exchanged or stopped."""

    def plan(self, episode: EpisodeRecord, confirmed_at: datetime) -> list[Delivery]:
        """The deliveries of a new episode, to be added in the transaction that adds it."""
        if self._settings.privacy.statistics_only:
            return []
        return plan_episode(self._settings.alerts, episode, confirmed_at, self._id_secret)

    def plan_health(self, change: HealthRecord) -> list[Delivery]:
        """The deliveries of a change of health, to be added in the transaction that adds it.

        What comes back before it counts as over is no news.
        """
        if not self._roll_call.note(change):
            return []
        return plan_camera_trouble(self._settings.alerts, change, self._id_secret)

    def send_test(self, channel: str) -> list[Delivery]:
        """Queues a test message to everybody whom a channel reaches.

        Returns:
            The deliveries; ask the store by their ids what became of them.

        Raises:
            UsageError: there is no channel of that name.
        """
        rows = plan_test(self._settings.alerts, channel, datetime.now(UTC))
        self._store.deliveries.add(rows)
        self.wake()
        return rows

    def show(self, cameras: Sequence[CameraFacts]) -> None:
        """Takes note of all cameras that there are; tells the channels that show such things.

        Never blocks.
        """
        self._roll_call.keep([facts.camera for facts in cameras if facts.switched_on])
        if not self._changing.acquire(blocking=False):
            return  # the new channels are shown it the next time
        try:
            for channel in self._channels.values():
                if isinstance(channel, StateChannel):
                    channel.show(cameras)
        finally:
            self._changing.release()

    def wake(self) -> None:
        """Says that there may be something to send, after the transaction. Never blocks."""
        self._dispatcher.wake()

    def start(self) -> None:
        """Starts to send."""
        with self._changing:
            self._is_running = True
            self._dispatcher.start()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """Stops to send; whether every message in hand was finished in time."""
        self._is_running = False  # a reload that is under way starts nothing any more
        ends_at = time.monotonic() + timeout_s
        if not self._changing.acquire(timeout=timeout_s):
            return False
        try:
            return self._dispatcher.stop(max(0.0, ends_at - time.monotonic()))
        finally:
            self._changing.release()

    def reload(self, settings: AlertSettings) -> None:
        """Goes on with another configuration.

        Raises:
            MaskwatchError: a channel cannot be made, or the store cannot be used; the old
                configuration stays in force.
        """
        with self._changing:
            if settings == self._settings:
                return
            office = self._new_office(settings)
            channels = self._make_channels(settings)
            self._dispatcher.stop()  # from here on nothing can fail
            self._settings, self._channels = settings, channels
            self._dispatcher = Dispatcher(office, channels)
            if self._is_running:
                self._dispatcher.start()

    def _new_office(self, settings: AlertSettings) -> Office:
        links = None
        if settings.base_url is not None:
            secret = self._store.settings.secret(LINK_SECRET)
            valid_for = timedelta(seconds=settings.alerts.links_valid_s)
            links = LinkMaker(settings.base_url, secret, valid_for)
        return Office(
            store=self._store,
            library=Library(self._store, self._roll_call),
            wording=Wording(settings.site.zone, links, settings.site.name, settings.language),
            config=settings.alerts,
            statistics_only=settings.privacy.statistics_only,
        )
