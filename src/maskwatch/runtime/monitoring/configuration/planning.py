"""Which cameras there are to be: those of the configuration file, then those of the dashboard."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from maskwatch.config.cameras import CameraConfig, camera_of
from maskwatch.errors import ConfigError
from maskwatch.runtime.monitoring.configuration.fleet import PlannedCamera
from maskwatch.runtime.monitoring.control import LeftOut
from maskwatch.store.records import EpisodeFilter, StoredCamera

if TYPE_CHECKING:
    from maskwatch.config.root import Config
    from maskwatch.store.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cameras there are to be."""

    cameras: Mapping[str, PlannedCamera]
    """By name."""
    left_out: tuple[LeftOut, ...]


def planned_cameras(config: Config, store: Store) -> Plan:
    """What is to be watched.

    All that has to be asked of the store, so that what follows does not fail half-way.

    Raises:
        StoreError: it cannot be read.
    """
    planned = {
        name: PlannedCamera(each, first_person=_first_person(store, name))
        for name, each in config.cameras.items()
    }
    left_out = []
    for stored in store.cameras.all():
        name, camera = stored.name, camera_or_why_not(stored, config.cameras)
        if isinstance(camera, LeftOut):
            left_out.append(camera)
            _log.error("a camera of the dashboard is left out: %s", camera)
        else:
            first_person = _first_person(store, name)
            planned[name] = PlannedCamera(camera, from_dashboard=True, first_person=first_person)
    return Plan(planned, tuple(left_out))


def camera_or_why_not(stored: StoredCamera, in_file: Container[str]) -> CameraConfig | LeftOut:
    """A camera of the dashboard, unless the file has one of its name or its settings are wrong."""
    if stored.name in in_file:
        return LeftOut(stored.name)
    try:
        return camera_of(stored.settings)
    except ConfigError as error:
        return LeftOut(stored.name, tuple(f"{each.key}: {each.reason}" for each in error.problems))


def _first_person(store: Store, camera: str) -> int:
    """People are numbered on after a restart, so that nobody is taken for somebody else."""
    latest = store.episodes.page(EpisodeFilter(cameras=(camera,)), limit=50)
    return 1 + max((episode.track for episode in latest.items), default=0)
