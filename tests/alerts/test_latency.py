"""From a confirmed violation to the photo at the mail server."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.build.channels import build_channels
from maskwatch.config.alerts import AlertsConfig, Security
from maskwatch.config.privacy import Photos, PrivacyConfig
from maskwatch.config.site import SiteConfig
from maskwatch.store.records import SnapshotFace, SnapshotKind
from maskwatch.store.store import Store
from maskwatch.types import Box, State
from tests.alerts import samples
from tests.servers.certificates import Certificates
from tests.servers.mail import PASSWORD, USER, mail_server

ALERTS = 40
MOST_SLOWDOWN = 4


def test_the_photo_is_mailed_within_two_seconds(
    tmp_path: Path, certificates: Certificates, record_property: pytest.RecordProperty
) -> None:
    """The p95 of alerts one after the other, with STARTTLS and login, episode row first."""
    with (
        mail_server(Security.STARTTLS, certificates) as server,
        Store.open(f"sqlite:///{tmp_path}/m.db", tmp_path / "photos", Photos.CLEAR) as store,
    ):
        mail = {
            "kind": "email",
            "host": "localhost",
            "port": server.port,
            "username": USER,
            "password": PASSWORD,
            "ca_file": certificates.ca_file,
            "sender": "m@example.org",
            "to": ["ann@example.org"],
            "pacing": {"cooldown_camera_s": 0, "cooldown_person_s": 0, "rate_limit": None},
        }
        settings = AlertSettings(
            AlertsConfig.model_validate({"channels": {"mail": mail}}),
            PrivacyConfig(photos=Photos.CLEAR),
            SiteConfig(),
            "https://m.example.org",
        )
        service = AlertService(store, settings, build_channels)
        service.start()
        taken_s, worked_s, slowdown = [], [], _slowdown()
        for number in range(ALERTS):
            confirmed, worked = time.monotonic(), time.process_time()
            happen(store, service, number)
            mails = server.wait_for(number + 1)
            taken_s.append(time.monotonic() - confirmed)
            worked_s.append(time.process_time() - worked)
            if taken_s[-1] > 2.0:
                slowdown = max(slowdown, _slowdown())
        assert service.stop()
    assert all(
        any(part.get_content_type() == "image/jpeg" for part in each.message.walk())
        for each in mails
    )
    median, p95 = statistics.median(taken_s), _p95(taken_s)
    record_property("median_s", round(median, 3))
    record_property("p95_s", round(p95, 3))
    slowdown = max(slowdown, _slowdown())
    print(  # noqa: T201
        f"violation to mail: median {median:.3f} s, p95 {p95:.3f} s, of which work of this process "
        f"(mail server included) {_p95(worked_s):.3f} s; work takes {slowdown:.1f} times its time"
    )
    assert _p95(worked_s) <= 0.5  # whatever else the machine does
    if slowdown > MOST_SLOWDOWN:
        pytest.skip(f"too busy to tell: work takes {slowdown:.1f} times its time on this machine")
    assert p95 <= 2.0


def _slowdown() -> float:
    """How many times longer work takes than it would if nothing else ran."""
    wall, worked = time.perf_counter(), time.process_time()
    while time.process_time() - worked < 0.1:
        pass
    return (time.perf_counter() - wall) / (time.process_time() - worked)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def happen(store: Store, service: AlertService, number: int) -> None:
    """As the recorder does it: photo, then episode and deliveries in one transaction."""
    about = replace(samples.episode(track=number), started_at=datetime.now(UTC))
    photo = store.snapshots.save(
        samples.large_jpeg(),
        kind=SnapshotKind.EPISODE,
        camera=about.camera,
        taken_at=about.started_at,
        width=1280,
        height=720,
        faces=[SnapshotFace(Box(1, 1, 9, 9), State.NO_MASK, is_subject=True, blurred=False)],
    )
    with store.transaction():
        store.episodes.add(replace(about, snapshot_id=photo.id))
        store.deliveries.add(service.plan(about, datetime.now(UTC)))
    service.wake()
