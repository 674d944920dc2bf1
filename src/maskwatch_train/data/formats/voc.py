"""Pascal VOC: an XML file per picture, as LabelImg, CVAT and Kaggle's mask sets write them.

The format is that of the VOC development kit (Everingham et al., 2012): corners in pixels counted
from 1, the lower right one inclusive.
"""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ElementTree
from contextlib import suppress
from pathlib import Path, PurePosixPath

from maskwatch.types import Box
from maskwatch_train.data.formats.raw import (
    SPLIT_NAMES,
    Problem,
    RawFace,
    RawPicture,
    Reading,
    is_picture,
    read_bytes,
    read_text,
    sorted_files,
    spellings,
    split_in,
    stated_size,
)
from maskwatch_train.errors import DataError

_ANNOTATIONS = "annotations"
_KINDS = frozenset({_ANNOTATIONS, "images", "jpegimages", "labels", "xml", "xmls"})
"""Folders that say what lies in them, and not of which part of the set; in lower case."""
_LISTS = Path("ImageSets") / "Main"
_FLAG = re.compile(r"\s+(1|-1|0)$")
"""After a name: whether the picture shows the class of the list."""
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
"""The beginning of an XML file that states its encoding."""
_QUOTED = re.compile(r'^"(.*)"$')


def read_voc(source: Path) -> Reading:
    """Pictures of a set with XML files, wherever they lie below its folder.

    A picture is looked for beside its XML file and by name anywhere in the set. Where the tag
    ``filename`` and the name of the XML file lead to different pictures, as after somebody numbered
    them anew, that is a problem. Splits are taken from ``ImageSets/Main/train.txt`` and so on,
    where they exist, else from the folders on the way to an XML file, as Roboflow names them.

    Raises:
        DataError: there is no such folder, or no XML file.
    """
    files = sorted_files(source)
    annotations = [path for path in files if path.suffix.lower() == ".xml"]
    if not annotations:
        raise DataError(source, "no XML files in it")
    pictures = _by_name(files)
    names = {path: _name_in_lists(path, source) for path in annotations}
    known = {*names.values(), *(path.stem for path in annotations)}
    splits = _splits(source, known)
    for name in sorted(splits.keys() - known):
        yield Problem(source / _LISTS, f"lists {name!r}, which has no XML file")
    for annotation, name in names.items():
        listed = splits.get(name) or splits.get(annotation.stem) or {""}
        for split in sorted(listed if splits else {split_in(annotation, source)}):
            yield _picture(annotation, name, pictures, split)


def _name_in_lists(annotation: Path, source: Path) -> str:
    """What lists call an annotation: without extension, with the folders inside `_ANNOTATIONS`."""
    inside = annotation.relative_to(source).with_suffix("").parts
    folders = [part.lower() for part in inside[:-1]]
    start = folders.index(_ANNOTATIONS) + 1 if _ANNOTATIONS in folders else -1
    return "/".join(inside[start:])


def _by_name(files: list[Path]) -> dict[str, list[Path]]:
    """Pictures by full name and by name without extension, in lower case."""
    found: dict[str, list[Path]] = {}
    for path in filter(is_picture, files):
        for key in {path.name.lower(), path.stem.lower()}:
            found.setdefault(key, []).append(path)
    return found


def _splits(source: Path, names: set[str]) -> dict[str, set[str]]:
    """Splits of each picture's name without extension; ``names`` are those of all annotations.

    CVAT puts a name with spaces into quotes.
    """
    found: dict[str, set[str]] = {}
    for path in sorted((source / _LISTS).glob("*.txt")):
        split = SPLIT_NAMES.get(path.stem.lower())
        if split is None:  # trainval, and the lists of single classes
            continue
        for line in filter(None, map(str.strip, read_text(path).splitlines())):
            # Of pictures that somebody numbered, " 1" is the end of the name.
            bare = _QUOTED.sub(r"\1", _FLAG.sub("", line))
            spelt = (spelling for each in (line, bare) for spelling in spellings(each))
            name = next((each for each in spelt if each in names), bare)
            found.setdefault(name, set()).add(split)
    return found


