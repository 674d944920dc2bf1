"""What tells one file from another."""

from __future__ import annotations

import hashlib
from pathlib import Path

from maskwatch_train.errors import reading


def checksum(path: Path) -> str:
    """SHA-256 of a file in hexadecimal; raises DataError if it cannot be read."""
    with reading(path):
        return hashlib.sha256(path.read_bytes()).hexdigest()
