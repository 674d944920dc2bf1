"""Alert services to test with, and episodes that happen to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from maskwatch.alerts.base import AlertChannel
from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.config.alerts import AlertsConfig
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.site import SiteConfig
from maskwatch.store.records import Delivery, DeliveryState, EpisodeRecord
from maskwatch.store.store import Store
from tests.alerts import samples
from tests.runtime.processes import wait_until

MAIL = {"kind": "email", "host": "mail", "sender": "m@x.org", "to": ["a@x.org"]}
DOOR = {"kind": "command", "command": ["true"]}
SOON = {"first_delay_s": 0.05, "max_delay_s": 0.1}


def settings(**alerts: Any) -> AlertSettings:
    given = {"channels": {"door": DOOR}, "retry": SOON, **alerts}
    if "pacing" in given:  # else a digest would go out whenever the clock strikes during a test
        half_a_day_later = now().astimezone(samples.BERLIN) + timedelta(hours=12)
        given["pacing"] = {"digest_at": [f"{half_a_day_later:%H:%M}"], **given["pacing"]}
    return AlertSettings(
        AlertsConfig.model_validate(given),
        PrivacyConfig(),
        SiteConfig(time_zone="Europe/Berlin"),
        "https://m.example.org",
    )


@contextmanager
def running(
    store: Store, given: AlertSettings, channels: Mapping[str, AlertChannel], start: bool = True
) -> Iterator[AlertService]:
    service = AlertService(store, given, lambda _: channels)
    if start:
        service.start()
    try:
        yield service
    finally:
        assert service.stop()


def happen(service: AlertService, store: Store, *about: EpisodeRecord) -> list[Delivery]:
    """Episodes as the recorder writes them: each with its deliveries, in one transaction."""
    rows = []
    for each in about:
        with store.transaction():
            store.episodes.add(each)
            planned = service.plan(each, now())
            store.deliveries.add(planned)
        rows += planned
    service.wake()
    return rows


def settled(store: Store, rows: Sequence[Delivery]) -> list[Delivery]:
    """The rows once nothing is left to do about them."""

    def found() -> list[Delivery]:
        return [store.deliveries.get(row.id) for row in rows]

    busy = {DeliveryState.PENDING, DeliveryState.CLAIMED}
    assert wait_until(lambda: not any(row.state in busy for row in found())), found()
    return found()


def now() -> datetime:
    return datetime.now(UTC)


def episode(**values: Any) -> EpisodeRecord:
    return replace(samples.episode(), started_at=now(), **values)
