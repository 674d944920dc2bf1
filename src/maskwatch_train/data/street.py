"""The set ``street``: real photos with boxes, states and faults (``labels.json``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskwatch.types import Box, Fault, State
from maskwatch_train.data.labelled import LabelledFace, LabelledImage, check_groups, check_split
from maskwatch_train.errors import DataError

NAME = "street"
LICENCE = "photos from the public web, no licence stated; local use only, not redistributed"
SLICES = ("", "beard", "hand", "object", "scarf")
CERTAINTIES = ("sure", "unsure", "tiny")
LOOK_ALIKES = Path(__file__).with_name("street_look_alikes.jsonl")
"""Things on training pictures that versions 0.3.1 or 0.4 of the detector took for faces and
version 0.6 of the classifier for masks or for none, and that are no faces, as somebody saw."""


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
        entries = json.loads(labels.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(labels, error.strerror or "cannot be read") from error
    except ValueError as error:
        raise DataError(labels, f"not JSON: {error}") from error
    look_alikes = _look_alikes()
    images = tuple(_image(labels, entry, look_alikes) for entry in entries)
    check_groups(labels, ((image.group, image.split) for image in images))
    return tuple(image for image in images if split in (None, image.split))


def _look_alikes() -> dict[str, list[Box]]:
    """By the name of the picture."""
    found: dict[str, list[Box]] = {}
    for line in LOOK_ALIKES.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        found.setdefault(entry["file"], []).append(Box(*entry["box"]))
    return found


def _image(
    labels: Path, entry: dict[str, Any], look_alikes: Mapping[str, Sequence[Box]]
) -> LabelledImage:
    try:
        name = str(entry["file"])
        path = labels.parent / "images" / name
        width, height = int(entry["width"]), int(entry["height"])
        split = check_split(labels, name, entry["split"])
        group, faces = str(entry["group"]), entry["faces"]
    except (KeyError, TypeError) as error:
        raise DataError(labels, f"an entry lacks {error}") from error
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
    # For learning only: a list made with our own models' mistakes has no place in a test.
    known = look_alikes.get(name, ()) if split == "train" else ()
    return LabelledImage(path, split, group, found, tuple(known))


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
