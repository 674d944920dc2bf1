from __future__ import annotations

import pytest

from maskwatch.tracks.absence import is_gone


@pytest.mark.parametrize(
    ("misses", "unseen_s", "expected"),
    [
        (0, 0.0, False),
        (1, 60.0, False),  # looks are rarer than the time allowed
        (2, 2.0, False),
        (2, 2.1, True),
    ],
)
def test_one_is_gone_who_was_missed_twice_and_for_longer_than_allowed(
    misses: int, unseen_s: float, expected: bool
) -> None:
    assert is_gone(misses, unseen_s, allowed_s=2.0) is expected
