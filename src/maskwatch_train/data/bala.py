"""The set ``bala``: face pictures with and without a mask (``labels.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from maskwatch.types import State
from maskwatch_train.data.corrections import DROP, read_corrections
from maskwatch_train.data.labelled import LabelledPicture, check_groups, check_split
from maskwatch_train.data.vocabulary import parse_label
from maskwatch_train.errors import DataError, reading
from maskwatch_train.pictures import picture_checksum

NAME = "bala"
LICENCE = "photos from the public web, no licence stated; local use only, not redistributed"
PROTOCOLS = ("80_15_5", "80_20")
"""Splits that the set carries, by shares of train, test and val; both keep groups together."""
HELD_OUT_ONE_IN = 20
"""One group in so many of bala's training side is kept for validation."""
CORRECTIONS = Path(__file__).with_name("bala_corrections.jsonl")
"""Pictures whose label is wrong in our words. Two readers looked at all 1914 that are labelled
``with_mask``, apart from each other, in random order and without any model's answer (Cohen's kappa
of "nose out" 0.91). Where both saw the same fault and one of them was sure, it is the new label;
where a fault was doubtful, or nobody's face could be seen, the picture is left out."""
_LABELS = {"with_mask": State.MASK, "without_mask": State.NO_MASK}


def read_bala(
    folder: Path, split: str | None = None, protocol: str = "80_15_5"
) -> tuple[LabelledPicture, ...]:
    """Reads the set, in the order of its labels.

    Args:
        folder: holds ``labels.csv`` and ``images/``.
        split: ``train``, ``val`` or ``test``; None for all.
        protocol: which of the set's splits to go by; ``80_20`` has no ``val``.

    Raises:
        DataError: a file is missing, a label is unknown or a group lies in two splits. The whole
            set is checked, whatever split is asked for.
    """
    labels = folder / "labels.csv"
    if protocol not in PROTOCOLS:
        raise DataError(labels, f"unknown protocol {protocol!r}, expected one of {PROTOCOLS}")
    try:
        with reading(labels), labels.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(labels, f"not a table in UTF-8: {error}") from error
    pictures = tuple(_picture(labels, row, f"split_{protocol}") for row in rows)
    check_groups(labels, ((picture.group, picture.split) for picture in pictures))
    return tuple(picture for picture in pictures if split in (None, picture.split))


def training_portraits(bala: Path) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Bala's training side, corrected: what is trained on, and what is held out for validation.

    Raises:
        DataError: the set or the corrections cannot be read.
    """
    kept, held = hold_out(read_bala(bala, "train", "80_20"), HELD_OUT_ONE_IN)
    return corrected(bala, kept), corrected(bala, held)


def corrected(bala: Path, pictures: Sequence[LabelledPicture]) -> list[LabelledPicture]:
    """Pictures of bala with the labels that `CORRECTIONS` gives them, without those it leaves out.

    Raises:
        DataError: the corrections or a picture cannot be read.
    """
    listed = {bala / each.path: each for each in read_corrections(CORRECTIONS)}

    def now(picture: LabelledPicture) -> str | None:
        found = listed.get(picture.path)
        # Another set of this layout may have pictures of the same names.
        is_same = found is not None and picture_checksum(picture.path) == found.sha256
        return found.now if found is not None and is_same else None

    told = [(picture, now(picture)) for picture in pictures]
    return [
        _relabelled(picture, label) if label else picture
        for picture, label in told
        if label != DROP
    ]


def _relabelled(picture: LabelledPicture, told: str) -> LabelledPicture:
    label = parse_label(told)
    return replace(picture, label=label.state, fault=label.fault)


def hold_out(
    pictures: Sequence[LabelledPicture], one_in: int
) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Splits by group: about one group in ``one_in`` is held out, always the same ones.

    Returns:
        What is kept for training, and what is held out for validation.
    """
    kept: list[LabelledPicture] = []
    held: list[LabelledPicture] = []
    groups = sorted({picture.group for picture in pictures})
    chosen = set(groups[::one_in])
    for picture in pictures:
        (held if picture.group in chosen else kept).append(picture)
    return kept, held


def _picture(labels: Path, row: dict[str, str], column: str) -> LabelledPicture:
    try:
        name, label, group, split = row["file"], row["label"], row["group"], row[column]
    except KeyError as error:
        raise DataError(labels, f"no column {error}") from error
    if label not in _LABELS:
        raise DataError(labels, f"{name}: unknown label {label!r}, expected {sorted(_LABELS)}")
    path = labels.parent / name
    if not path.is_file():
        raise DataError(path, "no such picture, though it has a label")
    return LabelledPicture(path, _LABELS[label], check_split(labels, name, split), group)
