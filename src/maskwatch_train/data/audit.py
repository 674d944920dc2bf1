"""Which labels are likely wrong: confident learning on features that do not know the labels.

Northcutt, Jiang, Chuang: "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal
of Artificial Intelligence Research 70 (2021), by way of its authors' package ``cleanlab``. A
linear classifier is trained on some groups and asked about the others. A label that it contradicts
is a suspect; those come first of which it is more certain than it usually is of the other label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwatch_train.data.manifest import ManifestRow
from maskwatch_train.data.vocabulary import Label

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
