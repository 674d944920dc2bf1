"""Folder per class: ``SET/class/picture``, or ``SET/split/class/picture``."""

from __future__ import annotations

from pathlib import Path

from maskwatch_train.data.formats.raw import (
    SPLIT_NAMES,
    Problem,
    RawFace,
    RawPicture,
    Reading,
    is_picture,
    sorted_files,
    subfolders,
)
from maskwatch_train.errors import DataError


def read_folders(source: Path) -> Reading:
    """Pictures labelled by the folder that they lie in; deeper folders belong to the class.

    Where all folders of the set are named like splits (``train``, ``val``, ``test``), the classes
    are the folders inside them.

    Raises:
        DataError: there is no such folder, it has no class folders, or one of them is empty.
    """
    outer = subfolders(source)
    names = [folder.name.lower() for folder in outer]
    if outer and all(name in SPLIT_NAMES for name in names):
        for folder, name in zip(outer, names, strict=True):
            yield from _classes(folder, SPLIT_NAMES[name])
    else:
        yield from _classes(source, "")


def _classes(folder: Path, split: str) -> Reading:
    classes = subfolders(folder)
    if not classes:
        raise DataError(folder, "no class folders in it")
    for each in classes:
        files = sorted_files(each)
        if not any(is_picture(path) for path in files):
            raise DataError(each, "class folder without pictures")
        for path in files:
            if is_picture(path):
                yield RawPicture(path, (RawFace(each.name, None),), split)
            else:
                yield Problem(path, "not a picture by its name")