def _picture(
    annotation: Path, name: str, pictures: dict[str, list[Path]], split: str
) -> RawPicture | Problem:
    try:
        root = _parse(annotation)
    except DataError as error:
        return Problem(annotation, error.reason)
    if root is None:
        return Problem(annotation, "not a VOC annotation")
    named = root.findtext("filename") or ""
    stated = PurePosixPath(named.replace("\\", "/"))
    exact = _called(stated.name, pictures)
    by_tag = exact or _called(stated.stem, pictures)
    by_name = _called(annotation.stem, pictures)
    if by_tag and by_name and set(by_tag).isdisjoint(by_name):
        told = f"its filename tag says {by_tag[0].name!r}, its own name {by_name[0].name!r}"
        return Problem(annotation, f"{told}, and both are in the set")
    candidates = exact or by_name or by_tag
    if not candidates:
        return Problem(annotation, f"its picture {named!r} is nowhere in the set")
    nearest = _nearest(annotation, name, candidates)
    if len(nearest) > 1:
        return Problem(annotation, f"{len(candidates)} pictures are called {named!r}")
    path = nearest[0]
    try:
        faces = tuple(_face(each) for each in root.iter("object"))
        size = stated_size(root.findtext("size/width"), root.findtext("size/height"))
    except ValueError as error:
        return Problem(annotation, str(error))
    return RawPicture(path, faces, split, size=size)


def _called(name: str, pictures: dict[str, list[Path]]) -> list[Path]:
    return next((pictures[key] for key in spellings(name.lower()) if key in pictures), [])


def _nearest(annotation: Path, name: str, candidates: list[Path]) -> list[Path]:
    """Of pictures of one name those beside their annotation, else those in folders named alike."""
    beside = [path for path in candidates if path.parent == annotation.parent]
    part = _part_of_set(annotation)
    same = [path for path in candidates if _part_of_set(path) == part]
    alike = [path for path in candidates if path.with_suffix("").as_posix().endswith(f"/{name}")]
    return beside or same or alike or candidates


def _part_of_set(path: Path) -> list[str]:
    """The folders of a file without `_KINDS`: those of a picture and of its labels are the same."""
    return [part for part in path.parts[:-1] if part.lower() not in _KINDS]


def _parse(annotation: Path) -> ElementTree.Element | None:
    """The root of an annotation; None where it is not one. Raises DataError if it cannot be read.

    Labels are data that users fetched somewhere, so a document type is refused: entities are how
    a small XML file fills the memory, and no annotation needs them. It is looked for in the very
    text that is parsed, whatever the encoding of the file.
    """
    text = _text(annotation)
    if "<!DOCTYPE" in text.upper():
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314
    except (ElementTree.ParseError, UnicodeEncodeError):  # half a surrogate pair
        return None
    return root if root.tag == "annotation" else None


def _text(annotation: Path) -> str:
    """An annotation in UTF-8, else in the encoding that it declares; raises DataError.

    UTF-8 comes first because programs declare another one and write UTF-8 nevertheless; hardly any
    text in another encoding happens to be UTF-8 too.
    """
    content = read_bytes(annotation)
    declared = _DECLARED.match(content)
    tried = ["UTF-8-sig", *([declared[1].decode("ascii")] if declared else ())]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tried.append("UTF-16")
    for encoding in tried:
        with suppress(UnicodeError, LookupError):
            return content.decode(encoding)
    raise DataError(annotation, f"not {tried[-1].removesuffix('-sig')} text")


def _face(each: ElementTree.Element) -> RawFace:
    word, box = each.findtext("name"), each.find("bndbox")
    if not word or box is None:
        raise ValueError("an object without a name or a box")
    try:
        x0, y0, x1, y1 = (float(box.findtext(key, "")) for key in ("xmin", "ymin", "xmax", "ymax"))
    except ValueError:
        raise ValueError(f"the box of {word!r} is not four numbers") from None
    return RawFace(word.strip(), Box(x0 - 1, y0 - 1, x1, y1))
