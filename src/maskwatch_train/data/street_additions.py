"""What people said later of things on street's training pictures that have no label there.

Two readers looked, apart from each other and without any model's answer, at 1111 boxes of 20 px and
more: what version 0.4 of the detector (score 0.5) or the unmodified weights (0.65) saw beside the
labelled faces. Where both saw a face, or both none, it is in the list; a state of which one of them
was unsure, or that only one of them could tell, is ``unsure``; heads from behind, and what only one
of them took for a face, are ``unknown``. Left out are drawn faces and boxes that fit no face.
Cohen's kappa of what is in the box is 0.83, of the state 0.84. 125 more things that are no faces
come from an earlier list, which one reader made.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from maskwatch.types import Box
from maskwatch_train.data.labelled import LabelledFace, LabelledImage
from maskwatch_train.data.vocabulary import parse_label
from maskwatch_train.pictures import picture_checksum

LISTED = Path(__file__).with_name("street_additions.jsonl")
NOTHING = "nothing"
"""The label of what was taken for a face and is none."""


def with_additions(images: Iterable[LabelledImage]) -> tuple[LabelledImage, ...]:
    """Pictures with the additions to those among them that are street's.

    For learning only: a list made with our own models' findings has no place in a test.

    Raises:
        DataError: a picture cannot be read.
    """
    listed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        listed[entry["file"]].append(entry)
    # Other sets of this layout may have pictures of the same names.
    return tuple(
        _with(image, listed[image.path.name])
        if image.path.name in listed
        and picture_checksum(image.path) == listed[image.path.name][0]["sha256"]
        else image
        for image in images
    )


def _with(image: LabelledImage, entries: list[dict[str, Any]]) -> LabelledImage:
    faces = tuple(_face(entry) for entry in entries if entry["label"] != NOTHING)
    nothing = tuple(Box(*entry["box"]) for entry in entries if entry["label"] == NOTHING)
    return replace(image, faces=image.faces + faces, look_alikes=nothing)


def _face(entry: dict[str, Any]) -> LabelledFace:
    label = parse_label(entry["label"])
    box = Box(*map(float, entry["box"]))
    return LabelledFace(box, label.state, label.fault, certainty=entry["certainty"])
