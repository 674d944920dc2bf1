"""What the readers of data sets yield: pictures with labels that people gave them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from maskwatch.types import Box, Fault, State
from maskwatch_train.errors import DataError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One face of a picture, as an annotator saw it."""

    box: Box
    """Pixels of the picture's file."""
    state: State
    """``unknown`` where nobody could tell."""
    fault: Fault | None
    """None unless the state is ``incorrect``, and also where the fault of one is not known."""
    slice: str = ""
    """What makes it hard (``beard``, ``hand``, ``object``, ``scarf``); empty for most."""
    certainty: str = "sure"
    """``sure``, ``unsure`` or ``tiny``."""

    def __post_init__(self) -> None:
        if self.fault is not None and self.state is not State.INCORRECT:
            raise ValueError(f"fault {self.fault.value!r} does not go with {self.state.value!r}")


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One picture with all its labelled faces."""

    path: Path
    split: str
    """``train``, ``val`` or ``test``."""
    group: str
    """Near-duplicates share a group; a group lies in one split."""
    faces: tuple[LabelledFace, ...]
    look_alikes: tuple[Box, ...] = ()
    """What was taken for a face by a detector and is none: hands, ears, things."""


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture that shows one face, labelled as a whole."""

    path: Path
    label: State
    split: str
    group: str
    fault: Fault | None = None
    """None unless the label is ``incorrect``, and also where the fault is not known."""


def check_groups(file: Path, members: Iterable[tuple[str, str]]) -> None:
    """Checks that no group lies on two sides of a split.

    Args:
        file: where the split is written, for the message.
        members: group and split of every picture.

    Raises:
        DataError: names the first group that does, and its sides.
    """
    side: dict[str, str] = {}
    for group, split in members:
        other = side.setdefault(group, split)
        if other != split:
            both = f"both {other or 'no split'} and {split or 'no split'}"
            raise DataError(file, f"group {group} lies in {both}")


def check_no_copies(file: Path, members: Iterable[tuple[str, str, str]]) -> None:
    """Checks that no picture lies on two sides of a split under two names.

    Args:
        file: where the split is written, for the message.
        members: checksum, path and split of every picture.

    Raises:
        DataError: names the first two files that do.
    """
    first: dict[str, tuple[str, str]] = {}
    for sha256, path, split in members:
        known, side = first.setdefault(sha256, (path, split))
        if side != split:
            raise DataError(
                file,
                f"the same picture lies in {side or 'no split'} as {known} and in "
                f"{split or 'no split'} as {path}",
            )


def check_split(file: Path, entry: str, split: str) -> str:
    """The split itself, when it is one of train, val and test.

    Raises:
        DataError: it is something else.
    """
    if split not in SPLITS:
        raise DataError(file, f"{entry}: unknown split {split!r}, expected one of {SPLITS}")
    return split
