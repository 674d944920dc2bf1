from __future__ import annotations

import pytest

from maskwatch.alerts.channels.replies import shown


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"5.1.1 who is that?\r\n5.1.1 try again", "5.1.1 who is that? 5.1.1 try again"),
        (b"k\xc3\xbcche \xff", "k\u00fcche \ufffd"),
        ("x" * 300, "x" * 200),
        ("no display".encode("utf-16-le"), "no display"),  # PostgreSQL stores no NUL
        ("\x1b[2Jgone \ud800", "[2Jgone"),
        (b"\0\0", ""),
    ],
)
def test_what_the_other_side_says_can_be_shown_and_stored(
    reply: bytes | str, expected: str
) -> None:
    assert shown(reply) == expected
