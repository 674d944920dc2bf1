"""Which pictures of a live stream can be believed after some of it was lost."""

from __future__ import annotations

_HEALS_WITHIN_S = 10.0
"""Streams without key frames renew their pictures bit by bit, in less time than this."""


class Trust:
    """Follows the pictures of one stream in the order in which they are shown.

    Pictures are made from those before them, so after a loss all of them are in doubt up to the
    next key frame. Where none comes, doubt ends after ten seconds, or after as long as there has
    been between two key frames before.
    """

    def __init__(self) -> None:
        self._in_doubt = False
        self._since_t: float | None = None
        self._last_pts: int | None = None
        self._key_t: float | None = None
        self._longest_wait_s = _HEALS_WITHIN_S

    def lose(self, pts: int | None) -> None:
        """Something is missing or broken.

        Args:
            pts: the last time stamp that may be touched; only a later key frame ends the doubt.
        """
        self._in_doubt = True
        self._last_pts = pts

    def holds(self, t: float, pts: int | None, *, is_key: bool) -> bool:
        """Whether the next picture can be believed.

        Args:
            t: its seconds.
            pts: its time stamp.
            is_key: whether it is made from no other.
        """
        if is_key:
            self._note_key(t)
        if self._in_doubt:
            self._since_t = t if self._since_t is None else self._since_t
            if (is_key and self._is_later(pts)) or t - self._since_t > self._longest_wait_s:
                self._in_doubt, self._since_t = False, None
        return not self._in_doubt

    def _is_later(self, pts: int | None) -> bool:
        return pts is None or self._last_pts is None or pts > self._last_pts

    def _note_key(self, t: float) -> None:
        if self._key_t is not None:
            self._longest_wait_s = max(self._longest_wait_s, t - self._key_t)
        self._key_t = t
