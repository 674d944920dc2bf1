"""What the web application is built from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from time import monotonic

from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.web import WebConfig
from maskwatch.patience import Patience
from maskwatch.runtime.monitoring.control import ServiceControl
from maskwatch.runtime.monitoring.live_hub import LiveHub, LiveView
from maskwatch.store.store import Store
from maskwatch.web.feed import Feed
from maskwatch.web.offers import Offers
from maskwatch.web.refusals import NotAllowed
from maskwatch.web.security.cookies import SessionCookie
from maskwatch.web.security.journal import LoginJournal
from maskwatch.web.security.throttle import LoginThrottle
from maskwatch.web.streams import Streams
from maskwatch.web.turns import Turns
from maskwatch.web.walks.recording import Walking

_WAITING_REPORTS = 4
_PATIENCE_S = 2.0
"""With the database. Prometheus itself gives up after ten seconds."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, eq=False)
class WebContext:
    """Everything that pages and routes work with; one for each application."""

    store: Store
    hub: LiveHub
    control: ServiceControl
    config: WebConfig
    privacy: Callable[[], PrivacyConfig]
    """The policy in force: it may change while the service runs."""
    link_secret: bytes
    """With which links in messages are signed."""
    timezone: Callable[[], tzinfo] = lambda: UTC
    """Of days and hours in charts and reports: it may change while the service runs."""
    version: str = ""
    now: Callable[[], datetime] = _utc_now
    """Aware, UTC."""
    cookie: SessionCookie = field(init=False)
    throttle: LoginThrottle = field(init=False)
    journal: LoginJournal = field(init=False)
    walking: Walking = field(init=False, default_factory=Walking)
    """The acceptance walks that go on."""
    offers: Offers = field(init=False, default_factory=Offers)
    """The faces that people have before them in review."""
    feed: Feed = field(init=False)
    streams: Streams = field(init=False)
    patience: Patience = field(init=False)
    """For what must be answered while the database hangs."""
    reports: Turns = field(init=False)
    """At drawing reports: it takes memory and time that the cameras need too."""

    def __post_init__(self) -> None:
        installation = self.store.settings.secret("cookie").hex()[:8]
        self.cookie = SessionCookie(self.config, installation)
        self.throttle = LoginThrottle(self.config.login, monotonic)
        self.journal = LoginJournal(self.store.audit, self.now)
        self.feed = Feed(self.store, self.control)
        self.streams = Streams(self.config.max_streams)
        self.patience = Patience(_PATIENCE_S)
        self.reports = Turns("reports at once", _WAITING_REPORTS)

    def names_with(self, known: Iterable[str]) -> list[str]:
        """The cameras that there are, and after them those of others that are gone."""
        watched = (each.camera for each in self.control.camera_states())
        return list(dict.fromkeys([*watched, *known]))

    def age_s(self, view: LiveView) -> float:
        """How long ago a view was taken, in seconds."""
        # A clock that was set back meanwhile makes no picture of the future.
        return max(0.0, (self.now() - view.at).total_seconds())

    def must_allow_images(self) -> None:
        """Refuses pictures where the policy has none.

        Raises:
            AccessDenied: the policy is `none` or statistics only.
        """
        if not self.privacy().images_allowed:
            raise NotAllowed("refused.pictures")
