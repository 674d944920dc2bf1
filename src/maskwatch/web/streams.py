"""Answers that stay open, such as live pictures: how many there may be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from maskwatch.errors import Throttled

_RETRY_S = 10.0


class Streams:
    """Counts what stays open, so that forgotten browser tabs do not eat the box.

    Args:
        most: of everybody together. One user, with all programs, gets three quarters of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_one = math.ceil(most * 0.75)
        self._open: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open.total()

    def response(
        self, user_id: str, parts: AsyncIterator[bytes], media_type: str
    ) -> StreamingResponse:
        """Sends parts until the client leaves.

        Raises:
            Throttled: there are too many already, or too many of this user.
        """
        if self.open >= self._most or self._open[user_id] >= self._most_of_one:
            raise Throttled(_RETRY_S, "open streams")
        self._open[user_id] += 1
        return _Counted(parts, partial(self._leave, user_id), media_type)

    def _leave(self, user_id: str) -> None:
        self._open[user_id] -= 1
        self._open += Counter()  # drops whoever has none


class _Counted(StreamingResponse):
    def __init__(
        self, parts: AsyncIterator[bytes], on_end: Callable[[], None], media_type: str
    ) -> None:
        super().__init__(parts, media_type=media_type, headers={"X-Accel-Buffering": "no"})
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()
