"""A process that records episodes and sends their alerts, to be killed by tests.

Usage: dispatcher_program.py FOLDER SETTINGS EPISODES [CRASH_POINT]

FOLDER holds the store, SETTINGS is the section ``alerts`` as JSON. Records episodes until there are
EPISODES of them, sends everything, prints "done" and ends. With CRASH_POINT it ends there, the
third time it comes along, as abruptly as by SIGKILL.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from maskwatch.alerts.service import AlertService, AlertSettings
from maskwatch.build.channels import build_channels
from maskwatch.config.alerts import AlertsConfig
from maskwatch.config.privacy import PrivacyConfig
from maskwatch.config.site import SiteConfig
from maskwatch.store.deliveries import Deliveries
from maskwatch.store.ids import new_id
from maskwatch.store.records import DeliveryState, EpisodeRecord
from maskwatch.store.store import Store
from maskwatch.types import State

POINTS = {
    "before the episode is kept": (Deliveries, "add", "after"),
    "after the claim": (Deliveries, "claim", "after"),
    "sent and not noted": (Deliveries, "sent", "before"),
    "noted and not kept": (Deliveries, "sent", "after"),
}
"""Where to crash: before or after which method. The last and the first are in a transaction."""


def crash_at(point: str) -> None:
    owner, name, when = POINTS[point]
    original: Callable[..., Any] = getattr(owner, name)
    left = [3]

    def crashing(*arguments: Any, **named: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and when == "before":
            os._exit(9)
        result = original(*arguments, **named)
        if left[0] == 0:
            os._exit(9)
        return result

    setattr(owner, name, crashing)


def record(store: Store, service: AlertService, number: int) -> None:
    """As the recorder does it: the episode and its deliveries in one transaction."""
    now = datetime.now(UTC)
    about = EpisodeRecord(new_id(), f"Door {number}", None, number, State.NO_MASK, None, 3.0, now)
    with store.transaction():
        store.episodes.add(replace(about, started_at=now + timedelta(milliseconds=number)))
        store.deliveries.add(service.plan(about, now))
    service.wake()


def main() -> None:
    folder, alerts, wanted = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
    if len(sys.argv) > 4:
        crash_at(sys.argv[4])
    settings = AlertSettings(
        AlertsConfig.model_validate(alerts), PrivacyConfig(), SiteConfig(), None
    )
    with Store.open(f"sqlite:///{folder}/maskwatch.db", folder / "photos") as store:
        service = AlertService(store, settings, build_channels)
        service.start()
        print("started", flush=True)  # noqa: T201 - read by the test
        for number in range(store.episodes.count(), wanted):
            record(store, service, number)
        while True:
            counts = store.deliveries.counts()
            if not counts[DeliveryState.PENDING] and not counts[DeliveryState.CLAIMED]:
                break
            time.sleep(0.02)
        service.stop()
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
