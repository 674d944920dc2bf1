"""What a reader of a layout yields: pictures with the words that their set uses for labels."""

from __future__ import annotations

import io
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from maskwatch.frames.sniff import IMAGE_SUFFIXES
from maskwatch.types import Box
from maskwatch_train.errors import DataError, reading

_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""What folders and lists of splits are called, and the split that each means."""

Size: TypeAlias = tuple[float, float]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class RawFace:
    """One label as the set writes it."""

    word: str
    """The set's own name of the class."""
    box: Box | None
    """Pixels of the picture, or shares of its sides (see `RawPicture.in_shares`), maybe a little
    outside; None for a label of the whole picture."""
    crowd: bool = False
    """Several faces in one box, which nobody told apart."""


@dataclass(frozen=True, slots=True)
class RawPicture:
    """One picture of a set."""

    path: Path
    faces: tuple[RawFace, ...]
    split: str = ""
    """``train``, ``val`` or ``test`` where the set has splits of its own, else empty."""
    group: str = ""
    """Near-duplicates, where the set says so."""
    size: Size | None = None
    """Of the picture as it was labelled, where the set says so."""
    in_shares: bool = False
    """Whether its boxes are shares of its width and height instead of pixels."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a set that cannot be used, while the rest can."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


Reading: TypeAlias = Iterator[RawPicture | Problem]


def sorted_files(folder: Path) -> list[Path]:
    """All files below a folder in a fixed order, without what systems leave behind.

    Links to folders are followed: sets are often put together from them.

    Raises:
        DataError: there is no such folder, or it or one in it cannot be read.
    """
    if not folder.is_dir():
        raise DataError(folder, "no such folder")
    return sorted(_files_below(folder, frozenset()))


def _files_below(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    """Files in a folder and those in it; ``above`` are the device and inode of those around it."""
    status = folder.stat()
    here = status.st_dev, status.st_ino
    if here in above:  # a link back, to what is being listed already
        return
    with reading(folder):
        inside = [path for path in folder.iterdir() if not _is_litter(path.name)]
    for path in inside:
        if path.is_dir():
            yield from _files_below(path, above | {here})
        elif path.is_file():
            yield path


def subfolders(folder: Path) -> list[Path]:
    """The folders directly in a folder, in a fixed order, without hidden ones."""
    if not folder.is_dir():
        raise DataError(folder, "no such folder")
    return sorted(path for path in folder.iterdir() if path.is_dir() and not _is_litter(path.name))


def stated_size(width: str | float | None, height: str | float | None) -> Size | None:
    """The size that labels give; None where they leave it out, or zero as some programs write.

    Raises:
        ValueError: it is not two numbers.
    """
    size = float(width or 0), float(height or 0)
    return size if min(size) > 0 else None


def is_picture(path: Path) -> bool:
    """Whether the name says that it is a picture."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def split_in(path: Path, root: Path) -> str:
    """The split that a folder between ``root`` and a file is named after; empty without one."""
    parts = (SPLIT_NAMES.get(part.lower()) for part in path.relative_to(root).parts[:-1])
    return next((split for split in parts if split), "")


def plain_path(path: Path) -> Path:
    """The path from the root. Links are not followed: sets are often put together from them."""
    return Path(os.path.normpath(path.absolute()))


def spellings(name: str) -> tuple[str, ...]:
    """A name as it is written, then in both normal forms of Unicode.

    To most systems they are different files: an archive packed on a Mac holds ``é`` as two
    characters, where a file of labels that was typed or exported has one.
    """
    forms = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    return tuple(dict.fromkeys((name, *forms)))


def read_bytes(path: Path) -> bytes:
    """A file of labels; raises DataError if it cannot be read."""
    with reading(path):
        return path.read_bytes()


def read_text(path: Path) -> str:
    """A file of labels as text; raises DataError if it cannot be read or is not UTF-8."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(path, "not UTF-8 text") from error
    return io.StringIO(text, newline=None).read()  # with the line ends of any system as "\n"


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER
