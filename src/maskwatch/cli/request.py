"""What `maskwatch detect` was asked to do, checked for sense."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from maskwatch.build.models import BuildOptions
from maskwatch.errors import UsageError
from maskwatch.frames.sampling import MOST_FPS
from maskwatch.outputs.files import STDOUT, file_identity

if TYPE_CHECKING:
    from maskwatch.frames.orientation import Turn

DEFAULT_OUT = Path("maskwatch-out")

_TARGETS = ("jsonl", "csv", "episodes", "json_summary")
_STDOUT_FILES = ("/dev/stdout", "/dev/fd/1")
"""Written to as files, they would get the table as well."""

FEWEST_LOOKS_PER_S = 1e-6
"""One in eleven days; the time between fewer does not fit a number of frames."""


@dataclass(frozen=True, slots=True)
class DetectRequest:
    """The options of the command line, as values.

    Raises:
        UsageError: two outputs would go to the same place, or a number makes no sense.
    """

    sources: tuple[str, ...]
    out: Path | None = None
    """Folder of annotated output; None for ``DEFAULT_OUT``, and for live sources none."""
    annotate: bool = True
    blur: bool = False
    jsonl: str | None = None
    """This and the next three: a path, ``-`` for standard output, or None."""
    csv: str | None = None
    episodes: str | None = None
    json_summary: str | None = None
    quiet: bool = False
    show: bool = False
    turn: Turn = 0
    """Degrees by which upright pictures are turned clockwise after all."""
    every: int = 1
    max_fps: float | None = None
    min_face_px: float = 0.0
    score: float | None = None
    looks_per_s: float = 10.0
    """How often faces are looked for in videos; 0 in every frame."""
    small_faces: bool = False
    """Whether far faces are looked for in large frames of videos too, as in pictures."""
    models: BuildOptions = field(default_factory=BuildOptions)

    def __post_init__(self) -> None:
        for name in _TARGETS:
            if getattr(self, name) in _STDOUT_FILES:
                object.__setattr__(self, name, STDOUT)  # the class is frozen
        if self.max_fps is not None and not 0 < self.max_fps <= MOST_FPS:
            raise UsageError(
                f"--max-fps must be above 0 and at most {MOST_FPS}, got {self.max_fps:g}"
            )
        if not math.isfinite(self.min_face_px):
            raise UsageError(f"--min-face must be a number of pixels, got {self.min_face_px:g}")
        if self.score is not None and not 0 <= self.score <= 1:
            raise UsageError(f"--score must be from 0 to 1, got {self.score:g}")
        if self.looks_per_s != 0 and not FEWEST_LOOKS_PER_S <= self.looks_per_s <= MOST_FPS:
            raise UsageError(
                f"--looks must be 0 or from {FEWEST_LOOKS_PER_S:g} to {MOST_FPS}, "
                f"got {self.looks_per_s:g}"
            )
        if "" in self.targets:
            raise UsageError("the name of an output file is empty")
        places = Counter(_place(target) for target in self.targets)
        twice = [place for place, count in places.items() if count > 1]
        if twice:
            raise _shared("standard output" if twice[0] == STDOUT else twice[0])

    @property
    def targets(self) -> tuple[str, ...]:
        """Every place that rows, episodes or the summary go to."""
        every = (getattr(self, name) for name in _TARGETS)
        return tuple(target for target in every if target is not None)

    @property
    def folder(self) -> Path:
        """Where annotated output goes."""
        return DEFAULT_OUT if self.out is None else self.out

    @property
    def prints_data(self) -> bool:
        """Whether standard output carries data, so that nothing else may go there."""
        return STDOUT in self.targets

    def check_inputs_are_safe(self, inputs: Iterable[Path]) -> None:
        """Raises UsageError if a file that is to be read would be written."""
        written = {file_identity(Path(target)) for target in self.targets if target != STDOUT}
        for path in inputs:
            identity = file_identity(path)
            if identity is not None and identity in written:
                raise UsageError(f"{path} is a source and cannot be an output too")

    def check_outputs_differ(self, annotated: Iterable[Path]) -> None:
        """Raises UsageError if an annotated file would be written where something else goes."""
        places = {_place(target) for target in self.targets}
        for path in annotated:
            if _place(str(path)) in places:
                raise _shared(str(path))


def _shared(place: str) -> UsageError:
    return UsageError(f"two outputs cannot both go to {place}")


def _place(target: str) -> str:
    return target if target == STDOUT else os.path.realpath(target)
