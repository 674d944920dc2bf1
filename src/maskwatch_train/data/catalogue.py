"""Which public sets there are, where their files lie, and under which licence.

Nothing of them is part of this project: each is fetched from its own authors' place, under their
terms. A file without a checksum is one whose authors publish none. Those of WIDER FACE are the ones
that ``torchvision.datasets.WIDERFace`` states.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from maskwatch_train.errors import DataError, reading

CATALOGUE = Path(__file__).with_name("public_sets.json")
"""The sets that this project knows."""
_HEX = {"sha256": 64, "md5": 32}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One archive of a set."""

    url: str
    name: str
    """What it is called on this machine."""
    size: int = 0
    """Bytes; 0 where it is not known."""
    sha256: str = ""
    """Empty where its authors publish none, as is ``md5``."""
    md5: str = ""


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A set as its authors publish it."""

    name: str
    title: str
    page: str
    licence: str
    layout: str
    """The format to import it as; empty where it has no labels that the import knows."""
    folder: str
    """Where in the unpacked archive the set lies."""
    checked: str = ""
    """Where the licence was read; empty where nobody of this project has read it yet."""
    manual: str = ""
    """What a person must do, where the files cannot be fetched without an account."""
    files: tuple[RemoteFile, ...] = field(default=())


def read_catalogue(path: Path = CATALOGUE) -> dict[str, PublicSet]:
    """The sets of a catalogue by name.

    Raises:
        DataError: the file is missing or not JSON, or an entry lacks a key, has one too many, or
            a value that makes no sense.
    """
    try:
        with reading(path):
            values = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DataError(path, f"not a JSON object: {error}") from error
    return {name: _set(path, name, entry) for name, entry in values.items()}


def _set(path: Path, name: str, entry: Any) -> PublicSet:
    try:
        files = tuple(_file(each) for each in entry.pop("files", ()))
        found = PublicSet(name=name, files=files, **entry)
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(path, f"entry {name!r}: {error}") from error
    if not found.files and not found.manual:
        raise DataError(path, f"entry {name!r}: neither files nor a word on how to get them")
    return found


def _file(values: dict[str, Any]) -> RemoteFile:
    found = RemoteFile(**values)
    if found.name != PurePosixPath(found.name).name or not found.name:
        raise ValueError(f"{found.name!r} is not a plain file name")
    if not found.url.startswith(("https://", "http://")):
        raise ValueError(f"{found.url!r} is not an HTTP address")
    for kind, length in _HEX.items():
        value = getattr(found, kind)
        if value and (len(value) != length or set(value) - set("0123456789abcdef")):
            raise ValueError(f"{value!r} is not a {kind}")
    return found
