"""Where the annotated output of each source goes."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from maskwatch.outputs.files import file_identity
from maskwatch.outputs.images import picture_suffix

if TYPE_CHECKING:
    from maskwatch.frames.discover import SourceSpec

_MARK = "-annotated"
_MAX_BYTES = 255
"""Of a file's name, on nearly every disk."""


def plan_outputs(
    specs: Sequence[SourceSpec], folder: Path, own: Collection[str] = ()
) -> list[Path]:
    """A file in ``folder`` for every source, in their order; no two alike.

    A file keeps its name (``a/door.jpg`` -> ``door.jpg``). Where two would share one, the folders
    above are put in front as far as it takes (``a-door.jpg``, ``b-door.jpg``); of files that differ
    in their extension only, it becomes part of the name (``clip-avi.mp4``, ``clip-mov.mp4``). A
    name gets ``-annotated`` where there is a file already that is an input, by whatever path, or
    that nobody knows to be ours. What was recorded from a camera cannot be made again, so every
    file stays, and the new one gets a number. Letters in another case make no difference. What no
    disk would take for a name is cut.

    Args:
        specs: the sources.
        folder: need not exist yet.
        own: names in it that may be overwritten.
    """
    inputs = {file_identity(Path(spec.location)) for spec in specs if spec.is_file}
    planned: list[Path] = []
    taken: set[str] = set()
    stems = _stems(specs)
    crowded = _repeated(_name(spec, stems[spec], 1) for spec in specs)

    def must_stay(path: Path) -> bool:
        return _is_there(path) and (path.name not in own or file_identity(path) in inputs)

    for spec in specs:
        path = folder / _free_name(spec, stems[spec], crowded, taken)
        if not spec.is_file:
            path = _numbered(path, taken, _is_there)
        elif must_stay(path):
            path = _numbered(_marked(path, _MARK), taken, must_stay)
        taken.add(path.name.casefold())
        planned.append(path)
    return planned


def as_picture(planned: Path, others: Iterable[Path]) -> Path:
    """The file in place of a planned video, where a source turns out to be a single picture.

    Args:
        planned: by `plan_outputs`, for a source that is no file.
        others: what else is planned.
    """
    named = PurePath(planned.stem)  # "host-photo.jpg", behind which the video's extension stood
    suffix = picture_suffix(named.suffix)
    stem = named.stem if named.suffix.lower() == suffix else named.name
    path = planned.with_name(_fitting(stem, suffix))
    return _numbered(path, {each.name.casefold() for each in others}, _is_there)


def _is_there(path: Path) -> bool:
    """Whether there is something of that name; a link that leads nowhere is somebody's as well.

    Not where nobody can tell: writing there will say why.
    """
    return os.path.lexists(path)


def _stems(specs: Sequence[SourceSpec]) -> dict[SourceSpec, str]:
    """What the output of each source is called, without folder and extension."""

    def whole(spec: SourceSpec) -> str:
        return str(PurePath(spec.location).with_name(_stem(spec) + _suffix(spec)))

    told_apart = _repeated(whole(spec) for spec in set(specs) if spec.is_file)
    stems = {spec: _stem(spec) for spec in specs}
    for spec, stem in stems.items():
        if spec.is_file and whole(spec).casefold() in told_apart:
            stems[spec] = f"{stem}-{PurePath(spec.location).suffix[1:]}".rstrip("-")
    return stems


def _free_name(spec: SourceSpec, stem: str, crowded: set[str], taken: set[str]) -> str:
    """The shortest name that no other source wants; a numbered one if there is none."""
    depth = len(PurePath(spec.location).parts) if spec.is_file else 1
    names = [_name(spec, stem, parts) for parts in range(1, depth + 1)]
    free = (name for name in names if not (name.casefold() in crowded or name.casefold() in taken))
    return next(free, None) or _numbered(Path(names[0]), taken, lambda _: False).name


def _numbered(path: Path, avoid: set[str], must_stay: Callable[[Path], bool]) -> Path:
    """The path, with the first number from 2 on that makes it free if it is not."""
    number, free = 1, path
    while free.name.casefold() in avoid or must_stay(free):
        number += 1
        free = _marked(path, f"-{number}")
    return free


def _marked(path: Path, mark: str) -> Path:
    return path.with_name(_fitting(path.stem, mark + path.suffix))


def _fitting(stem: str, end: str) -> str:
    """Both in a row, the first cut as far as it takes for a file's name."""
    while len(os.fsencode(stem + end)) > _MAX_BYTES:
        stem = stem[:-1]
    return stem + end


def _name(spec: SourceSpec, stem: str, parts: int) -> str:
    """File name with the last ``parts - 1`` folders of a path in front."""
    folders: list[str] = []
    if spec.is_file:
        path = PurePath(spec.location)
        folders = [part for part in path.parts if part not in (path.anchor, "..")][-parts:-1]
    return _fitting("-".join([*folders, stem]), _suffix(spec))


def _stem(spec: SourceSpec) -> str:
    """The name of a file without its extension, or what is left of a camera's address."""
    if spec.is_file:
        return PurePath(spec.location).stem
    stem = re.sub(r"^[a-z]+://([^@/]*@)?", "", spec.name, flags=re.IGNORECASE)
    stem = f"camera-{stem}" if stem.isdigit() else stem
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:100]


def _suffix(spec: SourceSpec) -> str:
    return picture_suffix(PurePath(spec.location).suffix) if spec.kind == "image" else ".mp4"


def _repeated(names: Iterable[str]) -> set[str]:
    """Those that occur more than once, case folded."""
    counts = Counter(name.casefold() for name in names)
    return {name for name, count in counts.items() if count > 1}
