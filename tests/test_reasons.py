from __future__ import annotations

import errno
import os

import pytest

from maskwatch.reasons import system_reason


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/a/secret/path"), "permission denied"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left on the device"),
        (OSError("Short write"), "short write"),
        (ValueError("embedded null byte"), "embedded null byte"),
    ],
)
def test_what_the_system_says_becomes_part_of_a_sentence(
    error: OSError | ValueError, said: str
) -> None:
    assert system_reason(error) == said
