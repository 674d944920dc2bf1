"""From the raw pictures of any layout to rows of a manifest, with every file looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from maskwatch.errors import SourceError
from maskwatch.frames.images import read_image
from maskwatch.types import Box, State
from maskwatch_train.checksum import checksum
from maskwatch_train.data.formats.coco import read_coco
from maskwatch_train.data.formats.folders import read_folders
from maskwatch_train.data.formats.raw import Problem, RawFace, RawPicture, Reading, Size, plain_path
from maskwatch_train.data.formats.table import read_table
from maskwatch_train.data.formats.voc import read_voc
from maskwatch_train.data.formats.yolo import read_yolo
from maskwatch_train.data.labelled import SPLITS
from maskwatch_train.data.manifest import ManifestRow
from maskwatch_train.data.vocabulary import Label, Vocabulary
from maskwatch_train.errors import DataError

FORMATS: dict[str, Callable[[Path], Reading]] = {
    "folders": read_folders,
    "csv": read_table,
    "voc": read_voc,
    "yolo": read_yolo,
    "coco": read_coco,
}
"""Layouts by the name that the command line knows them by."""

ROUNDING_PX = 2.0
"""A box may reach this far outside of its picture: programs round, and count from 0 or from 1."""
_AUGMENTED = re.compile(r"(.+)\.rf\.[0-9A-Za-z]{12,}")
"""How Roboflow names what it makes of a picture, turned, cut and recoloured."""
TOLD_PROBLEMS = 10
"""An error message names so many of them."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a set."""

    rows: tuple[ManifestRow, ...]
    problems: tuple[Problem, ...]


def read_raw(
    source: Path, layout: str, vocabulary: Vocabulary, *, drop_split: bool = False
) -> tuple[list[RawPicture], list[Problem]]:
    """Reads the labels of a set; no picture is decoded yet.

    Each picture comes once, with all that the set says of it in several places. Empty boxes are
    problems of their own: they cost the picture only where nothing else is labelled in it.

    Args:
        source: folder or file of its labels.
        layout: a key of `FORMATS`.
        vocabulary: what its words mean.
        drop_split: whether to forget the split that it came with.

    Raises:
        DataError: the set is not in the layout, nothing in it is usable, or a label is unknown.
    """
    told = list(FORMATS[layout](source))
    listed = [
        replace(each, split="") if drop_split else each
        for each in told
        if isinstance(each, RawPicture)
    ]
    if not listed:
        wrong = [each for each in told if isinstance(each, Problem)]
        raise _nothing_usable(source, wrong) if wrong else DataError(source, "no pictures in it")
    vocabulary.check(source, (face.word for picture in listed for face in picture.faces))
    found: list[RawPicture | Problem] = []
    for each in _each_once(listed):
        found += _without_empty_boxes(each) if isinstance(each, RawPicture) else [each]
    found += (each for each in told if isinstance(each, Problem))
    pictures = [each for each in found if isinstance(each, RawPicture)]
    return pictures, [each for each in found if isinstance(each, Problem)]


def _each_once(listed: Iterable[RawPicture]) -> Iterator[RawPicture | Problem]:
    by_path: dict[Path, list[RawPicture]] = {}
    for picture in listed:
        by_path.setdefault(plain_path(picture.path), []).append(picture)
    for first, *others in by_path.values():
        splits = dict.fromkeys(each.split or "none" for each in (first, *others))
        if len(splits) > 1:
            told = ", ".join(splits)
            yield Problem(first.path, f"in several splits ({told}), which --drop-split forgets")
            continue
        if any(each.group != first.group for each in others):
            yield Problem(first.path, "listed more than once, in several groups")
            continue
        sizes = dict.fromkeys(each.size for each in (first, *others) if each.size)
        if len(sizes) > 1:
            told = " and ".join(map(_told, sizes))
            yield Problem(first.path, f"listed more than once, with labels of {told} pixels")
            continue
        # A set may say the same in several files, of all pictures and of one split, or twice in
        # one of them.
        faces = dict.fromkeys(face for each in (first, *others) for face in each.faces)
        yield replace(first, faces=tuple(faces), size=next(iter(sizes), None))


def _without_empty_boxes(picture: RawPicture) -> Iterator[RawPicture | Problem]:
    """A picture without the boxes that a stray click left in it, and a problem for each of them.

    Where there is nothing else it is no picture: without labels it would be one without a face.
    """
    empty = [face for face in picture.faces if _is_empty(face)]
    yield from (Problem(picture.path, f"{_told_box(face)} is empty") for face in empty)
    faces = tuple(face for face in picture.faces if not _is_empty(face))
    if faces or not empty:
        yield replace(picture, faces=faces)


def _is_empty(face: RawFace) -> bool:
    # Written so that a NaN is empty too.
    return face.box is not None and not (face.box.x0 < face.box.x1 and face.box.y0 < face.box.y1)


def folder_of(source: Path, pictures: Iterable[RawPicture]) -> Path:
    """The folder that paths of a set are relative to.

    That is the one of its labels, or the one above where pictures lie beside that: COCO has its
    labels in ``annotations`` and its pictures in ``train2017``.

    Args:
        source: folder or file of its labels.
        pictures: all of the set.
    """
    inner = source if source.is_dir() else source.parent
    whole = plain_path(inner)
    outside = (
        path for each in pictures if not (path := plain_path(each.path)).is_relative_to(whole)
    )
    return whole.parent if any(path.is_relative_to(whole.parent) for path in outside) else inner


