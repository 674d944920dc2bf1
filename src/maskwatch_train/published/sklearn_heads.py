"""The classifiers of scikit-learn that get a network's features."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from maskwatch_train.errors import DataError

FOLDS = 5
CLASSIFIERS: dict[str, Callable[[int], Any]] = {
    # Platt's scaling on folds gives it probabilities.
    "svm": lambda seed: CalibratedClassifierCV(
        make_pipeline(StandardScaler(), SVC(random_state=seed)), ensemble=False, cv=FOLDS
    ),
    "logistic": lambda seed: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=2000, random_state=seed)
    ),
    "forest": lambda seed: RandomForestClassifier(300, random_state=seed),
}
"""By name, each from its seed. The paper gives no settings: these are the library's, with inputs
of unit variance where the method needs them and 300 trees."""


def require_enough(names: Collection[str], counts: Mapping[str, int]) -> None:
    """Checks that classifiers can be fitted, before their features are made.

    Args:
        names: some keys of `CLASSIFIERS`, and perhaps others.
        counts: pictures to learn from, by class.

    Raises:
        DataError: there are too few of a class.
    """
    fewest, count = min(counts.items(), key=lambda item: item[1], default=("", 0))
    if "svm" in names and count < FOLDS:
        raise DataError(
            Path("the training side"),
            f"svm takes at least {FOLDS} pictures of each class, and of {fewest} there are {count}",
        )


def fitted_probabilities(
    name: str,
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    asked: NDArray[np.float32],
    classes: int,
    seed: int,
) -> NDArray[np.float64]:
    """Fits a classifier and asks it.

    Args:
        name: a key of `CLASSIFIERS`.
        features: ``(N, D)`` to learn from.
        labels: ``(N,)`` their classes.
        asked: ``(M, D)``.
        classes: number of classes.
        seed: of whatever is random in it.

    Returns:
        ``(M, classes)``.
    """
    model = CLASSIFIERS[name](seed).fit(features, labels)
    out = np.zeros((len(asked), classes))
    out[:, model.classes_] = model.predict_proba(asked)
    return out
