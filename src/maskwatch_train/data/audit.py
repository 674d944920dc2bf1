"""Which labels are likely wrong: confident learning on features that do not know the labels.

Northcutt, Jiang, Chuang: "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal
of Artificial Intelligence Research 70 (2021), by way of its authors' package ``cleanlab``. A
linear classifier is trained on some groups and asked about the others. A label that it contradicts
is a suspect; those come first of which it is more certain than it usually is of the other label.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwatch.masks.preprocess import crop_face
from maskwatch.types import Image, State
from maskwatch_train.data.manifest import Manifest, ManifestRow
from maskwatch_train.data.vocabulary import Label
from maskwatch_train.errors import DataError
from maskwatch_train.pictures import read_picture, whole_of

CROP_PX = 128
MARGIN = 0.2
"""Of a face, as a fraction of its longer side."""

_REGULARISATION = 0.01
"""Inverse strength: there are about as many features as faces."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that is likely wrong."""

    row: ManifestRow
    given: Label
    suggested: Label
    p_given: float
    """Probability of the label that it has, from a classifier that did not see it."""
    p_suggested: float
    is_confident: bool
    """Whether confident learning counts it as an error, not only the classifier."""

    def to_json(self) -> str:
        """As a line of the list of suspects."""
        return json.dumps(
            {
                **json.loads(self.row.to_json()),
                "given": str(self.given),
                "suggested": str(self.suggested),
                "p_given": round(self.p_given, 5),
                "p_suggested": round(self.p_suggested, 5),
                "is_confident": self.is_confident,
            }
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What an audit is about."""

    rows: list[ManifestRow]
    """Each with one of the labels."""
    labels: list[Label]
    rare: list[Label]
    """Those of other faces, which are in too few groups for an audit."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What came out of an audit."""

    suspects: list[Suspect]
    """The worst first."""
    faces: int
    accuracy: float
    """Share of the labels that the classifier agrees with."""

    def summary(self, backbone: str, most: int) -> str:
        """One paragraph for people.

        Args:
            backbone: whose features the classifier saw.
            most: so many suspects are shown.
        """
        return (
            f"{len(self.suspects)} of {self.faces} labels are suspects, "
            f"{sum(each.is_confident for each in self.suspects)} of them by confident learning too"
            f"{f'; the first {most} are shown' if len(self.suspects) > most else ''}. The judge, a "
            f"linear classifier on {backbone} features, agrees with {self.accuracy:.1%} of the "
            "labels. A suspect is not a mistake: look at it."
        )


def question_of(
    path: Path, manifest: Manifest, split: str, min_face: float, folds: int
) -> Question:
    """The faces of a manifest that can be audited.

    Args:
        path: of the manifest, for messages.
        manifest: lists the faces.
        split: the side that they are on, or ``all``.
        min_face: smaller ones, in pixels, are left out.
        folds: in so many groups at least must a label be.

    Raises:
        DataError: there are no two such labels.
    """
    rows = [row for row in manifest.rows if _is_asked(row, split, min_face)]
    labels, rare = frequent_labels(rows, folds)
    if len(labels) < 2:
        raise DataError(path, f"an audit needs two labels, each in {folds} groups or more")
    return Question([row for row in rows if label_of(row) in labels], labels, rare)


def _is_asked(row: ManifestRow, split: str, min_face: float) -> bool:
    return (
        row.label not in (None, State.UNKNOWN)
        and split in (row.split, "all")
        and (row.box is None or row.box.side >= min_face)
    )


def face_crop(manifest: Manifest, row: ManifestRow) -> Image:
    """The face of a row, or its whole picture: ``(CROP_PX, CROP_PX, 3)`` uint8 BGR.

    Raises:
        DataError: the picture cannot be read.
    """
    image = read_picture(manifest.path_of(row))
    if row.box is not None:
        return crop_face(image, row.box, MARGIN, CROP_PX)
    return crop_face(image, whole_of(image), 0.0, CROP_PX)


def run_audit(question: Question, features: NDArray[np.float32], folds: int, seed: int) -> Audit:
    """Looks for labels that are likely wrong.

    Args:
        question: which faces.
        features: ``(N, D)``, of its rows.
        folds: parts of the cross-validation.
        seed: decides which group lies in which.
    """
    rows, labels = question.rows, question.labels
    given = np.array([labels.index(label_of(row)) for row in rows])
    groups = [row.global_group for row in rows]
    probabilities = out_of_sample(features, given, groups, folds, seed)
    return Audit(
        find_suspects(rows, labels, probabilities),
        len(rows),
        float((probabilities.argmax(axis=1) == given).mean()),
    )


def label_of(row: ManifestRow) -> Label:
    """The label of a row that has one; raises ValueError for a row without."""
    if row.label is None:
        raise ValueError(f"{row.path} has no label")
    return Label(row.label, row.fault)


def frequent_labels(rows: Sequence[ManifestRow], folds: int) -> tuple[list[Label], list[Label]]:
    """The labels that occur in at least ``folds`` groups, which an audit needs, and the others."""
    groups: dict[Label, set[str]] = {}
    for row in rows:
        groups.setdefault(label_of(row), set()).add(row.global_group)
    ranked = [label for label, _ in Counter(map(label_of, rows)).most_common()]
    return (
        [label for label in ranked if len(groups[label]) >= folds],
        [label for label in ranked if len(groups[label]) < folds],
    )


def out_of_sample(
    features: NDArray[np.float32],
    labels: NDArray[np.intp],
    groups: Sequence[str],
    folds: int,
    seed: int,
) -> NDArray[np.float64]:
    """Probabilities of every label for every face, by classifiers that saw no face of its group.

    Args:
        features: ``(N, D)``.
        labels: ``(N,)`` from 0 to K - 1; every one in at least ``folds`` groups.
        groups: of each face.
        folds: parts of the data.
        seed: decides which group lies in which.

    Returns:
        ``(N, K)``, rows sum to 1.
    """
    found = np.zeros((len(labels), int(np.max(labels)) + 1))
    parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for known, asked in parts.split(features, labels, groups):
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=_REGULARISATION, max_iter=2000)
        )
        model.fit(features[known], labels[known])
        found[asked[:, None], model.classes_[None, :]] = model.predict_proba(features[asked])
    return found


def find_suspects(
    rows: Sequence[ManifestRow], labels: Sequence[Label], probabilities: NDArray[np.float64]
) -> list[Suspect]:
    """Labels that are likely wrong, the worst first.

    Args:
        rows: each with one of the labels.
        labels: what the columns of the probabilities mean.
        probabilities: ``(N, K)``, out of sample.
    """
    given = np.array([labels.index(label_of(row)) for row in rows])
    confident = find_label_issues(given, probabilities, n_jobs=1)
    best = probabilities.argmax(axis=1)
    suspects = [
        Suspect(
            rows[i],
            labels[given[i]],
            labels[best[i]],
            float(probabilities[i, given[i]]),
            float(probabilities[i, best[i]]),
            bool(confident[i]),
        )
        for i in np.flatnonzero(best != given).tolist()
    ]
    return sorted(suspects, key=lambda each: (not each.is_confident, each.p_given))
