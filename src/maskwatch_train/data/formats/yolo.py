"""YOLO: a text file of boxes per picture, and a YAML file with the names of the classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import (
    SPLIT_NAMES,
    Problem,
    RawFace,
    RawPicture,
    Reading,
    is_picture,
    plain_path,
    read_text,
    sorted_files,
    spellings,
    split_in,
)
from maskwatch_train.errors import DataError

_SETTINGS = ("data.yaml", "data.yml", "dataset.yaml")
_NAME_LISTS = ("classes.txt", "obj.names", "names.txt")


def read_yolo(source: Path) -> Reading:
    """Pictures with label files, in the layouts that Ultralytics and Roboflow write.

    Labels of ``…/images/…/a.jpg`` lie at ``…/labels/…/a.txt``, or beside the picture. A picture
    without a label file shows no face, as those programs take it; a label file without a picture is
    a problem. Polygons become the box around them; of a pose, which the YAML file announces by
    ``kpt_shape``, the box is taken and not its points. A folder that the YAML file names and that
    is not there is a problem: Roboflow names one for a split without pictures.

    Args:
        source: the YAML file, or a folder that holds ``data.yaml``; without one, names are read
            from ``classes.txt``, there or in ``labels``, and splits from the lists that CVAT's
            ``obj.data`` names or that are called ``train.txt`` and so on, else from the names of
            folders.

    Raises:
        DataError: no names or no pictures are found, no picture has labels, or the YAML file makes
            no sense.
    """
    root = source if source.is_dir() else source.parent
    settings = _settings(source)
    names, points = _names(root, settings), _numbers_of_points(source, settings)
    labelled, missing = False, None
    for each in _pictures(root, settings):
        if isinstance(each, Problem):
            missing = missing or each
            yield each
            continue
        path, split = each
        labels = _labels_of(path)
        labelled = labelled or labels is not None
        yield _picture(path, split, labels, names, points)
    if not labelled and missing:
        raise DataError(missing.path, missing.reason)
    if not labelled:
        raise DataError(source, "no picture in it has a label file")
    yield from _strays(root)


def _settings(source: Path) -> dict[str, Any]:
    files = [source / name for name in _SETTINGS] if source.is_dir() else [source]
    file = next((path for path in files if path.is_file()), None)
    if file is None:
        return {}
    text = read_text(file)
    try:
        values = yaml.safe_load(text)
        if isinstance(values, dict) and "names" in values:
            # A class may be called ``no``, which YAML 1.1 takes for False; here all stays text.
            texts = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes no objects
            values["names"] = texts.get("names", values["names"])
    except yaml.YAMLError as error:
        raise DataError(file, "not YAML") from error
    if not isinstance(values, dict):
        raise DataError(file, "not a YAML file with keys")
    names = values.get("names")
    strays = [key for key in names if not str(key).isdecimal()] if isinstance(names, dict) else []
    if strays:
        raise DataError(file, f"names: {strays[0]!r} is not the number of a class")
    return values


def _numbers_of_points(source: Path, settings: dict[str, Any]) -> int:
    """How many numbers follow the box in a line of a pose; 0 in other sets."""
    shape = settings.get("kpt_shape", [0])
    if not isinstance(shape, list) or not all(isinstance(side, int) for side in shape):
        raise DataError(source, f"kpt_shape: {shape!r} is not the number of points and of values")
    return math.prod(shape)


def _names(root: Path, settings: dict[str, Any]) -> dict[int, str]:
    names = settings.get("names")
    if isinstance(names, dict):
        return {int(number): str(name) for number, name in names.items()}
    if isinstance(names, list):
        return {number: str(name) for number, name in enumerate(names)}
    # LabelImg keeps its list beside the labels.
    for path in (folder / name for folder in (root, root / "labels") for name in _NAME_LISTS):
        if path.is_file():
            lines = enumerate(read_text(path).split("\n"))
            return {number: name for number, name in lines if name.strip()}
    raise DataError(root, "no names of classes: neither data.yaml nor classes.txt")


def _pictures(root: Path, settings: dict[str, Any]) -> Iterator[tuple[Path, str] | Problem]:
    """Every picture with its split, and again for each other that the YAML file puts it into."""
    places = [(key, settings[key]) for key in SPLIT_NAMES if settings.get(key)]
    if not places:
        yield from _pictures_by_lists(root)
        return
    base = root / str(settings.get("path") or "")
    for key, place in places:
        for path in _listed(base if base.is_dir() else root, root, place):
            yield path if isinstance(path, Problem) else (path, SPLIT_NAMES[key])


def _pictures_by_lists(root: Path) -> Iterator[tuple[Path, str] | Problem]:
    """The pictures of the lists, then all others, with the splits that their folders say."""
    listed = set()
    for split, file in _lists(root):
        if not file.is_file():
            yield Problem(file, "no such list, though obj.data names it")
            continue
        for path in _lines(file, root):
            listed.add(plain_path(path))
            yield path, split
    for path in filter(is_picture, sorted_files(root)):
        if plain_path(path) not in listed:
            yield path, split_in(path, root)


def _lists(root: Path) -> Iterator[tuple[str, Path]]:
    """The lists of pictures of a set without a YAML file, with the split of each."""
    data = root / "obj.data"
    if data.is_file():
        for line in read_text(data).splitlines():
            key, _, place = (part.strip() for part in line.partition("="))
            if place and key.lower() in SPLIT_NAMES:
                yield SPLIT_NAMES[key.lower()], _named(place, [root])
        return
    for name, split in SPLIT_NAMES.items():
        file = root / f"{name}.txt"
        # It may as well be notes, or the labels of a picture of that name.
        if file.is_file() and any(map(is_picture, _lines(file, root))):
            yield split, file


def _listed(base: Path, root: Path, place: object) -> Iterator[Path | Problem]:
    """Pictures of one entry: a folder, a text file with paths, or several of them."""
    if isinstance(place, list):
        for each in place:
            yield from _listed(base, root, each)
        return
    # Roboflow writes ``../train/images`` for a folder beside its own YAML file, and its program
    # ``SET/train/images`` where that file lies in the folder SET.
    names = (str(place), str(place).removeprefix("../"))
    tried = [base / names[0], root / names[0], root / names[1]]
    tried.append(root.absolute().parent / names[0])
    found = next((path for path in tried if path.exists()), None)
    if found is None:
        yield Problem(tried[0], "no such folder or list, though the YAML file names it")
        return
    if found.is_dir():
        yield from filter(is_picture, sorted_files(found))
        return
    yield from _lines(found, base)


def _lines(file: Path, base: Path) -> Iterator[Path]:
    """Pictures of a list; what is called by a path from elsewhere is looked for in ``base`` too."""
    for line in filter(None, map(str.strip, read_text(file).splitlines())):
        yield _named(line, (file.parent, base))


def _named(line: str, folders: Sequence[Path]) -> Path:
    """The picture that a line of a list means, by the longest end of its path that is there.

    CVAT puts ``data/`` before each, and others write paths of the machine that they ran on.
    """
    parts = PurePosixPath(line.replace("\\", "/")).parts
    ends = (Path(*parts[start:]) for start in range(len(parts)))
    tried = (folder / each for end in ends for each in spellings(str(end)) for folder in folders)
    return next((path for path in tried if path.is_file()), folders[-1] / line)


def _labels_of(path: Path) -> Path | None:
    return next((file for file in _places_of_labels(path) if file.is_file()), None)


def _places_of_labels(path: Path) -> list[Path]:
    """Where the labels of a picture may lie, the likeliest first."""
    parts = list(path.parts[:-1])
    folders = [path.parent]
    if "images" in parts:
        last = len(parts) - 1 - parts[::-1].index("images")
        folders.insert(0, Path(*parts[:last], "labels", *parts[last + 1 :]))
    return [folder / name for folder in folders for name in spellings(f"{path.stem}.txt")]


def _strays(root: Path) -> Iterator[Problem]:
    """Files of labels whose picture is missing; other text is known by what it holds."""
    files = sorted_files(root)
    expected = {place for path in filter(is_picture, files) for place in _places_of_labels(path)}
    for path in files:
        if path.suffix.lower() == ".txt" and path not in expected and _holds_labels(path):
            yield Problem(path, "labels of a picture that is nowhere in the set")


def _holds_labels(path: Path) -> bool:
    try:
        rows = [line.split() for line in read_text(path).splitlines() if line.strip()]
        numbers = [[float(value) for value in row] for row in rows]
    except (DataError, ValueError):
        return False
    return bool(numbers) and all(len(row) >= 5 for row in numbers)


def _picture(
    path: Path, split: str, labels: Path | None, names: dict[int, str], points: int
) -> RawPicture | Problem:
    if labels is None:
        return RawPicture(path, (), split)
    try:
        lines = [line for line in read_text(labels).splitlines() if line.strip()]
        faces = tuple(_face(line, names, points) for line in lines)
    except DataError as error:
        return Problem(labels, error.reason)
    except ValueError as error:
        return Problem(labels, str(error))
    return RawPicture(path, faces, split, in_shares=True)


def _face(line: str, names: dict[int, str], points: int) -> RawFace:
    try:
        number, *values = (float(value) for value in line.split())
    except ValueError:
        raise ValueError(f"not a line of numbers: {line!r}") from None
    if not number.is_integer() or int(number) not in names:
        raise ValueError(f"class {number:g} has no name")
    if len(values) in (4, 4 + points):
        x, y, w, h = values[:4]
        box = Box(x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    elif len(values) >= 6 and len(values) % 2 == 0:
        box = Box(min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
    else:
        raise ValueError(f"neither a box nor a polygon: {line!r}")
    return RawFace(names[int(number)], box)