def import_picture(
    picture: RawPicture, folder: Path, name: str, licence: str, vocabulary: Vocabulary
) -> list[ManifestRow] | Problem:
    """The rows of one picture, or why it cannot be used; decodes the whole file.

    Faces of classes that are left out give no row; a picture of which nothing is left is a
    picture without a label only if it never had one.

    Args:
        picture: as `read_raw` gives it.
        folder: paths of rows are relative to it.
        name: of the set.
        licence: of the set, as a person would state it.
        vocabulary: knows all words of the set.
    """
    try:
        return _rows(picture, folder, name, licence, vocabulary)
    except _Unusable as error:
        return Problem(picture.path, str(error))
    except SourceError as error:
        return Problem(picture.path, error.reason)


class _Unusable(Exception):
    """A picture or its labels cannot be used; says why."""


def _rows(
    picture: RawPicture, folder: Path, name: str, licence: str, vocabulary: Vocabulary
) -> list[ManifestRow]:
    """As `import_picture`; raises SourceError and _Unusable."""
    if picture.split and picture.split not in SPLITS:
        raise _Unusable(f"unknown split {picture.split!r}, expected one of {SPLITS}")
    height, width = read_image(picture.path, name="picture").shape[:2]
    path = _path_within(picture.path, folder)
    labelled_as = picture.size or (width, height)
    if picture.faces and labelled_as != (width, height):
        raise _Unusable(_unlike(labelled_as, (width, height)))
    sha256 = checksum(picture.path)
    whole = ManifestRow(
        name,
        path,
        sha256,
        None,
        None,
        None,
        (picture.group or _made_from(path) or sha256[:16]).replace("/", "-"),
        picture.split,
        licence,
    )
    rows = []
    for face in picture.faces:
        label = _label(face, vocabulary)
        box = _inside(_in_pixels(face, picture, width, height), width, height)
        if label is not None:
            rows.append(replace(whole, box=box, label=label.state, fault=label.fault))
    if len(rows) > 1 and any(row.box is None for row in rows):
        told = ", ".join(row.label_text for row in rows)
        raise _Unusable(f"several labels ({told}), not all of them with a box")
    return rows if picture.faces else [whole]


def _path_within(path: Path, folder: Path) -> str:
    try:
        inner = plain_path(path).relative_to(plain_path(folder)).as_posix()
        inner.encode()
    except UnicodeEncodeError as error:
        raise _Unusable("its name is not UTF-8 text") from error
    except ValueError as error:
        raise _Unusable(f"not inside the folder of its set, {folder}") from error
    return inner


def _made_from(path: str) -> str:
    """What a picture was made from by augmentation, by its path in the set; empty if it was not.

    Such pictures are too unlike each other to be found as near-duplicates. Those of one picture lie
    in one folder; in another there may be a picture of the same name.
    """
    made = _AUGMENTED.fullmatch(PurePosixPath(path).stem)
    return "" if made is None else str(PurePosixPath(path).with_name(made[1]))


def _in_pixels(face: RawFace, picture: RawPicture, width: int, height: int) -> RawFace:
    if face.box is None or not picture.in_shares:
        return face
    x0, y0, x1, y1 = face.box
    return replace(face, box=Box(x0 * width, y0 * height, x1 * width, y1 * height))


def _label(face: RawFace, vocabulary: Vocabulary) -> Label | None:
    """What a label means; of a crowd nothing can be told but that faces are there."""
    label = vocabulary.meaning(face.word)
    return Label(State.UNKNOWN) if label and face.crowd else label


def _unlike(stated: Size, actual: Size) -> str:
    turned = " (turned by EXIF?)" if stated == actual[::-1] else ""
    return f"labels are of {_told(stated)} pixels, the picture has {_told(actual)}{turned}"


def _told(size: Size) -> str:
    width, height = size
    return f"{width:g}x{height:g}"


def _inside(face: RawFace, width: int, height: int) -> Box | None:
    """The box within its picture; raises _Unusable where it is not."""
    if face.box is None:
        return None
    x0, y0, x1, y1 = face.box
    fits = min(x0, y0) >= -ROUNDING_PX and x1 <= width + ROUNDING_PX and y1 <= height + ROUNDING_PX
    clipped = Box(max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
    if not fits or clipped.width <= 0 or clipped.height <= 0:
        raise _Unusable(f"{_told_box(face)} is not inside {width}x{height} pixels")
    return clipped


def _told_box(face: RawFace) -> str:
    return f"box ({', '.join(f'{value:g}' for value in face.box or ())}) of {face.word!r}"


def gather(
    source: Path, found: Iterable[list[ManifestRow] | Problem], problems: Sequence[Problem]
) -> Imported:
    """Everything together.

    Raises:
        DataError: nothing is left.
    """
    results = list(found)
    rows = tuple(row for each in results if not isinstance(each, Problem) for row in each)
    wrong = (*problems, *(each for each in results if isinstance(each, Problem)))
    if not rows:
        raise _nothing_usable(source, wrong)
    return Imported(rows, wrong)


def _nothing_usable(source: Path, problems: Sequence[Problem]) -> DataError:
    first = f", the first: {problems[0]}" if problems else ""
    return DataError(source, f"nothing usable in it{first}")


def refuse(source: Path, problems: Sequence[Problem]) -> None:
    """Raises DataError naming the problems of a set, if there are any."""
    if problems:
        told = "".join(f"\n  {problem}" for problem in problems[:TOLD_PROBLEMS])
        more = len(problems) - TOLD_PROBLEMS
        rest = f"\n  and {more} more" if more > 0 else ""
        raise DataError(
            source,
            f"{len(problems)} files or labels cannot be used:{told}{rest}\n"
            "repair them, or leave them out with --skip-bad",
        )
