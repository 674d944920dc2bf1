"""Where the annotated output of each source goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from maskwatch.outputs.images import picture_suffix

if TYPE_CHECKING:
    from maskwatch.frames.discover import SourceSpec

_MARK = "-annotated"


def plan_outputs(specs: Sequence[SourceSpec], folder: Path) -> list[Path]:
    """A file in ``folder`` for every source, in their order; no two alike, none of them an input.

    A file keeps its name (``a/door.jpg`` -> ``door.jpg``). Where two would share one, the folders
    above are put in front as far as it takes (``a-door.jpg``, ``b-door.jpg``). A name that is that
    of an input gets ``-annotated``. Names count as alike when they differ in case only.

    Args:
        specs: the sources.
        folder: need not exist yet.
    """
    inputs = {Path(spec.location).resolve() for spec in specs if _is_file(spec)}
    planned: list[Path] = []
    taken: set[str] = set()
    crowded = _repeated([_name(spec, 1) for spec in specs])
    for spec in specs:
        name = _free_name(spec, crowded, taken)
        path = folder / name
        if path.resolve() in inputs:
            path = _numbered(path.with_stem(path.stem + _MARK), taken, inputs)
        taken.add(path.name.casefold())
        planned.append(path)
    return planned


def _free_name(spec: SourceSpec, crowded: set[str], taken: set[str]) -> str:
    """The shortest name that no other source wants; a numbered one if there is none."""
    depth = len(PurePath(spec.location).parts) if _is_file(spec) else 1
    names = [_name(spec, parts) for parts in range(1, depth + 1)]
    free = (name for name in names if name.casefold() not in crowded | taken)
    return next(free, None) or _numbered(Path(names[0]), taken, set()).name


def _numbered(path: Path, avoid: set[str], inputs: set[Path]) -> Path:
    """The path, with the first number from 2 on that makes it free if it is not."""
    number, free = 1, path
    while free.name.casefold() in avoid or free.resolve() in inputs:
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _name(spec: SourceSpec, parts: int) -> str:
    """File name made of the last ``parts`` parts of a path, or of a camera's address."""
    if not _is_file(spec):
        stem = re.sub(r"^[a-z]+://([^@/]*@)?", "", spec.name, flags=re.IGNORECASE)
        stem = f"camera-{stem}" if stem.isdigit() else stem
        return re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:100] + ".mp4"
    path = PurePath(spec.location)
    whole = [part for part in path.parts if part not in (path.anchor, "..")]
    suffix = picture_suffix(path.suffix) if spec.kind == "image" else ".mp4"
    return "-".join([*whole[-parts:-1], path.stem]) + suffix


def _is_file(spec: SourceSpec) -> bool:
    return spec.kind in ("image", "video")


def _repeated(names: Sequence[str]) -> set[str]:
    folded = [name.casefold() for name in names]
    return {name for name in folded if folded.count(name) > 1}
