"""Notices that a camera delivers the same picture again and again, and when to connect it anew.

Noise makes every picture of a working camera a little different from the last, even at night; a
crashed encoder, a recorder that has lost its camera or a frozen stream repeats itself. A clock
that is drawn into the picture hides that, and a scene rendered by a computer may stand still.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwatch.delays import Doubling, growing_delay_s
from maskwatch.types import Image

_GRID = 48
"""Samples across the longer side."""

_SAME = 0.05
"""Mean difference of grey levels, of 255, up to which two pictures are the same one. Compression
of a repeated picture again and again stays below; sensor noise of one level everywhere is 1."""

_KICKS = Doubling(10.0, 900.0)
"""When a frozen camera is connected anew."""


class FreezeWatch:
    """Watches the pictures of one camera.

    Args:
        limit_s: a picture that stays for so long is frozen; None never.
    """

    def __init__(self, limit_s: float | None) -> None:
        self._limit_s = limit_s
        self._reference: NDArray[np.int16] | None = None
        self._since_t = 0.0
        self._kick = 1
        """Which one comes next while it stays frozen."""
        self._kick_t = 0.0

    def is_frozen(self, t: float, image: Image) -> bool:
        """Whether the picture has stayed the same for too long.

        Args:
            t: of the picture, in seconds.
            image: ``(H, W, 3)`` uint8 BGR.
        """
        if self._limit_s is None:
            return False
        sample = _sample(image)
        before = self._reference
        if before is None or before.shape != sample.shape or _differ(before, sample):
            self._reference, self._since_t = sample, t
        is_frozen = t - self._since_t >= self._limit_s
        if not is_frozen:
            self._kick = 1
        return is_frozen

    def plan_kick(self, t: float) -> None:
        """Has the camera connected anew some time after ``t`` seconds, if it stays frozen."""
        self._kick_t = t + growing_delay_s(_KICKS, self._kick)

    def is_kick_due(self, t: float) -> bool:
        """Whether it is to be connected anew now; the next time then comes later and later."""
        if t < self._kick_t:
            return False
        self._kick += 1
        self.plan_kick(t)
        return True


def _sample(image: Image) -> NDArray[np.int16]:
    step = max(1, max(image.shape[:2]) // _GRID)
    return image[::step, ::step].astype(np.int16)


def _differ(a: NDArray[np.int16], b: NDArray[np.int16]) -> bool:
    return float(np.abs(a - b).mean()) > _SAME
