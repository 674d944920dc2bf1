"""The set ``street``: real photos with boxes, states and faults (``labels.json``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maskwatch.types import Box, Fault, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage, check_groups, check_split
from maskwatch_train.errors import DataError, reading

NAME = "street"
LICENCE = "photos from the public web, no licence stated; local use only, not redistributed"
SLICES = ("", "beard", "hand", "object", "scarf")
CERTAINTIES = ("sure", "unsure", "tiny")


def read_street(folder: Path, split: str | None = None) -> tuple[LabelledImage, ...]:
    """Reads the set, in the order of its labels.

    Args:
        folder: holds ``labels.json`` and ``images/``.
        split: ``train``, ``val`` or ``test``; None for all.

    Raises:
        DataError: a file is missing, a label is unknown, a box reaches outside its picture or a
            group lies in two splits. The whole set is checked, whatever split is asked for.
    """
    labels = folder / "labels.json"
    try:
        with reading(labels):
            entries = json.loads(labels.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(labels, f"not JSON: {error}") from error
    if not isinstance(entries, list):
        raise DataError(labels, "not a list of pictures")
    images = tuple(_image(labels, entry) for entry in entries)
    check_groups(labels, ((image.group, image.split) for image in images))
    return tuple(image for image in images if split in (None, image.split))


def _image(labels: Path, entry: dict[str, Any]) -> LabelledImage:
    try:
        name = str(entry["file"])
        path = labels.parent / "images" / name
        width, height = int(entry["width"]), int(entry["height"])
        split = check_split(labels, name, entry["split"])
        group, faces = str(entry["group"]), entry["faces"]
    except (KeyError, TypeError) as error:
        raise DataError(labels, f"an entry lacks {error}") from error
    except ValueError as error:
        raise DataError(labels, f"{name}: {error}") from error
    if not path.is_file():
        raise DataError(path, "no such picture, though it has labels")
    found = tuple(_face(labels, f"{name} face {i}", face) for i, face in enumerate(faces))
    for i, face in enumerate(found):
        x0, y0, x1, y1 = face.box
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise DataError(
                labels,
                f"{name} face {i}: box {tuple(face.box)} is not inside {width}x{height} pixels",
            )
    return LabelledImage(path, split, group, found)


def _face(labels: Path, where: str, face: dict[str, Any]) -> LabelledFace:
    try:
        if face["slice"] not in SLICES:
            raise DataError(labels, f"{where}: unknown slice {face['slice']!r}")
        if face["certainty"] not in CERTAINTIES:
            raise DataError(labels, f"{where}: unknown certainty {face['certainty']!r}")
        return LabelledFace(
            box=Box(*(float(value) for value in face["box"])),
            state=State(face["state"]),
            fault=Fault(face["fault"]) if face["fault"] else None,
            slice=face["slice"],
            certainty=face["certainty"],
        )
    except KeyError as error:
        raise DataError(labels, f"{where} lacks {error}") from error
    except (ValueError, TypeError) as error:
        raise DataError(labels, f"{where}: {error}") from error
