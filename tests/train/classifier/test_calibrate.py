import numpy as np
import pytest

from maskwatch.masks.labels import LABELS, UNREADABLE_INDEX, softmax
from maskwatch_train.classifier.calibrate import (
    choose_abstention,
    fit_temperature,
    side_certainty,
)


def outputs(mask: float, unreadable: float = 0.0) -> np.ndarray:
    row = np.zeros(len(LABELS))
    row[0], row[UNREADABLE_INDEX] = mask * (1 - unreadable), unreadable
    row[5] = 1 - row.sum()
    return row


@pytest.mark.parametrize("true_temperature", [0.7, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true_temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (6000, len(LABELS)))
    chances = softmax(logits, true_temperature)
    labels = np.array([rng.choice(len(LABELS), p=row) for row in chances])
    assert fit_temperature(logits, labels) == pytest.approx(true_temperature, rel=0.08)


def test_the_side_is_mask_or_not_among_what_is_readable() -> None:
    rows = np.stack([outputs(0.9), outputs(0.2), outputs(0.5, unreadable=0.6)])
    assert side_certainty(rows) == pytest.approx([0.9, 0.8, 0.5])


def test_readable_faces_stay_within_the_budget() -> None:
    rng = np.random.default_rng(0)
    readable = np.stack([outputs(m, u) for m, u in rng.uniform(0, 1, (2000, 2))])
    chosen = choose_abstention(readable, readable, budget=0.1)
    assert chosen.unknown_share <= 0.1
    assert chosen.unknown_share == chosen.caught_share


def test_a_face_that_the_network_thinks_readable_is_never_unreadable() -> None:
    sure = np.stack([outputs(0.99, 0.01)] * 50)
    assert choose_abstention(sure, sure, budget=0.5).unreadable_above == 0.5


def test_what_is_unreadable_is_caught() -> None:
    readable = np.stack([outputs(0.98, 0.02)] * 99 + [outputs(0.6, 0.3)])
    unreadable = np.stack([outputs(0.5, 0.9)] * 10)
    assert choose_abstention(readable, unreadable, budget=0.02).caught_share == 1.0
