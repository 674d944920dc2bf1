"""Which cameras there are to be: those of the configuration file, then those of the dashboard."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from maskwatch.config.cameras import camera_of
from maskwatch.errors import ConfigError
from maskwatch.runtime.monitoring.configuration.fleet import PlannedCamera
from maskwatch.store.records import EpisodeFilter

if TYPE_CHECKING:
    from maskwatch.config.root import Config
    from maskwatch.store.store import Store

_log = logging.getLogger(__name__)


def planned_cameras(config: Config, store: Store) -> tuple[dict[str, PlannedCamera], list[str]]:
    """The cameras by name, and what is wrong with those of the dashboard that are left out.

    All that has to be asked of the store, so that what follows does not fail half-way.

    Raises:
        StoreError: it cannot be read.
    """
    planned = {
        name: PlannedCamera(each, first_person=_first_person(store, name))
        for name, each in config.cameras.items()
    }
    problems = []
    for stored in store.cameras.all():
        name = stored.name
        if name in planned:
            problems.append(f"{name}: the configuration file has one of that name")
            continue
        try:
            camera = camera_of(stored.settings)
        except ConfigError as error:
            problems += [f"{name}: {each.reason}" for each in error.problems]
            continue
        first_person = _first_person(store, name)
        planned[name] = PlannedCamera(camera, from_dashboard=True, first_person=first_person)
    for problem in problems:
        _log.error("a camera of the dashboard is left out: %s", problem)
    return planned, problems


def _first_person(store: Store, camera: str) -> int:
    """People are numbered on after a restart, so that nobody is taken for somebody else."""
    latest = store.episodes.page(EpisodeFilter(cameras=(camera,)), limit=50)
    return 1 + max((episode.track for episode in latest.items), default=0)
