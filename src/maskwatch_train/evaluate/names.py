"""Names and paths: which file the end of a path is about, and how to tell names apart."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path


def absolute(path: Path) -> Path:
    """The path from the root. Links are not followed: a name may be that of a link."""
    return Path(os.path.normpath(Path.cwd() / path))


def shortest_ends(paths: Iterable[Path], least: int = 1) -> dict[Path, str]:
    """For each path so much of its end, with forward slashes, as no other path ends with.

    Args:
        paths: of files or folders.
        least: so many parts are given even where fewer would do.
    """
    wholes = {path: absolute(path) for path in paths}
    shared = Counter(end for whole in set(wholes.values()) for end in _ends(whole))
    return {
        path: next(
            end.as_posix()
            for count, end in enumerate(_ends(whole), start=1)
            if end == whole or (count >= least and shared[end] == 1)
        )
        for path, whole in wholes.items()
    }


def _ends(whole: Path) -> list[Path]:
    """Its last part, its last two parts and so on, up to the whole path."""
    return [Path(*whole.parts[start:]) for start in reversed(range(len(whole.parts)))]


def distinct(names: Sequence[str], places: Sequence[Path]) -> list[str]:
    """The names, each once: where models or sets have the same, with the end of their path.

    One that is given twice gets a number, too.
    """
    ends = shortest_ends(places)
    told = [
        name if names.count(name) == 1 else f"{name} ({ends[place]})"
        for name, place in zip(names, places, strict=True)
    ]
    return [
        text if told.count(text) == 1 else f"{text} {told[: i + 1].count(text)}"
        for i, text in enumerate(told)
    ]


class FileNames:
    """Files that can be asked for by the ends of their paths.

    Args:
        paths: of the files.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._by_name: dict[str, list[Path]] = {}
        for whole in sorted({absolute(path) for path in paths}):
            self._by_name.setdefault(whole.name, []).append(whole)

    def meant(self, name: Path) -> list[Path]:
        """The `absolute` paths that a name fits: one if it is clear, none if it fits nothing."""
        some = self._by_name.get(name.name, [])
        if name.is_absolute():
            same = [whole for whole in some if whole == absolute(name)]
            return same or [whole for whole in some if whole.resolve() == name.resolve()]
        # What is left of ".." at the start only says from where the file was seen.
        end = tuple(part for part in Path(os.path.normpath(name)).parts if part != os.pardir)
        return [whole for whole in some if whole.parts[-len(end) :] == end]
