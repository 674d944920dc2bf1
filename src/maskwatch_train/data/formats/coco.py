"""COCO: JSON files with images, annotations and categories (instances of object detection)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import (
    SPLIT_NAMES,
    Problem,
    RawFace,
    RawPicture,
    Reading,
    read_text,
    sorted_files,
    spellings,
    stated_size,
)
from maskwatch_train.errors import DataError


def read_coco(source: Path) -> Reading:
    """Pictures of one or several annotation files.

    A picture's name is looked for beside the JSON file, in ``images`` and in the folder of the
    split or of CVAT's subset (``images/default``). Label Studio writes paths of the machine that it
    runs on, also with backslashes: where there is nothing, the end of the path is looked for, if no
    other picture has it. The split is taken from the JSON file's name or folder
    (``instances_train2017.json``, ``valid/_annotations.coco.json``).

    Args:
        source: a JSON file, or a folder with some.

    Raises:
        DataError: there is no annotation file, or one is not in the format.
    """
    files = [source] if source.is_file() else sorted_files(source)
    found = False
    for file in files:
        if file.suffix.lower() != ".json":
            continue
        values = _load(file)
        if values is None:
            continue
        found = True
        yield from _pictures(file, source if source.is_dir() else source.parent, values)
    if not found:
        raise DataError(source, "no COCO annotations: JSON with images and annotations")


def _load(file: Path) -> dict[str, Any] | None:
    """The content of an annotation file; None for any other JSON."""
    try:
        values = json.loads(read_text(file))
    except ValueError as error:
        raise DataError(file, f"not JSON: {error}") from error
    wanted = {"images", "annotations", "categories"}
    return values if isinstance(values, dict) and wanted <= values.keys() else None


def _pictures(file: Path, root: Path, values: dict[str, Any]) -> Reading:
    split = _split_of(file, root)
    try:
        words = {each["id"]: str(each["name"]) for each in values["categories"]}
        annotations: dict[Any, list[dict[str, Any]]] = {}
        for each in values["annotations"]:
            annotations.setdefault(each["image_id"], []).append(each)
        images = [(each["id"], str(each["file_name"]), each) for each in values["images"]]
    except (KeyError, TypeError) as error:
        raise DataError(file, f"an entry lacks {error}") from error
    strays = annotations.keys() - {number for number, _, _ in images}
    if strays:
        raise DataError(file, f"annotations of an image that is not there: {min(map(str, strays))}")
    files = Counter(number for number, _ in {(number, name) for number, name, _ in images})
    shared = [number for number, count in files.items() if count > 1]
    if shared:
        raise DataError(file, f"several images have the id {min(map(str, shared))}")
    ends = Counter(_end(name) for _, name, _ in images)
    for number, name, image in images:
        names = [name, name.replace("\\", "/"), *([_end(name)] if ends[_end(name)] == 1 else ())]
        spelt = dict.fromkeys(spelling for each in names for spelling in spellings(each))
        tried = (place for each in spelt for place in _places(file, each, split))
        path = next((place for place in tried if place.is_file()), None)
        if path is None:
            yield Problem(file.parent / name, "no such picture, though it has labels")
            continue
        try:
            faces = tuple(_faces(annotations.get(number, []), words))
            size = stated_size(image.get("width"), image.get("height"))
            yield RawPicture(path, faces, split, size=size)
        except (KeyError, TypeError, ValueError) as error:
            yield Problem(path, f"an annotation of it makes no sense: {error!r}")


def _faces(annotations: list[dict[str, Any]], words: dict[Any, str]) -> Iterator[RawFace]:
    for each in annotations:
        x, y, width, height = (float(value) for value in each["bbox"])
        box = Box(x, y, x + width, y + height)
        yield RawFace(words[each["category_id"]], box, bool(each.get("iscrowd")))


def _end(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def _places(file: Path, name: str, split: str) -> Iterator[Path]:
    subset = file.stem.removeprefix("instances_")
    # Only an absolute path is sure to name the folder above.
    for base in (file.parent, file.absolute().parent.parent):
        yield base / name
        yield base / "images" / name
        yield base / "images" / subset / name
        for word, meaning in SPLIT_NAMES.items():
            if meaning == split:
                yield from (base / word / name, base / "images" / word / name)
                yield from (path / name for path in sorted(base.glob(f"{word}20[0-9][0-9]")))


def _split_of(file: Path, root: Path) -> str:
    inside = file.relative_to(root)
    for part in (file.stem, *reversed(inside.parts[:-1])):
        for word in part.lower().replace("-", "_").replace(".", "_").split("_"):
            split = SPLIT_NAMES.get(word.rstrip("0123456789"))
            if split:
                return split
    return ""
