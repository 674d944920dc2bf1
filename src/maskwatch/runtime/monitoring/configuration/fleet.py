"""All lanes: which cameras are watched, and what changes when the configuration does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from maskwatch.config.cameras import CameraConfig
from maskwatch.errors import UsageError
from maskwatch.runtime.monitoring.camera.lane import CameraLane, LaneSetting
from maskwatch.runtime.monitoring.control import CameraPhase, CameraStatus

_STOP_S = 2.5
_OFF_BY_SETTINGS = "switched off by its settings (enabled: false)"


@dataclass(frozen=True, slots=True)
class PlannedCamera:
    """A camera that there is to be."""

    config: CameraConfig
    from_dashboard: bool = False
    first_person: int = field(default=1, compare=False)
    """The lowest number that a person may get; nobody gets one that somebody had in this run."""


class Fleet:
    """Starts and stops lanes; may be used from any thread.

    Args:
        on_end: called with the name of a camera whose lane has ended, also where one with other
            settings follows: what was shown under the old ones may no longer be shown.
    """

    def __init__(self, on_end: Callable[[str], None] = lambda _: None) -> None:
        self._on_end = on_end
        self._lock = threading.RLock()
        self._lanes: dict[str, CameraLane] = {}
        self._planned: dict[str, PlannedCamera] = {}
        self._setting: LaneSetting | None = None
        self._stopped: set[str] = set()
        """By hand."""
        self._next_person: dict[str, int] = {}
        self._off_since: dict[str, datetime] = {}
        self._is_over = False

    def apply(self, cameras: Mapping[str, PlannedCamera], setting: LaneSetting) -> list[str]:
        """Watches these cameras from now on; those that have not changed go on undisturbed.

        After an error in the middle of it, which may be any, the next call does what is left.

        Returns:
            What was done, such as ``camera door: restarted``.
        """
        with self._lock:
            before, self._planned = self._planned, dict(cameras)
            is_new_setting = self._setting is not None and self._setting != setting
            self._setting = setting
            self._stopped &= set(cameras)
            gone = [name for name in before if name not in cameras]
            changed = [
                name
                for name, planned in cameras.items()
                if name in before
                and (is_new_setting or planned != before[name] or self._is_missing(name))
            ]
            added = [name for name in cameras if name not in before]
            self._end([*gone, *changed])
            for name in gone:
                self._off_since.pop(name, None)
            for name in added:
                self._off_since[name] = datetime.now(UTC)
            for name in [*changed, *added]:
                self._begin(name)
            return [
                *(f"camera {name}: removed" for name in gone),
                *(f"camera {name}: restarted" for name in changed),
                *(f"camera {name}: added" for name in added),
            ]

    def start(self, name: str) -> None:
        """Watches a camera again that was stopped by hand.

        Raises:
            UsageError: there is none of that name, or its settings switch it off.
        """
        with self._lock:
            self._must_know(name)
            if not self._planned[name].config.enabled:
                raise UsageError(f"{name} is {_OFF_BY_SETTINGS}")
            self._stopped.discard(name)
            self._begin(name)

    def stop(self, name: str) -> None:
        """Stops watching a camera; raises UsageError for an unknown one."""
        with self._lock:
            self._must_know(name)
            self._stopped.add(name)
            self._end([name])

    def stop_all(self, timeout_s: float) -> bool:
        """Ends all lanes for good; whether they all ended within the time."""
        with self._lock:
            self._is_over = True
            return self._end(list(self._lanes), timeout_s)

    def lanes(self) -> Sequence[CameraLane]:
        """Those that run."""
        with self._lock:
            return list(self._lanes.values())

    def states(self) -> list[CameraStatus]:
        """All cameras in their order, those that are switched off as well."""
        with self._lock:
            planned, lanes = dict(self._planned), dict(self._lanes)
            off_since = dict(self._off_since)
        return [
            lanes[name].status() if name in lanes else _switched_off(name, each, off_since[name])
            for name, each in planned.items()
        ]

    def _must_know(self, name: str) -> None:
        if name not in self._planned:
            raise UsageError(f"there is no camera {name!r}")

    def _begin(self, name: str) -> None:
        if not self._is_missing(name):
            return
        self._lanes[name] = lane = self._lane(name, self._planned[name])
        try:
            lane.start()
        except Exception:  # such as no room for a thread
            self._end([name])  # one of its two may run
            raise

    def _is_missing(self, name: str) -> bool:
        """Whether a camera is to be watched but has no lane."""
        is_wanted = self._planned[name].config.enabled and name not in self._stopped
        return is_wanted and name not in self._lanes and not self._is_over

    def _lane(self, name: str, planned: PlannedCamera) -> CameraLane:
        if self._setting is None:
            raise RuntimeError("`apply` comes first")
        return CameraLane(
            name,
            planned.config,
            self._setting,
            first_person=max(planned.first_person, self._next_person.get(name, 1)),
            from_dashboard=planned.from_dashboard,
        )

    def _end(self, names: Sequence[str], timeout_s: float = _STOP_S) -> bool:
        ending = [self._lanes.pop(name) for name in names if name in self._lanes]
        for lane in ending:
            lane.request_stop()
        deadline = time.monotonic() + timeout_s
        ended = [lane.join(max(0.0, deadline - time.monotonic())) for lane in ending]
        for lane in ending:
            self._next_person[lane.name] = lane.next_person
            self._off_since[lane.name] = datetime.now(UTC)
            self._on_end(lane.name)
        return all(ended)


def _switched_off(name: str, planned: PlannedCamera, since: datetime) -> CameraStatus:
    return CameraStatus(
        camera=name,
        address=planned.config.address,
        phase=CameraPhase.STOPPED,
        since=since,
        reason="switched off" if planned.config.enabled else _OFF_BY_SETTINGS,
        required=False,
        from_dashboard=planned.from_dashboard,
        enabled=planned.config.enabled,
    )
