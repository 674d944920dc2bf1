"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    what: str
    """Such as ``camera door``."""
    grade: Grade
    said: str
    """What was found, in a clause, without passwords."""
    advice: str = ""
    """What to do about it; empty when nothing is to be done."""
    frame_bytes: int = 0
    """Of one picture of a camera that delivers; 0 for everything else."""


Check = Callable[[], Finding]
