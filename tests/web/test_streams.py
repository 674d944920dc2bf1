"""Answers that stay open: how many there may be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from maskwatch.errors import Throttled
from maskwatch.web.streams import Streams


async def nothing() -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize(("most", "of_one"), [(1, 1), (2, 2), (8, 6), (32, 24)])
def test_one_user_leaves_streams_for_others(most: int, of_one: int) -> None:
    streams = Streams(most)
    for _ in range(of_one):
        streams.response("vera", nothing(), "text/event-stream")
    with pytest.raises(Throttled):
        streams.response("vera", nothing(), "text/event-stream")
    for _ in range(most - of_one):
        streams.response("anna", nothing(), "text/event-stream")
    with pytest.raises(Throttled):
        streams.response("ravi", nothing(), "text/event-stream")
    assert streams.open == most
