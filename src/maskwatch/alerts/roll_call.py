"""Which cameras there are, as far as this run of the service has heard."""

from __future__ import annotations

import threading
from collections.abc import Collection


class RollCall:
    """Remembers who has answered; used by many threads.

    A camera counts from the first thing that it tells of itself. What an earlier run wrote down
    says nothing about today: the camera may be back, or have been removed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: set[str] = set()

    def answered(self, camera: str) -> None:
        """The camera told that it is up, or that it is down."""
        with self._lock:
            self._present.add(camera)

    def keep(self, cameras: Collection[str]) -> None:
        """These are all that there are: others were removed."""
        with self._lock:
            self._present.intersection_update(cameras)

    def has(self, camera: str | None) -> bool:
        """Whether it has answered and was not removed since."""
        with self._lock:
            return camera in self._present
