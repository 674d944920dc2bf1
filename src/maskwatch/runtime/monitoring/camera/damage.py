"""Notices that many pictures of a camera arrive damaged."""

from __future__ import annotations

import logging
import math
import time

from maskwatch.runtime.monitoring.throughput import Throughput

_log = logging.getLogger(__name__)

# Damage is looked at over the last minute; less of it is not worth a word, and words are few.
_DAMAGE_WINDOW_S = 60.0
_MUCH_DAMAGE = 0.01
_SAY_AGAIN_S = 600.0


class DamageWatch:
    """Counts the pictures of one camera, and says so in the log when many of them are damaged.

    Args:
        name: of the camera.
        over_udp: whether they come in packets that may be lost.
    """

    def __init__(self, name: str, *, over_udp: bool) -> None:
        self._name = name
        self._over_udp = over_udp
        self._received = Throughput(_DAMAGE_WINDOW_S)
        self._damaged = Throughput(_DAMAGE_WINDOW_S)
        self._said_at = -math.inf

    @property
    def share(self) -> float:
        """Of the pictures of the last minute, those that were left out as damaged, in [0, 1]."""
        received = self._received.per_second()
        return min(1.0, self._damaged.per_second() / received) if received > 0 else 0.0

    def note(self, received: int, damaged: int) -> None:
        """So many more pictures came, and so many of them were damaged."""
        self._received.add(received)
        self._damaged.add(damaged)
        now = time.monotonic()
        if self.share >= _MUCH_DAMAGE and now - self._said_at > _SAY_AGAIN_S:
            self._said_at = now
            udp = "; transport: tcp loses none" if self._over_udp else ""
            _log.warning(
                "camera %s: %.0f %% of the pictures arrive damaged and are left out%s",
                self._name,
                100 * self.share,
                udp,
            )
